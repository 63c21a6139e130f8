"""A node as a task: the mapping that its `task.yaml` would be, with the lines of its `qna.yaml`."""

from __future__ import annotations

from fms_dgt.core.node import Node
from fms_dgt.taxonomy.read import TaxonomyNode, patterns_of

SKILLS = "skills_sdg"
KNOWLEDGE = "knowledge_sdg"
_PAIR = ("question", "answer")


def task_mapping(node: TaxonomyNode) -> Node:
    """What a task file for this node says.

    Keys that mean something to InstructLab alone (`version`, and whatever stands beside question and
    answer) are left out.
    """
    said = node.said
    here = said.place
    common = {
        "task_name": Node(node.name, here),
        "taxonomy_path": Node(node.path, here),
        "created_by": said.value["created_by"],
        "data_builder": Node(KNOWLEDGE if node.kind == "knowledge" else SKILLS, here),
    }
    more = _knowledge(said) if node.kind == "knowledge" else _skill(node)
    return Node({**common, **more}, here)


def _skill(node: TaxonomyNode) -> dict[str, Node]:
    said = node.said
    description = said.value["task_description"]
    if not description.value.strip():
        # version 1 lets it be empty; the path says at least what it is about
        words = ", ".join(part.replace("_", " ") for part in node.path.split("/")[1:] or [node.path])
        description = Node(words, description.place)
    return {"task_description": description, "seed_examples": said.value["seed_examples"]}


def _knowledge(said: Node) -> dict[str, Node]:
    document = said.value["document"]
    listed = Node(patterns_of(document), document.value["patterns"].place)
    seeds = said.value["seed_examples"]
    return {
        "domain": said.value["domain"],
        "document_outline": said.value["document_outline"],
        "document": document.with_(patterns=listed),
        "seed_examples": Node([_bare(seed) for seed in seeds.value], seeds.place),
    }


def _bare(seed: Node) -> Node:
    listed = seed.value["questions_and_answers"]
    pairs = [Node({key: pair.value[key] for key in _PAIR}, pair.place) for pair in listed.value]
    return seed.with_(questions_and_answers=Node(pairs, listed.place))

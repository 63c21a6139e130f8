"""Tasks as IBM's fms-dgt has them, in the words of the builders here.

A key that has a counterpart is read as that. One that changes no data is left out, with a note; one that
would change the data is refused, and the problem names its counterpart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fms_dgt.core.node import Node
from fms_dgt.errors import Problem, did_you_mean

BUILDERS = {
    "instructlab/skills": "skills_sdg",
    "instructlab/knowledge": "knowledge_sdg",
    "instructlab/simple": "self_instruct",
}
# builders have been called by their folder, too
BUILDERS |= {f"public/{name}": builder for name, builder in BUILDERS.items()}
_OTHERS = ("public/", "core/", "research/", "instructlab/")

_STORES = "has no effect: results are files in the output folder"
_NOTED = {
    "formatter": "is not taken over: write 'instruction_format:' for lines of another form",
    "datastore": _STORES,
    "final_datastore": _STORES,
    "formatted_datastore": _STORES,
    "store_name": _STORES,
    "dataloader": "has no effect: seed examples are drawn at random, each as often as the others",
}
_ONE_BY_ONE = "has no effect: chunks go on one by one, as calls have room"
_ONCE = "is not taken over: each chunk is worked on once, and the run ends with the last one"
# criteria there -> the stages that check them here
_CRITERIA = {
    "faithfulness": "faithfulness",
    "relevancy": "judge_relevancy",
    "question_verification": "judge_question",
}
_STYLES = {"FRQ": "any", "MCQ": "multiple_choice"}
_WHOLE = -1


@dataclass
class Reading:
    """What a task says beyond our own words: settings, options of its builder, notes and problems."""

    settings: dict[str, Node] = field(default_factory=dict)
    options: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Node] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def note(self, node: Node, text: str) -> None:
        """Something that is left out."""
        self.notes.append(f"{node.place} {text}")


def counterpart(builder: str) -> str:
    """The builder here that does what a builder of fms-dgt does; "" where none is known."""
    return BUILDERS.get(builder, "")


def is_unknown_there(builder: str) -> bool:
    """Whether a name looks like that of a builder of fms-dgt that has no counterpart."""
    return builder.startswith(_OTHERS) and builder not in BUILDERS


def builder_note(name: str) -> str:
    """What the run says of a builder that is read as another."""
    return f"the builder '{name}' of fms-dgt is read as '{counterpart(name)}'"


def read_keys(said: Node, builder: str, reading: Reading) -> Node:
    """A task of one of our builders without the keys that only fms-dgt knows; these go to `reading`."""
    known = _KEYS.get(builder)
    if known is None:
        return said
    gone = []
    for key, node in said.items():
        if key in _NOTED:
            reading.note(node, _NOTED[key])
        elif key in known:
            known[key](node, reading)
        else:
            continue
        gone.append(key)
    for key in reading.keys.keys() & said.value.keys() - set(gone):
        what = f"documents are named here and in '{key}'"
        reading.problems.append(said.value["knowledge"].problem(what, "remove one of them"))
    return said.without(*gone).with_(**reading.keys)


def _prompt_seeds(node: Node, reading: Reading) -> None:
    reading.settings["num_prompt_instructions"] = node


def _batch(node: Node, reading: Reading) -> None:
    reading.options["request_batch_size"] = node


def _templates(option: str) -> Callable[[Node, Reading], None]:
    def refuse(node: Node, reading: Reading) -> None:
        what = "names prompts for fms-dgt, which are not read here"
        mend = f"remove it; prompts of your own go into a config file, as '{option}'"
        reading.problems.append(node.problem(what, mend))

    return refuse


def _seeds(node: Node, reading: Reading) -> None:
    path = node.get("data_path")
    shown = path.written if path is not None else "PATH"
    mend = f"write 'include: {{seed_examples: {shown}}}' instead"
    reading.problems.append(node.problem("seed examples are not read from a store here", mend))


def _loop(node: Node, reading: Reading) -> None:
    if node.value:
        reading.note(node, _ONCE)


def _style(node: Node, reading: Reading) -> None:
    kind = _STYLES.get(str(node.value))
    if node.is_list or node.is_mapping:
        what = f"must be one question style, not {node.kind()}"
        reading.problems.append(node.problem(what, f"question styles: {', '.join(_STYLES)}"))
        return
    if kind is None:
        mend = f"{did_you_mean(str(node.value), _STYLES, noun='question styles')}"
        reading.problems.append(node.problem(f"there is no question style '{node.value}'", mend))
        return
    reading.options["question_kinds"] = Node({kind: Node(1, node.place)}, node.place)


def _criteria(node: Node, reading: Reading) -> None:
    children: list[Node] = node.value if node.is_list else [node]
    names = [child.value for child in children]
    before = len(reading.problems)
    for child, name in zip(children, names, strict=True):
        if child.is_list or child.is_mapping:
            what = f"must be the name of a criterion, not {child.kind()}"
            reading.problems.append(child.problem(what, f"criteria: {', '.join(_CRITERIA)}"))
        elif name not in _CRITERIA:
            mend = did_you_mean(str(name), _CRITERIA, noun="criteria")
            reading.problems.append(child.problem(f"there is no criterion '{name}'", mend))
    if len(reading.problems) > before:
        return
    off = Node({"enabled": Node(value=False, place=node.place)}, node.place)
    stages = {stage: off for name, stage in _CRITERIA.items() if name not in names}
    if stages:
        reading.options["stages"] = Node(stages, node.place)


def _documents(node: Node, reading: Reading) -> None:
    store = node.get("datastore_config") if node.is_mapping else None
    if store is None:
        mend = "write 'knowledge_datastore:' with 'type: default' and 'data_path: ...'"
        reading.problems.append(node.problem("has no datastore_config", mend))
        return
    reading.keys["knowledge_datastore"] = store
    columns = node.get("fields")
    if columns is not None:
        mend = "write 'content_key: COLUMN' below 'datastore_config', the column that holds the text"
        reading.problems.append(columns.problem("columns are not renamed here", mend))


def _chunk_size(node: Node, reading: Reading) -> None:
    if node.value == _WHOLE:
        reading.note(node, "is not taken over: chunks have 600 words at the most where no size is given")
    else:
        reading.keys["chunk_size"] = node


_KEYS: Mapping[str, Mapping[str, Callable[[Node, Reading], None]]] = {
    "skills_sdg": {
        "seed_datastore": _seeds,
        "num_icl_examples_per_prompt": _prompt_seeds,
        "num_questions_to_generate_per_prompt": _batch,
        "prompt_templates_dir": _templates("teacher_config"),
    },
    "knowledge_sdg": {
        "seed_datastore": _seeds,
        "num_icl_examples_per_prompt": _prompt_seeds,
        "prompt_templates_dir": _templates("templates_path"),
        "loop_over": _loop,
        "num_docs_per_iteration": lambda node, reading: reading.note(node, _ONE_BY_ONE),
        "question_style": _style,
        "criteria": _criteria,
        "knowledge": _documents,
        "chunk_size": _chunk_size,
    },
    "self_instruct": {"seed_datastore": _seeds},
}

from __future__ import annotations

import pytest
from qna_samples import CASES, FOUNDATIONAL, GROUNDED, KNOWLEDGE, SKILL, knowledge, seed, skill, written

from fms_dgt.builders.knowledge_sdg.task import KnowledgeTask
from fms_dgt.builders.skills_sdg.task import SkillsTask
from fms_dgt.config.names import fault_of
from fms_dgt.core.typed import decode
from fms_dgt.errors import InputError
from fms_dgt.taxonomy import read_taxonomy, task_mapping

READ = [case for case in CASES if case.valid and "empty" not in case.says]


def only(taxonomy, folder: str, said: object):
    reading = read_taxonomy(taxonomy({folder: said}) / folder)
    assert not reading.unread, reading.unread
    (node,) = reading.nodes
    return node


def as_task(node):
    problems = []
    said = task_mapping(node)
    builder = said.value["data_builder"].value
    task = decode(
        {"skills_sdg": SkillsTask, "knowledge_sdg": KnowledgeTask}[builder],
        said.without("data_builder"),
        problems,
    )
    assert task is not None, problems
    return task


@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
def test_every_valid_file_becomes_a_task(taxonomy, case):
    node = only(taxonomy, case.path, case.text)
    task = as_task(node)
    assert len(task.seed_examples) == len(node.seeds) > 0
    assert not fault_of(task.task_name)


@pytest.mark.parametrize("case", [case for case in CASES if not case.valid], ids=lambda case: case.name)
def test_invalid_files_are_read_only_where_it_is_clear_what_they_mean(taxonomy, case):
    reading = read_taxonomy(taxonomy({case.path: case.text}) / case.path)
    clear = ("patterns as text", "folder named knowledge", "a date", "a time", "an impossible date")
    assert bool(reading.nodes) == (case.name in clear)
    assert bool(reading.unread) != bool(reading.nodes)
    for report in reading.unread:
        assert report.errors


def test_a_skill_as_a_task(taxonomy):
    node = only(taxonomy, GROUNDED, skill(3, 5, 2))
    task = as_task(node)
    assert (task.task_name, task.taxonomy_path, task.created_by) == (GROUNDED, GROUNDED, "someone")
    assert [one.kind for one in task.seed_examples] == ["grounded", "grounded", "free", "free", "free"]
    assert [len(node.seeds), len(node.grounded), len(node.free)] == [5, 2, 3]
    assert (node.kind, node.version, node.document) == ("compositional", 3, None)


def test_knowledge_as_a_task(taxonomy):
    node = only(taxonomy, KNOWLEDGE, knowledge(3, 5, 4))
    task = as_task(node)
    assert (task.task_name, task.domain, task.document_outline) == (
        KNOWLEDGE,
        "rivers",
        "Rivers and their lengths",
    )
    assert task.document.spec == node.document
    assert [len(one.questions_and_answers) for one in task.seed_examples] == [
        len(one.pairs) for one in node.seeds
    ]
    assert len(node.seeds[0].pairs) == 4


def test_values_keep_their_lines(taxonomy):
    said = task_mapping(only(taxonomy, SKILL, skill()))
    question = said.value["seed_examples"].value[1].value["question"]
    assert str(question.place) == f"{SKILL}/qna.yaml:8: seed_examples[1].question"
    assert str(said.value["task_name"].place) == f"{SKILL}/qna.yaml:1"


def test_other_keys_of_a_pair_are_left_out(taxonomy):
    pairs = [{"question": f"q{number}", "answer": "a", "by": number} for number in range(3)]
    assert as_task(only(taxonomy, KNOWLEDGE, seed(knowledge(), questions_and_answers=pairs)))


@pytest.mark.parametrize(
    ("said", "patterns"),
    [
        ("a.md", ["a.md"]),
        ("a.md, docs/*.md,b c.pdf,", ["a.md", "docs/*.md", "b c.pdf"]),
        ("a.md\nb.md\n", ["a.md", "b.md"]),
        (["a.md", "b, c.md"], ["a.md", "b, c.md"]),
    ],
)
def test_patterns_in_odd_forms(taxonomy, said, patterns):
    document = {**knowledge()["document"], "commit": "main", "patterns": said}
    node = only(taxonomy, KNOWLEDGE, knowledge(document=document))
    assert node.document.patterns == as_task(node).document.spec.patterns == patterns
    assert node.document.commit == "main"


@pytest.mark.parametrize("description", ["", " "])
def test_a_skill_without_a_description_is_described_by_its_path(taxonomy, description):
    node = only(
        taxonomy, "compositional_skills/writing/short_rhymes", skill(1, 1, task_description=description)
    )
    assert as_task(node).task_description == "writing, short rhymes"


def test_foundational_skills_are_read_when_asked_for(taxonomy):
    root = taxonomy({FOUNDATIONAL: skill(None, 3), SKILL: skill()})
    assert [node.kind for node in read_taxonomy(root).nodes] == ["compositional"]
    both = read_taxonomy(root, kinds=("compositional", "foundational")).nodes
    assert [(node.path, task_mapping(node).value["data_builder"].value) for node in both] == [
        (SKILL, "skills_sdg"),
        (FOUNDATIONAL, "skills_sdg"),
    ]
    (asked,) = read_taxonomy(root / "foundational_skills").nodes
    assert asked.path == FOUNDATIONAL


def test_one_bad_file_does_not_stop_the_others(taxonomy):
    root = taxonomy({SKILL: skill(), GROUNDED: "a: [", "knowledge/old": knowledge(2), "knowledge/none": ""})
    reading = read_taxonomy(root)
    assert [node.path for node in reading.nodes] == [SKILL]
    assert [(report.path, report.findings[0].rule) for report in reading.unread] == [
        (GROUNDED, "unreadable"),
        ("knowledge/none", "empty-file"),
        ("knowledge/old", "deprecated"),
    ]


def test_nodes_never_collide(taxonomy):
    paths = ("a_b/c", "a/b_c", "A/b_c", "a/b/c")
    root = taxonomy({f"compositional_skills/{path}": skill() for path in paths})
    nodes = read_taxonomy(root).nodes
    assert len({node.name.casefold() for node in nodes}) == len({node.path for node in nodes}) == 4


def test_nothing_to_read(tmp_path):
    with pytest.raises(InputError, match="there is no qna.yaml"):
        read_taxonomy(tmp_path)


def test_a_misspelt_file_is_not_read(taxonomy):
    reading = read_taxonomy(taxonomy({"knowledge/a/qna.yml": written(knowledge())}))
    assert (reading.nodes, reading.unread[0].findings[0].mend) == ((), "rename it to qna.yaml")


def test_a_node_is_called_the_same_whatever_is_read_with_it(taxonomy):
    root = taxonomy({f"knowledge/{path}": knowledge() for path in ("Rivers", "rivers")})
    names = {node.path: node.name for node in read_taxonomy(root).nodes}
    for path, name in names.items():
        assert read_taxonomy(root / path).nodes[0].name == name

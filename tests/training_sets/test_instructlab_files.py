from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from knowledge_made import about, lines, read, record, records, said, skill

from fms_dgt.datasets import Layout, RaftSettings, write_instructlab
from fms_dgt.datasets.nodes import Node, _told_apart
from fms_dgt.datasets.seeds import seed_pairs
from fms_dgt.errors import FolderError, InputError

TASKS = [
    {
        "seed_examples": [
            {"question": "Q1", "answer": "A1"},
            {"question": "Q2", "answer": "A2", "context": "C"},
        ]
    },
    {
        "seed_examples": [
            {
                "context": "D",
                "questions_and_answers": [{"question": f"Q{n}", "answer": "A"} for n in range(3)],
            }
        ]
    },
]


@pytest.fixture
def run(tmp_path):
    """A run of one knowledge and two skills tasks."""
    made = {
        "prices": records(documents=5, chunks=2),
        "debate": [skill(n) for n in range(6)],
        "edit": [skill(n, "A text.", taxonomy_path="compositional_skills/edit") for n in range(3)],
    }
    for name, rows in made.items():
        (tmp_path / "run" / name).mkdir(parents=True)
        (tmp_path / "run" / name / "data.jsonl").write_text(lines(rows))
    return tmp_path / "run"


@pytest.fixture
def layout(tmp_path):
    return Layout(folder=tmp_path / "lab", stamp="T", sys_prompt="Be kind.")


def files(folder: Path) -> dict[str, list]:
    return {
        path.relative_to(folder).as_posix(): read(path) if path.suffix == ".jsonl" else []
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_file_and_its_rows(run, layout):
    written = write_instructlab(run, layout, tasks=TASKS)
    there = files(layout.folder)
    nodes = "node_datasets_T/"
    assert {name: len(rows) for name, rows in there.items()} == {
        f"{nodes}compositional_skills_edit.jsonl": 3,
        f"{nodes}compositional_skills_writing_debate.jsonl": 6,
        f"{nodes}knowledge_shop_prices_p07.jsonl": 40 + 30,
        f"{nodes}knowledge_shop_prices_p10.jsonl": 40 + 40 + 30,
        "knowledge_recipe_T.yaml": 0,
        "knowledge_train_msgs_T.jsonl": 70,
        "messages_T.jsonl": 49,
        "skills_recipe_T.yaml": 0,
        "skills_train_msgs_T.jsonl": 119,
        "test_T.jsonl": 5,
        "train_T.jsonl": 49,
    }
    assert {str(one.path.relative_to(layout.folder)) for one in written} == set(there)


def test_the_columns_of_each_file(run, layout):
    write_instructlab(run, layout, tasks=TASKS)
    there = files(layout.folder)
    columns = {name: {frozenset(row) for row in rows} for name, rows in there.items() if rows}
    plain, messages = frozenset({"system", "user", "assistant"}), frozenset({"messages", "metadata"})
    whole = frozenset({"id", "messages", "metadata", "unmask"})
    others = {"train_T.jsonl": plain, "test_T.jsonl": plain, "messages_T.jsonl": messages}
    assert columns == {name: {others.get(name, whole)} for name in columns}
    for name in ("knowledge_train_msgs_T.jsonl", "skills_train_msgs_T.jsonl"):
        assert {row["messages"][0]["content"] for row in there[name]} == {"Be kind."}


def test_what_is_trained_on_in_which_phase(run, layout):
    write_instructlab(run, layout)
    first, second = (read(layout.path(f"{kind}_train_msgs")) for kind in ("knowledge", "skills"))
    assert {row["unmask"] for row in first} == {True}
    unmasked = [row for row in second if row["unmask"]]
    assert {about(row)["dataset"] for row in unmasked} == {"document_knowledge_qa"}
    assert {row["id"] for row in unmasked} <= {
        row["id"] for row in read(layout.nodes / "knowledge_shop_prices_p07.jsonl")
    }


def test_the_recipes_name_the_node_datasets(run, layout):
    write_instructlab(run, layout)
    recipe = yaml.safe_load(layout.path("skills_recipe", ".yaml").read_text())
    names = [Path(one["path"]).name for one in recipe["datasets"]]
    assert names == [
        "compositional_skills_writing_debate.jsonl",
        "compositional_skills_edit.jsonl",
        "knowledge_shop_prices_p10.jsonl",
    ]
    assert {one["sampling_size"] for one in recipe["datasets"]} == {1.0}
    assert recipe["metadata"] == {"sys_prompt": "Be kind."}


def test_the_older_formats(run, layout):
    write_instructlab(run, layout)
    train = read(layout.path("train"))
    assert train[0] == {"system": "Be kind.", "user": "Argue for number 0.", "assistant": "Number 0 is best."}
    assert train[6]["user"] == "A text.\n\nArgue for number 0."
    assert train[-1]["user"].startswith("What does d4.md")
    assert said(read(layout.path("messages"))[0]) == ("Argue for number 0.", "Number 0 is best.")


def test_the_seeds_become_test_rows(run, layout):
    write_instructlab(run, layout, tasks=TASKS)
    asked = [row["user"] for row in read(layout.path("test"))]
    assert asked == ["Q1", "C\n\nQ2", "D\n\nQ0", "D\n\nQ1", "D\n\nQ2"]


@pytest.mark.parametrize(
    "said", [{}, {"seed_examples": "seeds.jsonl"}, {"seed_examples": [3, {"question": "Q"}]}]
)
def test_what_is_no_seed_gives_no_test_row(said):
    assert list(seed_pairs(said)) == []


def test_skills_alone_and_knowledge_alone(run, layout):
    write_instructlab(run / "debate", layout)
    assert not layout.path("knowledge_train_msgs").exists()
    other = Layout(folder=layout.folder, stamp="U")
    write_instructlab(run / "prices", other)
    assert len(read(other.path("skills_train_msgs"))) == 110


def test_a_node_as_instructlab_writes_it(tmp_path):
    rows = [skill(taxonomy_path=None, leaf_node_path="compositional_skills->writing->debate"), skill(1)]
    write_instructlab(rows, Layout(folder=tmp_path, stamp="T"))
    assert os.listdir(tmp_path / "node_datasets_T") == ["compositional_skills_writing_debate.jsonl"]


def test_distractors_come_from_other_nodes_too(tmp_path, layout):
    one = records(documents=1, chunks=1, task_name="one", taxonomy_path="knowledge/one")
    two = [record("other.md", n, task_name="two", taxonomy_path="knowledge/two") for n in range(4)]
    write_instructlab([*one, *two], Layout(folder=tmp_path, stamp="T", raft=RaftSettings(p=0.0)))
    rows = read(tmp_path / "node_datasets_T" / "knowledge_one_p10.jsonl")[:4]
    assert all(said(row)[0].count("<other.md/") == 4 for row in rows)


def test_equal_seeds_write_equal_files(run, tmp_path):
    both = [tmp_path / "a", tmp_path / "b"]
    for folder in both:
        write_instructlab(run, Layout(folder=folder, stamp="T", seed=5), tasks=TASKS)
    names = sorted(path.relative_to(both[0]) for path in both[0].rglob("*") if path.is_file())
    assert [name for name in names if (both[0] / name).read_bytes() != (both[1] / name).read_bytes()] == []


def test_what_is_there_is_not_written_over(run, layout):
    write_instructlab(run, layout)
    before = {path: path.stat().st_mtime_ns for path in layout.folder.rglob("*")}
    with pytest.raises(FolderError, match="--force"):
        write_instructlab(run, layout)
    assert before == {path: path.stat().st_mtime_ns for path in layout.folder.rglob("*")}


def test_a_stamp_is_part_of_a_name(run, tmp_path):
    with pytest.raises(InputError, match="cannot end a file's name"):
        write_instructlab(run, Layout(folder=tmp_path, stamp="../up"))
    assert "up" not in os.listdir(tmp_path)


def test_other_rows_are_left_out_or_refused(run, layout, tmp_path):
    (run / "odd").mkdir()
    (run / "odd" / "data.jsonl").write_text(json.dumps({"haiku": "x"}) + "\n")
    assert "odd/data.jsonl: left out" in write_instructlab(run, layout)[0].notes[0]
    with pytest.raises(InputError, match="no skills rows and no knowledge rows"):
        write_instructlab(run / "odd", Layout(folder=tmp_path / "x", stamp="T"))


@pytest.mark.parametrize(
    "names",
    [
        [("a_b/c", "skills"), ("a/b_c", "skills")],
        [("a/b", "skills"), ("A/B", "skills")],
        [("x_p07", "skills"), ("x", "knowledge")],
        [("???", "skills"), ("!!!", "skills")],
    ],
)
def test_no_two_nodes_write_the_same_file(names):
    from fms_dgt.datasets.nodes import _plain

    nodes = list(_told_apart([Node(name, kind, _plain(name, kind)) for name, kind in names]))
    written = [file.casefold() for node in nodes for file in node.files]
    assert len(set(written)) == len(written)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/abs/olute", "..", "a/../b", "", "ünï cødé/x"])
def test_a_nodes_file_stays_in_its_folder(tmp_path, name):
    layout = Layout(folder=tmp_path, stamp="T")
    write_instructlab([skill(taxonomy_path=name, task_name=name)], layout)
    assert len(list(layout.nodes.iterdir())) == 1


def test_the_seeds_that_a_run_keeps_become_test_rows(run, layout):
    kept = {"prices": TASKS[1], "debate": TASKS[0]}
    for name, task in kept.items():
        (run / name / "run.json").write_text(json.dumps({"seeds": task["seed_examples"]}))
    plain = [{"question": "Q", "answer": "A", "context": "", "questions_and_answers": []}]
    (run / "edit" / "run.json").write_text(json.dumps({"seeds": plain}))
    written = write_instructlab(run, layout)
    (test,) = [one for one in written if one.kind == "test"]
    assert [row["user"] for row in read(test.path)] == [
        "Q1",
        "C\n\nQ2",
        "Q",
        *(f"D\n\nQ{n}" for n in range(3)),
    ]


def test_a_node_called_like_the_folder_for_what_was_before(run, layout):
    (run / "compositional_skills/earlier").mkdir(parents=True)
    (run / "compositional_skills/earlier/data.jsonl").write_text(lines([skill(1, taxonomy_path="earlier")]))
    (run / "debate/earlier/1").mkdir(parents=True)
    (run / "debate/earlier/1/data.jsonl").write_text("no JSON")
    names = {one.path.name for one in write_instructlab(run, layout)}
    assert "earlier.jsonl" in names


def test_system_turns_and_longer_conversations(tmp_path):
    asked, answered = {"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}
    own = {"role": "system", "content": "You bake."}
    rows = [
        {"instruction": "I", "response": "R", "system_prompt": "You bake."},
        {"instruction": "Q", "response": "A", "messages": [own, asked, answered, asked, answered]},
    ]
    layout = Layout(folder=tmp_path, stamp="T")
    written = write_instructlab(rows, layout, tasks=[])
    assert read(tmp_path / "train_T.jsonl") == [{"system": "You bake.", "user": "I", "assistant": "R"}]
    (note,) = next(file.notes for file in written if file.kind == "train")
    assert note == "train_T.jsonl: without the conversations of more than two turns (1)"
    messages = [row["messages"] for row in read(tmp_path / "messages_T.jsonl")]
    assert [[turn["role"] for turn in each] for each in messages] == [
        ["system", "user", "assistant"],
        ["system", "user", "assistant", "user", "assistant"],
    ]
    assert read(tmp_path / "skills_train_msgs_T.jsonl")[0]["messages"][0] == own

from __future__ import annotations

import pytest

HEAD = "data_builder: haiku\n"


def said(plan):
    (task,) = plan.tasks
    return {
        key: value for key, value in task.said.plain().items() if key not in ("task_name", "taxonomy_path")
    }


CASES = {
    "a list of files is merged into the task, its own keys first": (
        "include: [a.yaml, b.yaml]\nown: 1\n",
        {"a.yaml": "x: 1\nown: 2\n", "b.yaml": "x: 2\ny: {z: 3}\n"},
        {"x": 2, "y": {"z": 3}, "own": 1},
    ),
    "one file": ("include: a.yaml\n", {"a.yaml": "x: 1\n"}, {"x": 1}),
    "a key is given its file's content": (
        "include:\n  seeds: more.yaml\n  rows: rows.jsonl\n  table: t.json\n  text: t.md\n",
        {
            "more.yaml": "- a\n- b\n",
            "rows.jsonl": '{"a": 1}\n\n{"a": 2}\n',
            "t.json": '{"k": [1]}',
            "t.md": "# hi\n",
        },
        {"seeds": ["a", "b"], "rows": [{"a": 1}, {"a": 2}], "table": {"k": [1]}, "text": "# hi\n"},
    ),
    "names below a key": (
        "include:\n  texts:\n    cars: docs/cars.md\n    all: docs/*.md\n",
        {"docs/cars.md": "cars", "docs/boats.md": "boats"},
        {"texts": {"cars": "cars", "all": ["boats", "cars"]}},
    ),
    "documents stay the names of their files": (
        "include:\n  documents:\n    cars: docs/cars.md\n    all: [$DGT_DATA_DIR/*.md, more.pdf]\n  text: docs/cars.md\n",
        {"docs/cars.md": "cars", "docs/boats.md": "boats"},
        {"documents": {"cars": "docs/cars.md", "all": ["data/*.md", "more.pdf"]}, "text": "cars"},
    ),
    "documents in a list of includes": (
        "include:\n  - a.yaml\n  - documents: {cars: docs/*.pdf}\n",
        {"a.yaml": "x: 1\n"},
        {"x": 1, "documents": {"cars": "docs/*.pdf"}},
    ),
    "lists that a glob finds are strung together": (
        "include:\n  rows: rows/*.jsonl\n",
        {"rows/2.jsonl": '{"a": 2}\n', "rows/1.jsonl": '{"a": 1}\n'},
        {"rows": [{"a": 1}, {"a": 2}]},
    ),
    "a list of paths below a key": (
        "include:\n  rows: [rows.jsonl, note.txt]\n",
        {"rows.jsonl": '{"a": 1}\n', "note.txt": "hi"},
        {"rows": [{"a": 1}, "hi"]},
    ),
    "an include in an included file, from there": (
        "include: deep/a.yaml\n",
        {"deep/a.yaml": "include: {seeds: b.yaml}\nx: 1\n", "deep/b.yaml": "[1]\n"},
        {"x": 1, "seeds": [1]},
    ),
    "variables in its path": (
        "include:\n  a: $DGT_DATA_DIR/a.txt\n  b: ${DGT_DATA_DIR}/a.txt\n  c: ${DGT_OUTPUT_DIR:-data}/a.txt\n",
        {"data/a.txt": "hi"},
        {"a": "hi", "b": "hi", "c": "hi"},
    ),
    "mappings merge": (
        "include: a.yaml\nboth: {mine: 1, shared: 1}\n",
        {"a.yaml": "both: {theirs: 2, shared: 2}\n"},
        {"both": {"mine": 1, "theirs": 2, "shared": 1}},
    ),
}


@pytest.mark.parametrize(("text", "files", "expected"), CASES.values(), ids=CASES)
def test_included(plan_of, text, files, expected):
    plan = plan_of({"task.yaml": HEAD + text, **files}, "task.yaml", environ={"DGT_DATA_DIR": "data"})
    assert said(plan) == expected


def test_paths_start_at_the_file_that_says_them_and_then_at_the_working_directory(plan_of):
    files = {
        "t/task.yaml": f"{HEAD}include: {{a: a.txt, b: b.txt}}",
        "t/a.txt": "here",
        "a.txt": "not",
        "b.txt": "there",
    }
    assert said(plan_of(files, "t")) == {"a": "here", "b": "there"}


def test_what_is_included_keeps_its_place(plan_of):
    files = {"task.yaml": f"{HEAD}include: {{rows: rows.jsonl}}", "rows.jsonl": '\n{"a": {"b": 1}}\n'}
    (task,) = plan_of(files, "task.yaml").tasks
    assert str(task.said.value["rows"].value[0].value["a"].value["b"].place) == "rows.jsonl:2: a.b"


def test_a_builder_may_be_named_by_an_included_file(plan_of):
    files = {"task.yaml": "include: base.yaml\n", "base.yaml": f"{HEAD}runner_config: {{seed: 4}}\n"}
    (task,) = plan_of(files, "task.yaml").tasks
    assert (task.builder, task.settings.seed) == ("haiku", 4)


FAULTS = {
    "missing": (
        "include: {a: b.md}",
        {},
        "task.yaml:2: include.a: there is no file 'b.md'; give its path from .",
    ),
    "no match": (
        "include: {a: '*.md'}",
        {},
        "task.yaml:2: include.a: no file matches '*.md'; give its path from .",
    ),
    "folder": ("include: {a: d/}", {"d/x": ""}, "task.yaml:2: include.a: 'd/' is a folder; write 'd/*', say"),
    "number": ("include: {a: 3}", {}, "task.yaml:2: include.a: must be a path, not a number; name a file"),
    "text in a list": (
        "include: [a.md]",
        {"a.md": "hi"},
        "task.yaml:2: include[0]: holds text, not a mapping; write 'KEY: PATH' below 'include' to put it under a key",
    ),
    "itself": ("include: task.yaml", {}, "task.yaml:2: include: includes itself; take this include out"),
    "a ring": (
        "include: a.yaml",
        {"a.yaml": "include: task.yaml\n"},
        "a.yaml:1: include: includes itself; take this include out",
    ),
    "bad yaml": (
        "include: a.yaml",
        {"a.yaml": "a: [1\n"},
        "a.yaml:1: is not valid YAML: a '[' is opened and never closed; close it with ']'",
    ),
    "bad json line": (
        "include: {a: a.jsonl}",
        {"a.jsonl": '{"a": 1}\n{"a"}\n'},
        "a.jsonl:2: is not JSON: Expecting ':' delimiter; write one JSON value a line",
    ),
    "bad json": (
        "include: {a: a.json}",
        {"a.json": "{\n'a'"},
        "a.json:2: is not JSON: Expecting property name enclosed in double quotes; fix it there",
    ),
    "not a number": (
        "include: {a: a.json}",
        {"a.json": "[NaN]"},
        "a.json: is not JSON: NaN is not a JSON value; fix it there",
    ),
    "deep json": (
        "include: {a: a.json}",
        {"a.json": "[" * 100000},
        "a.json: is not JSON: it is nested too deep; fix it there",
    ),
    "binary": (
        "include: {a: a.pdf}",
        {"a.pdf": b"%PDF\0"},
        "a.pdf: is binary, not text; name an included file",
    ),
    "unset": (
        "include: {a: $DGT_DATA_DIR/a}",
        {},
        "task.yaml:2: include.a: there is no file '$DGT_DATA_DIR/a'; "
        "set DGT_DATA_DIR ('data' where it is not set), or give its path from .",
    ),
}


@pytest.mark.parametrize(("text", "files", "expected"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_with_an_include(problems_of, text, files, expected):
    assert problems_of({"task.yaml": f"{HEAD}{text}\n", **files}, "task.yaml") == [expected]

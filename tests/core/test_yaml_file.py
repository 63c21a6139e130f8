from __future__ import annotations

import pytest

from fms_dgt.core.yaml_file import parse_yaml, read_text, read_yaml
from fms_dgt.errors import InputError


def problem(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "f.yaml")
    return str(caught.value)


VALUES = {
    "whole": ("3", 3),
    "real": ("1.5", 1.5),
    "with an exponent": ("1e-5", 1e-5),
    "without a zero": ("-.5", -0.5),
    "true": ("yes", True),
    "nothing": ("", None),
    "a date": ("2024-01-01", "2024-01-01"),
    "a time": ("12:30", "12:30"),
    "quoted": ("'3'", "3"),
    "tagged as text": ("!!str 3", "3"),
    "tagged as a number": ("!!int '3'", 3),
    "binary": ("!!binary aGk=", "aGk="),
    "a block": ("|\n  one\n  two\n", "one\ntwo\n"),
    "flow": ("{x: [1, a], y: }", {"x": [1, "a"], "y": None}),
}


@pytest.mark.parametrize(("text", "expected"), VALUES.values(), ids=VALUES)
def test_values(text, expected):
    assert parse_yaml(f"a: {text}", "f.yaml").plain() == {"a": expected}


def test_keys_are_text():
    assert parse_yaml("1: a\ntrue: b\n'': c\n", "f.yaml").plain() == {"1": "a", "true": "b", "": "c"}


def test_every_value_knows_its_line():
    root = parse_yaml("# top\na:\n  - x\n  - b: 1\n\n    c:\n      2\n", "f.yaml")
    second = root.value["a"].value[1]
    assert [str(place) for place in (root.place, root.value["a"].place, second.place)] == [
        "f.yaml:2",
        "f.yaml:2: a",
        "f.yaml:4: a[1]",
    ]
    assert str(second.value["c"].place) == "f.yaml:6: a[1].c"


MERGES = {
    "own keys go first": ("b: &b {x: 1}\no: {<<: *b, x: 2, y: 3}\n", {"x": 2, "y": 3}),
    "earlier ones go first": ("a: &a {x: 1}\nb: &b {x: 2, y: 2}\no: {<<: [*a, *b]}\n", {"x": 1, "y": 2}),
    "merged ones merge": ("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\no: {<<: *b}\n", {"x": 1, "y": 2}),
    "twice over": ("a: &a {x: 1}\nb: &b {<<: *a, x: 2}\no: *b\n", {"x": 2}),
    "quoted it is a key": ("o: {'<<': 1}\n", {"<<": 1}),
}


@pytest.mark.parametrize(("text", "expected"), MERGES.values(), ids=MERGES)
def test_merge_keys(text, expected):
    assert parse_yaml(text, "f.yaml").plain()["o"] == expected


FAULTS = {
    "empty": ("", "f.yaml: the file is empty; write at least one key"),
    "comments alone": ("# x\n", "f.yaml: the file is empty; write at least one key"),
    "a bare line": ("---\n", "f.yaml: the file is empty; write at least one key"),
    "two documents": (
        "a: 1\n---\nb: 2\n",
        "f.yaml:2: a second YAML document begins; keep one, and remove the line '---'",
    ),
    "a key twice": ("a: 1\nb: 1\na: 2\n", "f.yaml:3: duplicate key 'a'; remove one"),
    "a tab": ("a:\n\tb: 1\n", "f.yaml:2: a tab is not allowed here, only spaces are; indent with spaces"),
    "a tab in a list": (
        "a:\n  - x\n\t- y\n",
        "f.yaml:3: a tab is not allowed here, only spaces are; indent with spaces",
    ),
    "two colons": (
        "a: b: c\n",
        "f.yaml:1: is not valid YAML: a line has a second ': '; put the value in quotes, or write it below '|'",
    ),
    "an open quote": (
        "x: 1\na: 'b\nc: d\n",
        "f.yaml:2: is not valid YAML: a quote is opened and never closed; close it",
    ),
    "an open bracket": (
        "a: [1\nb: 1\n",
        "f.yaml:1: is not valid YAML: a '[' is opened and never closed; close it with ']'",
    ),
    "an open brace": (
        "a: {b: 1\nc: 1\n",
        "f.yaml:1: is not valid YAML: a '{' is opened and never closed; close it with '}'",
    ),
    "no space after a hyphen": (
        "seeds:\n  - question: a\n    answer: b\n  -question: |\n      -x: 1\n    answer: d\n",
        "f.yaml:4: is not valid YAML: '-question:' has no space after its '-'; write '- question:'",
    ),
    "no space after the only hyphen": (
        "seeds:\n  -question: a\n   answer: b\n",
        "f.yaml:2: is not valid YAML: '-question:' has no space after its '-'; write '- question:'",
    ),
    "a text that is not indented": (
        "seeds:\n  - question: a\n    answer: |\n\n    Yes: it is\n    so.\n  - question: c\n",
        "f.yaml:5: is not valid YAML: the text below 'answer: |' is not indented further than its key; "
        "indent the whole text further than 'answer'",
    ),
    "a text that is indented less and less": (
        "a:\n  - answer: |\n      One.\n\n    Two.\n\n    Three.\n",
        "f.yaml:5: is not valid YAML: this line of the text below 'answer: |' is indented less than its first "
        "line; indent the whole text further than 'answer'",
    ),
    "dots for what is left out": (
        "seeds:\n  - question: a\n    answer: |\n      b\n  ...\n",
        "f.yaml:5: is not valid YAML: '...' is not a key or an entry; "
        "replace it by what it stands for",
    ),
    "no colon after a text": (
        "a: |\n  text\nb: 1\nc\nd: 2\n",
        "f.yaml:4: is not valid YAML: a key without its ':'; write 'key: value'",
    ),
    "no colon": ("a: 1\nb\nc: 2\n", "f.yaml:2: is not valid YAML: a key without its ':'; write 'key: value'"),
    "an at sign": (
        "a: @b\n",
        "f.yaml:1: is not valid YAML: a value begins with a character that YAML keeps for itself; put the value in quotes",
    ),
    "indentation": (
        "a:\n    b: 2\n  c: 3\n",
        "f.yaml:3: is not valid YAML: the indentation does not fit, or a quote ends too early; line it up with the keys around it",
    ),
    "indentation of a list": (
        "a:\n  - 1\n  b: 3\n",
        "f.yaml:3: is not valid YAML: the indentation does not fit the list around it; line it up with the '- ' above",
    ),
    "a control character": (
        "a: \x01\n",
        "f.yaml: is not valid YAML: there is a control character here; remove it",
    ),
    "braces without quotes": (
        "a: {{ b }}\n",
        "f.yaml:1: a key must be text; write it as text; put a value that begins with '{' or '[' in quotes",
    ),
    "a star": ("a: *b\n", "f.yaml:1: '*b' refers to nothing; write '&b' before it, or put it in quotes"),
    "itself": ("a: &a [*a]\n", "f.yaml:1: '*a' refers to itself; remove it"),
    "a tag": (
        "a: !function x.y\n",
        "f.yaml:1: the tag '!function' is not known; remove it; tags run no code here",
    ),
    "a Python tag": (
        "a: !!python/object/apply:os.system [ls]\n",
        "f.yaml:1: the tag '!!python/object/apply:os.system' is not known; remove it; tags run no code here",
    ),
    "a merge of nothing": ("a: {<<: 3}\n", "f.yaml:1: '<<' must name a mapping; write '<<: *name'"),
    "not a number": ("a: .nan\n", "f.yaml:1: a: is .nan, which JSON cannot hold; put it in quotes"),
    "a giant number": (f"a: {'9' * 5000}\n", "f.yaml:1: a: cannot be read as a number; put it in quotes"),
}


@pytest.mark.parametrize(("text", "expected"), FAULTS.values(), ids=FAULTS)
def test_faults(text, expected):
    assert problem(text) == expected


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 101 + "]" * 101, "- " * 20_000, "{a: " * 3000])
def test_deep_nesting_ends_neither_the_process_nor_in_a_long_wait(text):
    assert problem(text) == "f.yaml:1: values are nested more than 100 deep; flatten them"


@pytest.mark.parametrize("deep", ["[" * 5000, "- " * 5000, "{a: " * 5000])
def test_deep_nesting_is_named_with_its_line_whichever_limit_is_met_first(deep):
    # newer parsers stop at a thousand by themselves, in their own words
    assert problem(f"a: 1\nb:\n  {deep}") == "f.yaml:3: values are nested more than 100 deep; flatten them"


def test_a_bomb_is_not_unfolded():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    expected = (
        "f.yaml: unfolds to more than 1,000,000 values; use fewer aliases, or keep rows in a JSONL file"
    )
    assert problem("\n".join(lines)) == expected


def read_problem(path, name: str = "f.yaml") -> str:
    with pytest.raises(InputError) as caught:
        read_yaml(path, shown=name)
    return str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    path = tmp_path / "f.yaml"
    assert read_problem(path) == "f.yaml: there is no such file; check the path"
    assert read_problem(tmp_path) == "f.yaml: is a folder, not a file; name a YAML file"
    path.write_bytes(b"a: \0")
    assert read_problem(path) == "f.yaml: is binary, not text; name a YAML file"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    assert read_problem(path) == "f.yaml:2: is not UTF-8 text; save it as UTF-8"


def test_a_file_of_a_hundred_megabytes_is_not_read(tmp_path):
    path = tmp_path / "f.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    expected = "f.yaml: has 100 MB; a YAML file may have 16 MB; split it, or keep rows in a JSONL file"
    assert read_problem(path) == expected


def test_a_device_without_an_end(tmp_path):
    path = tmp_path / "f.yaml"
    path.symlink_to("/dev/zero")
    assert read_problem(path) == "f.yaml: is not a regular file; name a YAML file"


def test_a_byte_order_mark_and_windows_line_ends(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: |\r\n  x\r\n")
    assert read_yaml(path).plain() == {"a": 1, "b": "x\n"}
    assert read_text(path, "f.yaml").startswith("a: 1\r\n")

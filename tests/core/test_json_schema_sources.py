"""Where a schema comes from: a file, a dataclass, a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Literal, NewType, NotRequired, TypedDict

import pytest

from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.core.reply import JsonReply, contract_from
from fms_dgt.core.stages import Prompt
from fms_dgt.core.yaml_file import parse_yaml
from fms_dgt.errors import InputError
from fms_dgt.safety.permissions import Permissions, under


class Mood(Enum):
    GLAD = "glad"
    SAD = "sad"


Name = NewType("Name", str)


class Place(TypedDict):
    city: str
    country: NotRequired[str]


@dataclass
class Poem:
    title: Name
    lines: list[str]
    mood: Mood = Mood.GLAD
    written: date | None = None
    place: Place | None = None
    size: tuple[int, int] = (1, 1)
    votes: dict[str, int] = field(default_factory=dict)
    form: Literal["haiku", "sonnet"] = "haiku"
    answers: "list[Poem]" = field(default_factory=list)


@dataclass
class Pair:
    question: str
    answer: str


def test_a_dataclass():
    contract = JsonReply(Poem)
    assert contract.json_schema["$ref"] == "#/$defs/Poem"
    assert contract.keys[:2] == ("title", "lines")
    assert not contract.several
    value = {
        "title": "Sea",
        "lines": ["a"],
        "written": "2026-01-31",
        "answers": [{"title": "B", "lines": []}],
    }
    assert contract.read(str(value).replace("'", '"')) == value
    assert JsonReply(Pair).json_schema == {
        "type": "object",
        "properties": {"question": {"type": "string"}, "answer": {"type": "string"}},
        "required": ["question", "answer"],
        "additionalProperties": False,
    }
    # such a schema was possible at first, and is told as ever
    assert (
        JsonReply(Pair)
        .instructions(None, as_json=False)
        .startswith("Reply with one JSON object that fits this JSON schema, and nothing else:\n{")
    )


@dataclass
class Odd:
    what: complex


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        (Odd, "the class complex has no JSON schema; use a dataclass, or write the schema"),
        (int, "must be a JSON schema or a class that has one, not the class int"),
        (3, "must be a JSON schema or a class that has one, not a value of type int"),
        ({"type": "object", "minLenght": 3}, "'minLenght' is not supported"),
        ({"type": "string"}, "must be of type 'object' or 'array' at the top"),
    ],
)
def test_what_has_no_schema(source, wrong):
    with pytest.raises(ValueError, match=wrong.replace("(", r"\(")):
        JsonReply(source)


def test_a_model_that_makes_no_schema():
    class Broken:
        @staticmethod
        def model_json_schema():
            raise TypeError("no schema for a callable")

    with pytest.raises(ValueError, match="the class Broken makes no JSON schema: no schema for a callable"):
        JsonReply(Broken)


def test_a_prompt_takes_a_class():
    schema = JsonReply(Pair).json_schema
    assert Prompt("Ask. {{ reply_format }}", reply=Pair).said["reply"] == {"json": schema}
    assert Prompt("Ask. {{ reply_format }}", reply={"json": Pair}).said["reply"] == {"json": schema}
    assert Prompt("Ask. {{ reply_format }}", reply="list").said["reply"] == "list"


SCHEMA = """{
\t"$schema": "https://json-schema.org/draft/2020-12/schema",
\t"type": "object",
\t"properties": {
\t\t"code": {"type": "string", "pattern": "^[A-Z]{2}$"}
\t},
\t"required": ["code"]
}"""


def parsed(folder, name):
    problems = []
    node = parse_yaml(f"reply: {{json: {name}}}", str(folder / "t.yaml")).get("reply")
    return contract_from(node, problems), [str(problem) for problem in problems]


@pytest.mark.parametrize("name", ["schema.json", "schema.yaml"])
def test_a_file(tmp_path, name):
    text = SCHEMA if name.endswith("json") else SCHEMA.replace("\t", "  ")
    (tmp_path / name).write_text(text)
    contract, problems = parsed(tmp_path, name)
    assert problems == []
    assert contract.read('{"code": "AB"}') == {"code": "AB"}
    assert contract.json_schema["properties"] == {"code": {"type": "string", "pattern": "^[A-Z]{2}$"}}


def test_what_is_wrong_in_a_file_has_its_line(tmp_path):
    (tmp_path / "schema.json").write_text(SCHEMA.replace('"pattern"', '"patern"'))
    _, [problem] = parsed(tmp_path, "schema.json")
    assert problem.startswith(
        f"{tmp_path}/schema.json:5: properties.code.patern: the schema's 'patern' is not"
    )
    assert "did you mean 'pattern'?" in problem


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (SCHEMA.replace("]", "]]"), "schema.json:7: is not JSON: "),
        ("[" * 100_000, "is nested too deeply"),
        ('{"items":' * 120 + "{}" + "}" * 120, "nested too deeply"),
        ('{"items":' * 700 + "{}" + "}" * 700, "nested too deeply"),
        ('{"type": "object", "enum": [' + "1," * 1_000_000 + "1]}", "more than 100,000 values"),
        ('{"type": NaN}', "is not JSON: NaN is not a JSON value"),
        ("[1]", "must be a JSON schema, not a list"),
        (
            '{"type": "object", "properties": {"x": {"const": "\\ud83d\\ude00", "tpye": 1}}}',
            "'tpye' is not supported",
        ),
    ],
)
def test_files_that_are_no_schema(tmp_path, text, wrong):
    (tmp_path / "schema.json").write_text(text)
    _, problems = parsed(tmp_path, "schema.json")
    assert len(problems) == 1
    assert wrong in problems[0]


def test_a_task_reads_no_schema_outside_of_its_folders(tmp_path):
    (tmp_path / "secret.json").write_text(SCHEMA)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "own.json").write_text(SCHEMA)
    (inside / "link.json").symlink_to(tmp_path / "secret.json")
    permissions = Permissions(folders=(inside.resolve(),))
    with under(permissions):
        assert parsed(inside, "own.json")[1] == []
        for name in ("../secret.json", "link.json", str(tmp_path / "secret.json")):
            _, [problem] = parsed(inside, name)
            assert (
                "outside of the folders that tasks may read; if you trust this task, pass --allow-path"
                in problem
            )
    assert [name.rpartition("/")[2] for name in permissions.uses.files] == ["own.json"]


def test_a_format_that_is_not_checked_is_noted():
    properties = {"a": {"type": "string", "format": "iban"}, "b": {"type": "string", "format": "date"}}
    contract = JsonReply({"type": "object", "properties": properties})
    assert contract.notes() == ["the format 'iban' is not checked"]
    assert contract.read('{"a": "x"}') == {"a": "x"}


def test_an_error_of_yaml_in_a_schema_file(tmp_path):
    (tmp_path / "schema.yaml").write_text("a: [")
    with pytest.raises(InputError):
        read_yaml(tmp_path / "schema.yaml")
    assert len(parsed(tmp_path, "schema.yaml")[1]) == 1

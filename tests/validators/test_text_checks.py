"""The checks on one text: length, repetition, patterns, JSON."""

from __future__ import annotations

import json

import pytest
from made_checks import fault, made, refused, verdict

from fms_dgt.core.stages import Check
from fms_dgt.core.validator import at_least
from fms_dgt.validators.length import Length
from fms_dgt.validators.pattern import Pattern
from fms_dgt.validators.prohibited import Prohibited
from fms_dgt.validators.refusal import Refusal
from fms_dgt.validators.repetition import Repetition
from fms_dgt.validators.valid_json import ValidJson

CHECKS = [Length, Repetition, Pattern, ValidJson, Refusal, Prohibited]
SENSIBLE = {Pattern: {"must_not_match": ["zzz"]}}


@pytest.mark.parametrize("cls", CHECKS)
def test_what_a_check_needs_is_said_before_the_run(cls):
    check = made(cls, SENSIBLE.get(cls))
    assert check.problems(Check("mine", on="text"), None) == []
    said = [str(problem) for problem in check.problems(Check("mine", keep=at_least(1)), None)]
    assert said == [
        "the check 'mine': looks at no column; say which: 'on: response'",
        "the check 'mine': keeps scores at least 1, but its options say what goes on; "
        "remove 'keep' and 'threshold'",
    ]


@pytest.mark.parametrize("cls", CHECKS)
@pytest.mark.parametrize("text", ["", " \n", "\ud83d half a character", "\x00", "🦀" * 50, "a\u0301" * 99])
def test_any_text_has_a_verdict(cls, text):
    found = made(cls, SENSIBLE.get(cls)).look(text)
    json.dumps(dict(found.evidence))
    assert isinstance(found.score, int | float)


LONG = [
    "a",
    "the quick brown fox ",
    "one more line\n",
    "\u201c",
    '" ',
    "``` ",
    "\n```",
    "4111 1111 1111 1112 ",
    "a@",
    "a.b-",
    "1.",
    "+1 ",
    "::2",
    "eyJ-",
    "[",
    "我想写一首诗",
]
SIZES = [pytest.param(200_000, id="200k"), pytest.param(3_000_000, id="3M", marks=pytest.mark.slow)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("piece", LONG, ids=repr)
@pytest.mark.parametrize("cls", CHECKS)
def test_a_very_long_text_ends(cls, piece, size):
    """Whatever goes back and tries again for each character would take hours with the shorter one, too."""
    said = {
        Pattern: {"must_not_match": ["(a+)+$", "(.*,){9}P", r"(\w+\s?)*!"]},
        Refusal: {"within": None},
        ValidJson: {"fenced": True},
        Prohibited: {"words": ["never said", "从未"], "patterns": ["(x+x+)+y"]},
    }.get(cls)
    text = piece * (size // len(piece))
    assert fault(made(cls, said), text) == fault(made(cls, said), text[: 20_000 // len(piece) * len(piece)])


@pytest.mark.parametrize(
    ("said", "text", "reason"),
    [
        ({}, "one", ""),
        ({}, " \n", "too short"),
        ({"low": 0}, "", ""),
        ({"low": 2, "high": 3}, "one", "too short"),
        ({"low": 2, "high": 3}, "one two three", ""),
        ({"low": 2, "high": 3}, "one two three four", "too long"),
        ({"high": 5}, "我想写诗歌", ""),
        ({"high": 4}, "我想写诗歌", "too long"),
        ({"high": 2}, "Как дела?", ""),
        ({"unit": "characters", "high": 3}, " für\n", ""),
        ({"unit": "characters", "high": 3}, "für.", "too long"),
        ({"unit": "tokens", "high": 2}, "12345678", ""),
        ({"unit": "tokens", "high": 2}, "123456789", "too long"),
        ({"unit": "tokens", "low": 5}, "我想写诗歌", ""),
    ],
)
def test_length(said, text, reason):
    assert fault(made(Length, said), text) == reason


async def test_the_number_stands_in_the_evidence_and_not_in_the_reason():
    rejected = await verdict(made(Length, {"high": 2}), "one two three")
    assert (rejected.reason, rejected.evidence) == ("too long", {"words": 3, "high": 2})
    assert await verdict(made(Length), {"a": 1}) == 1


PROSE = (
    "The tide rises twice a day. Fishermen know its hours by heart, and plan the morning around them.\n"
    "Children look for crabs between the stones.\nAt noon the beach is wide and empty.\n"
    "In the evening, the water is back where it was.\n"
)
TABLE = "| a | b |\n| --- | --- |\n" + "".join(f"| row {n} | {n * n} |\n" for n in range(9)) + "-" * 200
CODE = "def f(x):\n" + "".join(f"    if x == {n}:\n        return {n + 1}\n" for n in range(12))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PROSE, ""),
        (TABLE, ""),
        (CODE, ""),
        ("", ""),
        ("Ha ha ha!", ""),
        ("La la la la, la la la la.\nLa la la la.", "repeated words"),
        ("I like tea. " * 40, "repeated words"),
        (PROSE + "and so on and so on " * 60, "repeated words"),
        ("春眠不觉晓处处闻啼鸟夜来风雨声花落知多少", ""),
        ("我喜欢喝茶。" * 40, "repeated words"),
        ("Yes.\nNo.\n" * 6, "repeated lines"),
        ("Same line here\n" + PROSE + "same line here\n" * 4, "repeated lines"),
        (PROSE + "a" * 60, "one character over and over"),
        (PROSE + "哈" * 60, "one character over and over"),
        (PROSE + "=" * 300 + " " * 300, ""),
    ],
)
def test_repetition(text, reason):
    assert fault(made(Repetition), text) == reason


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"word_share": 1, "line_share": 1}, ""),
        ({"line_share": 1}, "repeated words"),
        ({"word_share": 1}, "repeated lines"),
        ({"line_share": 0.8, "word_share": 0.7}, "repeated words"),
        ({"line_share": 0.9, "words": 9, "word_share": 0.95}, ""),
    ],
)
def test_repetition_by_bounds(said, reason):
    assert fault(made(Repetition, said), "first of the lines\nsecond of the lines\n" * 5) == reason


async def test_repetition_says_what_is_repeated():
    rejected = await verdict(made(Repetition), PROSE + "and so on " * 60)
    assert rejected.evidence["text"] in ("and so on and", "so on and so", "on and so on")
    assert 0.5 < rejected.evidence["share"] < 1
    rejected = await verdict(made(Repetition, {"run": 5}), "Noooooooo")
    assert rejected.evidence == {"text": "oooooooo", "characters": 8}


@pytest.mark.parametrize(
    ("said", "text", "reason"),
    [
        ({"must_match": ["^Step 1"]}, "Step 1: boil water", ""),
        ({"must_match": ["^Step 1"]}, "First, Step 1", "lacks a pattern"),
        ({"must_match": ["(?m)^Step 1"]}, "First:\nStep 1", ""),
        ({"must_match": ["tea", "cup"]}, "a cup of tea", ""),
        ({"must_match": ["tea", "cup"]}, "a pot of tea", "lacks a pattern"),
        ({"must_not_match": ["TODO"]}, "todo", ""),
        ({"must_not_match": ["TODO"], "ignore_case": True}, "todo", "has a pattern it must not have"),
        ({"must_not_match": ["größe"], "ignore_case": True}, "Die GRÖSSE", ""),
        ({"must_not_match": ["größe"], "ignore_case": True}, "Die GRÖßE", "has a pattern it must not have"),
        ({"must_not_match": [r"\p{Han}"]}, "an answer 有点", "has a pattern it must not have"),
        ({"must_not_match": [r"^\s*$"]}, "", "has a pattern it must not have"),
        ({"must_match": [r"\A.{3}\z"]}, "für", ""),
    ],
)
def test_pattern(said, text, reason):
    assert fault(made(Pattern, said), text) == reason


async def test_a_pattern_shows_what_it_matches():
    rejected = await verdict(
        made(Pattern, {"must_not_match": ["nothing", "<.*>"]}), "a <b" + "b" * 999 + "> c"
    )
    assert rejected.evidence["pattern"] == "<.*>"
    assert len(rejected.evidence["text"]) == 120
    rejected = await verdict(made(Pattern, {"must_match": ["a", "b"]}), "aaa")
    assert rejected.evidence == {"pattern": "b"}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, "the check 'mine': has no pattern to look for; add 'must_match: [...]'"),
        (
            {"must_match": ["(a"]},
            "config.yaml:3: must_match[0]: '(a' is no pattern: missing ): (a; patterns are",
        ),
        (
            {"must_not_match": ["ok", r"(a)\1"]},
            r"config.yaml:3: must_not_match[1]: '(a)\1' is no pattern: invalid",
        ),
        ({"must_match": ["x(?=y)"]}, "config.yaml:3: must_match[0]: 'x(?=y)' is no pattern: invalid perl"),
        (
            {"must_match": ["((a{99}){99}){99}"]},
            "config.yaml:3: must_match[0]: '((a{99}){99}){99}' is no pattern:",
        ),
        (
            {"must_match": ["\ud83d"]},
            "config.yaml:3: must_match[0]: '\ud83d' is no pattern: has half a character",
        ),
    ],
)
def test_a_pattern_that_cannot_be_is_a_problem(said, problem):
    [found] = made(Pattern, said).problems(Check("mine", on="text"), None)
    assert str(found).startswith(problem)


PERSON = {"type": "object", "required": ["name"], "properties": {"age": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("said", "text", "reason"),
    [
        ({}, '{"a": [1, null]}', ""),
        ({}, " 3 ", ""),
        ({}, "", "no valid JSON"),
        ({}, "{'a': 1}", "no valid JSON"),
        ({}, '{"a": 1,}', "no valid JSON"),
        ({}, '{"a": 1} Done.', "no valid JSON"),
        ({}, '{"a": NaN}', "no valid JSON"),
        ({}, "[" * 100_000, "no valid JSON"),
        ({}, "9" * 5_000, "no valid JSON"),
        ({}, '```json\n{"a": 1}\n```', "no valid JSON"),
        ({"fenced": True}, '```json\n{"a": 1}\n```\n', ""),
        ({"fenced": True}, '```\n{"a": 1}\n```', ""),
        ({"fenced": True}, '{"a": 1}', ""),
        ({"fenced": True}, 'Here:\n```json\n{"a": 1}\n```', "no valid JSON"),
        ({"schema": PERSON}, '{"name": "Ada", "age": 36}', ""),
        ({"schema": PERSON}, '{"age": 36}', "JSON that does not fit the schema"),
        ({"schema": PERSON}, '{"name": "Ada", "age": "old"}', "JSON that does not fit the schema"),
        ({"schema": PERSON}, "[]", "JSON that does not fit the schema"),
    ],
)
def test_valid_json(said, text, reason):
    assert fault(made(ValidJson, said), text) == reason


async def test_valid_json_says_where():
    rejected = await verdict(made(ValidJson), '{\n "a": oops\n}')
    assert (rejected.evidence["line"], rejected.evidence["column"]) == (2, 7)
    assert "oops" in rejected.evidence["text"]
    rejected = await verdict(made(ValidJson, {"schema": PERSON}), {"age": 1})
    assert rejected.evidence == {"problem": "In the JSON, the top level has no 'name'."}


async def test_a_column_that_is_no_text_is_json():
    assert await verdict(made(ValidJson, {"schema": PERSON}), {"name": "Ada"}) == 1


def test_a_schema_that_would_not_be_checked_is_a_problem():
    check = made(ValidJson, {"schema": {"type": "object", "unevaluatedProperties": False}})
    [problem] = check.problems(Check("mine", on="text"), None)
    assert str(problem).startswith(
        "the check 'mine': json.unevaluatedProperties: the schema's 'unevaluatedProperties'"
    )


@pytest.mark.parametrize(
    ("cls", "said", "problem"),
    [
        (Length, {"low": -1}, "config.yaml:3: low: is -1; it must be 0 or more"),
        (Length, {"unit": "pages"}, "config.yaml:3: unit: cannot be the text 'pages'; it may be: "),
        (Length, {"low": 9, "high": 3}, "config.yaml:3: 'high' is 3, and 'low' is 9: no text is kept"),
        (Repetition, {"word_share": 30}, "config.yaml:3: word_share: is 30.0; it must be 1 or less"),
        (Repetition, {"words": 0}, "config.yaml:3: words: is 0; it must be 1 or more"),
        (Pattern, {"must_match": []}, "config.yaml:3: must_match: has no entries; write a list, or"),
        (Pattern, {"must_match": [3]}, "config.yaml:3: must_match[0]: must be text or a file, not a number"),
        (
            Pattern,
            {"must_match": "a+"},
            "config.yaml:3: must_match: cannot read a+: No such file or directory",
        ),
        (ValidJson, {"schema": "a.json"}, "config.yaml:3: schema: must be a mapping"),
        (Refusal, {"within": 0}, "config.yaml:3: within: is 0; it must be 1 or more"),
        (Prohibited, {"personal_data": ["fax"]}, "config.yaml:3: personal_data[0]: cannot be the text 'fax'"),
        (
            Prohibited,
            {"personal_data": "email"},
            "config.yaml:3: personal_data: must be a list, not the text",
        ),
    ],
)
def test_options_out_of_bounds_are_named(cls, said, problem):
    [found] = refused(cls, said)
    assert found.startswith(problem)

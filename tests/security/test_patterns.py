"""Patterns of strangers: what Python's engine finds, in bounded time."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fms_dgt.core.text_pattern import _found_by_re2, find_all, find_all_by_python, group_count

ATOMS = (
    r"a b . \s \w \d \S \W [^a] [ab] [\s,] [\d-] \n \. é (a) (?:ab) (.*?) (.*) (a|b) (?P<x>a) ^ $ | []a] \-"
    r" [^\]] (\w+) x{2} x{1,3} { <a> \b (?=a) (?i:a) \Z {,2}"
).split()
QUANTIFIERS = ["", "", "", "*", "+", "?", "*?", "+?", "{2}", "{1,2}", "*+"]


@settings(max_examples=3000)
@given(
    st.lists(st.tuples(st.sampled_from(ATOMS), st.sampled_from(QUANTIFIERS)), min_size=1, max_size=5),
    st.text(alphabet="ab é\u00a0\n1.,x-]\u0661<>A_\x1c\x85\u3000{", max_size=14),
)
def test_re2_finds_what_python_finds(parts, text) -> None:
    pattern = "".join(map("".join, parts))
    try:
        re.compile(pattern, re.DOTALL)
    except re.error:
        return
    found = _found_by_re2(pattern, text)
    assert found is None or found == find_all_by_python(pattern, text)


@pytest.mark.parametrize(
    "pattern",
    [r"<a>(.*?)</a>", r"Q:\s*(.+?)\s*A:\s*(.*)", r"(\d+)", r"[^\n]+", r"(?P<word>\w+)[.,]", r"\*\*(.+?)\*\*"],
)
def test_usual_patterns_are_searched_by_re2(pattern) -> None:
    assert _found_by_re2(pattern, "no match of any of these") is not None or pattern in (r"[^\n]+",)


@pytest.mark.parametrize("pattern", ["(a|a)*b", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$"])
async def test_a_pattern_that_goes_back_for_ever_is_given_up(pattern) -> None:
    with pytest.raises(ValueError, match="took longer than 5 seconds"):
        await find_all(pattern, ("a" * 40 + "x" * 60) if "x" in pattern else "a" * 60)


async def test_look_around_works_as_before() -> None:
    assert await find_all(r"(?<=a)(b)(?=c)", "abc ab") == [("b",)]
    assert await find_all(r"(\w)\1", "aa bb") == [("a",), ("b",)]


@pytest.mark.parametrize("pattern", ["(" * 5000 + ")" * 5000, "a" * 20_000, "("])
def test_a_pattern_that_cannot_be_compiled(pattern) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (each has a reason of its own)
        group_count(pattern)


def test_a_run_ends_whatever_the_pattern(project, caplog) -> None:
    made = project(
        {
            "task.yaml": f"""
                task_name: t
                task_description: Rows.
                created_by: the tests
                data_builder: pipeline
                seed_examples: [{{a: "{"a" * 50}"}}, {{a: ab}}]
                flow:
                  - extract: {{on: a, into: b, pattern: "(?:a|a)*(b)"}}
                """
        }
    )
    result = made.run("--task-paths", "task.yaml", "--config-path", "offline", "--quiet")
    assert result.code == 1, result.stderr
    stage = "error: the stage 'extract_b': ValueError: searching with the pattern took longer than 5 seconds"
    assert stage in caplog.messages
    assert [json.loads(line)["b"] for line in made.read("output/t/data.jsonl").splitlines()] == ["b"]
    assert "took longer than 5 seconds" in made.read("output/t/rejected.jsonl")

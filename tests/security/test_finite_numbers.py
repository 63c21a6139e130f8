"""A number that no float can hold, or that is none, is refused where it comes in."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pytest

from fms_dgt.core.node import Node
from fms_dgt.core.strict_json import loads
from fms_dgt.core.typed import convert, decode, option
from fms_dgt.core.yaml_file import parse_yaml
from fms_dgt.errors import InputError, Problem

INFINITE = ("1e999999", "-1e999999", "1.0e+400")


@dataclass(frozen=True)
class Options:
    number: float = 0.0
    bounded: float = option(0.0, low=0, high=1)
    whole: int = option(0, low=0, high=10)
    optional: float | None = None
    either: int | float = 0
    anything: Any = None
    extra: dict[str, Any] = field(default_factory=dict)
    numbers: list[float] = field(default_factory=list)
    node: Node | None = None


def problems_of(values: object) -> list[str]:
    problems: list[Problem] = []
    node = values if isinstance(values, Node) else Node.of(values, "task.yaml")
    assert (decode(Options, node, problems) is None) == bool(problems)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize("key", ["number", "bounded", "optional", "either", "anything", "numbers", "extra", "node"])
@pytest.mark.parametrize("text", INFINITE)
def test_in_yaml(key: str, text: str) -> None:
    written = {"numbers": f"[1, {text}]", "extra": f"{{a: [{{b: {text}}}]}}"}.get(key, text)
    try:
        node = parse_yaml(f"{key}: {written}\n", "task.yaml")
    except InputError as error:
        assert "task.yaml:1" in str(error)
        return
    [problem] = problems_of(node)
    assert problem.startswith("task.yaml:1: ")
    assert any(words in problem for words in ("finite number", "1 or less", "0 or more", "int or float, not"))


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("key", ["number", "bounded", "optional", "either", "anything", "node"])
def test_from_python(key: str, value: float) -> None:
    assert problems_of({key: value})
    assert problems_of({"extra": {"a": [value]}})
    assert problems_of({"numbers": [value]})


@pytest.mark.parametrize("key", ["number", "bounded", "optional", "whole", "numbers"])
def test_a_whole_number_beyond_every_float(key: str) -> None:
    """Its digits are not written out: Python refuses that, and nobody reads them."""
    for value in (10**5000, -(10**5000)):
        [problem] = problems_of({key: [value] if key == "numbers" else value})
        assert len(problem) < 200


def test_what_is_fine_stays() -> None:
    assert problems_of({"number": 3, "bounded": 0.5, "anything": [1e308, 10**30, "inf"], "either": 2}) == []
    assert convert(float, Node.of(10**300, "x"), []) == 1e300


@pytest.mark.parametrize("flag", ["1e999", "inf", "-inf", "nan", "Infinity"])
@pytest.mark.parametrize("name", ["--max-cost", "--startup-timeout", "--temperature", "--top-p", "--timeout"])
def test_in_flags(project, name: str, flag: str) -> None:
    command = {"--max-cost": (), "--startup-timeout": (), "--timeout": ("check-teachers",)}.get(name, ("try", "hello"))
    result = project({}).run(*command, f"{name}={flag}")
    assert result.code == 2
    assert "finite number" in result.stderr or "number of seconds" in result.stderr


@pytest.mark.parametrize("text", ["1e999", "[NaN]", '{"a": Infinity}', "-Infinity", '{"a": [-1E+400]}'])
def test_in_json(project, text: str) -> None:
    with pytest.raises(ValueError, match="finite number|JSON value"):
        loads(text)
    made = project({"task.yaml": "task_name: x\ninclude: {a: a.json}\n", "a.json": text})
    result = made.run("--task-paths", "task.yaml", "--check")
    assert result.code == 2
    assert "a.json: is not JSON" in result.stderr

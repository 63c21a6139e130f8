"""Data into dataclasses: the dataclass is the contract, and all that does not fit is reported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode, encode, field_names, option, path_fields, without_credentials


@dataclass(frozen=True)
class Inner:
    size: int = option(1, low=1, high=9)


@dataclass(frozen=True, kw_only=True)
class Options:
    name: str = option(nonempty=True, help="add 'name: ...'")
    kind: Literal["a", "b"] = "a"
    ratio: float | None = option(None, low=0)
    inner: Inner = option(default_factory=Inner)
    words: list[str] = option(default_factory=list)
    table: dict[str, int] = option(default_factory=dict)
    file: Path | None = None
    api_key: str = option("", secret=True)
    url: str = option("", shapes=False, aliases=("base_url",))


def decoded(values: Any) -> tuple[Options | None, list[str]]:
    problems: list[Any] = []
    made = decode(Options, Node.of(values, "f.yaml"), problems)
    return made, [str(problem) for problem in problems]


def test_values_of_the_right_types_fit() -> None:
    made, problems = decoded(
        {"name": "n", "kind": "b", "ratio": 1, "inner": {"size": 9}, "words": ["x"], "file": "a/b"}
    )
    assert problems == []
    assert made == Options(name="n", kind="b", ratio=1.0, inner=Inner(9), words=["x"], file=Path("a/b"))
    assert made is not None
    assert type(made.ratio) is float


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("name", " ", "is empty"),
        ("name", 3, "must be text"),
        ("kind", "c", "cannot be"),
        ("ratio", -1, "must be 0 or more"),
        ("ratio", float("inf"), "finite"),
        ("ratio", 10**400, "finite"),
        ("ratio", True, "must be"),
        ("inner", {"size": 10}, "must be 9 or less"),
        ("inner", {"size": True}, "must be a whole number"),
        ("inner", {"size": 1.0}, "must be a whole number"),
        ("inner", [], "must be a mapping"),
        ("inner", {"sise": 1}, "did you mean 'size'"),
        ("words", "x", "must be a list"),
        ("words", ["x", 1], "must be text"),
        ("table", {"x": "1"}, "must be a whole number"),
        ("url", None, "must be text"),
        ("nam", "x", "did you mean 'name'"),
    ],
)
def test_what_does_not_fit_is_reported_where_it_is(key: str, value: Any, message: str) -> None:
    made, problems = decoded({"name": "n", key: value})
    assert made is None
    (problem,) = problems
    assert message in problem
    assert problem.startswith(f"f.yaml: {key}")


@pytest.mark.parametrize("size", [1, 9])
def test_bounds_are_inclusive(size: int) -> None:
    assert decoded({"name": "n", "inner": {"size": size}, "ratio": 0})[1] == []


def test_a_field_is_given_by_one_of_its_names_alone() -> None:
    assert decoded({"name": "n", "base_url": "x"}) == (Options(name="n", url="x"), [])
    assert len(decoded({"name": "n", "url": "x", "base_url": "y"})[1]) == 1


def test_all_problems_are_reported_at_once() -> None:
    made, problems = decoded({"kind": "c", "words": 1, "inner": {"size": 0}})
    assert made is None
    assert len(problems) == 4
    assert any("'name' is missing" in problem for problem in problems)


def test_only_what_shapes_data_is_encoded_for_a_fingerprint() -> None:
    made = Options(name="n", api_key="k", url="u", file=Path("a"))
    assert encode(made, shaping_only=True).keys() == encode(made).keys() - {"url"}
    assert "api_key" not in encode(made)
    assert encode(made, secrets=True)["api_key"] == "k"
    assert encode(made)["file"] == "a"
    assert encode(made)["inner"] == {"size": 1}


def test_a_secret_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(Options(name="n", api_key="hunter2"))


def test_names_of_fields_include_aliases() -> None:
    assert set(field_names(Options)) >= {"url", "base_url"}
    assert path_fields(Options)["file"][1] is False
    assert path_fields(Options)["base_url"][0] is str


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://u:p@host/x?key=1", "https://host/x?..."),
        ("https://host/x", "https://host/x"),
        ("no url: a@b?c", "no url: a@b?c"),
    ],
)
def test_credentials_are_cut_out_of_urls(text: str, shown: str) -> None:
    assert without_credentials(text) == shown

from __future__ import annotations

import pytest

from fms_dgt.core.validator import Keep, Match, ValidatorOptions, below
from fms_dgt.testing import OrderedValidatorContract
from fms_dgt.validators.exact import ExactDeduplication, ExactMemory


def remembering(*values) -> ExactMemory:
    memory = ExactMemory(below(1.0))
    for number, value in enumerate(values, 1):
        memory.add(value, number)
    return memory


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Write a poem.", "write  a\n\tPOEM. "),
        ("Straße", "STRASSE"),
        ("ﬁne ①", "fine 1"),
        ("caf\u00e9", "cafe\u0301"),
        ("", " \n"),
        ({"a": 1, "b": [True]}, {"b": [True], "a": 1}),
        (3, "3"),
    ],
)
def test_what_differs_in_form_only_is_the_same(one, other):
    assert remembering("first", one).find(other) == Match(1.0, 2)


@pytest.mark.parametrize(
    ("one", "other"), [("a b", "ab"), ("1 + 2", "1 - 2"), ("e", "é"), ([1, 2], [2, 1]), (1, True)]
)
def test_what_differs_in_content_is_not(one, other):
    assert remembering(one).find(other) is None


def test_finds_the_earliest_from_a_position_on():
    memory = remembering("a", "b", "A", "c", "a ")
    found = [memory.find("a", start) for start in range(6)]
    assert [match and match.record for match in found] == [1, 3, 3, 5, 5, None]
    assert len(memory) == 5


def test_keeps_all_where_keep_lets_all_pass():
    memory = ExactMemory(below(1.5))
    memory.add("a", 1)
    assert memory.find("a") is None


def test_its_keep_needs_no_threshold():
    assert ExactDeduplication(ValidatorOptions()).keep() == Keep("below", 1.0)


class TestContract(OrderedValidatorContract):
    def make_validator(self):
        return ExactDeduplication(ValidatorOptions())

"""What digests and random streams are made of. Folders that exist depend on each of these values."""

from __future__ import annotations

import pytest

from fms_dgt.core.canonical import canonical, derived_int, derived_random, digest, hexdigest


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [1.5, None, True]}, '{"a":[1.5,null,true],"b":1}'),
        ("ä\n\u2028", '"ä\\n\u2028"'),
        ((1, 2), "[1,2]"),
        (1e22, "1e+22"),
        ({}, "{}"),
    ],
)
def test_a_value_has_one_text(value: object, text: str) -> None:
    assert canonical(value) == text.encode()


def test_the_order_of_keys_does_not_matter_and_that_of_lists_does() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest([1, 2]) != digest([2, 1])


def test_numbers_and_texts_of_the_same_form_differ() -> None:
    assert len({digest(value) for value in (1, "1", 1.5, "1.5", None, "null", True, "true")}) == 8


def test_a_lone_surrogate_has_a_digest() -> None:
    assert digest("\ud800") != digest("\ud801")


def test_values_that_journals_and_datasets_depend_on() -> None:
    assert hexdigest({"a": [1, "x"]}) == "06d9f63ea65550f7fbf63643044e1118"
    assert derived_int(0, "draw", 3) == 8202217928273380761
    assert derived_random(0, "17/0.2", "stage", "", ()).random() == 0.4323520318623376


def test_a_derived_number_has_no_more_bits_than_asked_for() -> None:
    numbers = [derived_int("x", n, bits=5) for n in range(200)]
    assert {0, 31} <= set(numbers) <= set(range(32))

from __future__ import annotations

import pytest

from fms_dgt.core.yaml_file import parse_yaml
from fms_dgt.errors import InputError

BEHIND = "is not valid YAML: there is text behind '|' or '>'; begin it on the next line, further in"
OPEN = (
    "is not valid YAML: a '[' or '{' is opened and never closed, or what follows it is not a value; "
    "close it, or put the value in quotes"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: |text\n  b\n", [f"f:1: {BEHIND}"]),
        ("b: 1\na: >- text\n", [f"f:2: {BEHIND}"]),
        # the parser stops one line below the last
        ("b: 1\na: [1,\n", [f"f:2: {OPEN}"]),
        ("a: [,]\n", [f"f:1: {OPEN}"]),
        (
            "a: 1\na: 2\nb:\n  c: 1\n  c: 2\n",
            ["f:2: duplicate key 'a'; remove one", "f:5: duplicate key 'c'; remove one"],
        ),
        ("a: 1\na: 2\nb: [", ["f:2: duplicate key 'a'; remove one", f"f:3: {OPEN}"]),
    ],
)
def test_what_is_said_of_slips_of_the_pen(text, said):
    with pytest.raises(InputError) as raised:
        parse_yaml(text, "f")
    assert [str(problem) for problem in raised.value.problems] == said

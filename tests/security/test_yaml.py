"""YAML of strangers: small files that unfold, numbers that take long."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

CODE = """
import sys
from pathlib import Path
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError
try:
    read_yaml(Path(sys.argv[1]))
except InputError as error:
    print(error)
"""


def problem(path) -> str:
    """What a process says that may take 1.5 GB and a minute."""
    result = subprocess.run(
        [sys.executable, "-c", CODE, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000)),
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


BIG = "big: &big {" + ", ".join(f"k{number}: 1" for number in range(20_000)) + "}\n"
BOMBS = {
    "merges in a list": BIG + "all:\n" + "- <<: *big\n" * 40_000,
    "merges in one mapping": BIG + "all:\n" + "  <<: *big\n" * 40_000,
    "merges in a mapping of mappings": BIG
    + "all:\n"
    + "".join(f"  a{n}: {{<<: *big}}\n" for n in range(30_000)),
    "merges of merges": BIG
    + "a0: &a0 {<<: *big}\n"
    + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *big]}}\n" for n in range(1, 3_000)),
    "very many values": "- []\n" * 3_000_000,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_before_it_unfolds(tmp_path, text) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(text)
    assert "unfolds to more than 1,000,000 values" in problem(path)


@pytest.mark.parametrize(
    "number", ["9" * 20_000, "-" + "9" * 20_000, "0x" + "f" * 20_000, "0x" + "f" * 4000, "0b" + "1" * 20_000]
)
def test_a_number_of_very_many_digits(tmp_path, number) -> None:
    path = tmp_path / "number.yaml"
    path.write_text(f"a: {number}\n")
    assert problem(path).endswith("number.yaml:1: a: cannot be read as a number; put it in quotes\n")


def test_a_key_that_is_repeated_very_often(tmp_path) -> None:
    path = tmp_path / "keys.yaml"
    path.write_text("a: 1\n" * 500_000)
    assert "duplicate key 'a'" in problem(path)

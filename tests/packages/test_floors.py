"""The lowest versions that pyproject.toml allows: those below let a stranger's file run code here."""

from __future__ import annotations

import gzip
import pickle
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def floors() -> dict[str, str]:
    lines = [*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)]
    return dict(line.split(">=") for line in lines if ">=" in line)


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / "constraints" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def parts(version: str) -> list[int]:
    numbers = [int(part) for part in re.findall(r"\d+", version)]
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


@pytest.mark.parametrize(
    ("package", "lowest"),
    [
        ("jinja2", "3.1.6"),  # a way out of the sandbox
        ("pdfplumber", "0.11.9"),  # its pdfminer.six unpickles what a PDF names
        ("datasets", "4"),  # runs the Python that comes with a dataset
        ("aiohttp", "3.13.3"),  # unbounded work on a server's answer
    ],
)
def test_no_version_that_is_known_to_be_unsafe(package: str, lowest: str) -> None:
    assert parts(floors()[package]) >= parts(lowest)


def test_the_lowest_versions_are_what_the_ranges_allow() -> None:
    users = [PROJECT["dependencies"], *(lines for name, lines in EXTRAS.items() if name != "dev")]
    asked = dict(line.split(">=") for lines in users for line in lines)
    # torch is installed by scripts/test_transformers alone
    del asked["torch"]
    lowest = pins("lowest")
    assert {name: parts(lowest[name]) for name in asked} == {name: parts(low) for name, low in asked.items()}


def test_the_known_good_versions_are_in_the_ranges() -> None:
    known_good = pins("known-good")
    too_low = [name for name, low in floors().items() if name in known_good and parts(known_good[name]) < parts(low)]
    assert too_low == []
    assert floors().keys() - known_good.keys() - {"torch", "types-PyYAML"} == set()


def test_what_only_tests_need_is_not_installed_for_users() -> None:
    assert not any(line.startswith("openai") for line in PROJECT["dependencies"])
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "fms_dgt").rglob("*.py"))
    assert not re.search(r"^\s*(import openai|from openai)\b", sources, re.MULTILINE)


# through the filter `attr`, which looked up `format` without the sandbox's own
ESCAPE = (
    "{% set f = '{0.__class__.__init__.__globals__}'|attr('format') %}{{ f(cycler) }}"
)


def test_the_sandbox_of_templates_has_no_way_out_through_attr() -> None:
    from jinja2.exceptions import SecurityError, UndefinedError
    from jinja2.sandbox import SandboxedEnvironment

    with pytest.raises((SecurityError, UndefinedError)):
        SandboxedEnvironment().from_string(ESCAPE).render()


class Opened:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_pdf_cannot_name_a_pickle_to_be_loaded(tmp_path: Path) -> None:
    from pdfminer.cmapdb import CMapDB

    left = tmp_path / "it ran"
    folder = tmp_path / "cmaps"
    folder.mkdir()
    (folder / "evil.pickle.gz").write_bytes(gzip.compress(pickle.dumps(Opened(left))))
    try:
        CMapDB._load_data(str(folder / "evil"))
    except Exception as error:
        # whatever it is called: it is refused
        assert error
    assert not left.exists()

"""What was converted is kept; archives that hold too much are not unpacked."""

from __future__ import annotations

import importlib
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fms_dgt.documents import local_collection
from fms_dgt.documents.conversions import Conversions
from fms_dgt.documents.converters.converter import Converter
from fms_dgt.documents.converters.html import HtmlConverter

CODE = """
from fms_dgt.documents.converters.converter import Converter

class Upper(Converter):
    suffixes = (".up",)

    def convert(self, path):
        return {made}
"""


@pytest.fixture
def upper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Converter]:
    """A converter whose code is a file of its own, and becomes another."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (tmp_path / "site").mkdir()

    def written(made: str) -> Converter:
        (tmp_path / "site/upper_module.py").write_text(CODE.format(made=made))
        monkeypatch.delitem(sys.modules, "upper_module", raising=False)
        made_class: type[Converter] = importlib.import_module("upper_module").Upper
        return made_class()

    return written


@pytest.fixture
def converting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The names of the files that were converted, one after the other."""
    monkeypatch.setenv("FMS_DGT_CACHE", str(tmp_path / "cache"))
    seen: list[str] = []
    convert = HtmlConverter.convert

    def counted(self: HtmlConverter, path: Path) -> str:
        seen.append(path.name)
        return convert(self, path)

    monkeypatch.setattr(HtmlConverter, "convert", counted)
    return seen


def texts(folder: Path) -> list[str]:
    return [document.text for document in local_collection(["*.html"], root=folder)]


def test_a_file_is_converted_once_and_again_when_it_changed(tmp_path: Path, converting: list[str]) -> None:
    (tmp_path / "a.html").write_text("<p>One.</p>")
    (tmp_path / "b.html").write_text("<p>Two.</p>")
    assert texts(tmp_path) == texts(tmp_path) == ["One.\n", "Two.\n"]
    (tmp_path / "a.html").write_text("<p>Three.</p>")
    assert texts(tmp_path) == ["Three.\n", "Two.\n"]
    assert converting == ["a.html", "b.html", "a.html"]


def test_without_a_cache_it_is_converted_each_time(
    tmp_path: Path, converting: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("FMS_DGT_CACHE", str(tmp_path / "file"))
    (tmp_path / "a.html").write_text("<p>One.</p>")
    assert texts(tmp_path) == texts(tmp_path) == ["One.\n"]
    assert converting == ["a.html", "a.html"]


def test_a_damaged_copy_is_made_anew(tmp_path: Path, converting: list[str]) -> None:
    (tmp_path / "a.html").write_text("<p>One.</p>")
    assert texts(tmp_path) == ["One.\n"]
    (kept,) = (tmp_path / "cache/converted").iterdir()
    kept.write_bytes(b"\xff\xff")
    assert texts(tmp_path) == ["One.\n"]
    assert converting == ["a.html", "a.html"]


def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    def fails() -> str:
        raise ValueError("no text")

    kept = Conversions(tmp_path)
    with pytest.raises(ValueError, match="no text"):
        kept.text(HtmlConverter(), b"x", fails)
    assert kept.text(HtmlConverter(), b"x", lambda: "now") == "now"


def test_a_converter_that_changed_converts_again(tmp_path: Path, upper: Callable[[str], Converter]) -> None:
    kept = Conversions(tmp_path / "cache")
    assert kept.text(upper("'old'"), b"x", lambda: "old") == "old"
    assert kept.text(upper("'old'"), b"x", lambda: "not asked") == "old"
    assert kept.text(upper("'new'"), b"x", lambda: "new") == "new"


def test_of_a_converter_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    made: dict[str, Any] = {"__name__": "a notebook"}
    exec(CODE.format(made="''"), made)  # noqa: S102 (what a notebook does)
    kept = Conversions(tmp_path)
    for text in ("one", "two"):
        assert kept.text(made["Upper"](), b"x", lambda text=text: text) == text


@pytest.mark.parametrize("name", ["a.docx", "a.pptx"])
def test_an_archive_that_unpacks_to_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("fms_dgt.documents.files.LARGEST", 2 * 2**20)
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", "<w>" * 2**20)
    assert (tmp_path / name).stat().st_size < 2**15
    (problem,) = local_collection([name], root=tmp_path).problems()
    assert str(problem) == f"{name}: unpacks to more than 2 MB; leave it out"

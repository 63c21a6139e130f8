"""Converters of other packages, declared as entry points."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from fms_dgt.documents import local_collection
from fms_dgt.documents.converters.html import HtmlConverter
from fms_dgt.errors import InputError
from fms_dgt.plugins import Plugins

CODE = """
from pathlib import Path
from fms_dgt.documents import Converter

class {name}(Converter):
    suffixes = {suffixes}
    {more}
    def convert(self, path: Path) -> str:
        return f"# {name}\\r\\n{{path.read_text()}}"
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(str(site))

    def add(name: str, suffixes: str, more: str = "", value: str = "") -> None:
        info = site / f"{name}-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        value = value or f"{name}_module:{name.title()}"
        (info / "entry_points.txt").write_text(f"[fms_dgt.converters]\n{name} = {value}\n")
        (site / f"{name}_module.py").write_text(CODE.format(name=name.title(), suffixes=suffixes, more=more))
        monkeypatch.delitem(sys.modules, f"{name}_module", raising=False)
        # a folder that was listed within the same tick of the clock would be taken as it was then
        importlib.invalidate_caches()

    return add


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/a.html").write_text("<p>page</p>")
    (tmp_path / "root/a.xyz").write_text("strange")
    return tmp_path / "root"


def text(root: Path, name: str, **converters: str) -> str:
    chosen = {f".{suffix}": converter for suffix, converter in converters.items()}
    (document,) = local_collection([name], root=root, converters=chosen)
    return document.text


def test_a_new_suffix(root: Path, install: object) -> None:
    install("alpha", "('.xyz',)")  # type: ignore[operator]
    assert text(root, "a.xyz") == "# Alpha\nstrange\n"
    assert local_collection(["."], root=root).names() == ["a.html", "a.xyz"]


def test_a_strangers_goes_before_ours_unless_ours_is_chosen(root: Path, install: object) -> None:
    assert text(root, "a.html") == "page\n"
    install("alpha", "('.html',)")  # type: ignore[operator]
    assert text(root, "a.html") == "# Alpha\n<p>page</p>\n"
    assert text(root, "a.html", html="html") == "page\n"


def test_a_strangers_can_be_switched_off(
    root: Path, install: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("alpha", "('.html',)")  # type: ignore[operator]
    monkeypatch.setenv("FMS_DGT_DISABLE_PLUGINS", "other, Alpha")
    assert text(root, "a.html") == "page\n"


def test_one_may_be_chosen_for_a_suffix_it_does_not_name(root: Path, install: object) -> None:
    install("alpha", "('.abc',)")  # type: ignore[operator]
    assert text(root, "a.xyz", xyz="alpha") == "# Alpha\nstrange\n"


def test_of_two_one_must_be_chosen(root: Path, install: object) -> None:
    install("alpha", "('.xyz',)")  # type: ignore[operator]
    install("beta", "('.xyz',)")  # type: ignore[operator]
    with pytest.raises(InputError, match=r"'alpha' and 'beta' both read \.xyz; choose one by its name"):
        text(root, "a.xyz")
    assert text(root, "a.xyz", xyz="beta") == "# Beta\nstrange\n"


def test_an_unknown_name(root: Path) -> None:
    with pytest.raises(InputError, match="'htlm', chosen for .html, is unknown; did you mean 'html'"):
        text(root, "a.html", html="htlm")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("nowhere:Thing", "cannot be loaded: ModuleNotFoundError"),
        ("pathlib:Path", "is not a class derived from fms_dgt.documents.Converter"),
    ],
)
def test_a_broken_one_does_no_harm(root: Path, install: object, value: str, said: str) -> None:
    install("alpha", "()", value=value)  # type: ignore[operator]
    assert text(root, "a.html") == "page\n"
    with pytest.raises(InputError, match=said):
        text(root, "a.html", html="alpha")


def test_what_a_converter_raises_is_reported_with_the_file(root: Path, install: object) -> None:
    install("alpha", "('.xyz',)", "def convert(self, path): return 1 / 0\n    def other(self): pass\n")  # type: ignore[operator]
    module = root.parent / "site/alpha_module.py"
    module.write_text(module.read_text().partition("    def other")[0])
    with pytest.raises(InputError, match=r"a\.xyz: cannot be converted: ZeroDivisionError: division by zero"):
        text(root, "a.xyz")


def test_a_missing_package_names_the_command(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HtmlConverter, "packages", ("no_such_package",))
    (problem,) = local_collection(["a.html"], root=root).problems()
    assert "need the package 'no_such_package': pip install 'fms-dgt[documents]'" in problem.what


def test_the_list_of_plugins_takes_no_converter_for_a_broken_plugin() -> None:
    assert [info for info in Plugins.discover().listing() if "converters" in info.group] == []

from __future__ import annotations

from pathlib import Path

import pytest

from fms_dgt.errors import PluginError
from fms_dgt.plugins import Plugins

from plugin_sources import GENERATOR, Package

ECHO = {"generators": {"x_echo": "echo_one:Echo"}}
OTHER = {"generators": {"x_echo": "echo_two:Echo", "x_other": "echo_two:Echo"}}


@pytest.fixture
def two(package: Package) -> None:
    package("one-pkg", ECHO, echo_one=GENERATOR)
    package("two-pkg", OTHER, version="2.0", echo_two=GENERATOR)


def standing(plugins: Plugins) -> dict[tuple[str, str], str]:
    return {(i.distribution, i.name): i.status for i in plugins.listing() if i.name.startswith("x_")}


def test_between_two_strangers_neither_works(two: None) -> None:
    plugins = Plugins.discover()
    assert standing(plugins) == {
        ("one-pkg", "x_echo"): "broken",
        ("two-pkg", "x_echo"): "broken",
        ("two-pkg", "x_other"): "ok",
    }
    with pytest.raises(PluginError) as caught:
        plugins.generator("x_echo")
    assert str(caught.value) == (
        "the generator 'x_echo' of one-pkg 1.0 and two-pkg 2.0 is broken: the name is taken by one-pkg 1.0 and two-pkg 2.0; switch one off with "
        "FMS_DGT_DISABLE_PLUGINS=one-pkg or FMS_DGT_DISABLE_PLUGINS=two-pkg"
    )
    assert "x_echo" not in plugins.known("generators")


@pytest.mark.parametrize("spelling", ["two-pkg", "Two_Pkg", " nothing, two.pkg ,"])
def test_one_of_them_switched_off_frees_the_name(two: None, spelling: str) -> None:
    plugins = Plugins.discover(disabled=spelling)
    assert plugins.generator("x_echo").distribution == "one-pkg"
    assert standing(plugins) == {
        ("one-pkg", "x_echo"): "ok",
        ("two-pkg", "x_echo"): "disabled",
        ("two-pkg", "x_other"): "disabled",
    }


def test_a_plugin_switched_off_by_its_name(two: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FMS_DGT_DISABLE_PLUGINS", "x_other")
    plugins = Plugins.discover()
    with pytest.raises(PluginError) as caught:
        plugins.generator("x_other")
    assert str(caught.value) == (
        "the generator 'x_other' of two-pkg 2.0 is switched off by FMS_DGT_DISABLE_PLUGINS"
    )
    assert "x_other" not in plugins.known("generators")


def test_what_is_switched_off_is_not_imported(package: Package) -> None:
    package("bad", {"generators": {"x_bad": "b_mod:A"}, "hooks": {"x_hook": "b_mod:B"}}, b_mod="1 / 0")
    plugins = Plugins.discover(disabled="bad")
    assert set(standing(plugins).values()) == {"disabled"}
    assert not [info for info in plugins.hooks().broken if info.distribution == "bad"]


def test_a_misspelt_switch_is_noted(two: None) -> None:
    (note,) = Plugins.discover(disabled="x_othre").notes
    assert note.startswith(
        "FMS_DGT_DISABLE_PLUGINS names 'x_othre', which is not installed; did you mean 'x_other'?"
    )
    assert not Plugins.discover(disabled="x_other,TWO_pkg").notes


def test_our_own_name_cannot_be_taken(package: Package) -> None:
    package("fms_dgt", ECHO, version="9.9", echo_one=GENERATOR)
    package("two-pkg", OTHER, echo_two=GENERATOR)
    plugins = Plugins.discover()
    assert plugins.generator("x_echo").version == "9.9"
    (loser,) = [i for i in plugins.listing() if i.name == "x_echo" and i.distribution == "two-pkg"]
    assert (loser.status, loser.reason) == (
        "broken",
        "the name belongs to fms_dgt itself; give the entry point another name",
    )
    assert plugins.generator("x_other").distribution == "two-pkg"


def test_the_same_distribution_twice_is_one(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package("one-pkg", ECHO, version="1.1", echo_one=GENERATOR)
    stale = {"generators": {"x_echo": "stale:Echo", "x_gone": "stale:Gone"}}
    monkeypatch.syspath_prepend(str(tmp_path / "late"))
    package("One.Pkg", stale, version="1.0", at=tmp_path / "late")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    plugins = Plugins.discover()
    assert plugins.generator("x_echo").version == "1.1"
    assert standing(plugins) == {("one-pkg", "x_echo"): "ok"}


def test_a_newer_copy_without_plugins_hides_the_older(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path / "late"))
    package("one-pkg", ECHO, version="1.0", at=tmp_path / "late")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    package("one-pkg", {}, version="1.1")
    assert standing(Plugins.discover()) == {}

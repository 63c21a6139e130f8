"""A builder whose YAML files its package left out of the wheel."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import fms_dgt
import pytest
from fms_dgt.errors import InputError
from plugin_sources import Package

BUILDER = dedent(
    """
    from dataclasses import dataclass
    from fms_dgt import DataBuilder, EachOf, Flow, Generate, Record

    @dataclass(frozen=True)
    class Tip(Record):
        tip: str

    class TipsBuilder(DataBuilder):
        record = Tip

        def source(self, task):
            return EachOf(["moles"], into="topic")

        def flow(self, task):
            return Flow(Generate("tip", into="tip"))
    """
)
TASK = {"task_name": "t", "task_description": "d", "created_by": "us", "data_builder": "tips"}


def install(package: Package, site: Path) -> tuple[Path, Path]:
    """A package with a builder and none of its YAML files: its metadata and its folder."""
    info = package("my-tips", {"builders": {"tips": "my_tips.tips.builder:TipsBuilder"}})
    folder = site / "my_tips" / "tips"
    folder.mkdir(parents=True)
    for part in (folder, folder.parent):
        (part / "__init__.py").write_text("")
    (folder / "builder.py").write_text(BUILDER)
    return info, folder


def problems(tmp_path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        fms_dgt.run(TASK, output_dir=tmp_path / "out")
    return str(caught.value).splitlines()


def test_the_line_that_is_missing_in_the_build_is_named(package: Package, site: Path, tmp_path: Path) -> None:
    _, folder = install(package, site)
    assert problems(tmp_path)[-1] == (
        f"{folder}: no YAML file was installed with my-tips 1.0; write below [tool.setuptools.package-data] "
        'of its pyproject.toml: "my_tips.tips" = ["*.yaml", "templates/*.yaml"]; then build and install it again'
    )


def test_other_builds_have_other_words_for_it(package: Package, site: Path, tmp_path: Path) -> None:
    info, _ = install(package, site)
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nGenerator: other 1.0\n")
    assert (
        "let the build put *.yaml and templates/*.yaml of my_tips.tips into the wheel"
        in problems(tmp_path)[-1]
    )


def test_where_files_are_there_or_it_runs_from_its_source_nothing_is_missing(
    package: Package, site: Path, tmp_path: Path
) -> None:
    info, folder = install(package, site)
    (info / "direct_url.json").write_text(json.dumps({"url": "file:///x", "dir_info": {"editable": True}}))
    assert not any("was installed with" in line for line in problems(tmp_path))
    (info / "direct_url.json").unlink()
    (folder / "tips.yaml").write_text("name: tips\nblocks: []\n")
    assert not any("was installed with" in line for line in problems(tmp_path))

"""What `fms_dgt plugins NAME` shows: what the plugin is for, its options, and an example."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from fms_dgt.cli.parser import columns
from fms_dgt.cli.plugin_options import OptionText, options_of
from fms_dgt.config.shipped import shipped_files
from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.task import Task
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.documents.converters.known import Converters
from fms_dgt.errors import PluginError, did_you_mean
from fms_dgt.plugins import About, PluginInfo, Plugins
from fms_dgt.plugins.entry import NOUNS
from fms_dgt.plugins.kinds import KINDS

WIDEST = 100
INDENT = "  "
# what a generator or a validator without an example of its own is shown with
_GENERATOR = 'databuilders:\n  "*":\n    blocks:\n      - {{name: generator, type: {name}}}'
_VALIDATOR = "databuilders:\n  skills_sdg:\n    postprocessors:\n      - {{name: {name}, on: response}}"
_BUILDER = (
    "databuilders:\n  {name}:\n    blocks:\n"
    "      - {{name: generator, type: openai, model_id_or_path: gpt-4o-mini}}"
)


def origin_of(info: PluginInfo) -> str:
    """The distribution and its version; an included file by its name alone."""
    return info.distribution if info.status == "include" else f"{info.distribution} {info.version}".strip()


def page_of(name: str, infos: Sequence[PluginInfo], plugins: Plugins) -> str:
    """All plugins of that name, one after the other. Raises PluginError where there is none."""
    named = [info for info in infos if info.name == name]
    if not named:
        hint = did_you_mean(name, {info.name for info in infos if not info.alias_of}, noun="plugins")
        raise PluginError(f"there is no plugin '{name}'; {hint}")
    return "\n\n".join("\n".join(_page(info, infos, plugins)) for info in named)


def _page(info: PluginInfo, infos: Sequence[PluginInfo], plugins: Plugins) -> Iterator[str]:
    noun = NOUNS.get(info.group, "converter")
    also = [info.alias_of] if info.alias_of else [i.name for i in infos if i.alias_of == info.name]
    more = f", also {', '.join(also)}" if also else ""
    yield f"{info.name}: {noun} of {origin_of(info)}{more}"
    if info.status in ("broken", "disabled"):
        yield from _wrapped(f"{info.status}: {info.reason}")
        return
    is_converter = info.group == "converters"
    thing: Any = Converters().class_of(info.name) if is_converter else plugins.thing(info.group, info.name)
    about = About.of(thing)
    for paragraph in about.text.split("\n\n"):
        yield from _wrapped(paragraph)
    if is_converter:
        yield from _wrapped(f"Reads {', '.join(sorted(thing.suffixes))}.")
        return
    if info.group == "hooks":
        yield from _wrapped(f"It listens to every run; FMS_DGT_DISABLE_PLUGINS={info.name} switches it off.")
        return
    yield from _options(info, thing)
    yield from _examples(info, about)


def _options(info: PluginInfo, cls: Any) -> Iterator[str]:
    common = KINDS[info.group].options
    yield from _section("options", options_of(cls.Options, common))
    yield from _section(f"options of every {NOUNS[info.group]}", options_of(common))
    if issubclass(cls, DataBuilder):
        yield from _section("keys of its tasks", options_of(cls.task_type(), Task))
        yield from _section("keys of every task", options_of(Task))


def _section(title: str, options: Iterator[OptionText]) -> Iterator[str]:
    for number, option in enumerate(options):
        yield from ["", title] if not number else []
        yield f"{INDENT}{option.name}  ({option.kind})"
        yield from _wrapped(option.about, INDENT * 3) if option.about else []


def _examples(info: PluginInfo, about: About) -> Iterator[str]:
    form = {"builders": _BUILDER, "generators": _GENERATOR, "validators": _VALIDATOR}[info.group]
    example = about.example or form.format(name=info.name)
    yield from ["", "in a config file", *textwrap.indent(example, INDENT).splitlines()]
    if info.group == "generators":
        yield from ["", "for one run", f"{INDENT}fms_dgt run TASK --teacher {info.name}[:MODEL]"]
    if info.group == "builders":
        yield from _shipped_task(info.name)


def _shipped_task(builder: str) -> Iterator[str]:
    """The shortest task of a builder that comes with the package."""
    files = [(file, name) for name, file in shipped_files("tasks") if _builder_of(file) == builder]
    texts = [(file.read_text(encoding="utf-8"), name) for file, name in files]
    if texts:
        text, name = min(texts, key=lambda entry: entry[0].count("\n"))
        yield from ["", f"a task that comes with the package: fms_dgt run {name} -c offline"]
        yield from textwrap.indent(text.strip(), INDENT).splitlines()


def _builder_of(file: Any) -> str:
    builder = read_yaml(file).get("data_builder")
    return str(builder.value) if builder is not None else ""


def _wrapped(text: str, indent: str = INDENT) -> Iterator[str]:
    width = min(columns(), WIDEST) - len(indent)
    lines = textwrap.wrap(
        " ".join(text.split()), max(20, width), break_long_words=False, break_on_hyphens=False
    )
    yield from (f"{indent}{line}" for line in lines)

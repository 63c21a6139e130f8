"""What a task's data is made from, as named digests, so that a change can be told and explained."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from fms_dgt.binding.bound import BoundValidator
from fms_dgt.binding.players import Players
from fms_dgt.binding.same_data import texts_before
from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.canonical import hexdigest
from fms_dgt.core.composed import Flow
from fms_dgt.core.source import Source
from fms_dgt.core.stages import Stage
from fms_dgt.core.task import Task
from fms_dgt.core.template import Template
from fms_dgt.core.typed import encode
from fms_dgt.core.validator import Keep
from fms_dgt.plugins import INCLUDED, Found

# The module of a script or a notebook.
MAIN = "__main__"


@dataclass(frozen=True)
class Made:
    """Everything that shapes the data of a task."""

    found: Found[DataBuilder[Any]]
    builder: DataBuilder[Any]
    task: Task
    source: Source
    flow: Flow
    templates: Mapping[str, Template]
    players: Players
    seed: int
    output: tuple[str, ...] | None = None


def fingerprint(made: Made) -> dict[str, str]:
    """Named digests of all of it. Names are shown to the user where a digest has changed."""
    task = encode(made.task, shaping_only=True)
    data = task.pop(made.task.data_field, None)
    players = made.players
    return {
        "the task": hexdigest(task),
        f"the task's {made.task.data_field}": hexdigest(data),
        "the source": made.source.fingerprint(),
        "the seed": str(made.seed),
        f"the options of {made.found.name}": hexdigest(encode(made.builder.options, shaping_only=True)),
        **_version(made.found),
        **{f"the template {name}": hexdigest(t.describe()) for name, t in made.templates.items()},
        **{f"the generator in the role {name}": g.identity for name, g in players.generators.items()},
        **{f"the validator in the role {name}": _played(v) for name, v in players.validators.items()},
        **{f"the limit of tokens in the role {name}": "none" for name in _without_limit(players)},
        **({"the columns of records": hexdigest(made.output)} if made.output is not None else {}),
        **_flow_parts(made.flow),
        **_code_parts(made),
    }


def _version(found: Found[DataBuilder[Any]]) -> dict[str, str]:
    # an included file has a digest for a version, which would tell of comments, too
    included = found.distribution.endswith(".py")
    return {} if included else {f"the version of {found.distribution}": found.version}


def _played(bound: BoundValidator) -> str:
    options = encode(bound.validator.options, shaping_only=True)
    for name in bound.generators:
        options.pop(f"{name}_config", None)
    # a threshold shows in the `keep` of the stages
    options.pop("threshold", None)
    asked = {name: generator.identity for name, generator in bound.generators.items()}
    return hexdigest([bound.type, options, asked, bound.version])


def _without_limit(players: Players) -> Iterator[str]:
    """The roles whose answers have no limit of tokens since somebody said so."""
    for name, generator in players.generators.items():
        if generator.lifts_limits:
            yield name
    for name, validator in players.validators.items():
        if any(generator.lifts_limits for generator in validator.generators.values()):
            yield name


def _described(stage: Stage) -> dict[str, Any]:
    """A stage as JSON values; its Python is told by `_code_parts`."""
    said: dict[str, Any] = {"kind": type(stage).__name__}
    for spec in dataclasses.fields(stage):
        said[spec.name] = _plain(getattr(stage, spec.name))
    return said


def _plain(value: Any) -> Any:
    if isinstance(value, Keep):
        return [value.relation, value.value]
    if isinstance(value, Flow):
        return [stage.name for stage in value.stages]
    if isinstance(value, Stage):
        return value.name
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(map(str, value))
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if callable(value):
        return getattr(value, "__qualname__", "function")
    return value


def _flow_parts(flow: Flow) -> dict[str, str]:
    """A digest for each stage, and one for their order."""
    parts = {f"the stage {stage.name}": hexdigest(_described(stage)) for stage in flow.walk()}
    parts["the order of the stages"] = hexdigest([stage.name for stage in flow.walk()])
    return parts


def _code_parts(made: Made) -> dict[str, str]:
    """A digest for each Python module that shapes the data: comments and layout do not count."""
    classes: list[type] = [type(made.builder), type(made.task), made.builder.record]
    classes.extend(type(bound.validator) for bound in made.players.validators.values())
    modules = {inspect.getmodule(cls) for cls in classes}
    for stage in made.flow.walk():
        modules.update(inspect.getmodule(inspect.unwrap(function)) for function in stage.functions())
    found = [m for m in modules if m is not None and _ours(m.__name__) and m.__name__ != MAIN]
    parts = {_shown(module): _file_of(module) for module in found}
    functions = [function for stage in made.flow.walk() for function in stage.functions()]
    things: list[Any] = [*classes, *functions]
    typed_in = [thing for thing in things if thing.__module__ == MAIN]
    builder = inspect.getmodule(type(made.builder))
    if builder is not None and builder.__package__:
        # what the builder's class calls stands beside it
        beside = sorted(made.found.folder.glob("*.py"))
        parts.update({f"{builder.__package__}.{path.stem}": path for path in beside})
    digests = {name: _code_digest(name, path) for name, path in sorted(parts.items())}
    digests.update({thing.__qualname__: _bytecode_digest(thing) for thing in typed_in})
    return {f"the code of {name}": digest for name, digest in digests.items()}


def _bytecode_digest(thing: Any) -> str:
    """A digest of a class or function of the running program.

    Not of its file: a script changes in ways that do not matter here, and a notebook has none.
    """
    found = vars(thing).values() if isinstance(thing, type) else [thing]
    codes = [getattr(inspect.unwrap(f), "__code__", None) for f in found if callable(f)]
    return hexdigest([_code_said(code) for code in codes if code is not None])


def _code_said(code: CodeType) -> list[Any]:
    constants = [_code_said(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return [code.co_code.hex(), constants, list(code.co_names), list(code.co_varnames)]


def _ours(name: str) -> bool:
    """Whether a module may change between two runs unnoticed: not the core, whose version counts."""
    return not name.startswith("fms_dgt.core") and name not in sys.builtin_module_names


def _shown(module: ModuleType) -> str:
    """A module's name; an included file's own, for its module's name depends on what else is included."""
    file = _file_of(module)
    return file.name if file and module.__name__.startswith(INCLUDED) else module.__name__


def _file_of(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file) if file else None


def _code_digest(name: str, path: Path | None) -> str:
    try:
        return _text_digest(path.read_text(encoding="utf-8")) if path else hexdigest(name)
    except (OSError, SyntaxError, ValueError):
        return hexdigest(name)


# every task of a taxonomy is made by the same code
@lru_cache(maxsize=256)
def _text_digest(code: str) -> str:
    """A digest of a module's text. Raises SyntaxError, ValueError."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        _drop_docstring(node)
    return hexdigest(ast.unparse(tree))


def _drop_docstring(node: ast.AST) -> None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        node.body = node.body[1:] or [ast.Pass()]


def _earlier(name: str) -> set[str]:
    """The digests of a built-in module before edits that leave the data as it was."""
    module = sys.modules.get(name.removeprefix("the code of "))
    file = _file_of(module) if module else None
    digests = set()
    with contextlib.suppress(OSError):
        for text in texts_before(name, file.read_text(encoding="utf-8")) if file else ():
            with contextlib.suppress(SyntaxError, ValueError):
                digests.add(_text_digest(text))
    return digests


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What differs, in words: the parts that changed, came or went."""
    names = sorted({*before, *now})
    said = []
    for name in names:
        if name not in before:
            said.append(f"{name} is new")
        elif name not in now:
            said.append(f"{name} is gone")
        elif before[name] != now[name] and before[name] not in _earlier(name):
            said.append(f"{name} changed")
    return said

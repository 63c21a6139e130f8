"""Template text: what it uses, and filling it in without unbounded work.

Templates of tasks, configs and flows are strangers' code. One that is sure to be cheap is filled in here,
as those that are installed with a builder are; any other in a worker process, within limits.
"""

from __future__ import annotations

import marshal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator
from jinja2.meta import TrackingCodeGenerator
from jinja2.sandbox import SandboxedEnvironment

from fms_dgt.core.template_bounds import is_bounded, with_ticks
from fms_dgt.errors import InputError, OverLimit, Problem, WorkFailed
from fms_dgt.safety.worker import Limits, Worker

# No attribute access that reaches the interpreter, and an undefined name is an error, never an empty string.
_ENVIRONMENT = SandboxedEnvironment(
    undefined=jinja2.StrictUndefined, keep_trailing_newline=False, trim_blocks=True, lstrip_blocks=True
)
# What is sent as it stands keeps each space and line break.
_PLAIN_ENVIRONMENT = SandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)

LIMITS = Limits(seconds=5, memory=512 * 2**20, output=16 * 2**20)
# a longer text is not even parsed here
_PARSED_HERE = 64 * 1024
_LONGEST = 4 * 2**20
# what values may weigh to be filled in here: a character counts 1, an entry of a list or a mapping more
_WEIGHT_HERE, _ENTRY = 250_000, 50
# how long filling one in here may take; longer work is begun anew in the worker
_SECONDS_HERE = 0.1
_ELSEWHERE = (
    "this template is filled in by another process, which takes text, numbers, lists and mappings only"
)


class TemplateOverLimit(ValueError):
    """A template that takes more time or memory, or writes more, than it may."""


@dataclass(frozen=True)
class Examined:
    """What a template's text says: the names it uses, whether it is cheap for sure, what is wrong with it."""

    names: frozenset[str] = frozenset()
    bounded: bool = False
    fault: str = ""
    line: int = 0


@lru_cache(maxsize=256)
def attributes_in(text: str) -> Mapping[str, frozenset[str]]:
    """The attributes that a text takes of its names: `{{ answer.text }}` takes `text` of `answer`."""
    if len(text) > _PARSED_HERE:
        return {}
    found: dict[str, set[str]] = {}
    try:
        taken = list(_ENVIRONMENT.parse(text).find_all(nodes.Getattr))
    except (jinja2.TemplateError, RecursionError):
        return {}
    for node in taken:
        if isinstance(node.node, nodes.Name):
            found.setdefault(node.node.name, set()).add(node.attr)
    return {name: frozenset(attributes) for name, attributes in found.items()}


@dataclass(frozen=True)
class TemplateText:
    """A text to fill in. A `trusted` one is part of a builder, as its code is; `plain` keeps line breaks."""

    text: str
    plain: bool = False
    trusted: bool = False

    @cached_property
    def _here(self) -> jinja2.Template | None:
        """The compiled template; None where only the worker may compile and fill it in."""
        if not (self.trusted or examined(self.text).bounded):
            return None
        return compiled(self.text, plain=self.plain, ticks=not self.trusted)

    @cached_property
    def _names(self) -> frozenset[str]:
        return examined(self.text).names

    def render(self, values: Mapping[str, Any]) -> str:
        """The text with these values. Raises ValueError, and whatever goes wrong in a template."""
        text = self._rendered_here(values)
        if text is not None:
            return text
        used = self._used(values)
        try:
            return str(_worker().run(self.text, self.plain, used, limits=LIMITS))
        except (OverLimit, WorkFailed, ValueError) as error:
            raise _explained(error, used) from error

    async def arender(self, values: Mapping[str, Any]) -> str:
        """As `render`; long work does not block the event loop."""
        text = self._rendered_here(values)
        if text is not None:
            return text
        used = self._used(values)
        try:
            return str(await _worker().arun(self.text, self.plain, used, limits=LIMITS))
        except (OverLimit, WorkFailed, ValueError) as error:
            raise _explained(error, used) from error

    def _rendered_here(self, values: Mapping[str, Any]) -> str | None:
        """The text, where it may be filled in in this process."""
        here = self._here
        if here is None:
            return None
        if self.trusted:
            return here.render(values)
        try:
            if _weight(self._used(values)) > _WEIGHT_HERE:
                return None
        except ValueError:
            # a plugin's code is trusted
            pass
        return _counted(here, values)

    def _used(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: values[name] for name in self._names if name in values}


def _weight(used: Mapping[str, Any]) -> int:
    """How much there is to fill in: characters, and more for each entry; counted up to `_WEIGHT_HERE`.

    Raises ValueError for an object that only code can have put there.
    """
    weight = 0
    pending = list(used.values())
    while pending and weight <= _WEIGHT_HERE:
        value = pending.pop()
        kind = type(value)
        if kind is str or kind is bytes:
            weight += len(value)
        elif kind in (list, tuple, set, frozenset, dict):
            weight += _ENTRY * len(value)
            for part in (*value, *value.values()) if kind is dict else value:
                if type(part) is str:
                    weight += len(part)
                else:
                    pending.append(part)
        elif value is not None and kind not in (int, float, bool):
            raise ValueError(kind.__name__)
    return weight


def _counted(template: jinja2.Template, values: Mapping[str, Any]) -> str | None:
    """As `template.render`; None where it writes more, or takes longer, than is done here."""
    parts, left, end = [], LIMITS.output, time.perf_counter() + _SECONDS_HERE
    try:
        for part in template.root_render_func(template.new_context(dict(values))):
            left -= len(part)
            if left < 0 or time.perf_counter() > end:
                return None
            if part:
                parts.append(part)
    except Exception:  # noqa: BLE001
        # raises it with the template's own line in the traceback
        template.environment.handle_exception()
    return "".join(parts)


def _explained(error: Exception, used: Mapping[str, Any]) -> Exception:
    """What the worker raised, or could not be given, as an error of one row."""
    if isinstance(error, OverLimit):
        return TemplateOverLimit(str(error))
    if isinstance(error, WorkFailed):
        kind = getattr(jinja2.exceptions, error.kind, None)
        if isinstance(kind, type) and issubclass(kind, jinja2.TemplateRuntimeError):
            return kind(str(error))
        return ValueError(str(error))
    for name, value in used.items():
        try:
            marshal.dumps(value)
        except ValueError:
            return ValueError(f"'{name}' holds something else than plain values; {_ELSEWHERE}")
    return error


@cache
def _worker() -> Worker:
    return Worker("fms_dgt.core.template_work:work")


# every task of a taxonomy asks with the same templates
@lru_cache(maxsize=1024)
def compiled(text: str, *, plain: bool, ticks: bool = False) -> jinja2.Template:
    """A text as a compiled template; with ticks, one that can be stopped between any two statements."""
    environment = _PLAIN_ENVIRONMENT if plain else _ENVIRONMENT
    if ticks:
        code = environment.compile(with_ticks(environment.parse(text)))
        template = environment.template_class.from_code(environment, code, environment.make_globals(None))
    else:
        template = environment.from_string(text)
    # a plain dict in place of a chain that every rendering would walk
    template.globals = dict(template.globals)
    return template


@lru_cache(maxsize=1024)
def examined(text: str) -> Examined:
    """What there is to know of a text without filling it in. Never raises: `fault` says what is wrong."""
    if len(text) > _LONGEST:
        return Examined(fault=f"has more than {_LONGEST // 2**20} MB")
    if len(text) <= _PARSED_HERE:
        return examine(text)
    try:
        names, fault, line = _worker().run(text, limits=LIMITS)
    except (OverLimit, WorkFailed) as error:
        return Examined(fault=f"reading it {error}")
    # its own constants may be large
    return Examined(frozenset(names), fault=fault, line=line)


def names_in(text: str) -> frozenset[str]:
    """The names that a piece of template text uses. Raises InputError where it is none."""
    said = examined(text)
    if said.fault:
        raise InputError([Problem(f"is not a template: {said.fault}", "see the Jinja syntax")])
    return said.names


def render(text: str, values: Mapping[str, Any]) -> str:
    """A piece of sandboxed template text outside a prompt (an output format, say)."""
    return TemplateText(text).render(values)


async def arender(text: str, values: Mapping[str, Any]) -> str:
    """As `render`; long work does not block the event loop."""
    return await TemplateText(text).arender(values)


def examine(text: str) -> Examined:
    """As `examined`, here and now."""
    try:
        tree = _ENVIRONMENT.parse(text)
        finder = _NameFinder(_ENVIRONMENT)
        finder.visit(tree)
    except jinja2.TemplateSyntaxError as error:
        return Examined(fault=str(error.message), line=error.lineno)
    except RecursionError:
        return Examined(fault="is nested too deeply")
    except ValueError as error:
        # a number of more digits than Python reads
        return Examined(fault=str(error))
    return Examined(frozenset(finder.undeclared_identifiers), is_bounded(tree))


class _NameFinder(TrackingCodeGenerator):
    """Finds the undeclared names of a template, and calculates nothing on the way.

    Jinja's own evaluates constant expressions, however long that takes.
    """

    def __init__(self, environment: jinja2.Environment) -> None:
        CodeGenerator.__init__(self, environment, "<names>", "<names>", optimized=False)
        self.undeclared_identifiers: set[str] = set()

    def _output_child_to_const(self, node: nodes.Expr, frame: Any, finalize: Any) -> str:
        raise nodes.Impossible

    def visit_EvalContextModifier(self, node: nodes.EvalContextModifier, frame: Any) -> None:  # noqa: N802
        frame.eval_ctx.volatile = True

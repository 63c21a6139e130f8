"""What a class must be to serve as a builder, a generator or a validator."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fms_dgt.core.builder import BuilderOptions, DataBuilder
from fms_dgt.core.generator import Generator, GeneratorOptions
from fms_dgt.core.record import Record
from fms_dgt.core.task import Task
from fms_dgt.core.validator import OrderedValidator, Validator, ValidatorOptions
from fms_dgt.core.wrong_result import sync_fault
from fms_dgt.plugins.entry import PREFIX

# What a validator or a generator may be declared to give by mistake.
_NO_RESULTS = (bool, float, int, str, dict)


@dataclass(frozen=True)
class Kind:
    """The classes that a group asks for, and how messages call them."""

    bases: tuple[type, ...]
    options: type
    noun: str
    derive: str


KINDS: Mapping[str, Kind] = {
    "builders": Kind((DataBuilder,), BuilderOptions, "data builder", "fms_dgt.DataBuilder"),
    "generators": Kind((Generator,), GeneratorOptions, "generator", "fms_dgt.Generator"),
    "validators": Kind(
        (Validator, OrderedValidator),
        ValidatorOptions,
        "validator",
        "fms_dgt.Validator or fms_dgt.OrderedValidator",
    ),
}


def group_of(cls: type) -> str | None:
    """The group whose base the class has."""
    return next((group for group, kind in KINDS.items() if issubclass(cls, kind.bases)), None)


def fault_of(group: str, thing: object) -> str:
    """Why `thing` cannot serve in the group; empty where it can."""
    kind = KINDS[group]
    if not isinstance(thing, type):
        name = getattr(thing, "__name__", repr(thing)[:60])
        return f"{name} is not a class but a {type(thing).__name__}"
    if not issubclass(thing, kind.bases):
        return _wrong_base(thing, kind)
    missing = sorted(getattr(thing, "__abstractmethods__", ()))
    if missing:
        return f"{thing.__name__} leaves unimplemented: {', '.join(f'{name}()' for name in missing)}"
    if issubclass(thing, DataBuilder):
        fault = _record_fault(thing) or _task_fault(thing)
    else:
        fault = _method_fault(thing)
    return fault or _options_fault(thing, kind)


def folder_of(cls: type) -> Path | None:
    """The folder of the file that defines the class."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return Path(file).parent if file else None


def _wrong_base(cls: type, kind: Kind) -> str:
    other = group_of(cls)
    text = f"{cls.__name__} is not a {kind.noun}"
    if other:
        return f"{text} but a {KINDS[other].noun}; declare it under '{PREFIX}{other}'"
    return f"{text}; derive it from {kind.derive}"


def _record_fault(cls: type) -> str:
    record = getattr(cls, "record", None)
    if not (isinstance(record, type) and issubclass(record, Record)):
        what = "has no record" if record is None else "has a record that is not a record type"
        return f"{cls.__name__} {what}; set 'record' to a frozen dataclass derived from fms_dgt.Record"
    return _field_fault(record, Record)


def _task_fault(cls: type[DataBuilder[Any]]) -> str:
    return _field_fault(cls.task_type(), Task)


def _field_fault(cls: type, base: type) -> str:
    """Which class between this one and `base` has fields that no @dataclass has seen; empty for none."""
    for each in cls.__mro__[: cls.__mro__.index(base)]:
        if issubclass(each, base) and _undecorated(each):
            return f"{each.__name__} is not a dataclass; put @dataclass(frozen=True) above it"
    return ""


def _method_fault(cls: type) -> str:
    """What is wrong with the method that the engine awaits, as far as its definition shows it."""
    if issubclass(cls, OrderedValidator):
        return ""
    name, wanted = ("generate", "Completion") if issubclass(cls, Generator) else ("validate", "Verdict")
    method = getattr(cls, name)
    fault = sync_fault(method)
    if fault:
        return f"{cls.__name__}: {fault}"
    given = inspect.get_annotations(inspect.unwrap(method)).get("return")
    if given in _NO_RESULTS or given in [kind.__name__ for kind in _NO_RESULTS]:
        shown = getattr(given, "__name__", given)
        mend = "write Verdict(float(passed), passed=passed)" if name == "validate" else "give a Completion"
        return f"{cls.__name__}: {name}() is declared to give {shown}, and must give a {wanted}; {mend}"
    return ""


def _options_fault(cls: type, kind: Kind) -> str:
    options: Any = getattr(cls, "Options", None)
    if not (isinstance(options, type) and issubclass(options, kind.options)):
        return f"{cls.__name__}.Options is not derived from fms_dgt.{kind.options.__name__}"
    if _undecorated(options):
        fix = "put @dataclass(frozen=True, kw_only=True) above it"
        return f"{cls.__name__}.Options is not a dataclass; {fix}"
    return ""


def _undecorated(cls: type) -> bool:
    """Whether the class declares fields that no @dataclass has seen: they would be silently ignored."""
    if "__dataclass_fields__" in vars(cls):
        return False
    return any("ClassVar" not in str(wanted) for wanted in inspect.get_annotations(cls).values())

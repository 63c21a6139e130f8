"""Code of a third party at every place where the engine calls some, and all that it may do wrong there."""

from __future__ import annotations

import asyncio
import datetime
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fms_dgt import (
    Check,
    Completion,
    DataBuilder,
    EachOf,
    Flow,
    ForEach,
    Generate,
    Generator,
    GeneratorOptions,
    Map,
    OrderedValidator,
    Prompt,
    Record,
    Rejected,
    Request,
    Task,
    Together,
    UserError,
    Validator,
    Verdict,
    option,
    stage,
)


class Stranger(BaseException):
    """An exception that is none of Python's."""


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise SystemExit(0)


class Hostile:
    """A value that answers nothing."""

    def _no(self, *_: object) -> Any:
        raise Stranger

    __str__ = __repr__ = __eq__ = __hash__ = __bool__ = __len__ = _no  # type: ignore[assignment]

    def __del__(self) -> None:
        return


class HostileDict(dict):
    def items(self) -> Any:
        raise SystemExit(0)


def _recurse() -> None:
    _recurse()


def _cancel_self() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


def _raise(error: BaseException) -> Callable[[], None]:
    def raises() -> None:
        raise error

    return raises


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def _cycle() -> Any:
    value: list = []
    value.extend([value] * 50)
    return value


def _shared(levels: int) -> Any:
    """A few lists that would be endless as text."""
    value: Any = [1]
    for _ in range(levels):
        value = [value, value]
    return value


RAISED: dict[str, Callable[[], None]] = {
    "an exception": _raise(ValueError("oops")),
    "sys.exit(0)": lambda: sys.exit(0),
    "sys.exit('text')": lambda: sys.exit("text"),
    "GeneratorExit": _raise(GeneratorExit()),
    "KeyboardInterrupt": _raise(KeyboardInterrupt()),
    "CancelledError": _raise(asyncio.CancelledError()),
    "its own exception": _raise(Stranger("oops")),
    "without end": _recurse,
    "no memory": _raise(MemoryError()),
    "a group": _raise(BaseExceptionGroup("some", [Stranger(), SystemExit(0)])),
    "StopIteration": _raise(StopIteration()),
    "an error without text": _raise(Unspeakable()),
    "an error of ours": _raise(UserError("the disk is on fire")),
    "a reason that is not text": _raise(Rejected(Hostile())),  # type: ignore[arg-type]
}
# where the task that is running is the row's own
CANCELLED: dict[str, Callable[[], None]] = {"cancels itself": _cancel_self}
VALUES: dict[str, Callable[[], Any]] = {
    "5,000 levels": lambda: _nested(5_000),
    "900 levels": lambda: _nested(900),
    "6,000 digits": lambda: 10**6_000,
    "NaN": lambda: math.nan,
    "infinity": lambda: math.inf,
    "bytes": lambda: b"bytes",
    "a date": lambda: datetime.datetime(2026, 1, 1),  # noqa: DTZ001
    "a set": lambda: {1, 2},
    "a cycle": _cycle,
    "much": lambda: _shared(40),
    "keys that become one": lambda: {1: "a", "1": "b"},
    "keys that are no text": lambda: {(1, 2): "a"},
    "hostile": Hostile,
    "hostile items": lambda: HostileDict(a=1),
}
WRITABLE: dict[str, Callable[[], Any]] = {
    "half a character": lambda: "\ud800",
    "numbers as keys": lambda: {1: "a", 2: "b"},
    "100 levels": lambda: _nested(100),
}
KINDS = {**RAISED, **VALUES, **WRITABLE}


def misbehave(kind: str) -> Any:
    """Do what the kind says; a value that may be given, where it is one."""
    if kind in CANCELLED:
        return CANCELLED[kind]()
    return KINDS[kind]() if kind in KINDS else "fine"


@dataclass(frozen=True)
class UnrulyTask(Task):
    place: str
    kinds: list[str]


@dataclass(frozen=True)
class Unruly(Record):
    number: int
    place: str = ""
    kind: str = ""
    made: Any = ""

    def __post_init__(self) -> None:
        if self.place == "record" and self.kind:
            misbehave(self.kind)


def _map(row):
    return {"made": misbehave(row["kind"])}


def _reject(row):
    if row["kind"]:
        raise Rejected("not wanted", misbehave(row["kind"]))
    return {}


@stage(needs={"kind"}, makes={"made"})
async def _stage(row, kit):
    made = misbehave(row["kind"])
    await asyncio.sleep(0)
    return row.with_(made=made)


@stage(needs={"kind"}, makes={"made"})
async def _steps(row, kit):
    async def one():
        made = misbehave(row["kind"])
        await asyncio.sleep(0)
        return made

    async def other():
        return "other"

    return row.with_(made=(await kit.together(other(), one()))[1])


@stage(needs={"kind"}, makes={"made"})
async def _own_task(row, kit):
    async def one():
        return misbehave(row["kind"])

    return row.with_(made=(await asyncio.gather(one(), asyncio.sleep(0)))[0])


@stage(needs={"kind"}, makes={"made"})
async def _listed(row, kit):
    return [row.with_(made=misbehave(row["kind"]) if at else "fine") for at in (0, 1)]


_made = Map(_map, needs=["kind"], makes=["made"], name="made")
_PLACES = {
    "map": lambda: [_made],
    "rejection": lambda: [Map(_reject, needs=["kind"], name="reject")],
    "stage": lambda: [_stage],
    "steps": lambda: [_steps],
    "own task": lambda: [_own_task],
    "list": lambda: [_listed],
    "Together": lambda: [Together(_stage.named("made"), Map(lambda row: {}, name="idle"))],
    "ForEach": lambda: [
        ForEach("items", "item", _stage.named("each"), gather={"made": "made"}, otherwise="item")
    ],
    "validator": lambda: [Check("unruly", on="kind")],
    "value": lambda: [Check("unruly_memory", on="kind", name="value")],
    "find": lambda: [Check("unruly_memory", on="kind", name="find")],
    "add": lambda: [Check("unruly_memory", on="kind", name="add")],
    "record": lambda: [],
    "generate": lambda: [],
    "completion": lambda: [],
    "open": lambda: [],
    "close": lambda: [],
    "source": lambda: [],
    "hook": lambda: [],
}


class UnrulyBuilder(DataBuilder[UnrulyTask]):
    record = Unruly

    def source(self, task: UnrulyTask) -> EachOf:
        return EachOf(_Items(task))

    def flow(self, task: UnrulyTask) -> Flow:
        ask = Generate(Prompt("{{ number }} {{ place }}: {{ kind }}"), into="said", name="ask")
        return Flow(*_PLACES[task.place](), ask)


class _Items:
    """A fine item first, since binding looks at it; then one of each kind, and fine ones among them."""

    def __init__(self, task: UnrulyTask) -> None:
        self.task = task

    def __iter__(self):
        for number, kind in enumerate(self.task.kinds):
            if self.task.place == "source" and kind:
                yield misbehave(kind)
            yield {"number": number, "place": self.task.place, "kind": kind, "items": [1, 2]}


class UnrulyValidator(Validator):
    async def validate(self, row, kit) -> Verdict:
        made = misbehave(row[kit.check.on])
        await asyncio.sleep(0)
        return Verdict(1.0) if made is None or made == "fine" else made


class _UnrulyMemory:
    """Fails only once there is something to compare with, which timing decides in passing."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def find(self, value: Any, start: int = 0) -> Any:
        place, kind = value.split(":")[:2]
        made = misbehave(kind) if place == "find" and self.values else "fine"
        return None if made is None or made == "fine" else made

    def __len__(self) -> int:
        return len(self.values)

    def add(self, value: Any, record: int) -> None:
        place, kind = value.split(":")[:2]
        if place == "add":
            misbehave(kind)
        self.values.append(value)


class UnrulyMemoryValidator(OrderedValidator):
    def memory(self, keep):
        return _UnrulyMemory()

    def value(self, row, on):
        if row["place"] == "value" and row[on]:
            return misbehave(row[on])
        return f"{row['place']}:{row[on]}:{row['number']}"


@dataclass(frozen=True, kw_only=True)
class UnrulyOptions(GeneratorOptions):
    fault: str = option("", shapes=False)
    fails_at: str = option("", shapes=False)


class RoughGenerator(Generator[UnrulyOptions]):
    Options = UnrulyOptions

    async def open(self) -> None:
        if self.options.fails_at == "open":
            misbehave(self.options.fault)
            await asyncio.sleep(0)

    async def close(self) -> None:
        if self.options.fails_at == "close":
            misbehave(self.options.fault)
            await asyncio.sleep(0)

    async def generate(self, request: Request) -> Completion:
        place, _, kind = request.messages[0]["content"].split(" ", 1)[1].partition(":")
        made = misbehave(kind.strip()) if place in ("generate", "completion") else "fine"
        await asyncio.sleep(0)
        return Completion(made if place == "completion" and kind.strip() else "fine")

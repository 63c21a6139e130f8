"""The stages that a flow is made of. Each takes a row and gives one row, or a list of rows."""

from __future__ import annotations

import dataclasses
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, TypeAlias

from fms_dgt.core.kit import Kit
from fms_dgt.core.reply.schema_file import plain_reply
from fms_dgt.core.row import Row
from fms_dgt.core.validator import Keep
from fms_dgt.core.wrong_result import (
    UndeclaredColumns,
    WrongResult,
    check_takes,
    columns_of,
    kind_of,
    refuse_unawaited,
    sync_fault,
)
from fms_dgt.errors import Rejected

Outcome: TypeAlias = "Row | list[Row] | list[Row | Rejected]"


@dataclass(frozen=True)
class Stage(ABC):
    """One step of a flow. Its name is unique in the flow; config and reports know it by that."""

    name: str = field(default="", kw_only=True)
    in_turn: ClassVar[bool] = True  # whether the stages inside follow one another, for pictures

    @abstractmethod
    async def run(self, row: Row, kit: Kit) -> Outcome:
        """The work on one row: the row that goes on, or a list of them. Raises Rejected.

        A list may have `Rejected`s in it: rows that end here, while the others go on.
        """

    def needs(self) -> frozenset[str]:
        """Columns that must be there before it, templates' variables apart."""
        return frozenset()

    def makes(self) -> frozenset[str]:
        """Columns that are there after it."""
        return frozenset()

    def asks(self) -> Iterator[tuple[str, str]]:
        """The (role, template) pairs it asks with; a template may be a glob."""
        yield from ()

    def own_templates(self) -> Mapping[str, Mapping[str, Any]]:
        """What the templates say that stand in the flow itself, by the names it asks with."""
        return {}

    def prompt_names(self) -> Mapping[str, str]:
        """Those names, by the text of the prompt, for a stage that hands a prompt itself to `kit.ask`."""
        return {}

    def inner(self) -> tuple[Stage, ...]:
        """The stages inside this one."""
        return ()

    def with_inner(self, inner: Sequence[Stage]) -> Self:
        """This stage around other inner stages, one for each of its own."""
        return self

    def functions(self) -> Iterator[Callable[..., Any]]:
        """The plain Python in it, for fingerprints."""
        yield from ()

    def named(self, name: str) -> Self:
        """The same stage under another name, where a flow has it twice."""
        return dataclasses.replace(self, name=name)

    def multiplies(self) -> int:
        """How many rows one row becomes at the most, as far as that is known."""
        return 1

    def _check_columns(self, made: Mapping[str, Any], function: Callable[..., Any]) -> None:
        """Raises WrongResult for columns that a function may not make, or did not await."""
        undeclared = sorted(made.keys() - self.makes())
        if undeclared:
            names = ", ".join(undeclared)
            raise UndeclaredColumns(
                f"the stage '{self.name}' made columns that it does not declare: {names}; "
                "add them to its makes=...",
                function,
            )
        refuse_unawaited(made, function)


class Prompt(str):  # noqa: SLOT000 (a text with something in its hand)
    """A template that stands in the flow itself: the prompt's text, and what else its file would say.

    `Generate(Prompt("Name three {{ things }}. {{ reply_format }}", reply="list"), into="name", count=3)`.
    A text with spaces or braces is one without `Prompt`, too; its reply is text.
    """

    said: dict[str, Any]

    def __new__(cls, text: str, **said: Any) -> Self:
        """`said` are the other keys of a template's file: `system`, `reply`, `params`, `plain`.

        A `reply` may be a class, too, a pydantic model or a dataclass: JSON by its schema.
        """
        prompt = super().__new__(cls, text)
        prompt.said = {"prompt": text, **said}
        if "reply" in said:
            prompt.said["reply"] = plain_reply(said["reply"])
        return prompt


def written_prompt(template: str) -> Prompt | None:
    """The prompt that a template is, where it is not a name: a `Prompt`, or a text with spaces or braces."""
    if isinstance(template, Prompt):
        return template
    return Prompt(template) if set(template) & set(" \n\t{") else None


@dataclass(frozen=True)
class _Asking(Stage):
    """A stage with one template: the name of a file, or a `Prompt`."""

    own: tuple[str, Mapping[str, Any]] | None = field(default=None, kw_only=True, repr=False)

    def own_templates(self) -> Mapping[str, Mapping[str, Any]]:
        template = getattr(self, "template", None)
        # another template may have taken its place since: a config can name one
        return {self.own[0]: self.own[1]} if self.own and self.own[0] == template else {}

    def _settle(self, template: str | None, usual: str) -> None:
        """Give the stage its name, and a template that stands in the flow the same one."""
        prompt = written_prompt(template) if template else None
        if prompt is None:
            object.__setattr__(self, "name", self.name or template or usual)
            return
        name = self.name or usual
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "template", name)
        object.__setattr__(self, "own", (name, prompt.said))


@dataclass(frozen=True)
class Generate(_Asking):
    """Asks with a template and puts what was read into a column.

    A reply with several items becomes one row an item, or one list in the row with `spread=False`.
    `count` is how many items are asked for; where the reply is a single thing, how many times it is
    asked. Where the reply has fields, `into` may name a column for each.
    """

    template: str
    into: str | Sequence[str]
    role: str = "generator"
    count: int = 1
    spread: bool = True
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._settle(self.template, self.into if isinstance(self.into, str) else "_".join(self.into))

    def makes(self) -> frozenset[str]:
        return frozenset([self.into] if isinstance(self.into, str) else self.into)

    def asks(self) -> Iterator[tuple[str, str]]:
        yield self.role, self.template

    def multiplies(self) -> int:
        return self.count if self.spread else 1

    async def run(self, row: Row, kit: Kit) -> Outcome:
        reply = await self._ask(kit)
        if not isinstance(reply.value, list):
            if self.count == 1:
                return row.with_(**self._columns(self._in_order(reply.value, reply.keys)))
            others = [self._ask(kit) for _ in range(self.count - 1)]
            values = [reply.value, *(other.value for other in await kit.together(*others))]
        else:
            values = reply.value
        if self.spread:
            return [row.with_(**self._columns(self._in_order(value, reply.keys))) for value in values]
        if isinstance(self.into, str):
            return row.with_(**{self.into: values})
        columns = [self._columns(self._in_order(value, reply.keys)) for value in values]
        return row.with_(**{name: [column[name] for column in columns] for name in self.into})

    def _ask(self, kit: Kit) -> Awaitable[Any]:
        return kit.ask(self.role, self.template, count=self.count, params=self.params)

    def _in_order(self, value: Any, keys: Sequence[str]) -> Any:
        """An object for several columns by their names, else in its schema's order, never in the model's."""
        if isinstance(self.into, str) or not keys or not isinstance(value, Mapping):
            return value
        names = self.into if set(self.into) <= set(keys) else keys[: len(self.into)]
        # what a schema lets a model leave out is None
        return {name: value.get(name) for name in names}

    def _columns(self, value: Any) -> dict[str, Any]:
        if isinstance(self.into, str):
            return {self.into: value}
        if isinstance(value, Mapping) and value.keys() <= set(self.into):
            # whatever order a model wrote them in
            return {name: value.get(name) for name in self.into}
        parts = list(value.values()) if isinstance(value, Mapping) else [value]
        return dict(zip(self.into, parts, strict=True))


@dataclass(frozen=True)
class Check(_Asking):
    """Measures a row; `keep` decides whether it goes on.

    `validator` is the role that measures, `on` the column it looks at, `template` what it is asked
    with. `into="x"` keeps the measurement in the columns `x_score` and `x_reason`. A check against
    earlier records compares, with `within`, only those that have the same in that column; `known` values
    of `on` count as if records had them from the beginning (seed examples, say). `options` are the
    validator's, for this check alone; they go before those of its block.
    """

    validator: str
    on: str | None = None
    template: str | None = None
    keep: Keep | None = None
    into: str | None = None
    within: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    known: Sequence[Any] = ()
    # they show in the fingerprint of the validator that plays the check
    options: Mapping[str, Any] = field(default_factory=dict, metadata={"shapes": False})

    def __post_init__(self) -> None:
        if not isinstance(self.keep, Keep | None):
            raise TypeError(
                f"keep is one of at_least(...), at_most(...), below(...), equal(...), not {self.keep!r}"
            )
        self._settle(self.template, self.validator)

    def needs(self) -> frozenset[str]:
        return frozenset(column for column in (self.on, self.within) if column)

    def makes(self) -> frozenset[str]:
        return frozenset([f"{self.into}_score", f"{self.into}_reason"] if self.into else [])

    async def run(self, row: Row, kit: Kit) -> Outcome:
        verdict = await kit.measure(self, row)
        passed = self.keep(verdict.score) if self.keep else verdict.passed
        if not passed:
            said = {"score": verdict.score, "reason": verdict.reason, "evidence": verdict.evidence}
            evidence = {name: value for name, value in said.items() if value not in (None, "")}
            raise Rejected(self.keep.missed if self.keep else "not passed", evidence)
        if not self.into:
            return row
        said = {f"{self.into}_score": verdict.score, f"{self.into}_reason": verdict.reason}
        return row.with_(**said)


def Judge(  # noqa: N802 (stands among classes)
    template: str, keep: Keep, into: str | None = None, *, validator: str = "validator", name: str = ""
) -> Check:
    """A check by a model: the template asks, the reply has a score and its reason."""
    return Check(validator, template=template, keep=keep, into=into, name=name)


@dataclass(frozen=True)
class Map(Stage):
    """Plain Python on a row: `function(row)` gives the new columns, or raises Rejected."""

    function: Callable[[Row], Mapping[str, Any]]
    needed: Sequence[str] = field(default=(), metadata={"given_as": "needs"})
    made: Sequence[str] = field(default=(), metadata={"given_as": "makes"})

    def __init__(
        self,
        function: Callable[[Row], Mapping[str, Any]],
        needs: Sequence[str] = (),
        makes: Sequence[str] = (),
        *,
        name: str = "",
    ) -> None:
        if inspect.iscoroutinefunction(function):
            raise TypeError(f"Map takes a plain function, and {function.__name__}() is async; use @stage")
        check_takes(function, "row")
        set_ = object.__setattr__
        set_(self, "function", function)
        set_(self, "needed", columns_of(needs, "needs"))
        set_(self, "made", columns_of(makes, "makes"))
        set_(self, "name", name or getattr(function, "__name__", "map").strip("<>"))

    def needs(self) -> frozenset[str]:
        return frozenset(self.needed)

    def makes(self) -> frozenset[str]:
        return frozenset(self.made)

    def functions(self) -> Iterator[Callable[..., Any]]:
        yield self.function

    def named(self, name: str) -> Self:
        return type(self)(self.function, self.needed, self.made, name=name)

    async def run(self, row: Row, kit: Kit) -> Outcome:
        given: Any = self.function(row)
        if not isinstance(given, Mapping):
            raise WrongResult(
                f"{self.name}() must give a mapping of the new columns, not {kind_of(given)}", self.function
            )
        if isinstance(given, Row):
            given = given.beyond(row)
        self._check_columns(given, self.function)
        return row.with_(**given)


StageFunction: TypeAlias = Callable[[Row, Kit], Awaitable[Outcome]]


@dataclass(frozen=True)
class FunctionStage(Stage):
    """An async function as a stage; made by `@stage`."""

    function: StageFunction
    needed: frozenset[str]
    made: frozenset[str]
    asked: tuple[tuple[str, str], ...] = ()

    def needs(self) -> frozenset[str]:
        return self.needed

    def makes(self) -> frozenset[str]:
        return self.made

    def asks(self) -> Iterator[tuple[str, str]]:
        names = self.prompt_names()
        yield from ((role, names.get(template, template)) for role, template in self.asked)

    def own_templates(self) -> Mapping[str, Mapping[str, Any]]:
        prompts = {str(prompt): prompt.said for _, name in self.asked if (prompt := written_prompt(name))}
        return {name: prompts[text] for text, name in self.prompt_names().items()}

    def prompt_names(self) -> Mapping[str, str]:
        """The names that its templates go by which are prompts themselves: by their text."""
        texts = dict.fromkeys(str(name) for _, name in self.asked if written_prompt(name))
        taken = {name for _, name in self.asked}
        first = 2 if self.name in taken else 1
        return {
            text: self.name if number == 1 else f"{self.name} ({number})"
            for number, text in enumerate(texts, first)
        }

    def functions(self) -> Iterator[Callable[..., Any]]:
        yield self.function

    async def run(self, row: Row, kit: Kit) -> Outcome:
        given: Any = self.function(row, kit)
        if not inspect.isawaitable(given):
            raise WrongResult(f"{self.name}() is not async; write 'async def'", self.function)
        given = await given
        if inspect.iscoroutine(given):
            raise WrongResult(f"{self.name}() gave {kind_of(given)}", self.function)
        for each in given if isinstance(given, list | tuple) else (given,):
            if isinstance(each, Row):
                self._check_columns(each.beyond(row), self.function)
        return given  # type: ignore[no-any-return]


def stage(
    function: None = None,
    /,
    *,
    needs: set[str] | frozenset[str] = frozenset(),
    makes: set[str] | frozenset[str] = frozenset(),
    asks: Mapping[str, str | Sequence[str]] | None = None,
) -> Callable[[StageFunction], FunctionStage]:
    """Make an async function a stage.

    `needs` and `makes` are columns; `asks` names, for each role, the templates (globs are fine) that
    the function asks with, so that they are compiled and checked before the run. A template may be a
    `Prompt`, which `kit.ask` gets as well. Raises TypeError for a function that is not async.
    """
    if function is not None:
        raise TypeError(
            "@stage takes what the function needs and makes; write @stage(needs={...}, makes={...})"
        )
    needed, made = (frozenset(columns_of(each, name)) for each, name in ((needs, "needs"), (makes, "makes")))
    lists = {role: [names] if isinstance(names, str) else names for role, names in (asks or {}).items()}
    pairs = [(role, name) for role, names in lists.items() for name in names]
    prompts = {(str(prompt), repr(prompt.said)) for _, name in pairs if (prompt := written_prompt(name))}
    if len({text for text, _ in prompts}) < len(prompts):
        raise ValueError("asks: two prompts have one text and differ in the rest; change one of the texts")

    def decorate(function: StageFunction) -> FunctionStage:
        fault = sync_fault(function)
        if fault:
            raise TypeError(f"@stage: {fault}; or use a Map, whose function gives the new columns")
        check_takes(function, "row", "kit")
        name = getattr(function, "__name__", "stage")
        return FunctionStage(function, needed, made, tuple(pairs), name=name)

    return decorate

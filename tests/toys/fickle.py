"""Flows put together from a description, and a generator whose every whim is decided by the request.

How long an answer takes is decided by the request and by `timing`, which shapes no data: two runs with
another `timing` differ in nothing but the order in which things happen.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from fms_dgt import (
    Branch,
    Check,
    Completion,
    DataBuilder,
    EachOf,
    Endless,
    Flow,
    ForEach,
    Generate,
    Generator,
    GeneratorOptions,
    Map,
    Prompt,
    Record,
    Rejected,
    Request,
    Task,
    Together,
    Unfold,
    Validator,
    Verdict,
    at_least,
    option,
    stage,
)
from fms_dgt.core.reply import ScoreReply
from fms_dgt.errors import ConnectionFailed, Overloaded, RequestRefused


def chance(*of: Any) -> int:
    """A number under 100 that depends on nothing but these."""
    return int.from_bytes(blake2b(repr(of).encode(), digest_size=4).digest(), "big") % 100


@dataclass(frozen=True)
class FickleTask(Task):
    steps: list[dict] = field(default_factory=list)
    units: int = 0  # 0: without end
    lag: int = 0
    pool: int = 5


@dataclass(frozen=True)
class Fickle(Record):
    number: int
    theme: str
    text: str
    more: str = ""


class FickleBuilder(DataBuilder[FickleTask]):
    record = Fickle

    def source(self, task: FickleTask) -> EachOf | Endless:
        if task.units:
            return EachOf([{"number": n, "luck": n * 7 % 13} for n in range(task.units)])

        def draw(index, random, accepted):
            seen = f"{len(accepted)} {accepted[-1]['text']}" if accepted else ""
            return {"number": index, "luck": random.randrange(task.pool), "seen": seen}

        return Endless(draw, lag=task.lag)

    def flow(self, task: FickleTask) -> Flow:
        seen = "" if task.units else " {{ seen }}"
        first = Generate(
            Prompt(f"theme of {task.pool}: {{{{ number }}}} {{{{ luck }}}}{seen}"), into="theme", name="theme"
        )
        start = Map(lambda row: {"text": row["theme"]}, needs=["theme"], makes=["text"], name="start")
        return Flow(first, start, *_built(task.steps, task.pool, ""))


def _built(steps: list[dict], pool: int, prefix: str) -> list:
    """The stages of the steps, numbered so that each has a name of its own."""
    return [made for at, said in enumerate(steps) for made in _step(said, f"{prefix}{at}", pool)]


def _ask(name: str, pool: int, into: str = "text", **more: Any) -> Generate:
    prompt = Prompt(f"{name} of {pool}: {{{{ number }}}} {{{{ theme }}}} {{{{ text }}}}", **more)
    return Generate(prompt, into=into, name=name)


def _step(said: dict, at: str, pool: int) -> list:
    kind, odds = said["kind"], said.get("odds", 0)
    name = f"{kind}_{at}"
    if kind == "same":
        return [Check("exact", on=said["on"], within=said.get("within"), name=name)]
    if kind == "branch":
        return _branch(name, [_built(way, pool, f"{at}_{n}_") for n, way in enumerate(said["ways"])])
    if kind in FUNCTIONS:
        made = FUNCTIONS[kind](name, odds)
        return made if isinstance(made, list) else [made]
    listed = f"{name} of {pool}: {{{{ theme }}}} {{{{ text }}}} {{{{ reply_format }}}}"
    return [
        {
            "ask": lambda: _ask(name, pool),
            "alike": lambda: Check("rouge", on=said["on"], name=name),
            "long": lambda: Check("lucky", on="text", keep=at_least(odds), name=name),
            "judged": lambda: Generate(
                Prompt(listed, reply={"score": [0, 4]}), into=f"{name}_said", name=name
            ),
            "spread": lambda: Generate(Prompt(listed, reply="list"), into="text", count=3, name=name),
            "both": lambda: Together(
                _ask(f"{name}_a", pool), _ask(f"{name}_b", pool, into="more"), name=name
            ),
            "unfold": lambda: Unfold(["theme", "text"], into="text", label="more", name=name),
        }[kind]()
    ]


def _branch(name: str, ways: list[list]) -> list:
    column = f"{name}_way"

    def choose(row):
        # now and then a way that there is not
        return {column: chance(name, row["text"], row["number"]) % (len(ways) * 5) % (len(ways) + 1)}

    sort = Map(choose, needs=["text"], makes=[column], name=f"{name}_sort")
    return [sort, Branch(column, to={n: Flow(*way) for n, way in enumerate(ways)}, name=name)]


def _each(name: str, odds: int):
    split = Map(
        lambda row: {f"{name}_items": [f"{row['text']} {n}" for n in range(3)]},
        needs=["text"],
        makes=[f"{name}_items"],
        name=f"{name}_split",
    )
    each = ForEach(
        f"{name}_items",
        "text",
        _ask(f"{name}_ask", 7),
        Map(_sieve(f"{name}_sieve", odds), needs=["text"], name=f"{name}_sieve"),
        gather={f"{name}_done": "text"},
        otherwise="item" if odds % 2 else "row",
        name=name,
    )
    join = Map(
        lambda row: {"text": " ".join(row[f"{name}_done"])},
        needs=[f"{name}_done"],
        makes=["text"],
        name=f"{name}_join",
    )
    return [split, each, join]


def _sieve(name: str, odds: int):
    def sieve(row):
        if chance(name, row["text"], row["number"]) < odds:
            raise Rejected("bad luck", {"text": row["text"]})
        return {}

    return sieve


def _stumble(name: str, odds: int) -> Map:
    def stumble(row):
        if chance(name, row["text"], row["number"]) < odds:
            raise ValueError(f"stumbled over {row['text']}")
        return {}

    return Map(stumble, needs=["text"], name=name)


def _unwritable(name: str, odds: int) -> Map:
    def unwritable(row):
        bad = chance(name, row["text"], row["number"]) < odds
        return {"more": {1, 2} if bad else "fine"}

    return Map(unwritable, needs=["text"], makes=["more"], name=name)


def _listed(name: str, odds: int):
    @stage(needs={"text"}, makes={"text"})
    async def listed(row, kit):
        count = chance(name, row["text"], row["number"]) % 4
        rows: list = [row.with_(text=f"{row['text']} {n}") for n in range(count)]
        if chance(name, "drop", row["text"]) < odds:
            rows.insert(0, Rejected("dropped", row["text"]))
        return rows

    return listed.named(name)


def _votes(name: str, odds: int):
    """Two asks at once, one of which may be cancelled by a library of its own."""

    @stage(needs={"text"}, makes={"more"}, asks={"generator": ["theme"]})
    async def votes(row, kit):
        async def ask():
            return (await kit.ask("generator", "theme")).text

        async def looked_up():
            future = asyncio.get_running_loop().create_future()
            if chance(name, row["text"], row["number"]) < odds:
                future.cancel()
            else:
                future.set_result("found")
            return await future

        return row.with_(more=" ".join(await kit.together(ask(), looked_up())))

    return votes.named(name)


def _forgiving(name: str, odds: int):
    """Makes something of a call that failed."""

    @stage(needs={"text"}, makes={"more"}, asks={"generator": ["theme"]})
    async def forgiving(row, kit):
        try:
            return row.with_(more=(await kit.ask("generator", "theme", luck=row["text"])).text)
        except Rejected as rejected:
            if chance(name, row["text"], row["number"]) < odds:
                raise Rejected("not forgiven") from rejected
            return row.with_(more="forgiven")

    return forgiving.named(name)


FUNCTIONS = {
    "each": _each,
    "sieve": lambda name, odds: Map(_sieve(name, odds), needs=["text"], name=name),
    "stumble": _stumble,
    "unwritable": _unwritable,
    "listed": _listed,
    "votes": _votes,
    "forgiving": _forgiving,
}


class LuckyValidator(Validator):
    async def validate(self, row, kit) -> Verdict:
        return Verdict(chance("lucky", row[kit.check.on], row["number"]))


@dataclass(frozen=True, kw_only=True)
class FickleOptions(GeneratorOptions):
    refused: int = option(0, shapes=False)
    passing: int = option(0, shapes=False)
    lasting: int = option(0, shapes=False)
    unreadable: int = option(0, shapes=False)
    timing: int = option(0, shapes=False)


class FickleGenerator(Generator[FickleOptions]):
    Options = FickleOptions

    def __init__(self, options: FickleOptions) -> None:
        super().__init__(options)
        self.tries: Counter[tuple] = Counter()

    async def generate(self, request: Request) -> Completion:
        asked = (str(request.messages), request.seed)
        for _ in range(chance("long", asked, self.options.timing) % 23):
            await asyncio.sleep(0)
        self.tries[asked] += 1
        # a run that nobody ever answered waits long before it gives up
        luck = 100 if " of " in asked[0] and ": 0 " in asked[0] else chance("luck", asked)
        if luck < self.options.refused:
            raise RequestRefused("content filter")
        luck -= self.options.refused
        if luck < self.options.lasting:
            raise ConnectionFailed("never answered")
        luck -= self.options.lasting
        if luck < self.options.passing and self.tries[asked] <= 2:
            raise (Overloaded if luck % 2 else ConnectionFailed)("not now")
        return Completion(self._answer(request, asked), input_tokens=5, output_tokens=5)

    def _answer(self, request: Request, asked: tuple) -> str:
        text = request.messages[-1]["content"]
        if chance("unreadable", asked) < self.options.unreadable:
            return ""
        pool = int(text.split(" of ")[1].split(":")[0]) if " of " in text else 5
        word = f"word {chance('word', asked) % pool}"
        if isinstance(request.reply, ScoreReply):
            return f"<reason>{word}</reason><score>{3 if chance('score', asked) else 1}</score>"
        return "\n".join(f"{n}. {word} {n % 2}" for n in (1, 2, 3)) if request.count == 3 else word

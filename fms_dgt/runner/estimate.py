"""`--estimate`: a run that ends after a few units of each task, and what they say of the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fms_dgt.binding.prices import generators_of
from fms_dgt.journal import Journal, Payer, Tally
from fms_dgt.runner.admission import calls_of
from fms_dgt.runner.endpoints import Endpoints
from fms_dgt.runner.extrapolate import Amount, for_records, for_units, longest, together
from fms_dgt.runner.limits import Endpoint
from fms_dgt.runner.spending import DIGITS, Spending
from fms_dgt.runner.task_run import TaskRun

# So many units of each task are worked on; those of earlier runs count.
UNITS = 10
NOTHING = Amount.exactly(0.0)
FIGURES = ("calls", "input_tokens", "output_tokens", "cost", "seconds")


@dataclass(frozen=True)
class TaskEstimate:
    """What the rest of a task takes. A figure is None where it is not known; `why` says why all are.

    `busy` is the time that each endpoint works for it, with all its slots.
    """

    units: int
    records: int
    kept: int
    target: int | None
    units_left: int | None
    figures: Mapping[str, Amount | None]
    a_unit: Mapping[str, float | None]
    why: str = ""
    busy: Mapping[Endpoint, Amount] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Its figures as JSON values."""
        return {
            "units": self.units,
            "records": self.records,
            "kept": self.kept,
            "target": self.target,
            "units_left": self.units_left,
            "a_unit": dict(self.a_unit),
            **_figures_json(self.figures),
            "why": self.why,
        }


class Estimate:
    """Extrapolates from the units that are committed. `begin` makes the run one that ends with them."""

    def __init__(
        self, runs: Sequence[TaskRun], journal: Journal, endpoints: Endpoints, spending: Spending
    ) -> None:
        self._runs = runs
        self._journal = journal
        self._endpoints = endpoints
        self._spending = spending
        self._made: dict[str, TaskEstimate] = {}

    def begin(self) -> Iterator[str]:
        """Bound the run; and what to tell of it before it asks."""
        self._spending.by_unit = {}
        calls = 0
        for run in self._runs:
            run.most_units = UNITS
            units = max(0, UNITS - run.units_before)
            calls += units * calls_of(run.bound.flow)
        text = f"an estimate: {UNITS} units of each task, about {calls:,} calls"
        text += ", more where checks vote or stages ask item by item"
        yield f"{text}; what they give is kept, and the run goes on from there"

    def of(self, run: TaskRun) -> dict[str, Any]:
        """What the rest of a task takes, as JSON values."""
        made = self._made[run.bound.name] = _TaskSample(
            run, self._journal, self._endpoints, self._spending
        ).estimate()
        return made.to_json()

    def in_all(self) -> dict[str, Any]:
        """All tasks together, as JSON values; `unknown` are those of which nothing can be told."""
        made = [each for each in self._made.values() if not each.why]
        figures: dict[str, Amount | None] = {}
        for name in FIGURES[:-1]:
            known = [each.figures[name] for each in made]
            figures[name] = None if None in known else together(a for a in known if a is not None)
        alone = [each.figures["seconds"] for each in made]
        figures["seconds"] = None
        if None not in alone:
            shared = {endpoint for each in made for endpoint in each.busy}
            busy = [together(e.busy[endpoint] for e in made if endpoint in e.busy) for endpoint in shared]
            # together they keep the endpoints busy; and none is faster than it is alone
            figures["seconds"] = longest([*busy, *(a for a in alone if a is not None)])
        unknown = [name for name, each in self._made.items() if each.why]
        return {**_figures_json(figures), "unknown": unknown}


class _TaskSample:
    """The committed units of a task, as far as they are remembered, and what each took."""

    def __init__(self, run: TaskRun, journal: Journal, endpoints: Endpoints, spending: Spending) -> None:
        self._run = run
        self._journal = journal
        self._endpoints = endpoints
        self._spending = spending
        self._generators = dict(generators_of(run.bound))
        self._records = [records for _, records in run.units_seen]
        self._taken = [self._of_unit(key) for key, _ in run.units_seen]

    def estimate(self) -> TaskEstimate:
        run, bound = self._run, self._run.bound
        left, size = self._records_left(), bound.source.size()
        units_left = None if size is None else max(0, size - run.committed)
        why = "" if run.stop.end in ("reached", "exhausted") else self._why_unknown(left, units_left)
        figures: dict[str, Amount | None] = dict.fromkeys(FIGURES)
        busy: dict[Endpoint, Amount] = {}
        if run.stop.end in ("reached", "exhausted") or units_left == 0:
            figures, units_left, why = dict.fromkeys(FIGURES, NOTHING), 0, ""
        elif not why:
            measure = self._measure(left, units_left)
            for name in FIGURES[:-1]:
                values = self._values(name)
                figures[name] = None if values is None else measure(values)
            busy = self._busy(measure)
            figures["seconds"] = self._seconds(busy)
        return TaskEstimate(
            len(self._records),
            sum(self._records),
            run.dataset.kept,
            bound.target,
            units_left,
            figures,
            {name: self._mean(name) for name in FIGURES[:-1]},
            why,
            busy,
        )

    def _records_left(self) -> int | None:
        target = self._run.bound.target
        return None if target is None else max(0, target - self._run.dataset.kept)

    def _why_unknown(self, left: int | None, units_left: int | None) -> str:
        units = len(self._records)
        if not units:
            return "no unit of it is finished"
        if left is not None and not sum(self._records):
            if units_left is not None:
                return ""
            [(at, count), *_] = self._run.counts.rejected.most_common(1) or [(("", ""), 0)]
            worst = f"; {at[0]} rejected {count:,}: {at[1]}" if count else ""
            return f"none of its {units:,} units gave a record{worst}"
        if left is None and units_left is None:
            return "its source does not tell how many units it has"
        return ""

    def _measure(self, left: int | None, units_left: int | None) -> Callable[[Sequence[float]], Amount]:
        """How a figure of all that is left is made from those of the units."""
        records, each = self._records, sum(self._records) / len(self._records)
        # a finite source may give out before the target is reached
        if left is None or (units_left is not None and left > units_left * each):
            units = units_left or 0
            return lambda values: for_units(values, units)
        return lambda values: for_records(values, records, left)

    def _mean(self, name: str) -> float | None:
        values = self._values(name)
        return None if not values else round(sum(values) / len(values), DIGITS)

    def _values(self, name: str) -> list[float] | None:
        """What each unit took; None where a unit has calls without a price."""
        if name != "cost":
            return [float(sum(getattr(t, name) for t in unit.values())) for unit in self._taken]
        costs = [[self._cost(role, tally) for role, tally in unit.items()] for unit in self._taken]
        if any(cost is None for unit in costs for cost in unit):
            return None
        return [sum(cost or 0.0 for cost in unit) for unit in costs]

    def _cost(self, role: str, tally: Tally) -> float | None:
        generator = self._generators.get(role)
        cost: float | None = None
        if generator is not None:
            cost = generator.backend.options.price_of(tally.input_tokens, tally.output_tokens)
        return cost

    def _of_unit(self, key: str) -> Mapping[str, Tally]:
        """What a unit asked, by role: in this run, or as the journal has it."""
        asked: dict[str, Tally] = {}
        seen = (self._spending.by_unit or {}).get((self._run.entry.id, key))
        if seen is not None:
            for payer, tally in seen.items():
                asked.setdefault(payer.role, Tally()).plus(tally)
            return asked
        for _, _, body in self._journal.calls_of(self._run.entry.id, key):
            said = body["completion"]
            tally = Tally(1, said["input_tokens"], said["output_tokens"])
            asked.setdefault(body.get("role", ""), Tally()).plus(tally)
        return asked

    # --- time --------------------------------------------------------------------------------

    def _busy(self, measure: Callable[[Sequence[float]], Amount]) -> dict[Endpoint, Amount]:
        """How long each endpoint works for the rest; empty where nothing tells how long calls take."""
        seconds = self._seconds_a_call(lambda payer: payer.role)
        if any(role not in seconds for unit in self._taken for role in unit):
            return {}
        busy: dict[Endpoint, list[float]] = {}
        # all of them first: each may lower the rates of one that they share
        where = {role: self._endpoints.of(each.backend) for role, each in self._generators.items()}
        for role, endpoint in where.items():
            values = busy.setdefault(endpoint, [0.0] * len(self._taken))
            for at, unit in enumerate(self._taken):
                if role in unit:
                    values[at] += _time(endpoint, unit[role], seconds[role])
        return {endpoint: measure(values) for endpoint, values in busy.items()}

    def _seconds(self, busy: Mapping[Endpoint, Amount]) -> Amount | None:
        if not busy:
            return None if self._generators else NOTHING
        # the last row still goes through all its stages when the others are done
        chain = sum(self._seconds_a_call(lambda payer: payer.stage).values())
        amount = longest(busy.values())
        high = None if amount.high is None else amount.high + 2 * chain
        return Amount(amount.about + chain, amount.low and amount.low + chain, high)

    def _seconds_a_call(self, by: Callable[[Payer], str]) -> dict[str, float]:
        """How long the backend takes for a call, as far as it was measured in this folder."""
        measured: dict[str, Tally] = {}
        for payer, tally in self._journal.spent.items():
            if payer.task == self._run.entry.id and tally.seconds:
                measured.setdefault(by(payer), Tally()).plus(tally)
        return {name: tally.seconds / tally.calls for name, tally in measured.items()}


def _time(endpoint: Endpoint, asked: Tally, seconds: float) -> float:
    """How long an endpoint's slots, or its rates, are taken up by calls."""
    tokens = asked.input_tokens + asked.output_tokens
    # an endpoint keeps to the lowest rate that anybody asks for there
    rates = zip((asked.calls, tokens), endpoint.a_minute, strict=True)
    by_rate = [60 * amount / rate for amount, rate in rates if rate is not None]
    return max(asked.calls * seconds / endpoint.capacity, *by_rate, 0.0)


def _figures_json(figures: Mapping[str, Amount | None]) -> dict[str, Any]:
    digits = {"cost": DIGITS, "seconds": 1}
    return {name: amount and amount.to_json(digits.get(name)) for name, amount in figures.items()}

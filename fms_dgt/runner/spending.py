"""What calls cost: tokens and money by task, stage and role, of a run and of its folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from fms_dgt.binding.bound import BoundGenerator, BoundTask
from fms_dgt.binding.prices import generators_of, model_of
from fms_dgt.journal import Payer, Tally
from fms_dgt.runner.tries import Ask

A = TypeVar("A")

# Money is summed up in floats: amounts that differ by less are the same.
DIGITS = 9


def by_task(spent: Mapping[Payer, A]) -> dict[int, dict[Payer, A]]:
    """What each task's payers have; going over all of it for each of many tasks would take minutes."""
    found: dict[int, dict[Payer, A]] = {}
    for payer, value in spent.items():
        found.setdefault(payer.task, {})[payer] = value
    return found


class Prices:
    """Who plays which role, and at which price. A task's editions share their prices."""

    def __init__(self, tasks: Sequence[BoundTask], ids: Mapping[str, Iterable[int]]) -> None:
        self._roles: dict[int, str] = {}
        self._models: dict[int, str] = {}
        self._playing: dict[tuple[int, str, str], BoundGenerator] = {}
        for task in tasks:
            for role, generator in generators_of(task):
                self._roles[id(generator)] = role
                model = self._models[id(generator)] = model_of(generator)
                for number in ids[task.name]:
                    self._playing[number, role, model] = generator

    def payer(self, ask: Ask) -> Payer:
        """Whose call this is."""
        key = id(ask.generator)
        return Payer(ask.task_id, ask.stage, self._roles.get(key, ""), self._models.get(key, ""))

    def cost_anything(self, payer: Payer) -> bool:
        """Whether calls of this payer have a price, and not one of 0."""
        generator = self._playing.get((payer.task, payer.role, payer.model))
        return generator is not None and bool(generator.backend.options.price_of(1, 1))

    def money(self, payer: Payer, tally: Tally) -> float | None:
        """What calls cost at this run's prices; where it has none for them, what was paid at the time.

        None where that is not known either.
        """
        generator = self._playing.get((payer.task, payer.role, payer.model))
        now: float | None = None
        if generator is not None:
            now = generator.backend.options.price_of(tally.input_tokens, tally.output_tokens)
        return now if now is not None else tally.cost or None


class Spending:
    """What a run has paid for so far, and what it was spared."""

    def __init__(self, prices: Prices) -> None:
        self.prices = prices
        self.paid: dict[Payer, Tally] = {}
        self.replayed: dict[Payer, int] = {}
        # answers that a server gave without saying how many tokens they took; those of them with a price
        self.uncounted = 0
        self.uncounted_cost = 0
        self.by_unit: dict[tuple[int, str], dict[Payer, Tally]] | None = None
        # by task: what the answers of its units under way are worth, replayed ones included
        self.under_way: dict[int, float] = {}
        self._of_unit: dict[tuple[int, str], float] = {}

    def answered(self, ask: Ask, payer: Payer, tally: Tally, *, replayed: bool = False) -> None:
        """Count one answer."""
        worth = self.prices.money(payer, tally) or 0.0
        at = (ask.task_id, ask.unit)
        self._of_unit[at] = self._of_unit.get(at, 0.0) + worth
        self.under_way[ask.task_id] = self.under_way.get(ask.task_id, 0.0) + worth
        if replayed:
            self.replayed[payer] = self.replayed.get(payer, 0) + 1
        else:
            self.paid.setdefault(payer, Tally()).plus(tally)
            if not (tally.input_tokens or tally.output_tokens):
                self.uncounted += 1
                self.uncounted_cost += self.prices.cost_anything(payer)
        if self.by_unit is not None:
            self.by_unit.setdefault(at, {}).setdefault(payer, Tally()).plus(tally)

    def unit_ended(self, task: int, unit: str) -> float:
        """A unit is not under way any more; what its answers were worth."""
        worth = self._of_unit.pop((task, unit), 0.0)
        if worth:
            self.under_way[task] -= worth
        return worth

    def notes(self, *, tokens_matter: bool = False) -> Iterator[str]:
        """What keeps the figures from being whole; tokens matter by themselves where they are a budget."""
        uncounted = self.uncounted if tokens_matter else self.uncounted_cost
        if uncounted:
            text = "what they cost is not in the sum, and no budget in money or tokens sees them"
            yield f"answers without a count of tokens: {uncounted:,}; {text}"

    def of_task(self, payers: Iterable[Payer], stages: Sequence[str]) -> dict[str, Any]:
        """A task's part of this run, as JSON values, in the order of its stages."""
        return self._summed({payer: self.paid.get(payer, Tally()) for payer in payers}, stages, self.replayed)

    def of_folder(
        self, editions: Sequence[Mapping[Payer, Tally]], newest: int, stages: Sequence[str]
    ) -> dict[str, Any]:
        """What the folder has paid for a task, over all runs and editions, as JSON values."""
        merged: dict[Payer, Tally] = {}
        for spent in editions:
            for payer, tally in spent.items():
                merged.setdefault(payer._replace(task=newest), Tally()).plus(tally)
        return self._summed(merged, stages)

    def whole(self, spent: Mapping[Payer, Tally]) -> Tally:
        """All of it; `cost` is what is known of it."""
        total = Tally()
        for payer, tally in spent.items():
            total.plus(tally)
            total.cost += (self.prices.money(payer, tally) or 0.0) - tally.cost
        return total

    def without_price(self, spent: Mapping[Payer, Tally]) -> int:
        """How many calls have no known price."""
        return sum(t.calls for payer, t in spent.items() if self.prices.money(payer, t) is None)

    def _summed(
        self,
        spent: Mapping[Payer, Tally],
        stages: Sequence[str],
        replayed: Mapping[Payer, int] | None = None,
    ) -> dict[str, Any]:
        place = {name: at for at, name in enumerate(stages)}
        ordered = sorted(spent, key=lambda payer: (place.get(payer.stage, len(place)), payer))
        lines = [self._line(payer, spent[payer], replayed) for payer in ordered]
        return {**self.totals(spent, sum(tally.calls for tally in spent.values())), "by_stage": lines}

    def totals(self, spent: Mapping[Payer, Tally], calls: int) -> dict[str, Any]:
        """The sums as JSON values; of `calls`, those without a price are told."""
        total = self.whole(spent)
        unpriced = calls - total.calls + self.without_price(spent)
        said = {
            "calls": calls,
            "input_tokens": total.input_tokens,
            "output_tokens": total.output_tokens,
            "cost": None if unpriced and unpriced == calls else round(total.cost, DIGITS),
        }
        return {**said, "calls_without_price": unpriced} if unpriced and total.cost else said

    def _line(self, payer: Payer, tally: Tally, replayed: Mapping[Payer, int] | None) -> dict[str, Any]:
        money = self.prices.money(payer, tally)
        line = {
            "stage": payer.stage,
            "role": payer.role,
            "model": payer.model,
            "calls": tally.calls,
            "input_tokens": tally.input_tokens,
            "output_tokens": tally.output_tokens,
            "cost": None if money is None else round(money, DIGITS),
        }
        return line if replayed is None else {**line, "replayed": replayed.get(payer, 0)}

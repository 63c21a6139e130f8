"""What the generators of a run cost, by the prices in their options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fms_dgt.binding.bound import BoundGenerator, BoundTask
from fms_dgt.config.plan import RunSettings
from fms_dgt.errors import Problem


def generators_of(task: BoundTask) -> Iterator[tuple[str, BoundGenerator]]:
    """Every generator that a task may ask, by role; those of a validator by the validator's."""
    yield from task.generators.items()
    for role, validator in task.validators.items():
        for name, generator in validator.generators.items():
            # nearly all have one: the role says all
            yield (role if len(validator.generators) == 1 else f"{role}.{name}"), generator


def price_problems(tasks: Sequence[BoundTask], settings: RunSettings) -> list[Problem]:
    """Half a price; and with a budget in money, generators without any."""
    needed = settings.max_cost is not None and settings.replay is None
    found: dict[Problem, None] = {}
    for task in tasks:
        for role, generator in generators_of(task):
            options = generator.backend.options
            given = [options.input_price is not None, options.output_price is not None]
            if any(given) == all(given) and (all(given) or not needed):
                continue
            what = f"the generator of '{role}' ({model_of(generator)}) has "
            if any(given):
                what += "an input_price alone" if given[0] else "an output_price alone"
                mend = "give both input_price and output_price there"
            else:
                what += "no price, and max_cost is a budget in money"
                mend = "give input_price and output_price (per million tokens) there"
            where = f"databuilders.{task.builder_name}.blocks, {_place(task, role)}"
            found[Problem(what, f"{mend}; 0 where it costs nothing", where)] = None
    return list(found)


def _place(task: BoundTask, role: str) -> str:
    block, _, name = role.partition(".")
    if block in task.generators:
        return block
    return f"{block}.{name or next(iter(task.validators[block].generators))}_config"


def model_of(generator: BoundGenerator) -> str:
    """A generator as a report names it: `type:model`."""
    model = generator.backend.options.model_id_or_path
    return f"{generator.type}:{model}" if model else generator.type

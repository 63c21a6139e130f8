"""What a prompt shows: instructions of people, and a few that came of earlier prompts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Any

from fms_dgt.builders.self_instruct.task import SelfInstructSeed
from fms_dgt.core.source import Accepted, Draw

# So many records are looked at for each one wanted; several may have one instruction.
LOOKS = 4
# Finished instances that a prompt shows.
SHOWN_INSTANCES = 3


def from_pool(seeds: Sequence[SelfInstructSeed], shown: int, grown: int) -> Draw:
    """Up to `grown` accepted instructions and seeds beside them, `shown` in all.

    While little is accepted, seeds take the free places. `class_examples` are finished seeds that
    classify, `examples` all others.
    """
    instructions = list(dict.fromkeys(seed.instruction.strip() for seed in seeds))
    finished = [seed for seed in seeds if seed.output.strip()]

    def draw(_: int, random: Random, accepted: Accepted) -> dict[str, Any]:
        found = accepted_instructions(accepted, min(grown, shown - 1), random)
        places = shown - len(found)
        chosen = [*random.sample(instructions, min(places, len(instructions))), *found]
        random.shuffle(chosen)
        return {
            "instructions": [_shown(text) for text in chosen],
            "examples": _some(finished, random, classifies=False),
            "class_examples": _some(finished, random, classifies=True),
        }

    return draw


# the tags that the templates and their replies are written with
_OUR_TAG = re.compile(r"<(?=/?(?:example|instruction|input|output|text|think(?:ing)?)\b)", re.IGNORECASE)


def _shown(text: str) -> str:
    """A text as it stands in prompts: what looks like a tag of ours gets a space, so that it ends nothing."""
    return _OUR_TAG.sub("< ", text)


def accepted_instructions(accepted: Accepted, wanted: int, random: Random) -> list[str]:
    """Up to so many different instructions of records, drawn evenly."""
    found: list[str] = []
    for at in random.sample(range(len(accepted)), min(len(accepted), wanted * LOOKS)):
        if len(found) == wanted:
            break
        text = str(accepted[at]["instruction"])
        if text not in found:
            found.append(text)
    return found


def _some(seeds: Sequence[SelfInstructSeed], random: Random, *, classifies: bool) -> list[dict[str, str]]:
    fitting = [seed for seed in seeds if seed.is_classification == classifies]
    return [
        {name: _shown(text) for name, text in seed.columns().items()}
        for seed in random.sample(fitting, min(SHOWN_INSTANCES, len(fitting)))
    ]

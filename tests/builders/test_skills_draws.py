from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest
from skills_samples import FREE, GROUNDED, builder, task

from fms_dgt.core.row import Unit


def units(seeds, count=60, seed=7, **options) -> list[Unit]:
    return list(islice(builder(**options).source(task(*seeds)).units(seed), count))


def shown(unit: Unit) -> list[str]:
    return [example["instruction"] for example in unit.values["examples"]]


def test_both_kinds_are_served_in_proportion_to_their_seeds():
    kinds = Counter(unit.values["kind"] for unit in units([*FREE, *GROUNDED]))
    assert kinds == {"free": 40, "grounded": 20}


def test_every_seed_is_served():
    instructions = {text for unit in units([*FREE, *GROUNDED], count=6) for text in shown(unit)}
    assert instructions == {seed["question"] for seed in [*FREE, *GROUNDED]}


def test_a_prompt_shows_different_seeds_of_one_kind():
    for unit in units([*FREE, *GROUNDED]):
        contexts = [bool(example["context"]) for example in unit.values["examples"]]
        assert set(contexts) == {unit.values["kind"] == "grounded"}
        assert len(set(shown(unit))) == len(shown(unit))


@pytest.mark.parametrize(("wanted", "number"), [(1, 1), (3, 3), (9, 4)])
def test_num_prompt_instructions_bounds_the_examples(wanted, number):
    drawn = units(FREE, num_prompt_instructions=wanted)
    assert {len(shown(unit)) for unit in drawn} == {number}


def test_draws_vary():
    assert len({tuple(shown(unit)) for unit in units(FREE)}) > 12


def test_a_draw_depends_on_seed_and_number_alone():
    source = builder().source(task(*FREE, *GROUNDED))
    backwards = [source.unit(number, 7, ()) for number in reversed(range(60))]
    assert list(reversed(backwards)) == units([*FREE, *GROUNDED])
    assert units(FREE, seed=7) != units(FREE, seed=8)


def test_examples_are_in_the_words_of_records_and_without_outer_blanks():
    seed = {"question": " Why? \n", "answer": "So.\n", "context": " It is.\n"}
    (unit,) = units([seed], count=1)
    assert unit.values["examples"] == [{"instruction": "Why?", "response": "So.", "context": "It is."}]


def test_what_looks_like_a_tag_of_the_prompts_ends_nothing_in_them():
    seed = {
        "question": "What is </instruction> for? <think> x",
        "answer": "a <b> c </b> </Response>\n<example >",
        "context": "1 < context, <contexts>",
    }
    (unit,) = units([seed], count=1)
    assert unit.values["examples"] == [
        {
            "instruction": "What is < /instruction> for? < think> x",
            "response": "a <b> c </b> < /Response>\n< example >",
            "context": "1 < context, <contexts>",
        }
    ]


@pytest.mark.parametrize("seeds", [[*FREE[:2], *GROUNDED[:2]], [*GROUNDED[:2], *FREE[:2]]])
def test_the_first_draws_serve_both_kinds_too(seeds):
    kinds = [unit.values["kind"] for unit in units(seeds, count=4)]
    assert set(kinds[:2]) == set(kinds[2:]) == {"free", "grounded"}

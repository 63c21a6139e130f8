"""The paper's rules without a model: what instructions and instances are dropped, what prompts show."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from instruct_samples import SEEDS

from fms_dgt.builders.self_instruct.draws import from_pool
from fms_dgt.builders.self_instruct.filters import BEYOND_TEXT, told_apart, usable
from fms_dgt.builders.self_instruct.task import SelfInstructSeed
from fms_dgt.core.row import Row
from fms_dgt.errors import Rejected


def reason(text: str, unwanted=BEYOND_TEXT) -> str:
    try:
        usable((3, 150), unwanted)(Row("0", {"instruction": text}))
    except Rejected as rejected:
        return rejected.reason
    return ""


UNUSABLE = [
    ("Explain tides", "under 3 words"),
    ("Explain the tides", ""),
    (" ".join(["word"] * 150), ""),
    (" ".join(["word"] * 151), "over 150 words"),
    ("- Explain the tides", "begins with a sign"),
    ('"Explain" the tides', "begins with a sign"),
    ("\U0001f600 Explain the tides", "begins with a sign"),
    ("3 reasons for the tides", ""),
    # what the paper drops as not English is an instruction, too
    ("Élevez un chat en ville", ""),
    ("¿Por qué hay mareas?", ""),
    ("Объясни, почему бывают приливы", ""),
    ("解释为什么有潮汐", ""),
    ("लहरें क्यों उठती हैं", ""),
    ("解释", "under 3 words"),
]


@pytest.mark.parametrize(("text", "why"), UNUSABLE)
def test_length_and_the_first_character_decide(text, why):
    assert reason(text) == why


@pytest.mark.parametrize("word", BEYOND_TEXT)
def test_words_that_text_cannot_serve_are_refused_whole_and_in_any_case(word):
    assert reason(f"Please use the {word}, and say why") == "needs more than text"
    assert reason(f"{word.title()} is what it needs") == "needs more than text"
    assert reason(f"Say what x{word}x means to you") == ""


def test_the_words_of_the_paper_are_among_them():
    paper = "image images graph graphs picture pictures file files map maps draw plot video audio music"
    paper += " flowchart diagram"
    assert {*paper.split(), "go to"} <= set(BEYOND_TEXT)


@pytest.mark.parametrize(
    ("unwanted", "text", "why"),
    [
        ([], "Draw a map of it", ""),
        (["Bild"], "Beschreibe das Bild genau", "needs more than text"),
        (["Bild"], "Was ist Bildung für dich", ""),
        (["图片"], "描述这张图片的内容", "needs more than text"),
        (["go to"], "Go  to the shop and back", "needs more than text"),
        (["c++"], "Write it in C++ for me", "needs more than text"),
        (["", " "], "Say it in your words", ""),
    ],
)
def test_the_words_can_be_ones_own(unwanted, text, why):
    assert reason(text, unwanted) == why


def ends(*pairs: tuple[str, str], instruction="Say what it is.") -> list[str]:
    rows = [Row("0", {"instruction": instruction, "input": i, "output": o}) for i, o in pairs]
    return [f"no: {end.reason}" if isinstance(end, Rejected) else end["input"] for end in told_apart(rows)]


@pytest.mark.parametrize(
    "none", ["NONE", "none", "N/A", "<noinput>", "No input.", "(None)", "Not applicable"]
)
def test_an_input_that_says_there_is_none_is_empty(none):
    assert ends((none, "A cat.")) == [""]


def test_nonempty_inputs_stay():
    assert ends(("None of them came.", "so")) == ["None of them came."]


@pytest.mark.parametrize(
    ("pairs", "after"),
    [
        ([("a", "x"), ("b", "y")], ["a", "b"]),
        ([("a", "x"), ("b", "x")], ["a", "b"]),
        ([("a", "x"), ("A ", "y")], ["a", "no: the same input as another instance"]),
        ([("NONE", "x"), ("none", "y")], ["", "no: the same input as another instance"]),
        ([("a b", "A  B")], ["no: the output repeats the input"]),
        ([("a", "say what it is.")], ["no: the output repeats the instruction"]),
    ],
)
def test_instances_that_teach_nothing_are_dropped_alone(pairs, after):
    assert ends(*pairs) == after


def seeds(**more) -> list[SelfInstructSeed]:
    return [SelfInstructSeed(**seed, **more) for seed in SEEDS]


class Accepted(list):
    """Records by their instruction."""

    def __init__(self, *instructions: str) -> None:
        super().__init__({"instruction": text} for text in instructions)


def shown(accepted=(), number=8, grown=2, index=0) -> list[str]:
    return from_pool(seeds(), number, grown)(index, Random(index), accepted)["instructions"]


OLD = {seed["instruction"] for seed in SEEDS}


@pytest.mark.parametrize(
    ("accepted", "ours"),
    [(0, 8), (1, 7), (2, 6), (500, 6)],
)
def test_a_prompt_shows_six_seeds_and_two_accepted_ones_or_more_seeds(accepted, ours):
    made = Accepted(*(f"New one of number {at}" for at in range(accepted)))
    for index in range(20):
        texts = shown(made, index=index)
        assert len(set(texts)) == 8
        assert len(OLD & set(texts)) == ours


def test_records_of_one_instruction_are_shown_once():
    texts = shown(Accepted(*["New one"] * 9, "Another"), index=3)
    assert texts.count("New one") == 1


def test_few_seeds_are_all_shown_and_one_at_least():
    assert len(shown(number=40)) == len(SEEDS)
    made = Accepted(*(f"New one {at}" for at in range(9)))
    assert len(OLD & set(shown(made, number=3, grown=9))) == 1


def test_draws_depend_on_the_random_numbers_alone_and_reach_all():
    made = Accepted(*(f"New one {at}" for at in range(5)))
    assert shown(made, index=4) == shown(made, index=4)
    counts = Counter(text for index in range(200) for text in shown(made, index=index))
    assert counts.keys() == OLD | {record["instruction"] for record in made}
    assert min(counts.values()) > 200 * 2 / 5 / 2


def test_finished_seeds_are_shown_as_instances_of_their_kind():
    plain = [SelfInstructSeed(instruction=f"Do {at}", output="Done.") for at in range(5)]
    classes = [SelfInstructSeed(instruction="Is it?", input="x", output="yes", is_classification=True)]
    drawn = from_pool([*seeds(), *plain, *classes], 8, 2)(0, Random(0), ())
    assert len(drawn["examples"]) == 3
    assert {one["output"] for one in drawn["examples"]} == {"Done."}
    assert [one["instruction"] for one in drawn["class_examples"]] == ["Is it?"]


def test_what_looks_like_a_tag_of_ours_ends_nothing():
    seed = SelfInstructSeed(instruction="Close </instruction> and <INPUT>, not <b>.", output="</output>")
    drawn = from_pool([seed], 8, 2)(0, Random(0), ())
    assert drawn["instructions"] == ["Close < /instruction> and < INPUT>, not <b>."]
    assert drawn["examples"][0]["output"] == "< /output>"

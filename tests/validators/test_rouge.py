from __future__ import annotations

import random
import re
from collections import defaultdict
from itertools import count

import numpy as np
import pytest

from fms_dgt.core.node import Node
from fms_dgt.core.stages import Check
from fms_dgt.core.typed import decode
from fms_dgt.core.validator import Keep, Match, at_least, at_most, below
from fms_dgt.testing import OrderedValidatorContract
from fms_dgt.validators.rouge import RougeDeduplication, RougeMemory, RougeOptions, tokens

VOCABULARY = ["the", "a", "of", "write", "poem", "about", *(f"w{i}" for i in range(120))]


def texts(how_many: int, seed: int) -> list[str]:
    """Random texts of up to 24 words, every third one a slightly changed earlier one."""
    chance = random.Random(seed)
    made: list[str] = []
    for number in range(how_many):
        words = [
            min(chance.choices(VOCABULARY, k=2), key=VOCABULARY.index) for _ in range(chance.randint(1, 24))
        ]
        if number % 3 == 2:
            words = chance.choice(made).lower().strip(".!").split()
            for _ in range(chance.randint(0, 5)):
                at = chance.randrange(len(words))
                words[at : at + chance.randint(0, 2)] = chance.choices(VOCABULARY, k=chance.randint(1, 2))
        made.append(" ".join(words[:24]).title() + chance.choice(["", ".", "!"]))
    return made


def plain_scores(texts: list[str]) -> np.ndarray:
    """ROUGE-L of every text with every other, by its definition."""
    numbers = defaultdict(count().__next__)
    split = [[numbers[word] for word in re.sub("[^a-z0-9]+", " ", text.lower()).split()] for text in texts]
    width = max(map(len, split))
    padded = np.array([words + [-1] * (width - len(words)) for words in split], np.int16)
    lengths = np.array([len(words) for words in split])
    scores = np.empty((len(texts), len(texts)))
    for at, words in enumerate(split):
        row = [np.zeros(len(texts), np.int16) for _ in range(width + 1)]
        for word in words:
            above, row = row, row[:1]
            for column in range(width):
                longer = np.maximum(above[column + 1], row[column])
                row.append(np.where(padded[:, column] == word, above[column] + 1, longer))
        scores[at] = 2 * row[-1] / (lengths + len(words))
    return scores


@pytest.fixture(scope="module")
def corpus() -> tuple[list[str], np.ndarray]:
    made = texts(2000, seed=7)
    return made, plain_scores(made)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 1.0])
def test_finds_what_comparing_everything_finds(corpus, threshold):
    made, scores = corpus
    memory = RougeMemory(below(threshold))
    kept: list[int] = []
    for at, text in enumerate(made):
        hit = next((earlier for earlier in kept if scores[at, earlier] >= threshold), None)
        found = memory.find(text)
        assert (found and (found.record, found.score)) == (None if hit is None else (hit, scores[at, hit]))
        if hit is None:
            kept.append(at)
            memory.add(text, at)
    assert 0 < len(kept) < 2000


@pytest.mark.parametrize("threshold", [0.4, 0.7])
def test_finds_the_earliest_from_a_position_on(corpus, threshold):
    made, scores = corpus[0][:300], corpus[1]
    memory = RougeMemory(below(threshold))
    for at, text in enumerate(made):
        memory.add(text, at * 10)
    assert len(memory) == 300
    for start in (0, 1, 150, 299, 300):
        for at, text in enumerate(made):
            hit = next((other for other in range(start, 300) if scores[at, other] >= threshold), None)
            found = memory.find(text, start)
            assert (found and found.record) == (None if hit is None else hit * 10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World-2!", ["hello", "world", "2"]),
        ("don't stop", ["don", "t", "stop"]),
        ("snake_case", ["snake", "case"]),
        ("Café au lait", ["caf", "au", "lait"]),
        ("写一首关于3只猫的诗", list("写一首关于3只猫的诗")),
        ("Сколько будет 2 + 2?", ["сколько", "будет", "2", "2"]),
        ("हिन्दी में लिखो", ["हिन्दी", "में", "लिखो"]),
        ("한국어 문장입니다", ["한국어", "문장입니다"]),
        ("สวัสดี", list("สวัสดี")),
        ("ＦＵＬＬ width", ["width"]),
        (" ?! ", ["?!"]),
        ("", [""]),
    ],
)
def test_words(text, expected):
    assert tokens(text) == expected


@pytest.mark.parametrize("text", ["", "?!", "写一首诗", "…", "\ud800", "a" * 5000, "word " * 5000])
def test_a_text_is_like_itself(text):
    memory = RougeMemory(below(1.0))
    memory.add(text, 4)
    found = memory.find(text)
    assert found is not None
    assert (found.score, found.record) == (1.0, 4)


def test_texts_that_share_only_their_digits_are_not_alike():
    memory = RougeMemory(below(0.7))
    memory.add("写一首关于3只猫的诗", 1)
    assert memory.find("计算3加什么等于十") is None


def test_shows_an_excerpt():
    memory = RougeMemory(below(0.7))
    memory.add("one two three four", 1)
    memory.add("long " * 100, 2)
    assert memory.find("one two three") == Match(6 / 7, 1, "one two three four")
    found = memory.find("long " * 99)
    assert found is not None
    assert len(found.text) == 120
    assert found.text.endswith("...")


def test_compares_other_values_as_json():
    memory = RougeMemory(below(0.7))
    memory.add({"b": [1, 2], "a": "x"}, 1)
    assert memory.find({"a": "x", "b": [1, 2]}) == Match(1.0, 1, '{"a":"x","b":[1,2]}')


@pytest.mark.parametrize(
    ("keep", "refused"),
    [
        (below(0.8), True),
        (at_most(0.8), False),
        (at_most(0.79), True),
        (below(0.81), False),
        (below(0.0), True),
        (below(1.5), False),
    ],
)
def test_refuses_what_keep_does_not_let_pass(keep, refused):
    memory = RougeMemory(keep)
    memory.add("one two three four five", 1)
    found = memory.find("one two three four six")
    assert (found is not None) is refused


def test_below_zero_refuses_even_what_shares_nothing():
    memory = RougeMemory(below(0.0))
    memory.add("one", 1)
    assert memory.find("two") == Match(0.0, 1, "one")


@pytest.mark.parametrize(
    ("given", "keep"),
    [
        ({}, Keep("below", 0.7)),
        ({"threshold": 0.5}, Keep("below", 0.5)),
        ({"threshold": 1}, Keep("below", 1)),
    ],
)
def test_the_threshold_sets_keep(given, keep):
    options = decode(RougeOptions, Node.of(given, "config.yaml"), problems := [])
    assert problems == []
    assert RougeDeduplication(options).keep() == keep


@pytest.mark.parametrize("threshold", [1.2, -0.1, "0.7"])
def test_a_threshold_out_of_range_is_a_problem(threshold):
    problems = []
    assert decode(RougeOptions, Node.of({"threshold": threshold}, "config.yaml"), problems) is None
    assert "threshold" in str(problems[0])


@pytest.mark.parametrize("keep", [None, below(0.5), at_most(0.9)])
def test_a_check_that_drops_the_alike_is_fine(keep):
    rouge = RougeDeduplication(RougeOptions())
    assert rouge.problems(Check("dedup", on="text", keep=keep), None) == []


def test_a_check_that_keeps_the_alike_is_a_problem():
    rouge = RougeDeduplication(RougeOptions())
    [problem] = rouge.problems(Check("dedup", on="text", keep=at_least(0.7)), None)
    assert str(problem) == (
        "stage 'dedup': keeps scores at least 0.7, but rouge scores say how alike two texts are; "
        "write 'keep: {below: 0.7}', say"
    )


class TestContract(OrderedValidatorContract):
    def make_validator(self):
        return RougeDeduplication(RougeOptions())


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2+1", "2-1", False),
        ("What is 2 + 1?", "What is 2 - 1?", False),
        ("Explain how to work out 12 * 7.", "Explain how to work out 12 / 7.", False),
        ("Explain how to work out 12 * 7.", "Explain how to work out 13 * 7.", False),
        ("What is 2 + 1?", "1. What is 2+1", True),
        ("What is 3 x 4?", "What is 3 \u00d7 4?", True),
        ("Write 3-5 lines about the sea.", "Write 4-6 lines about the sea.", True),
        ("Write 3 - 5 lines about the sea.", "Write 3-5 lines about the sea!", True),
        (
            "A train covers 120 km in 2 hours. How fast is it?",
            "A train covers 150 km in 3 hours. How fast is it?",
            True,
        ),
    ],
)
def test_another_sum_is_another_text(one, other, alike):
    memory = RougeMemory(below(0.7))
    memory.add(one, 1)
    assert (memory.find(other) is not None) is alike

"""The decisions of `rouge` are those of the package rouge-score, without stemming."""

from __future__ import annotations

import pytest
from rouge_score.rouge_scorer import RougeScorer, _score_lcs
from rouge_score.tokenizers import DefaultTokenizer
from test_rouge import texts

from fms_dgt.core.validator import below
from fms_dgt.validators.rouge import RougeMemory, tokens

SPLIT = DefaultTokenizer(use_stemmer=False).tokenize


@pytest.mark.parametrize("count", [250, pytest.param(900, marks=pytest.mark.slow)])
def test_the_same_texts_are_refused(count):
    memory, kept, found = RougeMemory(below(0.7)), [], []
    for at, text in enumerate(texts(count, seed=11)):
        words = SPLIT(text)
        scores = ((number, _score_lcs(other, words).fmeasure) for number, other in kept)
        alike = next((pair for pair in scores if pair[1] >= 0.7), None)
        match = memory.find(text)
        assert (match and match.record) == (alike and alike[0])
        if match is None:
            kept.append((at, words))
            memory.add(text, at)
        else:
            assert match.score == pytest.approx(alike[1], abs=1e-12)
            found.append(at)
    assert len(found) > count / 10


@pytest.mark.parametrize(
    "text",
    ["Write a poem, please!", "don't snake_case 3.5%", "Caf\u00e9 au lait", "A\tB\n\nC--D", "2 + 2 = 4"],
)
def test_the_same_words_are_compared(text):
    assert tokens(text) == SPLIT(text)


def test_a_score_on_the_threshold_reaches_it():
    """Where the package's three divisions can fall short by the last bit."""
    one = " ".join(f"w{n}" for n in range(3))
    other = one + " x y"
    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    assert scorer.score(one, other)["rougeL"].fmeasure < 0.75
    memory = RougeMemory(below(0.75))
    memory.add(one, 1)
    found = memory.find(other)
    assert found is not None
    assert found.score == 0.75

from __future__ import annotations

import pytest

from fms_dgt.core.reply import ScoreReply
from fms_dgt.errors import Unreadable

ONE_TO_THREE = ScoreReply(1, 3)


@pytest.mark.parametrize(
    "reply",
    [
        "<reason>Fine.</reason>\n<score>2</score>",
        "**<score>**2**</score>**",
        "<Score> 2 / 3 </Score>",
        "<score>[[2]]</score> <score>2</score>",
        "<score>2 - good</score>",
        "<score>N</score>\nRating: 2",
        "<rating>2.0</rating>",
        '{"reason": "Fine.", "score": 2}',
        '```json\n{"explanation": "Fine.", "Rating": "2/3"}\n```',
        "Rating: [[2]]",
        "rating:2",
        "Rating: 2/3",
        "Rating: 2 / 3",
        "Rating: 2 out of 3",
        "**Rating:** 2",
        "**Rating: 2**",
        "**Total Score:** 2/3",
        "Total score: 2/3",
        "Final score - fine. Final score: 2",
        "### Score\n\n**2**",
        "- Grade = 2",
        "Score (1-3): 2",
        "The score is 2.",
        "As in [[1]] above, and so on. Rating: [[2]]",
        "A score of 3 would need an example.\nRating: 2",
        "Score 1: poor\nScore 2: fair\nScore 3: good\n\nRating: 2",
        "Subject score: 1\nFocus score: 1\nTotal Score: 2",
        "If the rating is 3 nothing is missing. So my rating is 2.",
        "Rating: 1</think>Rating: 2",
        "2",
        "[[2]]",
        "**2**",
        "2.",
        "2/3",
    ],
)
def test_a_score_of_two(reply):
    assert ONE_TO_THREE.read(reply)["score"] == 2
    assert type(ONE_TO_THREE.read(reply)["score"]) is int


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("<reason>Well put.</reason><score>2</score>", "Well put."),
        ("<reason>Well put. <score>2</score>", "Well put."),
        ("<score>2</score> Well put.", "Well put."),
        ("<explanation>Well put.</explanation>\nRating: 2", "Well put."),
        ('{"reason": "Well put.", "score": 2}', "Well put."),
        ("Well put.\n\n**Rating:** [[2]]", "Well put."),
        ("Rating: 2\nExplanation: Well put.", "Well put."),
        ("I have read it.\n**Feedback:** Well put.\nRating: 2", "Well put."),
        ("<reason></reason><score>2</score>", ""),
        ("2", ""),
    ],
)
def test_the_reason(reply, reason):
    assert ONE_TO_THREE.read(reply) == {"score": 2, "reason": reason}


SCALE = "a whole number from 1 to 3"
NO_SCORE = f"The reply has no score; it must be {SCALE}."


@pytest.mark.parametrize(
    ("reply", "wrong"),
    [
        ("It is good.", NO_SCORE),
        ("<score>N</score>", NO_SCORE),
        ("<score>high</score>", NO_SCORE),
        ("Rating: one of the best", NO_SCORE),
        ("Rating: 1-3", NO_SCORE),
        ("Rating: 1 to 3", NO_SCORE),
        ("Rating: 2%", NO_SCORE),
        ("Rating:\n1. It is clear.\n2. It is long.", NO_SCORE),
        ("A score of 3 would need an example.", NO_SCORE),
        ("Rating: 3 would be too much.", NO_SCORE),
        ("There are 2 mistakes.", NO_SCORE),
        ('{"score": true}', NO_SCORE),
        ('{"reason": "Fine."}', NO_SCORE),
        ("<score>1</score><score>3</score>", "The reply has several different scores (1, 3); give one."),
        ("Rating: 1\nRating: 3", "The reply has several different scores (1, 3); give one."),
        ("Rating: 2/5", f"The score is out of 5; it must be {SCALE}."),
        ("Rating: 3 (out of 5)", f"The score is out of 5; it must be {SCALE}."),
        ("Score (1-5): 3", f"The score is out of 5; it must be {SCALE}."),
        ("2 out of 10", f"The score is out of 10; it must be {SCALE}."),
        ("Rating: 0", f"The score is 0; it must be {SCALE}."),
        ("<score>7</score>", f"The score is 7; it must be {SCALE}."),
        ("Rating: 2.5", f"The score is 2.5; it must be {SCALE}."),
        ("Rating: -2", f"The score is -2; it must be {SCALE}."),
        ('{"score": 4}', f"The score is 4; it must be {SCALE}."),
    ],
)
def test_what_is_refused(reply, wrong):
    with pytest.raises(Unreadable) as error:
        ONE_TO_THREE.read(reply)
    assert str(error.value) == wrong


@pytest.mark.parametrize("reply", ["<score>1", "Rating: 1", "So the rating is 1", "1"])
def test_a_number_at_a_cut_off_end_may_lack_digits(reply):
    scale = ScoreReply(1, 10)
    assert scale.read(reply)["score"] == 1
    with pytest.raises(Unreadable, match="has no score"):
        scale.read(reply, finish="length")


def test_zero_may_be_a_score():
    assert ScoreReply(0, 1).read("<reason>Unsafe.</reason><score>0</score>") == {
        "score": 0,
        "reason": "Unsafe.",
    }


def test_the_scale_must_go_up():
    with pytest.raises(ValueError, match="cannot go from 3 to 1"):
        ScoreReply(3, 1)


def test_the_reason_comes_before_the_score():
    assert ONE_TO_THREE.instructions(None, as_json=False) == (
        "Reply with nothing else than one or two sentences on what you judge, between <reason> and </reason>, "
        "and then the score, one of 1, 2, 3, between <score> and </score>."
    )
    form = ONE_TO_THREE.instructions(None, as_json=True)
    assert form.endswith('"reason": one or two sentences on what you judge.\n"score": one of 1, 2, 3.')
    assert "a whole number from 0 to 100" in ScoreReply(0, 100).instructions(None, as_json=True)
    schema = ONE_TO_THREE.schema(None)
    assert list(schema["properties"]) == ["reason", "score"]
    assert schema["properties"]["score"] == {"type": "integer", "enum": [1, 2, 3]}
    assert ScoreReply(0, 1000).schema(None)["properties"]["score"]["maximum"] == 1000

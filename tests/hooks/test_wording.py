from __future__ import annotations

from pathlib import Path

import pytest

from fms_dgt.hooks.wording import (
    duration,
    hide_secrets,
    lines_of,
    one_line,
    pace,
    plural,
    short_names,
    short_number,
    what_judges_repeated,
)
from fms_dgt.safety.working_folder import note_working_folder, shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0:00:00"), (6.4, "0:00:06"), (3599.6, "1:00:00"), (360_000, "100:00:00"), (-1, "0:00:00")],
)
def test_duration(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1k"),
        (12_345, "12.3k"),
        (999_499, "999k"),
        (999_600, "1M"),
        (7 * 10**13, "70T"),
    ],
)
def test_short_number(number, said):
    assert short_number(number) == said


@pytest.mark.parametrize(
    ("rate", "said"), [(0, ""), (12.34, "12.3/s"), (0.5, "30.0/min"), (0.001, "3.6/h"), (0.0001, "0.4/h")]
)
def test_pace(rate, said):
    assert pace(rate) == said


def test_plural():
    assert [plural(1, "call"), plural(2_000, "call"), plural(0, "retry", "retries")] == [
        "1 call",
        "2,000 calls",
        "0 retries",
    ]


def test_short_names_are_as_long_as_it_takes_to_tell_them_apart():
    names = ["skills/free/debate", "skills/grounded/grammar", "other/free/grammar", "grammar"]
    assert list(short_names(names).values()) == ["debate", "grounded/grammar", "free/grammar", "grammar"]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("two\nlines\t here", "two lines here"),
        ("\x1b[31mred\x1b[0m \x07bell", "[31mred [0m bell"),
        ("lone \ud800 half", "lone half"),
        ("x" * 200, "x" * 157 + "..."),
    ],
)
def test_foreign_text_becomes_one_harmless_line(text, clean):
    assert one_line(text) == clean


def test_long_text_is_bounded():
    lines = list(lines_of("\n".join(f"  line {n}" for n in range(30)), lines=3))
    assert lines == ["  line 0", "  line 1", "  line 2", "... and 27 more lines"]


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefgh12345678",
        "Bearer abc.def.ghi",
        "https://me:pass@host/v1",
        "api_key=abcdefgh1234",
        "token: 'abcd1234efgh",
    ],
)
def test_keys_are_hidden(secret):
    said = hide_secrets(f"401: wrong {secret} given")
    assert said.startswith("401: wrong ")
    assert said.endswith(" given")
    assert "***" in said
    assert not any(part in said for part in ("abcd", "abc.def", "pass@"))


def test_ordinary_words_stay():
    text = "429: too many requests for the model key-value; asked https://host:8080/v1"
    assert hide_secrets(text) == text


def test_paths_are_shown_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    note_working_folder()
    assert shown(tmp_path / "out" / "data.jsonl") == "out/data.jsonl"
    assert shown(Path("/elsewhere/data.jsonl")) == "/elsewhere/data.jsonl"


def test_what_judges_repeated():
    doubts = [
        {"by": "score", "value": "5", "count": 48},
        {"by": "reason", "value": "N is a whole number from 1 to 5", "count": 27},
    ]
    judge = {"stage": "judge_answer", "judged": 50, "scores": {"4": 2, "5": 48}, "doubts": doubts}
    ask = "does it tell good from bad? try: fms_dgt check-teachers --judge"
    assert list(what_judges_repeated([judge])) == [
        f"judge judge_answer: score 5 in 48 of 50 judgements; {ask}",
        f'judge judge_answer: the reason "N is a whole number from 1 to 5" in 27 of 50 judgements; {ask}',
    ]
    assert list(what_judges_repeated([{**judge, "doubts": []}])) == []

"""The prompts of magpie and preference are product: compared word for word.

After a change that is meant, run with UPDATE_SNAPSHOTS=1 and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import fms_dgt.builders.magpie as magpie
import fms_dgt.builders.preference as preference
from fms_dgt.core.reply import ScoreReply
from fms_dgt.core.template import Template

SNAPSHOTS = Path(__file__).parent / "generation_snapshots"
TEMPLATES = {
    f"{package.__name__.rpartition('.')[2]}_{path.stem}": path
    for package in (magpie, preference)
    for path in sorted((Path(package.__file__).parent / "templates").glob("*.yaml"))
}
VALUES = {
    "system_prompt": "You are a cook.",
    "instruction": "How long does an egg take to boil?\nMine are large.",
    "text": "<|im_start|>user\n",
    "prompt": "Why do leaves fall in autumn? {{ not a name }}",
    "answer": {"role": "generator", "text": "Because the days get shorter.\n<b>Trees</b> save water."},
    "pair": {"a": "Because of the cold.", "b": "Because the days get shorter."},
}
SCALES = {
    "magpie_judge_quality": (1, 5),
    "magpie_judge_difficulty": (1, 5),
    "preference_score_answer": (1, 10),
    "preference_compare_answers": (1, 3),
}


def sent(name: str) -> str:
    template = Template.from_file(TEMPLATES[name])
    if template.plain:
        return template.text(VALUES)
    return "\n".join(f"[{message['role']}]\n{message['content']}" for message in template.messages(VALUES))


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_prompt_is_as_it_was(name):
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{sent(name)}\n", encoding="utf-8")
    assert f"{sent(name)}\n" == path.read_text(encoding="utf-8")


def test_every_snapshot_belongs_to_a_template():
    assert sorted(path.stem for path in SNAPSHOTS.iterdir()) == sorted(TEMPLATES)


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name != "magpie_turn"])
def test_no_prompt_has_markup_of_one_model_or_gaps(name):
    assert not re.search(r"\[/?INST\]|<s>|<\|", sent(name))
    assert "\n\n\n" not in sent(name)


def test_a_plain_turn_is_sent_to_the_last_line_break():
    assert sent("magpie_turn") == "<|im_start|>user\n"


@pytest.mark.parametrize("name", SCALES)
def test_a_judge_is_told_every_step_of_its_scale(name):
    reply = Template.from_file(TEMPLATES[name]).reply
    assert isinstance(reply, ScoreReply)
    assert (reply.low, reply.high) == SCALES[name]
    told = {int(number) for number in re.findall(r"\b(\d+)(?=:| or \d+:)", sent(name))}
    told |= {int(number) for number in re.findall(r" or (\d+):", sent(name))}
    assert told == set(range(reply.low, reply.high + 1))

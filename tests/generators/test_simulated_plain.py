"""The stand-in for a model goes on from plain prompts: as the user where the user would speak."""

from __future__ import annotations

import pytest

from fms_dgt.builders.magpie.chat_format import FORMATS
from fms_dgt.core.generator import Request
from fms_dgt.generators.simulated.generator import SimulatedGenerator, SimulatedOptions
from fms_dgt.generators.simulated.plain import is_users_turn

QUESTION = {"role": "user", "content": "Why do tides turn twice a day in this harbour?"}


async def said(prompt: str, seed: int = 0) -> str:
    answer = await SimulatedGenerator(SimulatedOptions()).generate(Request((), seed=seed, prompt=prompt))
    assert answer.input_tokens > 0
    return answer.text


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("system", ["", "You help the people of a harbour."])
async def test_it_asks_where_a_user_would_and_answers_where_it_is_asked(name, system):
    form = FORMATS[name]
    assert is_users_turn(form.before_user("", []))
    assert (await said(form.before_user(system if form.system_in == "own" else "", []))).endswith("?")
    assert not is_users_turn(form.before_assistant(system, [QUESTION]))
    assert not (await said(form.before_assistant(system, [QUESTION]))).endswith("?")


async def test_the_same_prompt_and_seed_have_the_same_answer_and_others_have_others():
    header = FORMATS["qwen"].before_user("", [])
    answers = [await said(header, seed) for seed in (1, 1, 2, 3)]
    assert answers[0] == answers[1]
    assert len(set(answers)) == 3


async def test_an_answer_is_about_what_was_said():
    text = await said(FORMATS["llama3"].before_assistant("", [QUESTION]))
    assert {"tides", "harbour"} & set(text.lower().replace(".", " ").replace(",", " ").split())


async def test_marks_of_a_template_are_no_subject():
    text = await said(FORMATS["llama3"].before_assistant("", [QUESTION]))
    assert not any(word in text for word in ("start_header_id", "eot_id", "<|"))

"""Prompts that are sent as they stand, and what is counted of replies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fms_dgt
from fms_dgt.errors import InputError
from fms_dgt.hooks.wording import what_was_left_out
from fms_dgt.testing import Answer, ModelServer

BUILDER = """
from dataclasses import dataclass
from fms_dgt import DataBuilder, EachOf, Flow, Generate, Record, Task

@dataclass(frozen=True)
class T(Task):
    seed_examples: list[str]

@dataclass(frozen=True)
class R(Record):
    topic: str
    answer: str

class Teller(DataBuilder[T]):
    record = R
    def source(self, task):
        return EachOf(task.seed_examples, into="topic")
    def flow(self, task):
        return Flow(Generate("tell", into="answer"))
"""
PLAIN = {"prompt": "<|user|> {{ topic }}\n<|assistant|>\n", "plain": True}


def teller(
    folder: Path,
    template: dict,
    generator: dict,
    *,
    code: str = BUILDER,
    blocks=(),
    also=(),
    **settings: object,
) -> fms_dgt.Outcome:
    (folder / "teller.py").write_text(code)
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / "tell.yaml").write_text(json.dumps(template))
    task = {
        "task_name": "tell",
        "task_description": "Tell.",
        "created_by": "the tests",
        "data_builder": "teller",
        "seed_examples": ["tides", "  moss "],
    }
    config = {"databuilders": {"teller": {"blocks": [{"name": "generator", **generator}, *blocks]}}}
    return fms_dgt.run(
        task, config=config, include=[folder / "teller.py", *also], output_dir=folder / "out", **settings
    )


def openai(server: ModelServer) -> dict:
    return {"type": "openai", "model": "m", "base_url": server.base_url, "api_key": "k"}


@pytest.fixture
def server():
    with ModelServer().in_thread() as running:
        yield running


def test_a_plain_prompt_is_sent_as_it_stands(tmp_path: Path, server: ModelServer) -> None:
    outcome = teller(tmp_path, PLAIN, openai(server))
    assert outcome.complete
    sent = sorted(one.body["prompt"] for one in server.requests)
    assert sent == ["<|user|>   moss \n<|assistant|>\n", "<|user|> tides\n<|assistant|>\n"]
    assert all("messages" not in one.body for one in server.requests)


def test_plain_answers_are_found_again_and_kept_apart_by_prompt(tmp_path: Path, server: ModelServer) -> None:
    first = [r["answer"] for r in teller(tmp_path, PLAIN, openai(server)).records]
    again = teller(tmp_path, PLAIN, openai(server))
    assert [r["answer"] for r in again.records] == first
    assert len(server.requests) == 2
    other = {**PLAIN, "prompt": "> {{ topic }}"}
    teller(tmp_path, other, openai(server), accept_changes=True)
    assert len(server.requests) == 4


CHATTER = """
from fms_dgt import Generator

class Chatter(Generator):
    async def generate(self, request): ...
"""


def test_a_generator_that_only_chats_is_refused_with_those_that_complete(tmp_path: Path) -> None:
    (tmp_path / "chat.py").write_text(CHATTER)
    with pytest.raises(InputError) as caught:
        teller(tmp_path, PLAIN, {"type": "chatter"}, also=[tmp_path / "chat.py"])
    [problem] = caught.value.problems
    assert problem.what == "the template 'tell' is plain, and chatter takes chat messages only"
    assert problem.mend.startswith("let one of these play 'generator': ")
    assert "openai" in problem.mend
    assert "chatter" not in problem.mend


def test_a_plain_template_has_no_system_prompt(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is plain, and has a system prompt"):
        teller(tmp_path, {**PLAIN, "system": "Be brief."}, {"type": "openai", "model": "m", "api_key": "k"})


def test_more_votes_cost_only_the_votes_that_are_new(tmp_path: Path, server: ModelServer) -> None:
    chat = {"prompt": "Tell of {{ topic }}."}
    good = {"prompt": "Is it good? {{ answer }} {{ reply_format }}", "reply": {"score": {"from": 0, "to": 3}}}
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "good.yaml").write_text(json.dumps(good))
    build = BUILDER.replace('into="answer")', 'into="answer"), Judge("good", keep=at_least(0))')
    build = build.replace("Generate,", "Generate, Judge, at_least,")
    served = []
    for votes in (1, 3):
        judge = {"name": "validator", "type": "lm_judge", "votes": votes, "lm_config": openai(server)}
        teller(tmp_path, chat, openai(server), code=build, blocks=[judge], accept_changes=True)
        served.append(len(server.requests))
    assert served == [4, 8]


@pytest.mark.parametrize(
    ("finish", "left_out", "said"),
    [
        ("stop", None, []),
        ("length", {"cut": 2}, ["tell: 2 replies cut off by the limit of tokens; raise max_tokens"]),
    ],
)
def test_replies_that_were_cut_off_are_counted_and_said(tmp_path, finish, left_out, said) -> None:
    with ModelServer(answer=lambda body: Answer("tides rise and", finish=finish)).in_thread() as server:
        teller(tmp_path, {"prompt": "Tell of {{ topic }}."}, openai(server))
    stages = json.loads((tmp_path / "out" / "tell" / "run.json").read_text())["stages"]
    assert stages[0].get("left_out") == left_out
    assert list(what_was_left_out(stages)) == said

"""Magpie end to end: offline, against the stand-in server, and what happens when a turn goes wrong."""

from __future__ import annotations

import re

import fms_dgt
import pytest
from fms_dgt.core.row import Row
from fms_dgt.errors import InputError, Rejected
from fms_dgt.testing.tiny_gguf import write_tiny_gguf
from fms_dgt.testing import ModelServer, prompt_of

from fms_dgt.builders.magpie.chat_format import FORMATS
from fms_dgt.builders.magpie.stages import first_instruction, more_turns
from fms_dgt.config import PlanRequest, load_plan
from fms_dgt.config.shipped import shipped_names
from fms_dgt.core.generator import Completion
from fms_dgt.core.kit import Reply
from fms_dgt.plugins import Plugins
from fms_dgt.runner import check

OFF = {"enabled": False}
BARE = {name: OFF for name in ("dedup_instruction", "judge_quality", "judge_difficulty")}
CHAT_ONLY = """
from fms_dgt.generators.simulated.generator import SimulatedGenerator


class ChatOnly(SimulatedGenerator):
    completes = False
"""


def task(**said):
    return {
        "task_name": "talk",
        "task_description": "Conversations.",
        "created_by": "us",
        "data_builder": "magpie",
        **said,
    }


def run(folder, said=None, generator="simulated", stages=None, wanted=5, **more):
    config = {"databuilders": {"magpie": {"stages": stages or {}, **more.pop("options", {})}}}
    return fms_dgt.run(
        task(**(said or {})),
        config=config,
        generator=generator,
        num_outputs_to_generate=wanted,
        output_dir=folder,
        **more,
    )


def teacher(server, model="Qwen/Qwen2.5-7B-Instruct"):
    return {"type": "openai", "model": model, "base_url": server.base_url, "api_key": "k"}


def test_offline_each_record_has_an_instruction_its_scores_and_an_answer(tmp_path):
    records = list(run(tmp_path, {"system_prompt": ["You are a cook.", "You are a gardener."]}).records)
    assert len(records) == 5
    for record in records:
        assert record["instruction"]
        assert record["response"]
        assert record["quality_score"] >= 3
        assert 1 <= record["difficulty_score"] <= 5


@pytest.mark.parametrize("wanted", [1, 7, 70])
def test_as_many_records_are_made_as_were_asked_for(tmp_path, wanted):
    """The fault of others: 70 asked for gave 100 rows, and no end."""
    outcome = run(tmp_path, stages=BARE, wanted=wanted)
    assert outcome.complete
    assert len(list(outcome.records)) == wanted


def test_the_draw_of_system_prompts_follows_the_seed_alone(tmp_path):
    said = {"system_prompt": {"a": ["A.", 0.7], "b": ["B.", 0.3]}}

    def names(folder, **settings):
        outcome = run(tmp_path / folder, said, stages=BARE, wanted=30, **settings)
        return [record["system_prompt_name"] for record in outcome.records]

    first = names("1")
    assert first == names("2", max_concurrency=1)
    assert first != names("3", seed=8)
    assert 12 <= first.count("a") <= 29


def test_the_filters_can_be_switched_off(tmp_path):
    stages = {name: OFF for name in ("instruction_length", "response_length", "refusal", *BARE)}
    outcome = run(tmp_path, stages=stages)
    assert outcome.counts["calls"] == 10
    assert outcome.records[0].keys() == {"system_prompt", "system_prompt_name", "instruction", "response"}


def test_instructions_alone_cost_one_call_each(tmp_path):
    outcome = run(tmp_path, {"only_instruction": True}, stages=BARE)
    assert outcome.counts["calls"] == 5
    assert all("response" not in record for record in outcome.records)


def test_several_turns_become_messages(tmp_path):
    outcome = run(tmp_path, {"turns": 3, "system_prompt": "You are a cook."}, stages=BARE)
    for record in outcome.records:
        roles = [message["role"] for message in record["messages"]]
        assert roles == ["system", *["user", "assistant"] * 3]
        assert record["messages"][1]["content"] == record["instruction"]
        assert record["messages"][2]["content"] == record["response"]


def answer(body):
    """A user's turn where a prompt is completed, else an answer."""
    if "prompt" not in body:
        if "Judge" in prompt_of(body) or "judge" in prompt_of(body):
            return "<reason>It is clear.</reason><score>4</score>"
        return "It is so because of the moon, in short."
    return f"What is number {body['seed']} good for?"


def test_a_server_gets_the_users_header_as_it_stands_and_the_answer_as_a_chat(tmp_path):
    with ModelServer(answer=answer).in_thread() as server:
        outcome = run(tmp_path, generator=teacher(server), stages={"dedup_instruction": OFF}, wanted=3)
        plain = [one for one in server.requests if one.path.endswith("/v1/completions")]
        chats = [one for one in server.requests if one.path.endswith("/chat/completions")]
    assert outcome.complete
    assert {one.prompt for one in plain} == {"<|im_start|>user\n"}
    assert all(one.body["stop"] == ["<|im_end|>"] for one in plain)
    instructions = {record["instruction"] for record in outcome.records}
    asked = {one.body["messages"][0]["content"] for one in chats if len(one.body["messages"]) == 1}
    assert instructions <= asked
    assert {record["response"] for record in outcome.records} == {"It is so because of the moon, in short."}


@pytest.mark.parametrize(("system", "roles"), [("", ["user"]), ("You are a cook.", ["system", "user"])])
def test_the_answer_is_asked_for_under_the_same_system_prompt_and_without_an_empty_one(
    tmp_path, system, roles
):
    with ModelServer(answer=answer).in_thread() as server:
        run(tmp_path, {"system_prompt": system}, generator=teacher(server), stages=BARE, wanted=1)
        chats = [one.body["messages"] for one in server.requests if "messages" in one.body]
    assert {tuple(message["role"] for message in chat) for chat in chats} == {tuple(roles)}


def test_a_turn_that_cannot_be_had_ends_the_row_and_no_other(tmp_path):
    """The fault of others: the conversation then began with an answer."""

    def silent(body):
        return "" if body.get("seed", 0) % 2 else answer(body)

    with ModelServer(answer=silent).in_thread() as server:
        outcome = run(tmp_path, {"turns": 2}, generator=teacher(server), stages=BARE, wanted=4)
    records = list(outcome.records)
    assert len(records) == 4
    assert all(
        [message["role"] for message in record["messages"]] == ["user", "assistant"] * 2 for record in records
    )
    assert all(message["content"] for record in records for message in record["messages"])
    assert {rejection["reason"] for rejection in outcome.rejections} == {"unreadable reply"}


def test_refusals_and_repetitions_are_dropped(tmp_path):
    """Others have neither filter."""

    def repeats(body):
        if "prompt" in body:
            return "How do I boil an egg?" if body["seed"] % 2 else f"What is number {body['seed']} good for?"
        return (
            "I'm sorry, but I can't help with that." if "7" in prompt_of(body) else "It is good for counting."
        )

    with ModelServer(answer=repeats).in_thread() as server:
        stages = {name: OFF for name in ("judge_quality", "judge_difficulty")}
        blocks = [{"name": "dedup", "threshold": 1.0}]
        outcome = run(
            tmp_path,
            generator=teacher(server),
            stages=stages,
            options={"blocks": blocks},
            wanted=12,
            max_stalled_requests=50,
        )
    instructions = [record["instruction"] for record in outcome.records]
    assert len(set(instructions)) == len(instructions) == 12
    assert {record["response"] for record in outcome.records} == {"It is good for counting."}
    assert {rejection["stage"] for rejection in outcome.rejections} == {"dedup_instruction", "refusal"}


class SayingKit:
    """Goes on from any text with the next of some turns."""

    def __init__(self, *turns, cut=False):
        self.turns, self.cut, self.texts = list(turns), cut, []

    async def ask(self, role, template, *, params=None, **values):
        self.texts.append(values["text"])
        text = self.turns.pop(0)
        return Reply(text, text, Completion(text), self.cut)


@pytest.mark.parametrize(
    ("said", "cut", "reason"),
    [
        ("How far is the", True, "the instruction breaks off"),
        (
            "Why?<|im_end|>\n<|im_start|>assistant",
            False,
            "the instruction has marks of the chat template in it",
        ),
        ("Why is the sky blue?assistant\n\nBecause", False, "the instruction goes on into the next turn"),
        ("Why is the sky blue?\nassistant\nBecause", False, "the instruction goes on into the next turn"),
        ("Tell me about tides.assistant\n\nThey", False, "the instruction goes on into the next turn"),
    ],
)
async def test_what_is_no_whole_turn_is_rejected(said, cut, reason):
    row = Row("0", {"system_prompt": ""})
    with pytest.raises(Rejected, match=f"^{reason}$"):
        await first_instruction(FORMATS["qwen"]).run(row, SayingKit(said, cut=cut))


@pytest.mark.parametrize(
    "said",
    [
        "Write an email to my assistant.",
        "Who is the user?\nTell me.",
        "Model trains?",
        "Why does this fail?\n\ndef name(request):\n    return request.user\n",
        "Who is it here?\nx = self.model\nreturn request.user\n",
    ],
)
async def test_words_about_roles_are_no_next_turn(said):
    row = await first_instruction(FORMATS["qwen"]).run(Row("0", {"system_prompt": ""}), SayingKit(said))
    assert row["instruction"] == said


async def test_each_turn_is_asked_for_with_all_before_it():
    kit = SayingKit("Q2", "A2", "Q3", "A3")
    row = Row("0", {"system_prompt": "", "instruction": "Q1", "response": "A1"})
    await more_turns(FORMATS["phi4_mini"], 3).run(row, kit)
    assert kit.texts[-1] == (
        "<|user|>Q1<|end|><|assistant|>A1<|end|><|user|>Q2<|end|><|assistant|>A2<|end|><|user|>Q3<|end|><|assistant|>"
    )


@pytest.mark.parametrize(
    ("generator", "options", "words"),
    [
        (
            {"type": "openai", "model": "gpt-4o-mini", "api_key": "k"},
            {},
            "the name of the model 'gpt-4o-mini' does not say which chat template it has; "
            "set 'chat_format' in the config: gemma, granite, llama3",
        ),
        ("simulated", {"chat_format": "quen"}, "there is no chat format 'quen'; did you mean 'qwen'?"),
        (
            {"type": "openai", "model": "meta-llama/Llama-3.1-8B-Instruct", "api_key": "k"},
            {"chat_format": "qwen"},
            "the chat format is to be 'qwen', and the model 'meta-llama/Llama-3.1-8B-Instruct' has 'llama3'",
        ),
        ("simulated", {"chat_format": {"usr": ["", ""]}}, "unknown key 'usr'"),
    ],
)
def test_a_chat_template_that_is_not_known_is_told_before_the_first_call(tmp_path, generator, options, words):
    with pytest.raises(InputError) as caught:
        run(tmp_path, generator=generator, options=options)
    assert words in str(caught.value)


def test_a_name_that_says_nothing_leaves_it_to_the_models_own_template(tmp_path):
    pytest.importorskip("xllamacpp")
    pytest.importorskip("gguf")
    turn = "<|start_of_role|>{{ message.role }}<|end_of_role|>{{ message.content }}<|end_of_text|>"
    loop = "{% for message in messages %}" + turn + "{% endfor %}"
    path = write_tiny_gguf(tmp_path / "mine.gguf", chat_template=loop)
    model = {"type": "llama.cpp", "model": str(path), "context_size": 256, "max_tokens": 8, "threads": 1}
    outcome = run(tmp_path / "out", generator=model, stages=BARE, wanted=1, max_calls=1)
    assert outcome.counts["calls"] == 1


def test_a_model_with_a_name_of_its_own_is_used_with_the_format_that_is_said(tmp_path):
    with ModelServer(answer=answer).in_thread() as server:
        options = {"chat_format": "granite"}
        outcome = run(tmp_path, generator=teacher(server, "mine"), options=options, stages=BARE, wanted=1)
        prompts = {one.prompt for one in server.requests if "prompt" in one.body}
    assert outcome.complete
    assert prompts == {"<|start_of_role|>user<|end_of_role|>"}


def test_a_backend_that_cannot_complete_text_is_refused_with_those_that_can(tmp_path):
    plugin = tmp_path / "chat_only.py"
    plugin.write_text(CHAT_ONLY)
    options = {"chat_format": "qwen"}
    with pytest.raises(InputError) as caught:
        run(tmp_path / "out", generator="chat_only", options=options, include=[plugin])
    said = str(caught.value)
    assert "the template 'turn' is plain, and chat_only takes chat messages only" in said
    assert re.search(r"let one of these play 'generator': .*llama.cpp.*openai.*simulated.*transformers", said)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"turns": 0}, "it must be 1 or more"),
        ({"turns": 2, "only_instruction": True}, "leaves no answer that a second turn could follow"),
        ({"system_promt": "x"}, "did you mean 'system_prompt'?"),
    ],
)
def test_slips_in_the_task_are_told(tmp_path, said, words):
    with pytest.raises(InputError) as caught:
        run(tmp_path, said)
    assert words in str(caught.value)


KEYS = ("WATSONX_URL", "WATSONX_API_KEY", "WATSONX_PROJECT_ID", "OPENAI_API_KEY", "RITS_API_KEY")


@pytest.mark.parametrize("config", shipped_names("configs"))
def test_with_each_shipped_config_it_binds_or_asks_for_the_chat_format(config, tmp_path, monkeypatch):
    for name in (*KEYS, "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY"):
        monkeypatch.setenv(name, "https://us-south.ml.cloud.ibm.com")
    plan = load_plan(PlanRequest(tasks=["magpie"], config=config, cwd=tmp_path))
    try:
        assert check(plan, Plugins.discover()).tasks[0].stages
    except InputError as error:
        assert all(
            "which chat template it has; set 'chat_format'" in problem.what + "; " + problem.mend
            for problem in error.problems
        )

"""Magpie against a model in this process: the token text that is sent, for Qwen's and Llama's templates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest

import fms_dgt
from fms_dgt.runner.trace import TracedCall, trace
from fms_dgt.testing.tiny_gguf import write_tiny_gguf

SYSTEM = "You are a cook."
QWEN = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA = (
    "{% for message in messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    " + message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
    "{{ content }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
# what begins a text, what ends a turn, padding, and the rest
QWEN_TOKENS = ("<|endoftext|>", "<|im_end|>", "<|pad|>", "<|im_start|>")
LLAMA_TOKENS = ("<|begin_of_text|>", "<|eot_id|>", "<|pad|>", "<|start_header_id|>", "<|end_header_id|>")

FILTERS = ("instruction_length", "dedup_instruction", "judge_quality", "judge_difficulty", "response_length")


class Family:
    """A family of models: its name, its chat template, its tokens."""

    def __init__(self, name: str, template: str, tokens: tuple[str, ...], begin: str, user: str) -> None:
        self.name, self.template, self.tokens, self.begin, self.user = name, template, tokens, begin, user

    def rendered(self, messages: list[dict[str, str]], *, answers: bool) -> str:
        """What the model's own chat template makes of a conversation."""
        template = jinja2.Environment().from_string(self.template)
        return template.render(messages=messages, add_generation_prompt=answers, bos_token=self.begin)

    def tokens_of(self, text: str) -> list[str]:
        """The tokens of a text: special ones whole, all else in bytes."""
        marks = "|".join(map(re.escape, self.tokens))
        parts = [part for part in re.split(f"({marks})", text) if part]
        return [
            token
            for part in parts
            for token in ([part] if part in self.tokens else [f"{byte}" for byte in part.encode()])
        ]


# Qwen's models have no token that begins a text
FAMILIES = [
    Family("qwen2.5-tiny", QWEN, QWEN_TOKENS, "", "<|im_start|>user\n"),
    Family(
        "llama-3-tiny",
        LLAMA,
        LLAMA_TOKENS,
        "<|begin_of_text|>",
        "<|start_header_id|>user<|end_header_id|>\n\n",
    ),
]


@pytest.fixture(scope="module", params=FAMILIES, ids=lambda family: family.name)
def family(request) -> Family:
    return request.param


@pytest.fixture(scope="module")
def model(family, tmp_path_factory) -> Path:
    return write_tiny_gguf(
        tmp_path_factory.mktemp("models") / f"{family.name}.gguf",
        chat_template=family.template,
        special=family.tokens,
        adds_begin=bool(family.begin),
        # its turns are short
        seed=3,
    )


def calls_of(folder: Path, model: Path, **said: Any) -> tuple[dict[str, Any], list[TracedCall]]:
    """The first record of a run, and the calls behind it."""
    task = {
        "task_name": "talk",
        "task_description": "Conversations.",
        "created_by": "us",
        "data_builder": "magpie",
        **said,
    }
    options = {
        "model_id_or_path": str(model),
        "context_size": 8192,
        "parallel": 1,
        "threads": 1,
        "max_tokens": 500,
    }
    stages = {name: {"enabled": False} for name in (*FILTERS, "refusal")}
    if "turns" not in said:
        stages["response"] = {"params": {"temperature": 1}}
    outcome = fms_dgt.run(
        task,
        config={"databuilders": {"magpie": {"stages": stages}}},
        generator={"type": "llama_cpp", **options},
        num_outputs_to_generate=1,
        max_stalled_requests=20,
        output_dir=folder,
    )
    assert outcome.complete
    calls = trace(folder / "talk", 1).calls
    # random weights say nothing at times, and are asked once more; a chat then has turns about that, too
    chats = [c for c in calls if c.request["messages"]]
    texts = [c for c in calls if not c.request["messages"] and c.completion["text"].strip()]
    return outcome.records[0], [*texts, *chats[:1]]


def sent(call: TracedCall) -> str:
    return call.request["prompt"]


def expected_turns(record: dict[str, Any]) -> list[dict[str, str]]:
    system = [{"role": "system", "content": record["system_prompt"]}] if record["system_prompt"] else []
    return [*system, {"role": "user", "content": record["instruction"]}]


@pytest.mark.parametrize("system", ["", SYSTEM])
def test_one_turn_is_asked_for_with_the_text_before_a_users_turn_alone(tmp_path, family, model, system):
    record, (instruction, response) = calls_of(tmp_path, model, system_prompt=system)
    begun = (
        family.rendered([{"role": "system", "content": system}], answers=False) if system else family.begin
    )
    whole = begun + family.user
    # the first token is the backend's business: it is counted below, and never sent
    assert sent(instruction) == whole.removeprefix(family.begin)
    assert instruction.completion["input_tokens"] == len(family.tokens_of(whole))
    # the answer is a chat, set in the model's own template by the backend
    assert response.request["messages"] == expected_turns(record)
    whole = family.rendered(expected_turns(record), answers=True)
    assert response.completion["input_tokens"] == len(family.tokens_of(whole))


@pytest.mark.parametrize("system", ["", SYSTEM])
def test_three_turns_are_asked_for_as_the_models_own_template_writes_them(tmp_path, family, model, system):
    record, calls = calls_of(tmp_path, model, system_prompt=system, turns=3)
    messages = record["messages"]
    roles = [message["role"] for message in messages]
    assert roles == [*(["system"] if system else []), *["user", "assistant"] * 3]
    turns = [at for at, role in enumerate(roles) if role != "system"]
    assert len(calls) == len(turns)
    for call, at in zip(calls, turns, strict=True):
        answers = roles[at] == "assistant"
        begun = family.rendered(messages[:at], answers=answers) if messages[:at] else family.begin
        whole = begun if answers else begun + family.user
        assert sent(call) == whole.removeprefix(family.begin)
        assert call.completion["input_tokens"] == len(family.tokens_of(whole))
        assert call.completion["text"].strip() == messages[at]["content"]

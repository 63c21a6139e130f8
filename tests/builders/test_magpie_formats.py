"""Chat templates token for token, which model has which, and the system prompts of a task."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from skills_samples import decoded

from fms_dgt.builders.magpie.chat_format import FORMATS, ChatFormat, format_of
from fms_dgt.builders.magpie.system_prompts import SystemPrompts

U1, A1, U2 = (
    {"role": role, "content": text} for role, text in (("user", "U1"), ("assistant", "A1"), ("user", "U2"))
)

# what stands before a user's second turn, and before the answer to it, under the system prompt S
WRITTEN = {
    "llama3": (
        "<|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nU1<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nA1<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n",
        "U2<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    "qwen": (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU1<|im_end|>\n"
        "<|im_start|>assistant\nA1<|im_end|>\n<|im_start|>user\n",
        "U2<|im_end|>\n<|im_start|>assistant\n",
    ),
    "granite": (
        "<|start_of_role|>system<|end_of_role|>S<|end_of_text|>\n"
        "<|start_of_role|>user<|end_of_role|>U1<|end_of_text|>\n"
        "<|start_of_role|>assistant<|end_of_role|>A1<|end_of_text|>\n"
        "<|start_of_role|>user<|end_of_role|>",
        "U2<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
    ),
    "mistral_v1": (" [INST] S\n\nU1 [/INST] A1</s> [INST]", " U2 [/INST]"),
    "mistral_small": (
        "[SYSTEM_PROMPT]S[/SYSTEM_PROMPT][INST]U1[/INST]A1</s>[INST]",
        "U2[/INST]",
    ),
    # here the system prompt stands in the last user's turn, so it is there before that turn is written
    "mistral_v3": ("[INST] U1[/INST] A1</s>[INST] S\n\n", "U2[/INST]"),
    "mistral_nemo": ("[INST]U1[/INST]A1</s>[INST]S\n\n", "U2[/INST]"),
    "gemma": (
        "<start_of_turn>user\nS\n\nU1<end_of_turn>\n<start_of_turn>model\nA1<end_of_turn>\n"
        "<start_of_turn>user\n",
        "U2<end_of_turn>\n<start_of_turn>model\n",
    ),
    "phi3": (
        "<|system|>\nS<|end|>\n<|user|>\nU1<|end|>\n<|assistant|>\nA1<|end|>\n<|user|>\n",
        "U2<|end|>\n<|assistant|>\n",
    ),
    "phi4": (
        "<|im_start|>system<|im_sep|>S<|im_end|><|im_start|>user<|im_sep|>U1<|im_end|>"
        "<|im_start|>assistant<|im_sep|>A1<|im_end|><|im_start|>user<|im_sep|>",
        "U2<|im_end|><|im_start|>assistant<|im_sep|>",
    ),
    "phi4_mini": (
        "<|system|>S<|end|><|user|>U1<|end|><|assistant|>A1<|end|><|user|>",
        "U2<|end|><|assistant|>",
    ),
}


def test_every_format_is_asserted():
    assert WRITTEN.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", FORMATS)
def test_turns_are_written_as_the_models_template_does(name):
    form, (user, rest) = FORMATS[name], WRITTEN[name]
    assert form.before_user("S", [U1, A1]) == user
    assert form.before_assistant("S", [U1, A1, U2]) == user + rest


PRE_QUERY = {
    "llama3": "<|start_header_id|>user<|end_header_id|>\n\n",
    "qwen": "<|im_start|>user\n",
    "granite": "<|start_of_role|>user<|end_of_role|>",
    "mistral_v1": " [INST]",
    "mistral_v3": "[INST]",
    "mistral_nemo": "[INST]",
    "mistral_small": "[INST]",
    "gemma": "<start_of_turn>user\n",
    "phi3": "<|user|>\n",
    "phi4": "<|im_start|>user<|im_sep|>",
    "phi4_mini": "<|user|>",
}


@pytest.mark.parametrize("name", FORMATS)
def test_without_a_system_prompt_a_conversation_begins_with_the_users_header_alone(name):
    assert FORMATS[name].before_user("", []) == PRE_QUERY[name]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("system", ["", "S"])
def test_no_answer_is_begun_before_a_users_turn(name, system):
    """The fault of others: an assistant's header, left over, in front of each user's header."""
    form = FORMATS[name]
    before = form.before_user(system, [U1, A1])
    begun = form.assistant[0]
    assert not begun or before.count(begun) == 1
    assert form.before_assistant(system, [U1]) not in form.before_user(system, [U1, A1]).partition("A1")[2]


@pytest.mark.parametrize("name", FORMATS)
def test_the_first_token_of_a_text_is_left_to_the_backend(name):
    """The fault of others: it stood in the middle of the prompt from the second turn on."""
    text = FORMATS[name].before_assistant("S", [U1, A1, U2])
    assert not any(first in text for first in ("<|begin_of_text|>", "<s>", "<bos>", "<|endoftext|>"))


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("meta-llama/Meta-Llama-3-8B-Instruct", "llama3"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama3"),
        ("meta-llama/llama-3-3-70b-instruct", "llama3"),
        ("llama3.2:3b", "llama3"),
        ("models/Llama-3.2-1B-Instruct-Q4_K_M.gguf", "llama3"),
        ("Qwen/Qwen2-7B-Instruct", "qwen"),
        ("Qwen/Qwen2.5-Coder-7B-Instruct", "qwen"),
        ("bartowski/Qwen2.5-7B-Instruct-GGUF:Qwen2.5-7B-Instruct-Q4_K_M.gguf", "qwen"),
        ("Qwen/Qwen3-30B-A3B", "qwen"),
        ("ibm-granite/granite-3.3-8b-instruct", "granite"),
        ("ibm/granite-3-8b-instruct", "granite"),
        ("ibm-granite/granite-4.0-h-small", "granite"),
        ("mistralai/Mistral-7B-Instruct-v0.2", "mistral_v1"),
        ("mistralai/mixtral-8x7b-instruct-v01", "mistral_v1"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "mistral_v3"),
        ("mistralai/Mistral-Nemo-Instruct-2407", "mistral_nemo"),
        ("mistralai/Mistral-Small-24B-Instruct-2501", "mistral_small"),
        ("google/gemma-2-9b-it", "gemma"),
        ("google/gemma-3-27b-it", "gemma"),
        ("microsoft/Phi-3-mini-4k-instruct", "phi3"),
        ("microsoft/Phi-3.5-mini-instruct", "phi3"),
        ("microsoft/phi-4", "phi4"),
        ("microsoft/Phi-4-mini-instruct", "phi4_mini"),
        # other people's work on such a model may have any template
        ("NousResearch/Hermes-3-Llama-3.1-8B", None),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", None),
        ("teknium/OpenHermes-2.5-Mistral-7B", None),
        ("meta-llama/Llama-2-7b-chat-hf", None),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", None),
        ("Qwen/Qwen3.5-9B", None),
        ("google/gemma-4-31b-it", None),
        ("mistralai/Mistral-Large-Instruct-2411", None),
        ("gpt-4o-mini", None),
        ("", None),
    ],
)
def test_a_models_own_name_says_its_format_or_nothing(model, name):
    assert format_of(model) == name


def test_ones_own_format_is_what_stands_around_the_turns():
    said = {"user": ["U: ", "\n"], "assistant": ["A: ", "\n"], "system": ["S: ", "\n"], "stop": ["\n"]}
    form, problems = decoded(ChatFormat, said)
    assert not problems
    assert form.before_user("s", [U1, A1]) == "S: s\nU: U1\nA: A1\nU: "


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"assistant": ["A", ""]}, "the key 'user' is missing"),
        ({"user": ["U"], "assistant": ["A", ""]}, "two texts each"),
        ({"user": ["", ""], "assistant": ["A", ""]}, "what stands before a user's turn is empty"),
        ({"user": ["U", ""], "assistant": ["A", ""]}, "says nothing of a system turn"),
    ],
)
def test_a_format_of_ones_own_must_be_whole(said, words):
    _, problems = decoded(ChatFormat, said)
    assert words in problems[0]


def prompts(said) -> SystemPrompts:
    problems: list = []
    value = SystemPrompts.from_node(node(said), problems)
    assert value is not None, problems
    return value


def node(said):
    from fms_dgt.core.node import Node

    return Node.of(said, "task.yaml")


def drawn(said, times=4000) -> dict[str, float]:
    found, random = prompts(said), Random(7)
    counts = Counter(found.drawn(random)["system_prompt"] for _ in range(times))
    return {text: count / times for text, count in counts.items()}


@pytest.mark.parametrize(
    ("said", "shares"),
    [
        ("a", {"a": 1.0}),
        (["a", "b"], {"a": 0.5, "b": 0.5}),
        ({"x": "a", "y": {"text": "b", "weight": 3}}, {"a": 0.25, "b": 0.75}),
        ({"x": ["a", 7], "y": ["b", 2], "z": ["c", 1]}, {"a": 0.7, "b": 0.2, "c": 0.1}),
        # sums that are 1 but for the last bit were refused by others
        ({"x": ["a", 0.7], "y": ["b", 0.2], "z": ["c", 0.1]}, {"a": 0.7, "b": 0.2, "c": 0.1}),
        ({str(n): [str(n), 0.1] for n in range(10)}, {str(n): 0.1 for n in range(10)}),
    ],
)
def test_weights_are_shares_of_their_sum(said, shares):
    found = drawn(said)
    assert found.keys() == shares.keys()
    assert all(abs(found[text] - share) < 0.03 for text, share in shares.items())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (3, "must say system prompts, not be a number"),
        ([""], "is no system prompt"),
        ({"x": {"text": "a", "wieght": 2}}, "is no system prompt"),
        ({"x": ["a", -1]}, "the weight -1 is no share"),
        ({"x": ["a", "b"]}, "the weight b is no share"),
        ({"x": ["a", 0]}, "has no weight above 0"),
    ],
)
def test_what_is_no_system_prompt_is_told(said, words):
    problems: list = []
    assert SystemPrompts.from_node(node(said), problems) is None
    assert words in str(problems[0])


def test_without_system_prompts_the_columns_are_empty():
    assert prompts("").drawn(Random(0)) == {"system_prompt": "", "system_prompt_name": ""}

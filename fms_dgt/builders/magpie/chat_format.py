"""How a model's chat template writes the turns of a conversation, token for token.

No text here begins with a model's first token (`<|begin_of_text|>`, `<s>`, `<bos>`): every backend that
completes text puts it there itself, where the model has one, and a second one spoils the answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fms_dgt.core.typed import option

Turn: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ChatFormat:
    """What stands before and after each turn.

    `system_in` says where a system prompt goes: into a turn of its own, or in front of the first or the
    last user's turn, with an empty line between.
    """

    user: tuple[str, str] = option(help="add 'user: [BEFORE, AFTER]', what stands around a user's turn")
    assistant: tuple[str, str] = option(help="add 'assistant: [BEFORE, AFTER]'")
    system: tuple[str, str] = option(("", ""), help="around a system turn")
    system_in: Literal["own", "first", "last"] = option("own", help="the turn that a system prompt is in")
    gap: str = option("", help="what stands before a text, and a model writes itself where it begins a turn")
    stop: list[str] = option(default_factory=list, help="texts that end a turn, beside the model's own")

    def __post_init__(self) -> None:
        if len(self.user) != 2 or len(self.assistant) != 2 or len(self.system) != 2:
            raise ValueError("user, assistant and system are two texts each: what stands before and after")
        if not self.user[0].strip():
            raise ValueError(
                "user: what stands before a user's turn is empty; the model would not know whose it is"
            )
        if self.system_in == "own" and not any(self.system):
            raise ValueError(
                "says nothing of a system turn; add 'system: [BEFORE, AFTER]' or 'system_in: first'"
            )

    def before_user(self, system: str, turns: Sequence[Turn]) -> str:
        """The text up to where the next user's turn begins: the model goes on as the user."""
        return (
            self._written(system, turns, in_next=True)
            + self.user[0]
            + self._inside(system, first=not turns, last=True)
        )

    def before_assistant(self, system: str, turns: Sequence[Turn]) -> str:
        """The text up to where the assistant answers the last of the turns."""
        return self._written(system, turns) + self.assistant[0]

    def _written(self, system: str, turns: Sequence[Turn], *, in_next: bool = False) -> str:
        begin, end = self.system
        text = f"{begin}{system}{end}" if system and self.system_in == "own" else ""
        users = [at for at, turn in enumerate(turns) if turn["role"] == "user"]
        for at, turn in enumerate(turns):
            begin, end = self.user if turn["role"] == "user" else self.assistant
            lead = ""
            if turn["role"] == "user":
                lead = self._inside(system, first=at == 0, last=at == users[-1] and not in_next)
            text += f"{begin}{lead or self.gap}{turn['content']}{end}"
        return text

    def _inside(self, system: str, *, first: bool, last: bool) -> str:
        """The system prompt, where it stands in this user's turn."""
        here = (first and self.system_in == "first") or (last and self.system_in == "last")
        return f"{self.gap}{system}\n\n" if system and here else ""

    @property
    def marks(self) -> frozenset[str]:
        """The texts that belong to the format and to no turn."""
        parts = [*self.user, *self.assistant, *self.system, *self.stop]
        return frozenset(found for part in parts for found in _MARK.findall(part))


_MARK = re.compile(r"<\|[^|<>]+\|>|<[a-z_/]+>|\[/?[A-Z_]+\]")


def _with_roles(begin: str, between: str, end: str) -> ChatFormat:
    """A format whose turns are begun alike, by their roles' names."""
    system, user, assistant = ((f"{begin}{role}{between}", end) for role in ("system", "user", "assistant"))
    return ChatFormat(user=user, assistant=assistant, system=system, stop=[end.strip()])


def _mistral(
    before: str, after: str, gap: str, system_in: Literal["own", "first", "last"] = "last"
) -> ChatFormat:
    """Mistral's formats differ in their spaces, and in where the system prompt stands."""
    system = ("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]") if system_in == "own" else ("", "")
    return ChatFormat(
        user=(before, after),
        assistant=("", "</s>"),
        system=system,
        system_in=system_in,
        gap=gap,
        stop=["[/INST]"],
    )


FORMATS: Mapping[str, ChatFormat] = {
    "llama3": _with_roles("<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>"),
    "qwen": _with_roles("<|im_start|>", "\n", "<|im_end|>\n"),
    "granite": _with_roles("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>\n"),
    # Mistral 7B v0.1 and v0.2, Mixtral 8x7B
    "mistral_v1": _mistral(" [INST]", " [/INST]", " ", "first"),
    # Mistral 7B v0.3, Mixtral 8x22B
    "mistral_v3": _mistral("[INST]", "[/INST]", " "),
    "mistral_nemo": _mistral("[INST]", "[/INST]", ""),
    "mistral_small": _mistral("[INST]", "[/INST]", "", "own"),
    # Gemma 1 to 3
    "gemma": ChatFormat(
        user=("<start_of_turn>user\n", "<end_of_turn>\n"),
        assistant=("<start_of_turn>model\n", "<end_of_turn>\n"),
        system_in="first",
        stop=["<end_of_turn>"],
    ),
    "phi3": ChatFormat(
        user=("<|user|>\n", "<|end|>\n"),
        assistant=("<|assistant|>\n", "<|end|>\n"),
        system=("<|system|>\n", "<|end|>\n"),
        stop=["<|end|>"],
    ),
    "phi4": _with_roles("<|im_start|>", "<|im_sep|>", "<|im_end|>"),
    "phi4_mini": ChatFormat(
        user=("<|user|>", "<|end|>"),
        assistant=("<|assistant|>", "<|end|>"),
        system=("<|system|>", "<|end|>"),
        stop=["<|end|>"],
    ),
}

# From the beginning of a model's own name: a name that only contains one of these is often another's
# work with a template of its own (Hermes-3-Llama-3.1 speaks ChatML, DeepSeek-R1-Distill-Qwen neither).
_NAMES: Sequence[tuple[str, str]] = (
    (r"(meta-)?llama-?3([.-][0-3])?(?![.\d])", "llama3"),
    (r"qwen-?(2|2\.5|3)(?![.\d])", "qwen"),
    (r"granite-?[34](?!\d)", "granite"),
    (r"(mistral-7b-instruct-v0\.[12]|mixtral-8x7b)(?!\d)", "mistral_v1"),
    (r"(mistral-7b-instruct-v0\.3|mixtral-8x22b)(?!\d)", "mistral_v3"),
    (r"mistral-nemo", "mistral_nemo"),
    (r"mistral-small(-3|-24b)(?!\d)", "mistral_small"),
    (r"gemma-?(1\.1|2|3|2b|7b)(?![.\d])", "gemma"),
    (r"phi-?3(\.5)?(?![.\d])", "phi3"),
    (r"phi-?4-mini", "phi4_mini"),
    (r"phi-?4(?![.\d])", "phi4"),
    # the stand-in for a model goes on from any text
    (r"simulated$", "qwen"),
)


def format_of(model: str) -> str | None:
    """The name of the format that a model has by its own name; None where that is not clear."""
    name = re.split(r"[/\\:]", model.strip().lower().removesuffix(".gguf"))
    for part in (part for part in reversed(name) if part):
        for pattern, found in _NAMES:
            if re.match(pattern, part):
                return found
    return None

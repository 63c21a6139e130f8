"""Which family a model's chat template is of, by the marks that its text puts around turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

# ChatML's marks are in phi4's template, too; those that are shared by templates which differ are left out
_MARKS: Final[Sequence[tuple[str, Sequence[str]]]] = (
    ("phi4", ("<|im_start|>", "<|im_sep|>", "<|im_end|>")),
    ("qwen", ("<|im_start|>", "<|im_end|>")),
    ("llama3", ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")),
    ("granite", ("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>")),
    ("mistral_small", ("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[INST]", "[/INST]")),
    ("gemma", ("<start_of_turn>", "<end_of_turn>")),
)


def family_of(template: str) -> str:
    """The family that a chat template, in Jinja, is of: its best-known model; "" where that is not clear."""
    found = [name for name, marks in _MARKS if all(mark in template for mark in marks)]
    if found[:2] == ["phi4", "qwen"]:
        found.remove("qwen")
    return found[0] if len(found) == 1 else ""

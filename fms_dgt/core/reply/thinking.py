"""A model's thoughts and the marks of a chat's turns, set apart from its answer."""

from __future__ import annotations

import re
from collections.abc import Collection

from fms_dgt.core.reply.lazy_pattern import LazyPattern

# Quoted or in backticks it is a word of the answer. DeepSeek, Qwen, Magistral, Kimi, Seed, Command, ...
_THINK = LazyPattern(
    r"(?<![`'\"])(?:<(?P<think>/?)(?:seed:)?think>|(?-i:\[(?P<block>/?)THINK\])|\u25c1(?P<arrow>/?)think\u25b7"
    r"|<\|(?:begin_of_thought|START_THINKING|(?P<end>end_of_thought|END_THINKING))\|>)(?![`'\"])",
    re.IGNORECASE,
)
# a block that counts only as one: at the start of a line, and closed
_NOTES = LazyPattern(
    r"(?:^[ \t]{0,12}<(?P<opens>{0})>|(?<![`'\"])</(?P<closes>{0})>)".replace(
        "{0}", "thinking|thoughts?|scratchpad"
    ),
    re.IGNORECASE | re.MULTILINE,
)
_GRANITE = LazyPattern(r"\s{0,100}\*{0,2}Here(?:'s| is) my thought process:?\*{0,2}", re.IGNORECASE)
_GRANITE_ANSWER = LazyPattern(r"\*{0,2}Here(?:'s| is) my response:?\*{0,2}", re.IGNORECASE)
_CHANNEL = LazyPattern(r"<\|channel\|>(?P<name>\w{1,20})[^<>\n]{0,40}<\|message\|>")
_BARE_CHANNELS = LazyPattern(r"\s{0,100}analysis(?=[A-Z])")
_BARE_FINAL = "assistantfinal"

_TURNS = ("[/INST]", "<|", "_of_turn>", "<\uff5c", "s>")
_TURN_BEGINS = LazyPattern(
    r"\s{0,100}(?:<s>|<\|(?:im_start|start_header_id|start_of_role)\|>assistant(?:<\|\w{1,20}\|>)?"
    r"|<start_of_turn>model|<\|(?:START_RESPONSE|begin_of_solution|assistant)\|>)"
)
# only at the end of the reply, or before another one of them: elsewhere it is talked about
_TURN_ENDS = LazyPattern(
    r"(?<![`'\"])(?:<\|(?:im_end|eot_id|eom_id|end|endoftext|end_of_text|return|END_RESPONSE|end_of_solution)\|>"
    r"|<end_of_turn>|<\uff5cend\u2581of\u2581sentence\uff5c>)"
    r"(?=\s{0,100}(?:\Z|<\||<start_of_turn>|<end_of_turn>|<\uff5c))"
)
# another turn begins: on a line of its own, behind the answer
_OTHER_TURN = LazyPattern(
    r"(?<=[^\s])\s{1,100}(?:<\|(?:user|assistant|system)\|>|(?:<\|(?:im_start|start_header_id|start_of_role)\|>|<start_of_turn>)"
    r"(?:user|system|assistant|model)\b)(?=[^\n]{0,40}$)",
    re.MULTILINE,
)
_INSTRUCTION = LazyPattern(r"\s{0,100}(?:<s>)?\s{0,100}\[(?P<ends>/?)INST\]")


def without_thinking(text: str, names: Collection[str] = ()) -> str:
    """The answer alone: no thoughts, and nothing before or after the model's own turn.

    `names` are tags of the answer, which are no thoughts whatever they are called.
    """
    lowered = text.lower()
    if "think" in lowered or "thought" in lowered or "scratchpad" in lowered:
        text = _without_notes(_without_blocks(_without_process(text)), names)
    if text.lstrip().startswith(("<|channel|>", "<|start|>", "analysis")):
        text = _final_channel(text)
    return _one_turn(text)


def _without_blocks(text: str) -> str:
    kept: list[str] = []
    position, thinking = 0, False
    for mark in _THINK.finditer(text):
        closes = any(mark.groups())
        if closes and not thinking:
            kept.clear()  # the chat template had opened it: all so far is thinking
        elif not closes and not thinking:
            kept.append(text[position : mark.start()])
        position, thinking = mark.end(), not closes
    return "" if thinking else "".join((*kept, text[position:]))


def _without_notes(text: str, names: Collection[str]) -> str:
    kept: list[str] = []
    position = 0
    opened: re.Match[str] | None = None
    for mark in _NOTES.finditer(text):
        if (mark["opens"] or mark["closes"]).lower() in names:
            continue
        if opened is None:
            opened = mark if mark["opens"] else None
        elif mark["closes"] and mark["closes"].lower() == opened["opens"].lower():
            kept.append(text[position : opened.start()])
            position, opened = mark.end(), None
    if opened is not None and not text[: opened.start()].strip():
        return ""
    return "".join((*kept, text[position:]))


def _without_process(text: str) -> str:
    if not _GRANITE.match(text):
        return text
    answer = _GRANITE_ANSWER.search(text)
    return text[answer.end() :] if answer else ""


def _final_channel(text: str) -> str:
    channels = list(_CHANNEL.finditer(text))
    if channels:
        last = channels[-1]
        return text[last.end() :] if last["name"] == "final" else ""
    if _BARE_CHANNELS.match(text) and _BARE_FINAL in text:
        return text.rpartition(_BARE_FINAL)[2]
    return text


def _one_turn(text: str) -> str:
    # most replies have no bracket of any kind, and so none of the marks
    if not ("<" in text or ">" in text or "[" in text) or not any(mark in text for mark in _TURNS):
        return text
    instruction = _INSTRUCTION.match(text)
    if instruction:
        end = (
            instruction.end()
            if instruction["ends"]
            else text.find("[/INST]", instruction.end()) + len("[/INST]")
        )
        text = text[end:] if end >= instruction.end() else text
    begins = _TURN_BEGINS.match(text)
    if begins:
        text = text[begins.end() :]
    ends = _TURN_ENDS.search(text)
    if ends:
        text = text[: ends.start()]
    other = _OTHER_TURN.search(text)
    if other:
        text = text[: other.start()].rstrip()
    stripped = text.rstrip()
    # elsewhere it closes a struck-out text
    return stripped[: -len("</s>")] if stripped.endswith("</s>") and "<s>" not in stripped else text

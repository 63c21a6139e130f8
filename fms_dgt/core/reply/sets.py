"""Which parts of a reply belong together: nothing is paired across a missing part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from fms_dgt.core.reply.chatter import breaks_off, check_one_version, ends_sentence, is_example
from fms_dgt.core.reply.cleaning import plain, says_nothing
from fms_dgt.core.reply.parts import Part, is_rule, without_own_label
from fms_dgt.errors import Unreadable

LONGEST_WITHOUT_END = 3  # words that need no full stop
LONGEST_RUN = 2  # parts of one name, one after the other, before it is a list of them


@dataclass(slots=True)
class PartSet:
    """Texts by name that belong together, and what is written before them."""

    before: str
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sets:
    """The texts of each set, whole or not, and how many more broke off."""

    sets: Sequence[dict[str, str]]
    lost: int = 0


def in_sets(answer: str, parts: Sequence[Part], names: Sequence[str], *, is_cut: bool) -> Sets:
    """The parts in sets: by number where all have one, else each begun by the name that began the first.

    Raises Unreadable where it is unclear which belong together, and where one set takes back another.
    """
    texts = _texts(parts, is_cut)
    by_number = len({(part.number, part.name) for part in parts if part.number}) == len(parts)
    if not by_number:
        _check_order(parts, texts, names)
    sets: list[PartSet] = []
    numbered: dict[str, PartSet] = {}
    position, tail = 0, ""
    for part, text in zip(parts, texts, strict=True):
        known = numbered.get(part.number) if by_number else sets[-1] if sets else None
        if known is None or (not by_number and (part.name == parts[0].name or part.name in known.texts)):
            known = PartSet(f"{tail}\n{answer[position : part.start]}")
            numbered[part.number] = known
            sets.append(known)
        known.texts[part.name] = text
        position, tail = part.end, part.tail
    breaks_off = bool(sets and parts[-1].is_open and not texts[-1] and not any(sets[-1].texts.values()))
    found = [{name: text for name, text in one.texts.items() if text} for one in _last_version(sets)]
    found = [one for one in found if one]
    # in an order of its own, a reply with a gap can be read in two ways
    has_gap = any(len(one) < len(names) for one in found)
    if has_gap and len(found) > 1 and not by_number and parts[0].name != names[0]:
        raise Unreadable(_unclear(names))
    return Sets(found, int(breaks_off))


def _texts(parts: Sequence[Part], is_cut: bool) -> list[str]:
    texts = [without_own_label(plain(part.text), part.name) for part in parts]
    texts = ["" if says_nothing(text, part.name) else text for part, text in zip(parts, texts, strict=True)]
    if parts[-1].is_open and (is_cut or _last_breaks_off(parts, texts)):
        texts[-1] = ""
    return texts


def _last_breaks_off(parts: Sequence[Part], texts: Sequence[str]) -> bool:
    """Whether the last part, which nothing ends, ends in the middle of a sentence."""
    last = texts[-1]
    if not last or ends_sentence(last) or parts[-1].tail.strip():
        return False
    others = [text for part, text in zip(parts[:-1], texts, strict=False) if part.name == parts[-1].name]
    others_end = (
        parts[0].is_closed
        or (len(parts) == 1 and parts[0].in_tag)
        or (len(others) > 1 and all(map(ends_sentence, others)))
    )
    return breaks_off(last) or (others_end and len(last.split()) > LONGEST_WITHOUT_END)


def _check_order(parts: Sequence[Part], texts: Sequence[str], names: Sequence[str]) -> None:
    """Refuses all questions first and then all answers: they cannot be told apart from gaps."""
    there = [part.name for part, text in zip(parts, texts, strict=True) if text or part.is_open]
    runs = [(name, len(list(run))) for name, run in groupby(there)]
    several = {name for name, length in runs if length > 1}
    if len(names) > 1 and (len(several) > 1 or any(length > LONGEST_RUN for _, length in runs)):
        raise Unreadable(_unclear(names))


def _unclear(names: Sequence[str]) -> str:
    order = ", ".join(f"<{name}>" for name in names)
    return f"It is unclear which tags belong together; keep to this order: {order}."


def _last_version(sets: Sequence[PartSet]) -> Sequence[PartSet]:
    """The sets less those that were announced as an example of others."""
    begins = [at for at, one in enumerate(sets) if at == 0 or _announces(one.before)]
    if len(begins) == 1:
        return sets
    check_one_version(sets[at].before for at in begins[1:])
    ends = [*begins[1:], len(sets)]
    groups = [sets[begin:end] for begin, end in zip(begins, ends, strict=True)]
    kept = [one for group in groups if not is_example(group[0].before) for one in group]
    return kept or sets


def _announces(before: str) -> bool:
    lines = [line.strip() for line in before.split("\n")]
    return any(line for line in lines if not is_rule(line) and any(map(str.isalpha, line)))

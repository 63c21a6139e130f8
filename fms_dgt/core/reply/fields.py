"""A reply that has several named parts, once or repeated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.reply.cleaning import clean, key_of, plain, says_nothing, unfenced
from fms_dgt.core.reply.contract import WORDING, Reading, ReplyContract
from fms_dgt.core.reply.json_text import (
    agreed,
    elements_of_broken_list,
    json_in,
    json_within,
    without_examples,
)
from fms_dgt.core.reply.listing import items_schema, the_list
from fms_dgt.core.reply.parts import in_plain_tags, labelled, renamed, tagged
from fms_dgt.core.reply.sets import Sets, in_sets
from fms_dgt.core.reply.table import table_rows
from fms_dgt.core.reply.vocabulary import spellings
from fms_dgt.errors import Unreadable

_CHOICE = re.compile(r"^[ \t*_(\-]{0,8}B[*_]{0,2}[.):]", re.MULTILINE)  # then "A" is one, too


@dataclass(frozen=True)
class FieldsReply(ReplyContract):
    """Named texts. Read as a dict of them; `repeated`, as a list of dicts."""

    names: Sequence[str]
    repeated: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        if not self.names:
            raise ValueError("a reply of fields needs at least one field")
        if len({key_of(name) for name in self.names}) < len(self.names):
            raise ValueError("two fields of a reply have one name")

    def instructions(self, count: int | None, *, as_json: bool) -> str:
        if as_json:
            return f"Reply with one JSON object and nothing else. {self._in_json(count)}"
        nouns = [name.replace("_", " ") for name in self.names]
        tags = ", then ".join(
            f"the {noun} between <{name}> and </{name}>" for noun, name in zip(nouns, self.names, strict=True)
        )
        if not self.repeated or count == 1:
            return f"Write {tags}, and nothing else."
        often = f"{count} times" if count else "as often as there are such sets"
        return f"Write {tags}, {often}, and nothing else."

    def _in_json(self, count: int | None) -> str:
        keys = _listed([f'"{name}"' for name in self.names])
        if len(self.names) == 1:
            form = f"the key {keys}: all of the {self.names[0].replace('_', ' ')}, as text"
        else:
            form = f"the keys {keys}, each with all of its text"
        if not self.repeated:
            return f"It has {form}."
        many = f"exactly {count} objects" if count and count > 1 else "one object" if count else "objects"
        return f'Its key "items" is a list of {many}; each object has {form}.'

    def schema(self, count: int | None) -> Mapping[str, Any]:
        one = {
            "type": "object",
            "properties": {name: {"type": "string"} for name in self.names},
            "required": list(self.names),
            "additionalProperties": False,
        }
        return items_schema(one, count) if self.repeated else one

    def read(self, text: str, *, finish: str = "stop", count: int | None = None) -> Any:
        """The first complete set of fields, or all of them; `count` at the most."""
        return self.reading(text, finish=finish, count=count).value

    def reading(self, text: str, *, finish: str = "stop", count: int | None = None) -> Reading:
        """The complete sets, and how many were lost; where one set is wanted, none is."""
        answer = in_plain_tags(unfenced(clean(text, self._keys)), self.names)
        is_cut = finish == "length"
        found = self._found(answer, is_cut)
        complete = [entry for entry in found.sets if len(entry) == len(self.names)]
        if not complete:
            raise Unreadable(self._missing(found.sets, finish))
        ordered = [{name: entry[name] for name in self.names} for entry in complete]
        if not self.repeated:
            return Reading(ordered[0])
        incomplete = len(found.sets) - len(complete) + found.lost
        # what lacks a part at a cut-off end was on its way
        cut = int(is_cut and (found.lost > 0 or len(found.sets[-1]) < len(self.names)))
        surplus = max(0, len(ordered) - (count or len(ordered)))
        return Reading(ordered[:count], cut, incomplete - cut, surplus)

    @property
    def _keys(self) -> frozenset[str]:
        return frozenset(map(key_of, self.names))

    def _found(self, answer: str, is_cut: bool) -> Sets:
        for words in spellings(self.names, answer, letters=False):
            parts = renamed(tagged(answer, tuple(words)), words)
            if not all(says_nothing(part.text, part.name) for part in parts):
                return in_sets(answer, parts, self.names, is_cut=is_cut)
        return self._of_json(answer) or self._of_table(answer, is_cut) or self._of_labels(answer, is_cut)

    def _of_labels(self, answer: str, is_cut: bool) -> Sets:
        """Behind the names as they were asked for; behind other words where that gives no whole set."""
        first: Sets | None = None
        for words in spellings(self.names, answer, letters=not _CHOICE.search(answer)):
            parts = renamed(labelled(answer, tuple(words)), words)
            found = in_sets(answer, parts, self.names, is_cut=is_cut) if parts else Sets([])
            if any(len(entry) == len(self.names) for entry in found.sets):
                return found
            first = first or found
        return first or Sets([])

    def _of_table(self, answer: str, is_cut: bool) -> Sets | None:
        rows = table_rows(answer, self.names, is_cut=is_cut)
        sets = [{key: text for key, text in row.items() if not says_nothing(text, key)} for row in rows]
        return Sets(sets) if any(sets) else None

    def _of_json(self, answer: str) -> Sets | None:
        sets = list(self._entries(json_in(answer)))
        if sets:
            return Sets(sets)
        within = [one for one in json_within(answer) if any(self._entries(one.value))]
        if within:
            several = self.repeated and all(isinstance(one.value, dict) for one in within)
            kept = without_examples(within, answer) if several else [agreed(within, answer)]
            return Sets([entry for one in kept for entry in self._entries(one.value)])
        broken = elements_of_broken_list(answer)
        sets = list(self._entries(broken.values))
        return Sets(sets, int(broken.has_rest)) if sets else None

    def _entries(self, value: Any) -> Iterator[dict[str, str]]:
        entries = the_list(value, *(key_of(name) for name in self.names))
        if isinstance(value, dict) and not self._keys.isdisjoint(map(key_of, value)):
            entries = [value]
        for entry in entries or ():
            if isinstance(entry, dict):
                texts = {key_of(key): _text(inner) for key, inner in entry.items()}
                found = {name: texts.get(key_of(name), "") for name in self.names}
                yield {name: text for name, text in found.items() if not says_nothing(text, name)}

    def _missing(self, sets: Sequence[Mapping[str, str]], finish: str) -> str:
        best = max(sets, key=len, default={})
        missing = " and ".join(f"<{name}>...</{name}>" for name in self.names if name not in best)
        if finish == "length":
            return f"The reply was cut off before {missing} was complete."
        return f"The reply has no {missing} with text in it."

    def describe(self) -> Mapping[str, Any]:
        return {"kind": "fields", "names": list(self.names), "repeated": self.repeated, "wording": WORDING}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return plain(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else ""


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last

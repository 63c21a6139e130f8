"""A reply that is a list of texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fms_dgt.core.reply.chatter import before_end_mark, last_breaks_off
from fms_dgt.core.reply.cleaning import clean, key_of, plain, says_nothing, unfenced
from fms_dgt.core.reply.contract import WORDING, Reading, ReplyContract
from fms_dgt.core.reply.item_labels import without_labels
from fms_dgt.core.reply.json_text import (
    NOTHING,
    agreed,
    elements_of_broken_list,
    is_schema,
    json_in,
    json_within,
)
from fms_dgt.core.reply.lines import bare_items
from fms_dgt.core.reply.markers import bulleted, lettered, numbered, without_chatter
from fms_dgt.core.reply.parts import COLON, LEAD, Part, in_plain_tags, labelled, renamed, tagged
from fms_dgt.core.reply.sets import in_sets
from fms_dgt.core.reply.table import table_rows
from fms_dgt.core.reply.vocabulary import spellings
from fms_dgt.errors import Unreadable

_PLAIN_LABEL = re.compile(r"[^\d\n]{0,60}[:\uff1a]")
_OTHER_LABEL = re.compile(rf"\n{LEAD}[^\W\d_]{{2,20}}(?:[ ]?\d{{1,3}})?[*_`]{{0,3}}{COLON}")


@dataclass(frozen=True)
class ListReply(ReplyContract):
    """Several texts of one kind. `item` is what one is called, and its tag."""

    item: str = "item"

    def instructions(self, count: int | None, *, as_json: bool) -> str:
        noun = self.item.replace("_", " ")
        if as_json:
            of_what = f"of exactly {count} texts" if count and count > 1 else "of texts"
            of_what = f"of one text, the {noun}" if count == 1 else f"{of_what}, each of them one {noun}"
            return f'Reply with one JSON object and nothing else. Its key "items" is a list {of_what}.'
        tags = f"between <{self.item}> and </{self.item}>"
        if count == 1:
            return f"Write the {noun} {tags}, and nothing else."
        many = f", exactly {count} of them," if count else ","
        return f"Write each {noun} {tags}{many} one after the other, and nothing else."

    def schema(self, count: int | None) -> Mapping[str, Any]:
        return items_schema({"type": "string"}, count)

    def read(self, text: str, *, finish: str = "stop", count: int | None = None) -> list[str]:
        """The readable items, `count` at the most: tagged, JSON, numbered, bulleted, or in a table."""
        items: list[str] = self.reading(text, finish=finish, count=count).value
        return items

    def reading(self, text: str, *, finish: str = "stop", count: int | None = None) -> Reading:
        """The readable items, and how many were lost."""
        names = (self.item,)
        answer = in_plain_tags(unfenced(clean(text, names)), names)
        found = self._found(answer, finish == "length", count)
        items = [item for item in found.items if not says_nothing(item, self.item)]
        if not items:
            raise Unreadable(self._missing(finish))
        return Reading(items[:count], found.cut, found.incomplete, max(0, len(items) - (count or len(items))))

    def _found(self, answer: str, is_cut: bool, count: int | None) -> _Found:
        """The items in the first form that has any. What says nothing is no item."""
        whole = self._of_json(json_in(answer))
        if whole.items:
            return whole
        for words in spellings((self.item,), answer, letters=False):
            parts = renamed(tagged(answer, tuple(words)), words)
            if not all(says_nothing(part.text, self.item) for part in parts):
                return self._of_parts(answer, parts, is_cut)
        rows = table_rows(answer, (self.item,), is_cut=is_cut)
        if rows:
            items = [row[self.item] for row in rows if self.item in row]
            return _Found(items, len(rows) - len(items))
        return self._between_lines(answer, is_cut, count)

    def _of_parts(self, answer: str, parts: Sequence[Part], is_cut: bool) -> _Found:
        """Each part is a set of its own, so that examples and corrections are seen."""
        sets = in_sets(answer, parts, (self.item,), is_cut=is_cut)
        items = without_labels([entry[self.item] for entry in sets.sets], self.item, in_tags=True)
        return _Found(items, int(is_cut and sets.lost), int(sets.lost and not is_cut))

    def _between_lines(self, answer: str, is_cut: bool, count: int | None) -> _Found:
        within = [one for one in json_within(answer) if self._of_json(one.value).items]
        marked = numbered(answer, self.item)
        # a list under another name may belong to a numbered item
        if within and (len(marked) <= 1 or any(self._names_list(one.value) for one in within)):
            return self._of_json(agreed(within, answer).value)
        broken = elements_of_broken_list(answer)
        texts = self._of_json(broken.values)
        if texts.items:
            cut = int(is_cut and broken.has_rest)
            return _Found(texts.items, cut, texts.incomplete + broken.has_rest - cut)
        items = marked or bulleted(answer, self.item) or lettered(answer, self.item)
        items = (
            without_labels(items, self.item) or self._labelled(answer) or bare_items(answer, self.item, count)
        )
        if is_cut and items:
            return _Found(items[:-1], cut=1)
        items = [item for item in items if not says_nothing(item, self.item)]
        lost = int(last_breaks_off(items))
        return _Found(items[: len(items) - lost], incomplete=lost)

    def _labelled(self, answer: str) -> list[str]:
        """`Question: What?`, where neither numbers nor other labels say that there is more to it."""
        for words in spellings((self.item,), answer, letters=True):
            parts = labelled(answer, tuple(words))
            if parts and all(_PLAIN_LABEL.match(answer, part.start) for part in parts):
                items = without_chatter([part.text for part in parts], sole=False)
                return [] if any(_OTHER_LABEL.search(item) for item in items) else items
        return []

    def _of_json(self, value: Any) -> _Found:
        if value is NOTHING or is_schema(value):
            return _Found([])
        elements = self._elements(value)
        texts = [text for text in map(self._text_of, elements) if text is not None]
        items = without_labels([before_end_mark(text) for text in texts], self.item, in_tags=True)
        return _Found(items, incomplete=len(elements) - len(texts))

    def _elements(self, value: Any) -> list[Any]:
        name = key_of(self.item)
        elements = the_list(value, name, f"{name}s")
        if elements is None and isinstance(value, dict):
            own = re.compile(rf"{re.escape(name)}_?\d{{0,3}}")
            if value and all(own.fullmatch(key_of(key)) for key in value):
                return list(value.values())
        return elements or []

    def _names_list(self, value: Any) -> bool:
        names = {"items", key_of(self.item), f"{key_of(self.item)}s"}
        return isinstance(value, dict) and not names.isdisjoint(map(key_of, value))

    def _text_of(self, element: Any) -> str | None:
        """The text that an element is, that it has under the item's name, or the only one that it has."""
        if isinstance(element, str):
            return plain(element)
        texts = {}
        if isinstance(element, dict):
            texts = {key_of(key): entry for key, entry in element.items() if isinstance(entry, str)}
        if len(texts) > 1:
            texts = {key: text for key, text in texts.items() if key == key_of(self.item)}
        return plain(next(iter(texts.values()))) if texts else None

    def _missing(self, finish: str) -> str:
        form = f"<{self.item}>...</{self.item}>"
        if finish == "length":
            return f"The reply was cut off before the first {form} was complete."
        return f"The reply has no {form} with text in it."

    def describe(self) -> Mapping[str, Any]:
        return {"kind": "list", "item": self.item, "wording": WORDING}


def items_schema(item: Mapping[str, Any], count: int | None) -> Mapping[str, Any]:
    """The schema of an object that holds one list."""
    items: dict[str, Any] = {"type": "array", "items": item, "minItems": 1}
    if count is not None:
        items["maxItems"] = count
    return {
        "type": "object",
        "properties": {"items": items},
        "required": ["items"],
        "additionalProperties": False,
    }


def the_list(value: Any, *names: str) -> list[Any] | None:
    """The one list that a JSON value is about: itself, an object's only one, or the one so named."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    lists = {key_of(key): entry for key, entry in value.items() if isinstance(entry, list)}
    if len(lists) == 1:
        return next(iter(lists.values()))
    return next((lists[name] for name in ("items", *names) if name in lists), None)


class _Found(NamedTuple):
    """Items as they stand there, and how many more there were."""

    items: Sequence[str]
    cut: int = 0
    incomplete: int = 0

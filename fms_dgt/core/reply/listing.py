"""A reply that is a list of texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fms_dgt.core.reply.cleaning import clean, key_of, plain, says_nothing, unfenced
from fms_dgt.core.reply.contract import Reading, ReplyContract
from fms_dgt.core.reply.json_text import NOTHING, elements_of_broken_list, json_in, json_within
from fms_dgt.core.reply.markers import bulleted, numbered, without_chatter
from fms_dgt.core.reply.parts import COLON, LEAD, Part, in_plain_tags, labelled, tagged
from fms_dgt.core.reply.table import table_rows
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
            form = '{"items": ["..."]}' if count == 1 else '{"items": ["...", "..."]}'
            many = f" Give exactly {count}." if count else ""
            return (
                "Reply with one JSON object of this form, and nothing else:\n"
                f"{form}\nEach entry of the list is one {noun}.{many}"
            )
        tag = f"<{self.item}>...</{self.item}>"
        if count == 1:
            return f"Write the {noun} between these tags, and nothing else:\n{tag}"
        many = f" exactly {count} of them," if count else ""
        return f"Write each {noun} between these tags,{many} one after the other, and nothing else:\n{tag}"

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
        found = self._found(answer, finish == "length")
        items = [item for item in found.items if not says_nothing(item, self.item)]
        if not items:
            raise Unreadable(self._missing(finish))
        return Reading(items[:count], found.cut, found.incomplete, max(0, len(items) - (count or len(items))))

    def _found(self, answer: str, is_cut: bool) -> _Found:
        """The items in the first form that has any. What says nothing is no item."""
        whole = _of_json(json_in(answer), self.item)
        if whole.items:
            return whole
        parts = tagged(answer, (self.item,))
        if not all(says_nothing(part.text, self.item) for part in parts):
            return _of_parts(parts, is_cut)
        broken = elements_of_broken_list(answer)
        texts = _of_json(broken.values, self.item)
        if texts.items:
            cut = int(is_cut and broken.has_rest)
            return _Found(texts.items, cut, texts.incomplete + broken.has_rest - cut)
        rows = table_rows(answer, (self.item,), is_cut=is_cut)
        if rows:
            items = [row[self.item] for row in rows if self.item in row]
            return _Found(items, len(rows) - len(items))
        return self._between_lines(answer, is_cut)

    def _between_lines(self, answer: str, is_cut: bool) -> _Found:
        value = json_within(answer).value
        found = _of_json(value, self.item)
        marked = numbered(answer, self.item)
        # a list under another name may belong to a numbered item
        if found.items and (len(marked) <= 1 or _names_list(value, self.item)):
            return found
        items = self._unlabelled(marked or bulleted(answer)) or self._labelled(answer)
        return _Found(items[:-1], cut=1) if is_cut and items else _Found(items)

    def _unlabelled(self, items: list[str]) -> list[str]:
        """The items less the label that all of them begin with: `1. Question: What?`."""
        texts = []
        for item in items:
            parts = labelled(item, (self.item,))
            if len(parts) != 1 or parts[0].start > 0:
                return items
            texts.append(parts[0].text)
        return texts

    def _labelled(self, answer: str) -> list[str]:
        """`Question: What?`, where neither numbers nor other labels say that there is more to it."""
        parts = labelled(answer, (self.item,))
        if not all(_PLAIN_LABEL.match(answer, part.start) for part in parts):
            return []
        items = without_chatter([part.text for part in parts], sole=False)
        return [] if any(_OTHER_LABEL.search(item) for item in items) else items

    def _missing(self, finish: str) -> str:
        form = f"<{self.item}>...</{self.item}>"
        if finish == "length":
            return f"The reply was cut off before the first {form} was complete."
        return f"The reply has no {form} with text in it."

    def describe(self) -> Mapping[str, Any]:
        return {"kind": "list", "item": self.item}


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


def _of_parts(parts: Sequence[Part], is_cut: bool) -> _Found:
    whole = [plain(part.text) for part in parts if not (is_cut and part.is_open)]
    return _Found(whole, cut=len(parts) - len(whole))


def _of_json(value: Any, item: str) -> _Found:
    elements = [] if value is NOTHING else the_list(value, key_of(item), f"{key_of(item)}s") or []
    texts = [text for text in (_text_of(element, item) for element in elements) if text is not None]
    return _Found(texts, incomplete=len(elements) - len(texts))


def _names_list(value: Any, item: str) -> bool:
    names = {"items", key_of(item), f"{key_of(item)}s"}
    return isinstance(value, dict) and not names.isdisjoint(map(key_of, value))


def _text_of(element: Any, item: str) -> str | None:
    """The text that an element is, that it has under the item's name, or the only one that it has."""
    if isinstance(element, str):
        return plain(element)
    texts = {}
    if isinstance(element, dict):
        texts = {key_of(key): entry for key, entry in element.items() if isinstance(entry, str)}
    if len(texts) > 1:
        texts = {key: text for key, text in texts.items() if key == key_of(item)}
    return plain(next(iter(texts.values()))) if texts else None

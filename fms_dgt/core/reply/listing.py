"""A reply that is a list of texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.core.reply.cleaning import (
    NOTHING,
    clean,
    elements_of_cut_list,
    json_in,
    key_of,
    plain,
    says_nothing,
    unfenced,
)
from fms_dgt.core.reply.contract import ReplyContract
from fms_dgt.core.reply.markers import bulleted, numbered
from fms_dgt.core.reply.parts import tagged
from fms_dgt.errors import Unreadable


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
        """The readable items, `count` at the most. They are JSON, tagged, numbered or bulleted."""
        answer = unfenced(clean(text))
        items = [item for item in self._items(answer, finish == "length") if not says_nothing(item)]
        if not items:
            raise Unreadable(self._missing(finish))
        return items[:count]

    def _items(self, answer: str, is_cut: bool) -> Sequence[str]:
        value = json_in(answer)
        if value is not NOTHING:
            return list(_texts(value, self.item))
        parts = tagged(answer, (self.item,))
        if not all(says_nothing(part.text) for part in parts):
            return [plain(part.text) for part in parts if not (is_cut and part.is_open)]
        texts = list(_texts(elements_of_cut_list(answer), self.item))
        if texts:
            return texts
        items = numbered(answer, self.item) or bulleted(answer)
        return items[:-1] if is_cut else items

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


def _texts(value: Any, item: str) -> Iterable[str]:
    for element in the_list(value, key_of(item), f"{key_of(item)}s") or ():
        texts = [element] if isinstance(element, str) else []
        if isinstance(element, dict):
            texts = [entry for entry in element.values() if isinstance(entry, str)]
        if len(texts) == 1:
            yield plain(texts[0])

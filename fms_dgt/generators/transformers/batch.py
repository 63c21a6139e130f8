"""Rows that are computed together: they join and leave while the others go on.

Rows are padded on the left, so that their last tokens stand in one column; a mask hides the padding and
each row counts its own positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

import torch
from torch.nn.functional import pad
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from fms_dgt.generators.transformers.model import LoadedModel
from fms_dgt.generators.transformers.request import Sampling


@dataclass(eq=False)
class Row:
    """One answer in the making; `room` is how many tokens it may have."""

    prompt: list[int]
    sampling: Sampling
    room: int
    output: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Tokens so far."""
        return len(self.prompt) + len(self.output)


R = TypeVar("R", bound=Row)


class Batch(Generic[R]):
    """The rows under way, and what the model remembers of them."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.rows: list[R] = []
        self._loaded = loaded
        self._cache: Any = None
        self._mask: Any = None

    @cached_property
    def may_grow(self) -> bool:
        """Whether rows can join others: not where a layer remembers less than all of the text."""
        cache = DynamicCache(config=self._loaded.model.config)
        return all(type(layer) is DynamicLayer for layer in cache.layers)

    def join(self, rows: Sequence[R]) -> Any:
        """Compute the texts of new rows, as far as they go; their logits for the next token."""
        others = bool(self.rows)
        # they belong to the batch from here on, so that a failure finds them there
        self.rows.extend(rows)
        ids, mask = self._padded([row.prompt + row.output for row in rows])
        cache = DynamicCache(config=self._loaded.model.config)
        positions = (mask.cumsum(dim=-1) - 1).clamp(min=0)
        logits = self._forward(ids, mask, positions, cache)
        if others:
            self._merge(cache, mask)
        else:
            self._cache, self._mask = cache, mask
        return logits

    def step(self) -> Any:
        """Take the rows one token further; the logits for the one after it."""
        ids = self._tensor([[row.output[-1]] for row in self.rows])
        positions = self._mask.sum(dim=-1, keepdim=True)
        mask = pad(self._mask, (0, 1), value=1)
        logits = self._forward(ids, mask, positions, self._cache)
        self._mask = mask
        return logits

    def keep(self, rows: Sequence[R]) -> None:
        """Let go of all other rows; `rows` are in their order here."""
        if len(rows) == len(self.rows):
            return
        if not rows:
            self.clear()
            return
        wanted = {id(row) for row in rows}
        places = self._tensor([place for place, row in enumerate(self.rows) if id(row) in wanted])
        self.rows = list(rows)
        self._mask = self._mask.index_select(0, places)
        self._cache.reorder_cache(places)
        if self.may_grow:
            self._trim()

    def clear(self) -> None:
        """Let go of every row."""
        self.rows = []
        self._cache = self._mask = None

    def _forward(self, ids: Any, mask: Any, positions: Any, cache: Any) -> Any:
        given = {
            "input_ids": ids,
            "attention_mask": mask,
            "position_ids": positions,
            self._loaded.cache_argument: cache,
            "use_cache": True,
            "logits_to_keep": 1,
        }
        inputs = self._loaded.inputs
        taken = {name: value for name, value in given.items() if name in inputs or name == "use_cache"}
        return self._loaded.model(**taken).logits[:, -1]

    def _padded(self, texts: Sequence[Sequence[int]]) -> tuple[Any, Any]:
        longest = max(map(len, texts))
        ids = self._tensor([[0] * (longest - len(text)) + list(text) for text in texts])
        mask = self._tensor([[0] * (longest - len(text)) + [1] * len(text) for text in texts])
        return ids, mask

    def _tensor(self, values: Sequence[Any]) -> Any:
        return torch.tensor(values, dtype=torch.long, device=self._loaded.device)

    def _merge(self, cache: Any, mask: Any) -> None:
        own, new = self._mask.shape[1], mask.shape[1]
        here, there = max(0, new - own), max(0, own - new)
        for layer, added in zip(self._cache.layers, cache.layers, strict=True):
            if layer.is_initialized:
                layer.keys = _stacked(layer.keys, added.keys, here, there)
                layer.values = _stacked(layer.values, added.values, here, there)
        self._mask = torch.cat([pad(self._mask, (here, 0)), pad(mask, (there, 0))])

    def _trim(self) -> None:
        """Cut off the columns that are padding in every row."""
        empty = self._mask.shape[1] - int(self._mask.sum(dim=-1).max())
        if empty == 0:
            return
        self._mask = self._mask[:, empty:]
        for layer in self._cache.layers:
            if layer.is_initialized:
                layer.keys, layer.values = layer.keys[:, :, empty:], layer.values[:, :, empty:]


def _stacked(own: Any, new: Any, here: int, there: int) -> Any:
    """Two layers' keys or values, one below the other, each padded on the left by so many columns."""
    return torch.cat([pad(own, (0, 0, here, 0)), pad(new, (0, 0, there, 0))])

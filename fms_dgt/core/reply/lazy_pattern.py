"""A regular expression that is compiled when it is first used: a start that reads no reply pays for none."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

_Find: TypeAlias = Callable[..., re.Match[str] | None]


class LazyPattern:
    """Does what `re.compile(pattern, flags)` does, later."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern = pattern
        self._flags = flags

    @functools.cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, self._flags)

    # each is looked up once, and is the compiled pattern's own from then on

    @functools.cached_property
    def search(self) -> _Find:
        return self._compiled.search

    @functools.cached_property
    def match(self) -> _Find:
        return self._compiled.match

    @functools.cached_property
    def fullmatch(self) -> _Find:
        return self._compiled.fullmatch

    @functools.cached_property
    def finditer(self) -> Callable[..., Iterator[re.Match[str]]]:
        return self._compiled.finditer

    @functools.cached_property
    def sub(self) -> Callable[[str | Callable[[re.Match[str]], str], str], str]:
        return self._compiled.sub

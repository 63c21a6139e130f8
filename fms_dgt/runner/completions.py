"""What a backend gave, held to what a Completion is: a stranger's generator may give anything."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Mapping
from typing import Any

from fms_dgt.core.generator import Completion
from fms_dgt.core.wrong_result import WrongResult, kind_of
from fms_dgt.journal.entries import NOT_WRITABLE, to_text

# Beyond any answer; and the sum of millions of them still is a number to SQLite.
MOST_TOKENS = 1 << 40


def checked_completion(given: Any, generator: str, notes: list[str]) -> Completion:
    """The completion that a generator gave. Raises WrongResult where it has no text.

    A number of tokens that is none counts as 0, which is noted.
    """
    if not isinstance(given, Completion):
        raise WrongResult(
            f"the generator '{generator}' gave {kind_of(given)}; generate() must give a Completion"
        )
    if not isinstance(given.text, str) or not isinstance(given.finish, str):
        name, value = ("finish", given.finish) if isinstance(given.text, str) else ("text", given.text)
        raise WrongResult(
            f"the generator '{generator}' gave a Completion whose {name} is {type(value).__name__}, not str"
        )
    asked, answered = given.input_tokens, given.output_tokens
    # written out: this is looked at for each call
    if type(asked) is type(answered) is int and 0 <= asked <= MOST_TOKENS and 0 <= answered <= MOST_TOKENS:
        return given
    counted = [_counted(asked), _counted(answered)]
    if None in counted:
        _note(notes, f"the generator '{generator}' gave numbers of tokens that are none; they count as 0")
    return dataclasses.replace(given, input_tokens=counted[0] or 0, output_tokens=counted[1] or 0)


def keepable(completion: Completion, generator: str, notes: list[str]) -> Completion:
    """The completion without what JSON cannot hold in its `extra`, which is noted."""
    extra: Any = completion.extra
    kept = {}
    for name, value in extra.items() if isinstance(extra, Mapping) else ():
        try:
            to_text({name: value})
        except NOT_WRITABLE:
            continue
        kept[name] = value
    if isinstance(extra, Mapping) and len(kept) == len(extra):
        return completion
    text = f"the generator '{generator}' gave answers whose `extra` holds what JSON cannot; it is left out"
    _note(notes, text)
    return dataclasses.replace(completion, extra=kept)


def _counted(number: Any) -> int | None:
    try:
        value = operator.index(number)
    except TypeError:
        return None
    return value if 0 <= value <= MOST_TOKENS else None


def _note(notes: list[str], text: str) -> None:
    if text not in notes:
        notes.append(text)

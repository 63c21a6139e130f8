"""Words of the command line that are no flags: which of them are tasks."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from fms_dgt.cli.parser import COMMANDS
from fms_dgt.config.shipped import find_shipped
from fms_dgt.errors import InputError, Problem, did_you_mean


def is_task_path(word: str) -> bool:
    """Whether a first word can only be the path of a task, so that the command's own word was left out."""
    return word.endswith((".yaml", ".yml")) or "/" in word


def names_task(word: str) -> bool:
    """Whether a word is the path of a task, or the name of a shipped one, and no text with a slash in it."""
    if word.endswith((".yaml", ".yml")):
        return True
    if any(map(str.isspace, word)):
        return False
    first, slash, _ = word.partition("/")
    is_below = bool(slash) and (first in ("", ".", "..") or Path(first).is_dir())
    return is_below or Path(word).is_dir() or bool(find_shipped("tasks", word))


def unknown_command(word: str) -> InputError:
    """The error for any other word; the name of a task may be that of a command some day."""
    mend = did_you_mean(word, COMMANDS, noun="commands")
    if names_task(word):
        mend = f"to run the task: fms_dgt run {quote(word)}"
    return InputError([Problem(f"there is no command '{word}'", mend)])

"""What is said of a first word that is no command."""

from __future__ import annotations

from pathlib import Path

from fms_dgt.cli.parser import COMMANDS
from fms_dgt.config.shipped import find_shipped
from fms_dgt.errors import InputError, Problem, did_you_mean


def unknown_command(word: str) -> InputError:
    """The error for `word`; a task's name gets the flag that it lacks."""
    is_task = word.endswith((".yaml", ".yml")) or "/" in word or Path(word).is_dir()
    if is_task or find_shipped("tasks", word):
        mend = f"to run a task: fms_dgt --task-paths {word}"
    else:
        mend = did_you_mean(word, COMMANDS, noun="commands")
    return InputError([Problem(f"there is no command '{word}'", mend)])

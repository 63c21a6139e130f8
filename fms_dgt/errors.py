"""Every exception this package raises.

FmsDgtError
├── UserError                what the user can fix; the command line exits 2, without a traceback
│   ├── InputError           files, options and flags: every problem found, each with its place
│   ├── PluginError          a plugin that is unknown, broken or misused
│   ├── FolderError          an output folder that cannot be used as it is
│   │   ├── FolderChanged    ... because what it was made from has changed
│   │   └── JournalDamaged   ... because its journal does not hold what was written to it
│   ├── SetupError           a key, a package or a server that is missing
│   └── OverLimit            input whose processing takes more time or memory than it may
├── RunError                 the run could not go on; run the same command to resume; exits 1
│   ├── StageCrashed         a stage's own code fails on every row
│   ├── TaskFails            calls or code of one task fail, unit after unit; other tasks go on
│   └── BackendGone          a backend answered nothing for longer than it may; so do tasks without it
├── GeneratorError           one call failed; the runner decides what follows from its attributes
│   ├── Overloaded           retryable: 429, 503
│   ├── ConnectionFailed     retryable: reset, timed out, 5xx
│   │   └── Unreachable      ... no connection at all: refused, unknown host, no TLS
│   ├── BadResponse          retryable: an answer that is not an answer
│   ├── RequestRefused       final for this row: 400, 413, content filters
│   └── EveryCallFails       final for the run: wrong key, unknown model
├── WorkFailed               an exception in a worker process, or its end without an answer
├── Unreadable               a reply that its contract cannot read
└── Rejected                 a row that does not go on; stages raise it
    └── CallFailed           ... because a call that it needs failed for good

Interrupted, a KeyboardInterrupt, stands outside of it: the user ended the run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "BackendGone",
    "BadResponse",
    "CallFailed",
    "ConnectionFailed",
    "EveryCallFails",
    "FmsDgtError",
    "FolderChanged",
    "FolderError",
    "GeneratorError",
    "InputError",
    "Interrupted",
    "JournalDamaged",
    "OverLimit",
    "Overloaded",
    "PluginError",
    "Problem",
    "Rejected",
    "RequestRefused",
    "RunError",
    "SetupError",
    "StageCrashed",
    "TaskFails",
    "Unreachable",
    "Unreadable",
    "UserError",
    "WorkFailed",
    "did_you_mean",
]

SHOWN_PROBLEMS = 25


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what, and how to fix it."""

    what: str
    mend: str = ""
    where: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}; {self.mend}" if self.mend else text


class FmsDgtError(Exception):
    """The root of the tree above."""


class UserError(FmsDgtError):
    """Something the user can fix; the message says what, where and how."""


class InputError(UserError):
    """Everything that is wrong with the input, found in one go."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(dict.fromkeys(problems))
        super().__init__(self._render())

    def _render(self) -> str:
        lines = [str(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
        left = len(self.problems) - len(lines)
        if left > 0:
            lines.append(f"... and {left} more; fix these first")
        return "\n".join(lines)


class PluginError(UserError):
    """A plugin that is unknown, broken or misused."""


class FolderError(UserError):
    """An output folder that cannot be used as it is."""


class FolderChanged(FolderError):
    """What the folder was made from has changed since."""


class JournalDamaged(FolderError):
    """The folder's journal does not hold what was written to it."""


class SetupError(UserError):
    """A key, a package or a server that is missing."""


class OverLimit(UserError):
    """Input whose processing takes more time or memory than it may; the message says which limit."""


class RunError(FmsDgtError):
    """The run could not go on; the same command resumes it."""


class StageCrashed(RunError):
    """A stage's own code failed on every row it saw."""


class TaskFails(RunError):
    """The calls or the code of one task fail, unit after unit: it ends, and other tasks go on."""

    def __init__(self, message: str, *, task: str) -> None:
        super().__init__(message)
        self.task = task


class BackendGone(RunError):
    """A backend answered nothing for longer than it may: tasks that need its `endpoint` end, others go on."""

    def __init__(self, message: str, *, endpoint: str = "") -> None:
        super().__init__(message)
        self.endpoint = endpoint


class GeneratorError(FmsDgtError):
    """One call failed.

    `retryable` says whether the same request may succeed later, `retry_after` (seconds) when the
    backend said so, `fails_every_call` whether any other request would fail the same way.
    """

    retryable = False
    fails_every_call = False

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(GeneratorError):
    """The backend asks for fewer calls."""

    retryable = True


class ConnectionFailed(GeneratorError):
    """The backend could not be reached, or failed on its side."""

    retryable = True


class Unreachable(ConnectionFailed):
    """There is no connection to the backend, so that the call is not to blame: refused, unknown host."""


class BadResponse(GeneratorError):
    """The backend sent something that is not an answer."""

    retryable = True


class RequestRefused(GeneratorError):
    """The backend refuses this request; others may pass."""


class EveryCallFails(GeneratorError):
    """The backend would refuse any request: wrong key, unknown model."""

    fails_every_call = True


class WorkFailed(FmsDgtError):
    """An exception in a worker process, whose class is called `kind`, or its end without an answer."""

    def __init__(self, message: str, *, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class Unreadable(FmsDgtError):
    """A reply that its contract cannot read; the message says what is missing."""


class Rejected(FmsDgtError):
    """A row that does not go on.

    Raised by stages. `reason` is short and the same for all rows that fail the same way (it is
    counted); `evidence` is any JSON value that shows why.
    """

    def __init__(self, reason: str, evidence: Any = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.evidence = evidence


class CallFailed(Rejected):
    """A call failed for good; its row is rejected as failed, and may be taken up again."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended a run that was started from Python; what it had is kept.

    `outcome` is the `Outcome` up to then; None where the run had not begun, or was left at once.
    """

    outcome: Any = None


def did_you_mean(name: str, known: Iterable[str], *, noun: str = "known") -> str:
    """A sentence part that helps after an unknown name: the nearest one, and what there is."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"did you mean '{near[0]}'? " if near else ""
    listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    return f"{hint}{noun}: {listed}" if names else f"{hint}{noun}: none"

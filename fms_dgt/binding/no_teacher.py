"""What to tell somebody who named no model, where the one that a builder names by default is not set up."""

from __future__ import annotations

from collections.abc import Sequence

from fms_dgt.config.flags import COMMAND_LINE
from fms_dgt.errors import Problem

_WAYS = (
    ("teacher", "local", "a model on this machine; 'fms_dgt models' lists and fetches some"),
    ("teacher", "openai:gpt-4o-mini", "or another server of that protocol, by OPENAI_BASE_URL"),
    ("config", "my.yaml", "a config of your own; 'fms_dgt init' writes a first one"),
    ("config", "offline", "no model: made-up answers, to see how everything works"),
)
_SPELLED = {
    True: {"teacher": "--teacher {}", "config": "--config-path {}"},
    False: {"teacher": 'generator="{}"', "config": 'config="{}"'},
}


def no_teacher(kind: str, missing: Sequence[Problem], origin: str) -> Problem:
    """One problem of several lines: `missing` is what keeps the generator `kind`, a default, from working."""
    prefix = f"the {kind} generator "
    lacks = " and ".join(dict.fromkeys(problem.what.removeprefix(prefix) for problem in missing))
    what = f"no model can be asked: nothing names one, and {kind}, the default, {lacks}"
    forms = _SPELLED[origin == COMMAND_LINE]
    ways = [(forms[which].format(value), about) for which, value, about in _WAYS]
    wide = max(len(way) for way, _ in ways)
    mends = dict.fromkeys(problem.mend for problem in missing if problem.mend)
    lines = [
        "name one:",
        *(f"  {way:<{wide}}  {about}" for way, about in ways),
        *[f"or set up {kind}:"] * bool(mends),
        *(f"  {mend}" for mend in mends),
    ]
    return Problem(what + "".join(f"\n  {line}" for line in lines))

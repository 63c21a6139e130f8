"""What to tell somebody who named no model, where the one that a builder names by default is not set up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

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


@dataclass
class DefaultTeacher:
    """What keeps a generator from working that plays some roles by default."""

    kind: str
    roles: dict[str, None] = field(default_factory=dict)
    missing: list[Problem] = field(default_factory=list)

    def add(self, role: str, missing: Sequence[Problem]) -> None:
        """One more role, and what is missing for it."""
        self.roles[role] = None
        self.missing.extend(missing)

    def problem(self, origin: str, *, alone: bool) -> Problem:
        """One problem of several lines; `alone` says that no other model is named either."""
        prefix = f"the {self.kind} generator "
        lacks = " and ".join(dict.fromkeys(problem.what.removeprefix(prefix) for problem in self.missing))
        blocks = " and ".join(f"'{role}'" for role in self.roles)
        what = "no model can be asked: nothing names one" if alone else f"no model is named for {blocks}"
        forms = _SPELLED[origin == COMMAND_LINE]
        ways = [(forms[which].format(value), about) for which, value, about in _WAYS]
        wide = max(len(way) for way, _ in ways)
        mends = dict.fromkeys(problem.mend for problem in self.missing if problem.mend)
        lines = [
            "name one:",
            *(f"  {way:<{wide}}  {about}" for way, about in ways),
            *[f"or set up {self.kind}:"] * bool(mends),
            *(f"  {mend}" for mend in mends),
        ]
        text = "".join(f"\n  {line}" for line in lines)
        return Problem(f"{what}, and {self.kind}, the default, {lacks}{text}")

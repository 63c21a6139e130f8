"""Checks made from what a config would say, and measured as a flow does."""

from __future__ import annotations

from fms_dgt.core.node import Node, Place
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Check
from fms_dgt.core.typed import decode
from fms_dgt.errors import Rejected


class OneCheckKit:
    """A kit that knows its check; with `scores`, it answers with one after the other."""

    def __init__(self, check: Check, scores=()) -> None:
        self.check = check
        self.scores = iter(scores)
        self.asked: list[tuple] = []

    async def ask(self, role, template, *, params=None, **values):
        self.asked.append((role, template, dict(params or {})))
        score = next(self.scores)
        return type("Read", (), {"value": {"score": score, "reason": "because"}})


def made(cls, said=None, origin="config.yaml"):
    """A validator with these options."""
    problems: list = []
    options = decode(cls.Options, Node.of(said or {}, Place(str(origin), 3)), problems)
    assert not problems, problems
    return cls(options)


def refused(cls, said, origin="config.yaml") -> list[str]:
    """What is wrong with these options."""
    problems: list = []
    decode(cls.Options, Node.of(said, Place(str(origin), 3)), problems)
    return [str(problem) for problem in problems]


async def verdict(validator, value, **of_check):
    """The score of a value, or the rejection that it ends with."""
    check = Check("check", on="text", **of_check)
    try:
        return (await validator.validate(Row("0", {"text": value}), OneCheckKit(check))).score
    except Rejected as rejected:
        return rejected


def fault(validator, text: str) -> str:
    """The reason for which a text does not go on; "" where it does."""
    return validator.look(text).fault

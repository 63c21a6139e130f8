"""The table of flags in the documents, out of the parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from fms_dgt.cli.parser import NOTED, REFUSED, run_parser

BEGIN, END = "<!-- flags: generated -->", "<!-- /flags -->"


def flags_table() -> str:
    """Every flag of a run and what it does, as Markdown; then those of fms-dgt, and what stands for them."""
    return "\n".join([*_flags(), "", *_of_fms_dgt()])


def with_flags_table(text: str) -> str:
    """A document with the table between its two marks brought up to date."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{flags_table()}\n\n{END}{after}"


def _flags() -> Iterator[str]:
    yield "| flag | effect |"
    yield "| --- | --- |"
    for group in run_parser()._action_groups:  # noqa: SLF001 (argparse offers no other way to its groups)
        shown = [a for a in group._group_actions if a.help != argparse.SUPPRESS]  # noqa: SLF001
        if shown:
            yield f"| *{group.title}* | |"
        for action in shown:
            yield f"| {_spelled(action)} | {(action.help or '').replace('|', '&#124;')} |"


def _spelled(action: argparse.Action) -> str:
    value = f" {action.metavar}" if action.metavar else ""
    value += f" [{action.metavar} ...]" if action.nargs in ("+", "*") else ""
    if not action.option_strings:
        return f"`{value.strip()}`"
    first, *others = sorted(action.option_strings, key=lambda option: not option.startswith("--"))
    also = f", also {', '.join(f'`{other}`' for other in others)}" if others else ""
    return f"`{first}{value}`{also}"


def _of_fms_dgt() -> Iterator[str]:
    yield "| flag of fms-dgt | here | why it has no effect |"
    yield "| --- | --- | --- |"
    for flags, effect in ((NOTED, "noted"), (REFUSED, "refused")):
        for names, why in flags.items():
            yield f"| {', '.join(f'`{name}`' for name in names)} | {effect} | {why} |"

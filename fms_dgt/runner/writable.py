"""Outcomes as JSON text; a row that holds what JSON cannot becomes a rejection that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fms_dgt.core.composed import Flow
from fms_dgt.core.fits_json import check_shape, json_text
from fms_dgt.core.stages import Stage
from fms_dgt.core.wrong_result import WrongResult
from fms_dgt.journal.entries import to_text
from fms_dgt.plugins import must_pass, text_of
from fms_dgt.plugins.faults import LONGEST_KEPT
from fms_dgt.runner.code_faults import CodeFault
from fms_dgt.runner.outcome import NOT_JSON, RECORD, Leaf, UnitOutcome

# Characters of a rejection's evidence, as JSON.
LARGEST_EVIDENCE = 1_000_000
# What to do about values of a type, by its name.
_MENDS = {
    **dict.fromkeys(("datetime", "date", "time", "Timestamp"), "write its .isoformat()"),
    **dict.fromkeys(("set", "frozenset"), "write it as a list: sorted(...)"),
    **dict.fromkeys(("bytes", "bytearray"), "write it as text: .decode()"),
    **dict.fromkeys(("PosixPath", "WindowsPath", "UUID"), "write it as text: str(...)"),
    **dict.fromkeys(("ndarray", "Tensor"), "write it as a list: .tolist()"),
    "Decimal": "write it as a number or as text: float(...), str(...)",
}
_LOOKED_AT = 1_000
_PLAIN = (str, int, float, bool, type(None), dict, list, tuple)


def as_text(outcome: UnitOutcome, flow: Flow, crashed: Callable[[CodeFault], None]) -> str:
    """An outcome as JSON text. Records that cannot be written are replaced in the outcome, and are failures,
    which `crashed` is told; a row that a stage rejected keeps the stage and the reason.
    """
    try:
        for leaf in outcome.leaves:
            check_shape(leaf.record)
            check_shape(leaf.rejection)
        text = to_text(outcome.to_json())
        if len(text) <= LARGEST_EVIDENCE:
            return text
    except BaseException as error:
        if must_pass(error):
            raise
    for at, leaf in enumerate(outcome.leaves):
        fault = _fault(leaf.record)
        if leaf.rejection is not None:
            outcome.leaves[at] = _rejected(leaf, leaf.rejection)
        elif fault:
            record = leaf.record or {}
            values = _writable(record)
            missing = sorted(str(name) for name in record if name not in values)
            code = _code_fault(record, missing, fault, flow)
            crashed(code)
            evidence = {**code.evidence(), **({"columns": missing} if missing else {})}
            outcome.leaves[at] = _unwritable(leaf, evidence, values)
            outcome.fail(leaf.trail)
    return to_text(outcome.to_json())


def _fault(value: Any) -> str:
    """What keeps a value from being written; empty where nothing does."""
    try:
        json_text(value)
    except BaseException as error:
        if must_pass(error):
            raise
        return text_of(error)
    return ""


def _unwritable(leaf: Leaf, evidence: Mapping[str, Any], values: Mapping[str, Any]) -> Leaf:
    """A rejection with what can be written of the record."""
    rejection = {"stage": RECORD, "reason": NOT_JSON, "evidence": evidence, "values": values}
    return Leaf(leaf.path, leaf.trail, rejection=rejection)


def _code_fault(record: Mapping[str, Any], missing: list[str], fault: str, flow: Flow) -> CodeFault:
    """What is wrong with a record, and the function of the stage that made the column."""
    column = missing[0] if missing else ""
    stage = _maker(flow, column)
    kind = _foreign_type(record.get(column))
    what = f"the column '{column}'" if column else "the record"
    text = f"{what} {fault if fault.startswith(('is ', 'has ', 'holds ')) else f'is not JSON: {fault}'}"
    if kind:
        mend = _MENDS.get(kind, "write text, numbers, lists and dicts")
        text = f"the column '{column}' holds a {kind}, which JSON cannot hold; {mend}"
    function = next(stage.functions(), None) if stage else None
    part = f"the stage '{stage.name}'" if stage else "the record"
    return CodeFault.of(RECORD, part, WrongResult(text, function))


def _maker(flow: Flow, column: str) -> Stage | None:
    """The last stage that makes a column, of those that have none inside."""
    made = [stage for stage in flow.walk() if not stage.inner() and column in stage.makes()]
    return made[-1] if made else None


def _foreign_type(value: Any) -> str:
    """The type of the first value in it that JSON does not know; empty where it is none of the first ones."""
    waiting = [value]
    for looked_at in range(_LOOKED_AT):
        if looked_at >= len(waiting):
            break
        item = waiting[looked_at]
        if not issubclass(type(item), _PLAIN):
            return type(item).__name__
        if type(item) is dict:
            waiting.extend(item.values())
        elif type(item) in (list, tuple):
            waiting.extend(item)
    return ""


def _rejected(leaf: Leaf, rejection: Mapping[str, Any]) -> Leaf:
    """The rejection with what can be written of its evidence and values, which are for the reader alone."""
    values = rejection["values"]
    values = _writable(values) if _fault(values) else values
    written = {**rejection, "evidence": _evidence(rejection["evidence"]), "values": values}
    return Leaf(leaf.path, leaf.trail, rejection=written)


def _evidence(value: Any) -> Any:
    fault = _fault(value)
    if fault:
        return {"error": fault}
    text = json_text(value)
    if len(text) <= LARGEST_EVIDENCE:
        return value
    return {"error": f"has more than {LARGEST_EVIDENCE:,} characters", "beginning": text[:LONGEST_KEPT]}


def _writable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if type(name) is str and not _fault(value)}

"""Outcomes as JSON text; a row that holds what JSON cannot becomes a rejection that says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fms_dgt.core.fits_json import check_shape, json_text
from fms_dgt.journal.entries import to_text
from fms_dgt.plugins import must_pass, text_of
from fms_dgt.plugins.faults import LONGEST_KEPT
from fms_dgt.runner.outcome import RECORD, Leaf, UnitOutcome

NOT_JSON = "holds what JSON cannot"
# Characters of a rejection's evidence, as JSON.
LARGEST_EVIDENCE = 1_000_000


def as_text(outcome: UnitOutcome) -> str:
    """An outcome as JSON text. Records that cannot be written are replaced in the outcome, and are failures;
    a row that a stage rejected keeps the stage and the reason.
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
            outcome.leaves[at] = _unwritable(leaf, leaf.record or {}, fault)
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


def _unwritable(leaf: Leaf, record: Mapping[str, Any], fault: str) -> Leaf:
    """A rejection with what can be written of the record."""
    values = _writable(record)
    missing = sorted(str(name) for name in record if name not in values)
    evidence: dict[str, Any] = {"error": fault, **({"columns": missing} if missing else {})}
    rejection = {"stage": RECORD, "reason": NOT_JSON, "evidence": evidence, "values": values}
    return Leaf(leaf.path, leaf.trail, rejection=rejection)


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

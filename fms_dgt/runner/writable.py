"""Outcomes as JSON text; a row that holds what JSON cannot becomes a rejection that says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fms_dgt.core.fits_json import check_shape, json_text
from fms_dgt.journal.entries import to_text
from fms_dgt.plugins import must_pass, shown
from fms_dgt.runner.outcome import RECORD, Leaf, UnitOutcome

NOT_JSON = "holds what JSON cannot"


def as_text(outcome: UnitOutcome) -> str:
    """An outcome as JSON text. Rows that cannot be written are replaced in the outcome, and are failures."""
    try:
        for leaf in outcome.leaves:
            check_shape(leaf.record)
            check_shape(leaf.rejection)
        return to_text(outcome.to_json())
    except BaseException as error:
        if must_pass(error):
            raise
    for at, leaf in enumerate(outcome.leaves):
        fault = _fault(leaf.record) or _fault(leaf.rejection)
        if fault:
            outcome.leaves[at] = _refused(leaf, fault)
            outcome.fail(leaf.trail)
    return to_text(outcome.to_json())


def _fault(value: Any) -> str:
    """What keeps a value from being written; empty where nothing does."""
    try:
        json_text(value)
    except BaseException as error:
        if must_pass(error):
            raise
        return shown(error) or type(error).__name__
    return ""


def _refused(leaf: Leaf, fault: str) -> Leaf:
    """The leaf with what can be written of it."""
    made = leaf.record if leaf.record is not None else (leaf.rejection or {}).get("values", {})
    values = _writable(made)
    missing = sorted(str(name) for name in made if name not in values)
    evidence: dict[str, Any] = {"error": fault, **({"columns": missing} if missing else {})}
    rejection = leaf.rejection
    if rejection is None or _fault(rejection["evidence"]):
        rejection = {"stage": RECORD, "reason": NOT_JSON, "evidence": evidence, "values": values}
    else:
        # rejected for a reason of its own; what it was made of is for the reader alone
        rejection = {**rejection, "values": values}
    return Leaf(leaf.path, leaf.trail, rejection=rejection)


def _writable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if type(name) is str and not _fault(value)}

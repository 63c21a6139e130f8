"""Whether the parts of a reply fit into the columns that a stage names for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fms_dgt.core.composed import Flow
from fms_dgt.core.reply import FieldsReply, JsonReply, ListReply, ReplyContract, ScoreReply, TextReply
from fms_dgt.core.stages import Generate
from fms_dgt.core.template import Template
from fms_dgt.errors import Problem, did_you_mean


def column_problems(flow: Flow, templates: Mapping[str, Template], where: str) -> Iterator[Problem]:
    """Stages whose `into` names fewer or more columns than a reply has parts: each row would fail there."""
    for stage in flow.walk():
        if not isinstance(stage, Generate) or isinstance(stage.into, str) or stage.template not in templates:
            continue
        parts, fewest = _parts(templates[stage.template].reply)
        if parts is None:
            continue
        if fewest <= len(stage.into) <= len(parts):
            yield from _strange_names(stage.name, stage.into, parts, templates[stage.template].reply, where)
            continue
        given, columns = ", ".join(parts), ", ".join(stage.into)
        into = f"the column {columns}" if len(stage.into) == 1 else f"{len(stage.into)} columns: {columns}"
        what = f"the stage '{stage.name}' puts {given} of a reply into {into}"
        if parts == [_WHOLE]:
            mend = f"write into='{stage.into[0]}', or let the template ask for fields"
        else:
            mend = f"name {len(parts)} columns, into=[{', '.join(map(repr, parts))}]"
            mend += f", or all of it as one: into='{stage.into[0]}'" if len(stage.into) == 1 else ""
        yield Problem(what, mend, where)


def _strange_names(
    stage: str, into: Sequence[str], keys: list[str], reply: ReplyContract, where: str
) -> Iterator[Problem]:
    """Columns that are not keys of a JSON reply, where others are: a slip more likely than another name."""
    strange = [name for name in into if name not in keys]
    if isinstance(reply, JsonReply) and strange and len(strange) < len(into):
        what = f"the stage '{stage}' names the column '{strange[0]}', and its JSON reply has no such key"
        yield Problem(what, did_you_mean(strange[0], keys, noun="keys"), where)


_WHOLE = "one value"


def _parts(reply: ReplyContract) -> tuple[list[str] | None, int]:
    """The parts of a reply, and how many of them it has at least; None where that is not known."""
    if isinstance(reply, FieldsReply):
        return list(reply.names), len(reply.names)
    if isinstance(reply, ScoreReply):
        return ["score", "reason"], 2
    if isinstance(reply, TextReply | ListReply):
        return [_WHOLE], 1
    return _properties(reply.schema(None)) if isinstance(reply, JsonReply) else (None, 0)


def _properties(schema: Mapping[str, Any]) -> tuple[list[str] | None, int]:
    if schema.get("type") == "array":
        inner = schema.get("items")
        schema = inner if isinstance(inner, Mapping) else {}
    properties = schema.get("properties")
    if schema.get("type") != "object" or not isinstance(properties, Mapping) or not properties:
        return None, 0
    return list(properties), len(set(schema.get("required", ())) & properties.keys())

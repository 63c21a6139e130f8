"""From what a template's YAML says under `reply` to a contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from fms_dgt.core.node import Node
from fms_dgt.core.reply.contract import ReplyContract
from fms_dgt.core.reply.fields import FieldsReply
from fms_dgt.core.reply.json_value import JsonReply, reply_schema_problems
from fms_dgt.core.reply.listing import ListReply
from fms_dgt.core.reply.schema_file import json_schema_node
from fms_dgt.core.reply.score import ScoreReply
from fms_dgt.core.reply.text import TextReply
from fms_dgt.errors import Problem, did_you_mean

HOW = {
    "text": "write 'reply: text', or 'reply: {text: whole}' where one that is cut off is no answer",
    "list": "write 'reply: {list: question}', say",
    "fields": "write 'reply: {fields: [question, answer]}', say",
    "score": "write 'reply: {score: {from: 1, to: 3}}', say",
    "json": "write 'reply: {json: {type: object, properties: {...}}}'",
}
PAIR = 2

_NAME = re.compile(r"[A-Za-z][\w-]{0,59}", re.ASCII)


def contract_from(node: Node, problems: list[Problem]) -> ReplyContract:
    """The contract that `node` asks for; TextReply, and entries in `problems`, where it does not say."""
    before = len(problems)
    contract = _of_text(node, problems) if isinstance(node.value, str) else _of_mapping(node, problems)
    return TextReply() if contract is None or len(problems) > before else contract


def _of_text(node: Node, problems: list[Problem]) -> ReplyContract | None:
    form = str(node.value)
    if form == "text":
        return TextReply()
    if form == "list":
        return ListReply()
    if form in HOW:
        problems.append(node.problem(f"'{form}' alone does not say enough", HOW[form]))
    else:
        problems.append(node.problem(f"unknown form '{form}'", did_you_mean(form, HOW, noun="forms")))
    return None


def _of_mapping(node: Node, problems: list[Problem]) -> ReplyContract | None:
    if not node.is_mapping:
        mend = did_you_mean("", HOW, noun="forms")
        problems.append(node.problem(f"must name a form, not be {node.kind()}", mend))
        return None
    forms = [key for key in node.value if key in HOW]
    known = {*(forms or HOW), *(["repeated"] if "fields" in forms else [])}
    for key, child in node.items():
        if key not in known and key not in HOW:
            mend = did_you_mean(key, known, noun="it may be" if not forms else "known keys")
            problems.append(child.problem(f"unknown key '{key}'", mend))
    if len(forms) > 1:
        problems.append(node.problem(f"names {len(forms)} forms: {', '.join(forms)}", "keep one"))
    if len(forms) != 1:
        if not node.value:
            problems.append(node.problem("names no form", did_you_mean("", HOW, noun="forms")))
        return None
    try:
        return _READERS[forms[0]](node, node.value[forms[0]], problems)
    except ValueError as error:
        problems.append(node.problem(str(error), HOW[forms[0]]))
        return None


def _text(_: Node, said: Node, problems: list[Problem]) -> ReplyContract | None:
    if said.value not in (None, "whole"):
        problems.append(said.problem("a text has no other setting than 'whole'", HOW["text"]))
    return TextReply(whole=said.value == "whole")


def _list(_: Node, said: Node, problems: list[Problem]) -> ReplyContract | None:
    if said.value is None:
        return ListReply()
    name = _name(said, problems, HOW["list"])
    return ListReply(name) if name else None


def _fields(node: Node, said: Node, problems: list[Problem]) -> ReplyContract | None:
    repeated = node.get("repeated")
    if repeated and not isinstance(repeated.value, bool):
        problems.append(repeated.problem(f"must be true or false, not {repeated.kind()}"))
    if not said.is_list:
        problems.append(said.problem(f"must be a list of names, not {said.kind()}", HOW["fields"]))
        return None
    names = [_name(child, problems, HOW["fields"]) for child in said.value]
    if not all(names):
        return None
    return FieldsReply([name for name in names if name], repeated=bool(repeated and repeated.value))


def _name(node: Node, problems: list[Problem], mend: str) -> str | None:
    if not isinstance(node.value, str):
        problems.append(node.problem(f"must be a name, not {node.kind()}", mend))
    elif node.value.lower() == "think":
        problems.append(node.problem("models think between <think> tags", "choose another name"))
    elif not _NAME.fullmatch(node.value):
        what = f"'{node.value[:60]}' cannot be the name of a tag"
        problems.append(node.problem(what, "begin with a letter; go on with letters, digits, '_' and '-'"))
    else:
        return node.value
    return None


def _score(_: Node, said: Node, problems: list[Problem]) -> ReplyContract | None:
    if said.is_list and len(said.value) == PAIR:
        ends: list[Node | None] = list(said.value)
    elif said.is_mapping:
        for key, child in said.items():
            if key not in ("from", "to"):
                mend = did_you_mean(key, ("from", "to"), noun="known keys")
                problems.append(child.problem(f"unknown key '{key}'", mend))
        ends = [said.get("from"), said.get("to")]
    else:
        ends = []
    if not ends or None in ends:
        problems.append(said.problem("must say where the scale begins and ends", HOW["score"]))
        return None
    low, high = (_whole(end, problems) for end in ends if end)
    return None if low is None or high is None else ScoreReply(low, high)


def _whole(node: Node, problems: list[Problem]) -> int | None:
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.value
    problems.append(node.problem(f"must be a whole number, not {node.kind()}"))
    return None


def _json(_: Node, given: Node, problems: list[Problem]) -> ReplyContract | None:
    node = json_schema_node(given, problems)
    if node is None:
        return None
    found = reply_schema_problems(node)
    problems.extend(found)
    return None if found else JsonReply(node.plain())


_READERS: Mapping[str, Callable[[Node, Node, list[Problem]], ReplyContract | None]] = {
    "text": _text,
    "list": _list,
    "fields": _fields,
    "score": _score,
    "json": _json,
}

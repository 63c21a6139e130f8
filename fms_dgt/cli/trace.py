"""`fms_dgt trace`: the prompts and answers that a record came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from fms_dgt.cli.parser import Parser
from fms_dgt.core.typed import encode
from fms_dgt.errors import InputError, Problem
from fms_dgt.runner.trace import Trace, trace
from fms_dgt.safety.terminal import harmless


def main(argv: Sequence[str]) -> int:
    """Show one record's calls. Raises FolderError."""
    parser = Parser(prog="fms_dgt trace", description="Show the prompts and answers that a record came from.")
    parser.add_argument("folder", metavar="DIR", help="the folder of a task, the one with its data.jsonl")
    parser.add_argument("number", metavar="N", help="the record: a line of data.jsonl, from 1")
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("-h", "--help", action="help", help="show this")
    options = parser.parse(argv)
    if not options.number.isdecimal() or int(options.number) < 1:
        what = f"there is no line '{options.number}'"
        raise InputError([Problem(what, "name a line of data.jsonl, from 1", "the command line: N")])
    found = trace(Path(options.folder), int(options.number))
    if options.json:
        print(json.dumps(encode(found), indent=2, ensure_ascii=False))
    else:
        print(harmless("\n".join(_lines(found))))
    return 0


def _lines(found: Trace) -> Iterator[str]:
    yield f"record of row {found.row}"
    yield json.dumps(found.record, indent=2, ensure_ascii=False)
    for at, call in enumerate(found.calls, 1):
        tokens = f"{call.completion['input_tokens']} tokens in, {call.completion['output_tokens']} out"
        about = f"{call.generator}, row {call.row}, {tokens}"
        yield f"\n=== call {at} of {len(found.calls)}: {call.stage} ({about})"
        if call.request.get("prompt") is not None:
            yield f"--- prompt, as it is sent\n{call.request['prompt']}"
        for message in call.request["messages"]:
            yield f"--- {message['role']}\n{message['content']}"
        yield f"--- answer\n{call.completion['text']}"

"""`fms_dgt serve`: a GGUF file for other programs, over the OpenAI protocol."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, NoReturn

from fms_dgt.cli.main import DONE, INTERRUPTED
from fms_dgt.cli.parser import Parser, whole_number
from fms_dgt.errors import InputError, Problem, SetupError
from fms_dgt.generators.llama_cpp.engine import PACKAGE
from fms_dgt.generators.llama_cpp.model import INSTALL
from fms_dgt.generators.llama_cpp.serve import (
    EVERY_ADDRESS,
    SIGNALS,
    ServerOptions,
    check_address,
    find_model,
    signals_kept,
    start,
)
from fms_dgt.safety import environment

KEY_VARIABLE = "LLAMA_API_KEY"
RANGES = {"port": (0, 65_535), "slots": (1, 256), "context": (16, 100_000_000), "gpu_layers": (-1, 10_000)}
ABOUT = "Serve a GGUF file over the OpenAI protocol, by llama.cpp, until Ctrl-C."


def main(argv: Sequence[str]) -> NoReturn:
    """Serve until a signal comes; then leave with 0 after SIGTERM, 130 after Ctrl-C. Raises UserError."""
    options = _options(argv)
    if importlib.util.find_spec(PACKAGE) is None:
        raise SetupError(f"'fms_dgt serve' needs the package {PACKAGE}; run: {INSTALL}")
    check_address(options.host, options.port)
    path = find_model(options)
    print(f"loading {path}", file=sys.stderr)
    # llama.cpp holds the interpreter while it loads: no handler of Python's would run
    for each in SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    server: Any = start(options, path)
    with signals_kept() as came:
        print("\n".join(_ready(options, server.listening_address)), flush=True)
        number = os.read(came, 1)[0]
    print("stopped", file=sys.stderr, flush=True)
    # the server's own end would wait for the calls under way, however long they take
    os._exit(INTERRUPTED if number == signal.SIGINT else DONE)


def _ready(options: ServerOptions, address: str) -> list[str]:
    port = address.rpartition(":")[2]
    everywhere = options.host in EVERY_ADDRESS
    url = f"http://127.0.0.1:{port}/v1" if everywhere else f"{address}/v1"
    # the key itself stands nowhere
    key = f"${{{KEY_VARIABLE}}}" if options.key else "none"
    lines = [f"{options.alias} is served at {url}"]
    if everywhere:
        lines.append(f"for other machines: http://{socket.gethostname()}:{port}/v1")
        if not options.key:
            lines.append("whoever reaches this machine can use it; --api-key locks it")
    # in quotes, whatever is in the name
    alias = json.dumps(options.alias, ensure_ascii=False)
    config = f'type: openai, base_url: "{url}", model_id_or_path: {alias}, api_key: "{key}"'
    lines.append(f"in a config: {{{config}}}")
    return lines


def _options(argv: Sequence[str]) -> ServerOptions:
    given = _parser().parse(argv)
    problems = []
    for name, (low, high) in RANGES.items():
        value = getattr(given, name)
        if value is not None and not low <= value <= high:
            flag = f"--{name.replace('_', '-')}"
            problems.append(Problem(f"{flag} must be from {low} to {high}, not {value}", "change it"))
    if problems:
        raise InputError(problems)
    values = {name: value for name, value in vars(given).items() if name != "debug"}
    values["alias"] = given.alias or PurePath(given.model.rpartition(":")[2]).stem
    values["key"] = given.key or environment.setting(KEY_VARIABLE)
    return ServerOptions(**values)


def _parser() -> Parser:
    parser = Parser(prog="fms_dgt serve", description=ABOUT)
    add = parser.add_argument
    add("model", metavar="FILE.gguf", help="a file, or REPO:FILE.gguf of a hub, as in a config")
    add("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default: 127.0.0.1)")
    add("--port", type=whole_number, default=8080, metavar="N", help="default: 8080; 0 takes any free one")
    add("--slots", type=whole_number, default=4, metavar="N", help="calls that are batched (default: 4)")
    add(
        "--context",
        type=whole_number,
        metavar="N",
        help="tokens of one call, prompt and answer together (default: 4096, or the model's)",
    )
    add("--gpu-layers", type=whole_number, metavar="N", help="0 for none (default: what fits)")
    add("--threads", type=whole_number, metavar="N", help="of the processor (default: one a core)")
    add("--alias", default="", metavar="NAME", help="the model's name in answers (default: its file's)")
    add(
        "--api-key",
        dest="key",
        default="",
        metavar="KEY",
        help=f"what callers must know (default: ${KEY_VARIABLE})",
    )
    add("--debug", action="store_true", help="show tracebacks")
    add("-h", "--help", action="help", help="show this")
    return parser

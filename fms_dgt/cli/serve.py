"""`fms_dgt serve`: a GGUF file for other programs, over the OpenAI protocol."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import secrets
import signal
import socket
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import NoReturn

from fms_dgt.cli.interrupts import INTERRUPTED
from fms_dgt.cli.main import DONE
from fms_dgt.cli.parser import Parser, whole_number
from fms_dgt.errors import InputError, Problem, SetupError
from fms_dgt.generators.llama_cpp.engine import PACKAGE
from fms_dgt.generators.llama_cpp.front import SIGNALS
from fms_dgt.generators.llama_cpp.model import INSTALL
from fms_dgt.generators.llama_cpp.serve import (
    EVERY_ADDRESS,
    ServerOptions,
    check_address,
    find_model,
    is_loopback,
    start,
)
from fms_dgt.safety import environment

KEY_VARIABLE = "LLAMA_API_KEY"
RANGES = {"port": (0, 65_535), "slots": (1, 256), "context": (16, 100_000_000), "gpu_layers": (-1, 10_000)}
ABOUT = "Serve a GGUF file over the OpenAI protocol, by llama.cpp, until Ctrl-C."
_LONGEST_KEY = 4096


def main(argv: Sequence[str]) -> NoReturn:
    """Serve until a signal comes; then leave with 0 after SIGTERM, 130 after Ctrl-C. Raises UserError."""
    options, is_new_key = _options(argv)
    if importlib.util.find_spec(PACKAGE) is None:
        raise SetupError(f"'fms_dgt serve' needs the package {PACKAGE}; run: {INSTALL}")
    check_address(options.host, options.port)
    path = find_model(options)
    print(f"loading {path}", file=sys.stderr)
    # llama.cpp holds the interpreter while it loads: no handler of Python's would run
    for each in SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    server = start(options, path)
    check_address(options.host, options.port)

    def ready(port: int) -> None:
        print("\n".join(_ready(options, port, is_new_key=is_new_key)), flush=True)

    number = asyncio.run(server.serve(options, ready))
    print("stopped", file=sys.stderr, flush=True)
    # the server's own end would wait for the calls under way, however long they take
    os._exit(INTERRUPTED if number == signal.SIGINT else DONE)


def _ready(options: ServerOptions, port: int, *, is_new_key: bool) -> Iterator[str]:
    everywhere = options.host in EVERY_ADDRESS
    host = f"[{options.host}]" if ":" in options.host else options.host
    url = f"http://{'127.0.0.1' if everywhere else host}:{port}/v1"
    yield f"{options.alias} is served at {url}"
    if everywhere:
        yield f"for other machines: http://{socket.gethostname()}:{port}/v1"
    if is_new_key:
        yield f"callers need its key, a new one at each start: export {KEY_VARIABLE}={options.key}"
    elif not options.key:
        yield "every program and user of this machine can use it: it has no key"
    # a key that was given is not shown
    key = f"${{{KEY_VARIABLE}}}" if options.key else "none"
    # in quotes, whatever is in the name
    alias = json.dumps(options.alias, ensure_ascii=False)
    config = f'type: openai, base_url: "{url}", model_id_or_path: {alias}, api_key: "{key}"'
    yield f"in a config: {{{config}}}"


def _options(argv: Sequence[str]) -> tuple[ServerOptions, bool]:
    """The options, and whether their key was made up just now."""
    given = _parser().parse(argv)
    problems = []
    for name, (low, high) in RANGES.items():
        value = getattr(given, name)
        if value is not None and not low <= value <= high:
            flag = f"--{name.replace('_', '-')}"
            problems.append(Problem(f"{flag} must be from {low} to {high}, not {value}", "change it"))
    key = _key(given, problems)
    if problems:
        raise InputError(problems)
    is_new_key = not key and not given.no_key
    options = ServerOptions(
        model=given.model,
        host=given.host,
        port=given.port,
        slots=given.slots,
        context=given.context,
        gpu_layers=given.gpu_layers,
        threads=given.threads,
        alias=given.alias or PurePath(given.model.rpartition(":")[2]).stem,
        key=secrets.token_urlsafe(24) if is_new_key else key,
        names=tuple(given.names),
        origin=given.origin,
    )
    return options, is_new_key


def _key(given: Namespace, problems: list[Problem]) -> str:
    """The key that the flags and the environment name; "" where they name none."""
    ways = [flag for flag, value in (("--api-key", given.key), ("--api-key-file", given.key_file)) if value]
    if given.no_key:
        if ways:
            problems.append(Problem(f"--no-key and {ways[0]} contradict each other", "remove one of them"))
        if not is_loopback(given.host):
            text = f"--no-key would let everybody who reaches {given.host} use the server"
            problems.append(Problem(text, "remove --no-key, or --host"))
        return ""
    if len(ways) > 1:
        problems.append(Problem(f"{ways[0]} and {ways[1]} contradict each other", "remove one of them"))
    if given.key_file:
        return _read_key(Path(given.key_file), problems)
    if given.key:
        print(
            f"note: other users of this machine can see --api-key; {KEY_VARIABLE} and --api-key-file hide it",
            file=sys.stderr,
        )
    key: str = given.key or environment.setting(KEY_VARIABLE)
    return key


def _read_key(file: Path, problems: list[Problem]) -> str:
    where = str(file)
    try:
        with file.open(encoding="utf-8") as text:
            key = text.readline(_LONGEST_KEY).strip()
    except OSError as error:
        problems.append(Problem(f"cannot be read: {error.strerror}", "check --api-key-file", where))
        return ""
    except UnicodeDecodeError:
        problems.append(Problem("is not a text file", "check --api-key-file", where))
        return ""
    if not key:
        problems.append(Problem("its first line is empty", "write the key there", where))
    return key


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
        "--api-key-file",
        dest="key_file",
        default="",
        metavar="FILE",
        help=f"callers must know its first line (default: ${KEY_VARIABLE}, or a new key at each start)",
    )
    add(
        "--api-key",
        dest="key",
        default="",
        metavar="KEY",
        help="the same as a flag, which other users of this machine can see",
    )
    add("--no-key", action="store_true", help="ask for no key; only for this machine, without --host")
    add(
        "--allow-host",
        dest="names",
        action="append",
        default=[],
        metavar="NAME",
        help="another name by which callers reach this machine; may be given several times",
    )
    add(
        "--allow-origin",
        dest="origin",
        default="",
        metavar="URL",
        help="web pages of this origin may call it",
    )
    add("--debug", action="store_true", help="show tracebacks")
    add("-h", "--help", action="help", help="show this")
    return parser

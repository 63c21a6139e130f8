"""A GGUF file served to other programs, by llama.cpp's own server in this process and what is before it."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fms_dgt.errors import InputError, Problem, SetupError
from fms_dgt.generators.llama_cpp.engine import EngineSettings, load_server
from fms_dgt.generators.llama_cpp.front import Access, Front, names_of
from fms_dgt.generators.llama_cpp.generator import USUAL_CONTEXT, LlamaCppGenerator, LlamaCppOptions
from fms_dgt.generators.llama_cpp.model import header_of, model_of

EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 (to tell it from others)
# what the generator's options are called on the command line
FLAGS: Final = {"context_size": "--context", "parallel": "--slots"}


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """What is served, where, and to whom. With no `key` every program of this machine may use it."""

    model: str
    host: str = "127.0.0.1"
    port: int = 8080
    slots: int = 4
    context: int | None = None
    gpu_layers: int | None = None
    threads: int | None = None
    alias: str = ""
    key: str = ""
    names: tuple[str, ...] = ()
    origin: str = ""


@dataclass(frozen=True)
class Server:
    """llama.cpp's server with its model loaded, and the key that it asks for."""

    handle: Any
    key: str

    @property
    def address(self) -> str:
        """Where it listens, on this machine alone."""
        port = self.handle.listening_address.rpartition(":")[2]
        return f"http://127.0.0.1:{port}"

    async def serve(self, options: ServerOptions, ready: Callable[[int], None]) -> int:
        """Serve until a signal comes, and return its number; `ready` is told the port."""
        access = Access(key=options.key, names=names_of(options.host, options.names), origin=options.origin)
        front = Front(access, upstream=self.address, upstream_key=self.key)
        return await front.serve(options.host, options.port, ready)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def find_model(options: ServerOptions) -> Path:
    """The file, fetched if need be, when nothing keeps it from being loaded. Raises UserError."""
    _check(options)
    path = model_of(options.model, "", "").fetched()
    # of a file that was just fetched, nothing was known before
    _check(options)
    return path


def _check(options: ServerOptions) -> None:
    generator = LlamaCppGenerator(
        LlamaCppOptions(
            model_id_or_path=options.model,
            context_size=options.context,
            parallel=options.slots,
            gpu_layers=options.gpu_layers,
        )
    )
    problems = generator.check()
    if problems:
        raise InputError(Problem(each.what, _with_flags(each.mend), each.where) for each in problems)


def _with_flags(mend: str) -> str:
    return re.sub(r"'(\w+)'", lambda match: f"'{FLAGS.get(match[1], match[1])}'", mend)


def check_address(host: str, port: int) -> None:
    """Raise SetupError where no server can listen there: llama.cpp finds out after it loaded the model."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except socket.gaierror as error:
        raise SetupError(f"there is no address '{host}'; check '--host'") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            text = f"port {port} of {host} is taken by another program; name another one: --port {port + 1}"
        elif error.errno == errno.EACCES:
            text = f"port {port} is the system's; name another one: --port 8080"
        else:
            text = f"'{host}' is not an address of this machine ({error.strerror}); check '--host'"
        raise SetupError(text) from error


def start(options: ServerOptions, path: Path) -> Server:
    """The server, its model loaded. Loading holds the interpreter. Raises SetupError."""
    context = options.context or min(USUAL_CONTEXT, header_of(path).context or USUAL_CONTEXT)
    settings = EngineSettings(
        os.path.abspath(path),  # noqa: PTH100 (a link's own name has the right ending)
        context,
        options.slots,
        options.gpu_layers,
        options.threads,
    )
    key = secrets.token_urlsafe(32)
    return Server(load_server(settings, options.model, key=key, alias=options.alias, show_slots=True), key)

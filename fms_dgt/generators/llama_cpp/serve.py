"""A GGUF file served to other programs, by llama.cpp's own server in this process."""

from __future__ import annotations

import errno
import importlib
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fms_dgt.errors import InputError, Problem, SetupError
from fms_dgt.generators.llama_cpp.engine import BATCH, PACKAGE, SILENT, EngineSettings, _last_words
from fms_dgt.generators.llama_cpp.generator import USUAL_CONTEXT, LlamaCppGenerator, LlamaCppOptions
from fms_dgt.generators.llama_cpp.model import INSTALL, header_of, model_of
from fms_dgt.generators.shared.text import excerpt

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 (to tell it from others)
# what the generator's options are called on the command line
FLAGS: Final = {"context_size": "--context", "parallel": "--slots"}


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """What is served, and where. With no `key` everybody who reaches the port may use it."""

    model: str
    host: str = "127.0.0.1"
    port: int = 8080
    slots: int = 4
    context: int | None = None
    gpu_layers: int | None = None
    threads: int | None = None
    alias: str = ""
    key: str = ""


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
            text = f"'{host}' is no address of this machine ({error.strerror}); check '--host'"
        raise SetupError(text) from error


def start(options: ServerOptions, path: Path) -> Any:
    """The running server, its model loaded; it lives until the last reference to it goes.

    Loading holds the interpreter. Raises SetupError.
    """
    context = options.context or min(USUAL_CONTEXT, header_of(path).context or USUAL_CONTEXT)
    settings = EngineSettings(
        os.path.abspath(path),  # noqa: PTH100 (a link's own name has the right ending)
        context,
        options.slots,
        options.gpu_layers,
        options.threads,
    )
    try:
        return _server(settings, options)
    except ImportError as error:
        raise SetupError(f"the package {PACKAGE} cannot be imported ({error}); run: {INSTALL}") from error
    except AttributeError as error:
        mend = f"run: pip install --upgrade {PACKAGE}"
        raise SetupError(f"the package {PACKAGE} is of an unfit version: {error}; {mend}") from error
    except (RuntimeError, ValueError, MemoryError) as error:
        check_address(options.host, options.port)
        why = _last_words(settings) or excerpt(error)
        raise SetupError(f"llama.cpp cannot load '{options.model}': {why}") from error


def _server(settings: EngineSettings, options: ServerOptions) -> Any:
    xllamacpp = importlib.import_module(PACKAGE)
    params = xllamacpp.CommonParams()
    params.verbosity = SILENT
    params.model.path = settings.path
    params.n_ctx, params.n_parallel = settings.context * settings.parallel, settings.parallel
    params.n_batch = params.n_ubatch = BATCH
    if settings.gpu_layers is not None:
        params.n_gpu_layers = settings.gpu_layers
    if settings.threads is not None:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings.threads
    # a copy of every prompt seen, up to 8 GB of them; what the slots remember is enough
    params.cache_ram_mib = 0
    params.hostnames, params.port = [options.host], options.port
    params.api_keys = [options.key] if options.key else []
    params.model_alias = {options.alias}
    params.endpoint_slots, params.ui, params.endpoint_metrics = True, False, True
    server = xllamacpp.Server(params)
    # one that is freed before its loop has begun waits for the end of that loop for ever; this answer
    # comes out of the loop
    server.handle_metrics()
    return server


@contextmanager
def signals_kept() -> Iterator[int]:
    """A file to read from: each SIGINT and SIGTERM that comes is a byte in it, its number."""
    came, noted = os.pipe()
    os.set_blocking(noted, False)
    before = {each: signal.signal(each, lambda *_: None) for each in SIGNALS}
    woken = signal.set_wakeup_fd(noted)
    try:
        yield came
    finally:
        signal.set_wakeup_fd(woken)
        for each, handler in before.items():
            signal.signal(each, handler)
        os.close(came)
        os.close(noted)

"""llama.cpp's server inside this process: loaded once a model, shared, and asked from the event loop.

A call holds a thread, but not the interpreter: the wheel lets go of it until there is a piece of the
answer. Pieces are asked for one by one because that is the only way to break a call off.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import importlib
import json
import re
import secrets
import sys
import threading
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

from fms_dgt.errors import EveryCallFails, Overloaded, SetupError
from fms_dgt.generators.llama_cpp.machine import allotted_threads, prompt_cache_mib
from fms_dgt.generators.llama_cpp.model import INSTALL
from fms_dgt.generators.shared.lending import Lender, hand_over
from fms_dgt.generators.shared.text import excerpt
from fms_dgt.safety.child import ChildFailed, child_environment, import_path, python_command, run
from fms_dgt.safety.environment import with_default

PACKAGE: Final = "xllamacpp"
# A call that is broken off ends with the batch of prompt tokens under way.
BATCH: Final = 512
SILENT, ALOUD = -1, 3
EXPLAINED_WITHIN = 600.0
LAST_WORDS: Final = 2
_MOST_WORDS: Final = 1 << 26
# which processors the model may use
_DEVICES: Final = (
    *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
    *("GGML_CUDA_ENABLE_UNIFIED_MEMORY", "GGML_VK_VISIBLE_DEVICES"),
)

Settle: TypeAlias = Callable[[list[bytes], Exception | None], None]
Heard: TypeAlias = Callable[[bytes], None]

_ERROR_LINE = re.compile(r"^[\d.]+ E [\w ]*:? *(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What a model is loaded with; `context` is that of one slot."""

    path: str
    context: int
    parallel: int
    gpu_layers: int | None = None
    threads: int | None = None
    chat_template: str = ""


class Engine:
    """One loaded model. `parallel` calls are under way at once, batched with one another; others wait."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self._server: Any = None
        self._lock = threading.Lock()
        self._calls: set[_Call] = set()
        # a semaphore belongs to one event loop
        self._gates: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]
        self._gates = weakref.WeakKeyDictionary()

    def load(self) -> None:
        """Load the model, if it is not. Takes as long as it takes. Raises SetupError."""
        with self._lock:
            if self._server is None:
                self._server = load_server(self.settings, self.settings.path)

    async def ask(self, handler: str, body: bytes, heard: Heard | None = None) -> list[bytes]:
        """The pieces of the answer to one request, each given to `heard` as it comes.

        Raises what the wheel raises.
        """
        loop = asyncio.get_running_loop()
        gate = self._gates.setdefault(loop, asyncio.Semaphore(self.settings.parallel))
        await gate.acquire()
        answer: asyncio.Future[list[bytes]] = loop.create_future()

        def settle(pieces: list[bytes], error: Exception | None) -> None:
            gate.release()
            if answer.done():
                return
            if error is None:
                answer.set_result(pieces)
            else:
                answer.set_exception(error)

        try:
            came = _Came(
                settle=lambda *answered: hand_over(loop, settle, *answered),
                heard=(lambda piece: hand_over(loop, heard, piece)) if heard else None,
            )
            call = self._started(handler, body, came)
        except BaseException:
            gate.release()
            raise
        try:
            return await answer
        except asyncio.CancelledError:
            call.stopped = True
            raise

    def _started(self, handler: str, body: bytes, came: _Came) -> _Call:
        with self._lock:
            if self._server is None:
                raise EveryCallFails("llama.cpp: the model is not loaded")
            call = _Call(getattr(self._server, handler), body, came, self._calls.discard)
            try:
                self._calls.add(call)
                call.thread.start()
            except RuntimeError as error:
                self._calls.discard(call)
                raise Overloaded("llama.cpp: no thread is left for another call") from error
        return call

    def end(self) -> None:
        """Break off what is under way and free the model."""
        with self._lock:
            server, self._server = self._server, None
            calls = list(self._calls)
        for call in calls:
            call.stopped = True
        for call in calls:
            call.thread.join()
        del server


@dataclass(frozen=True, slots=True)
class _Came:
    """Who is told, from the call's thread, what has come: the whole answer, and each piece of it."""

    settle: Settle
    heard: Heard | None


class _Call:
    """A thread that asks the server and keeps the pieces of the answer."""

    def __init__(
        self, handle: Callable[..., None], body: bytes, came: _Came, gone: Callable[[_Call], None]
    ) -> None:
        self.stopped = False
        self._handle = handle
        self._body = body
        self._came = came
        self._gone = gone
        self._caller = threading.current_thread()
        # no daemon: one that is inside C++ when the interpreter goes would take the process down
        self.thread = threading.Thread(target=self._run, name="llama.cpp call", daemon=False)

    def _run(self) -> None:
        pieces: list[bytes] = []

        def keep(piece: bytes) -> bool:
            """Take a piece; true for: no more."""
            pieces.append(piece)
            if self._came.heard is not None:
                self._came.heard(piece)
            # nobody waits any more where the thread of the event loop has ended, as at exit
            return self.stopped or not self._caller.is_alive()

        error = None
        try:
            self._handle(self._body, keep)
        except Exception as raised:  # noqa: BLE001 (it is raised where the answer is awaited)
            error = raised
        # the server is freed with the last reference to it, which must not be this thread's
        del self._handle
        self._gone(self)
        self._came.settle(pieces, error)


_engines = Lender(Engine)
# what was never given back goes while the interpreter is still whole
atexit.register(_engines.end_all)


async def borrow(settings: EngineSettings) -> Engine:
    """The engine with these settings, loaded; whoever borrows it gives it back. Raises SetupError."""
    return await _engines.borrow(settings, Engine.load)


async def give_back(engine: Engine) -> None:
    """Free the engine, if nobody else has borrowed it."""
    await _engines.give_back(engine.settings)


def load_server(
    settings: EngineSettings, shown: str, *, key: str = "", alias: str = "", show_slots: bool = False
) -> Any:
    """As `start_server`; raises SetupError, which calls the model `shown`."""
    try:
        return start_server(settings, key=key, alias=alias, show_slots=show_slots)
    except ImportError as error:
        raise SetupError(f"the package {PACKAGE} cannot be imported ({error}); run: {INSTALL}") from error
    except AttributeError as error:
        mend = f"run: pip install --upgrade {PACKAGE}"
        raise SetupError(f"the package {PACKAGE} is of an unfit version: {error}; {mend}") from error
    except (RuntimeError, ValueError, MemoryError) as error:
        why = last_words(settings) or excerpt(error)
        raise SetupError(f"llama.cpp cannot load '{shown}': {why}") from error


def start_server(
    settings: EngineSettings,
    *,
    verbosity: int = SILENT,
    key: str = "",
    alias: str = "",
    show_slots: bool = False,
) -> Any:
    """llama.cpp's server with a model loaded; it lives until the last reference to it goes.

    Loading holds the interpreter. It also listens on a free port of this machine, which cannot be kept
    from it: with no `key` for nobody.
    """
    # threads that spin while they wait for one another take the cores from whoever they wait for
    with with_default("OMP_WAIT_POLICY", "passive"):
        # late: 100 MB of machine code
        xllamacpp = importlib.import_module(PACKAGE)
    params = xllamacpp.CommonParams()
    params.verbosity = verbosity
    params.model.path = settings.path
    params.n_ctx, params.n_parallel = settings.context * settings.parallel, settings.parallel
    params.n_batch = params.n_ubatch = BATCH
    if settings.gpu_layers is not None:
        params.n_gpu_layers = settings.gpu_layers
    threads = settings.threads or allotted_threads()
    if threads is not None:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    if settings.chat_template:
        params.chat_template = settings.chat_template
    # the first call warms it up just as well, and lets other threads run meanwhile
    params.warmup = False
    # a slot remembers one prompt; with these, the beginning that each stage's prompts share stays computed
    params.cache_ram_mib = prompt_cache_mib()
    params.port = 0
    params.api_keys = [key or secrets.token_urlsafe(32)]
    if alias:
        params.model_alias = {alias}
    params.endpoint_slots, params.ui, params.endpoint_metrics = show_slots, False, True
    server = xllamacpp.Server(params)
    # one that is freed before its loop has begun waits for the end of that loop for ever; this answer
    # comes out of the loop
    server.handle_metrics()
    return server


def last_words(settings: EngineSettings) -> str:
    """Why a model cannot be loaded: tried once more, in a process of its own that may say so."""
    code = "from fms_dgt.generators.llama_cpp.engine import load_aloud; load_aloud()"
    try:
        tried = run(
            python_command("-c", code),
            environment=child_environment(also=_DEVICES, extra={"PYTHONPATH": import_path()}),
            seconds=EXPLAINED_WITHIN,
            largest=_MOST_WORDS,
            written=json.dumps(asdict(settings)).encode(),
        )
    except (OSError, ChildFailed):
        return ""
    said = _ERROR_LINE.findall((tried.stdout + tried.stderr).decode("utf-8", "replace"))
    return excerpt("; ".join(said[:LAST_WORDS]))


def load_aloud() -> None:
    """Load the model that stdin describes, aloud: for a process of its own."""
    settings = EngineSettings(**json.load(sys.stdin))
    # llama.cpp writes from a thread of its own: a traceback would come into the middle of one of its lines
    with contextlib.suppress(Exception):
        start_server(settings, verbosity=ALOUD)

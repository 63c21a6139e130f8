"""Loaded models, each with its thread, shared by all generators that want the same."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Any

from fms_dgt.core.generator import Completion
from fms_dgt.errors import EveryCallFails
from fms_dgt.generators.shared.lending import Lender
from fms_dgt.generators.transformers.model import LoadedModel, free_memory, load_model
from fms_dgt.generators.transformers.request import Asked, ModelSettings
from fms_dgt.generators.transformers.worker import Call, Worker


@dataclass
class Engine:
    """One loaded model with its thread, for all generators with the same settings."""

    settings: ModelSettings
    defaults: dict[str, Any] = field(default_factory=dict)
    has_chat_template: bool = False
    _worker: Worker | None = None
    _thread: threading.Thread | None = None
    _loading: threading.Lock = field(default_factory=threading.Lock)

    def load(self, max_batch: int) -> None:
        """Load the model, if it is not, for so many calls at once or more. Raises SetupError."""
        with self._loading:
            if self._worker is None:
                self._start(load_model(self.settings))
            if self._worker is not None:
                self._worker.widen(max_batch)

    def _start(self, loaded: LoadedModel) -> None:
        self.defaults, self.has_chat_template = loaded.defaults, loaded.has_chat_template
        self._worker = Worker(loaded)
        # no daemon: one that is inside torch when the interpreter goes would take the process down
        self._thread = threading.Thread(target=self._worker.run, name="transformers", daemon=False)
        self._thread.start()

    async def ask(self, asked: Asked) -> Completion:
        """The answer to one call. Raises GeneratorError."""
        worker = self._worker
        if worker is None:
            raise EveryCallFails("transformers: the model is not loaded any more")
        loop = asyncio.get_running_loop()
        call = Call(asked, loop, loop.create_future())
        worker.put(call)
        # an error keeps this frame, and must not keep the model with it
        del worker
        return await call.future

    def end(self) -> None:
        """Leave what is under way and free the model."""
        with self._loading:
            worker, thread = self._worker, self._thread
            self._worker = self._thread = None
            if worker is not None and thread is not None:
                worker.put(None)
                thread.join()
        del worker, thread
        free_memory()


_engines = Lender(Engine)


async def borrow(settings: ModelSettings, max_batch: int) -> Engine:
    """The engine with these settings, loaded, that computes so many calls at once or more.

    Whoever borrows it gives it back. Raises SetupError.
    """
    return await _engines.borrow(settings, lambda engine: engine.load(max_batch))


async def give_back(engine: Engine) -> None:
    """Free the engine, if nobody else has borrowed it."""
    await _engines.give_back(engine.settings)

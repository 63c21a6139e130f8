"""The generator `local`: llama.cpp with the best known model that is on this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from fms_dgt.errors import Problem, SetupError
from fms_dgt.generators.llama_cpp.generator import LlamaCppGenerator, LlamaCppOptions
from fms_dgt.generators.llama_cpp.known import KNOWN
from fms_dgt.generators.llama_cpp.named import present_models

# Small models fall into loops, and their unlikely tokens are noise: with these SmolLM2 was cut off in 3 of 60
# answers in place of 27 of 64, and wrote half as many tokens.
SAMPLING: Final = {"repeat_penalty": 1.1, "min_p": 0.1, "dry_multiplier": 0.8}


class LocalGenerator(LlamaCppGenerator):
    """llama.cpp with the largest known model on this machine, or the one that `model_id_or_path` names.

    In a config file:

        databuilders:
          "*":
            blocks:
              - name: generator
                type: local
    """

    def __init__(self, options: LlamaCppOptions) -> None:
        is_named = bool(options.model_id_or_path or options.repo or options.file)
        # the name becomes an option: a run that goes on with another model is told so
        best = None if is_named else next(present_models(), None)
        super().__init__(
            replace(
                options,
                model_id_or_path=best.name if best else options.model_id_or_path,
                extra_body=options.extra_body or SAMPLING,
            )
        )
        if not options.extra_body:
            # below the params of a request: those that are set, and those for asking again after a loop
            self._usual, self._over = SAMPLING, {}
        if not is_named and best is None:
            self._model = _NoModel()


class _NoModel:
    """What stands in the place of a model where there is none."""

    name = "local"

    def problems(self) -> list[Problem]:
        smallest, *_ = KNOWN
        mend = f"run: fms_dgt models fetch {smallest}; 'fms_dgt models' lists larger ones"
        return [Problem("no known model is on this machine for the generator 'local'", mend)]

    def present(self) -> Path | None:
        return None

    def fetched(self) -> Path:
        raise SetupError(str(self.problems()[0]))

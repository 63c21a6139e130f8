"""Runs over numbered rows whose generator does something to the output folder when one row asks."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import fms_dgt

ROWS = 60
_MODULE = """
import asyncio, os, shutil
from pathlib import Path
from fms_dgt import Completion, Generator, GeneratorOptions

OUT = Path({out!r})
ASKED = Path({asked!r})


def deed(prompt):
{deed}


class HandsOn(Generator):
    Options = GeneratorOptions

    async def generate(self, request):
        prompt = request.messages[0]["content"]
        with ASKED.open("a") as log:
            log.write(prompt + "\\n")
        await asyncio.sleep(0.002)
        return deed(prompt) or Completion(f"Grain {{prompt}}", input_tokens=3, output_tokens=4)
"""


class Rows:
    """A task of numbered rows in a folder of its own."""

    def __init__(self, folder: Path, deed: str = "pass", rows: int = ROWS) -> None:
        self.out = folder / "out"
        self.asked_log = folder / "asked.log"
        self._module = folder / "hands_on.py"
        self._rows = [{"number": number} for number in range(rows)]
        self.does(deed)

    def does(self, deed: str) -> None:
        """What the generator does with each prompt, `grain number N.`; what it returns is the answer."""
        body = textwrap.indent(textwrap.dedent(deed), "    ")
        text = _MODULE.format(out=str(self.out), asked=str(self.asked_log), deed=body)
        self._module.write_text(text)

    def run(self, **settings: Any) -> fms_dgt.Outcome:
        """Go over the rows."""
        from engine import TOYS  # noqa: PLC0415

        task = {
            "task_name": "walk",
            "task_description": "A walk.",
            "created_by": "the tests",
            "data_builder": "walk",
            "seed_examples": self._rows,
        }
        settings.setdefault("max_concurrency", 4)
        include = [TOYS / "walk.py", self._module]
        return fms_dgt.run(task, generator="hands_on", include=include, output_dir=self.out, **settings)

    @property
    def asked(self) -> list[str]:
        """Every prompt that was asked, over all runs."""
        return self.asked_log.read_text().splitlines() if self.asked_log.exists() else []

    @property
    def data(self) -> Path:
        return self.out / "walk" / "data.jsonl"

    @property
    def journal(self) -> Path:
        return self.out / "journal.sqlite"

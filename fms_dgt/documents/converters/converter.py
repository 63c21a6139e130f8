"""What a converter is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar


class Converter(ABC):
    """Makes Markdown of files with certain suffixes; declared under `fms_dgt.converters`.

    Its class is imported to learn its suffixes, so anything heavy belongs into `convert`.
    """

    suffixes: ClassVar[tuple[str, ...]]
    """Lower case, with the dot."""
    packages: ClassVar[tuple[str, ...]] = ()
    """The modules that `convert` imports; it is not asked for where one is missing."""
    install: ClassVar[str] = ""
    """What to install then, as pip is told."""
    environment: ClassVar[tuple[str, ...]] = ()
    """Environment variables that `convert` needs: it runs in a process that inherits few others."""

    @abstractmethod
    def convert(self, path: Path) -> str:
        """The file as Markdown. What it raises is reported with the document's name.

        It runs in a process with limits on time and memory, which imports the class by its name.
        """

"""Which GGUF file a config means: one on disk, one of a hub, fetched on first use, or a known one by name."""

from __future__ import annotations

import importlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from fms_dgt.errors import Problem, SetupError, did_you_mean
from fms_dgt.generators.llama_cpp.header import Header, NotGGUF, read_chat_template, read_header
from fms_dgt.generators.llama_cpp.hub import fetch_file, has_hub, name_problem, progress_bar
from fms_dgt.generators.llama_cpp.hub_blob import PACKAGE
from fms_dgt.generators.llama_cpp.known import KNOWN, KnownModel
from fms_dgt.safety.cache import cache_folder

INSTALL: Final = "pip install 'fms-dgt[llama-cpp]'"
# the bar may be drawn above a live display, a line at a time
SECONDS_A_LINE: Final = 5.0

_HUB_NAME = re.compile(r"([\w.-]+/[\w.-]+):(.+\.gguf)", re.IGNORECASE)
_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.gguf)", re.IGNORECASE)


class Model(Protocol):
    """A GGUF file by the name that a config has for it."""

    @property
    def name(self) -> str:
        """What errors and limits call it."""

    def problems(self) -> list[Problem]:
        """What keeps it from being loaded, as far as can be told without loading or fetching it."""

    def present(self) -> Path | None:
        """Where it is; None where it is not there yet."""

    def fetched(self) -> Path:
        """Where it is, fetched if need be. Raises SetupError."""


def model_of(name: str, repo: str, file: str) -> Model:
    """The model that the options `model_id_or_path`, `repo` and `file` mean together.

    A known name is never a file: what lies in the working folder may be anybody's.
    """
    if repo or file:
        return HubModel(repo, file)
    if name in KNOWN:
        return NamedModel(KNOWN[name])
    if os.path.lexists(name):
        return LocalModel(name)
    match = _HUB_NAME.fullmatch(name)
    return HubModel(match[1], match[2]) if match else LocalModel(name)


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A file on disk."""

    given: str

    @property
    def name(self) -> str:
        return os.path.abspath(self._path)  # noqa: PTH100 (links are kept: the name is the user's)

    @property
    def _path(self) -> Path:
        path = Path(self.given)
        return path.expanduser() if self.given.startswith("~/") else path

    def problems(self) -> list[Problem]:
        if not self.given:
            mend = "write 'model_id_or_path: models/NAME.gguf', or 'REPO:FILE.gguf' for one of a hub"
            return [Problem("the llama.cpp generator has no model", mend)]
        if self._path.is_dir():
            return [Problem(f"'{self.given}' is a folder, not a GGUF file", _neighbours(self._path))]
        if not self._path.is_file():
            mend = _neighbours(self._path.parent, self._path.name) or "check the path"
            mend = f"{mend}; a hub's is written REPO:FILE.gguf"
            if "/" not in self.given and not self.given.lower().endswith(".gguf"):
                mend = did_you_mean(self.given, KNOWN, noun="models known by name")
            return [Problem(f"there is no file '{self.given}'", mend)]
        return file_problems(self._path, self.given)

    def present(self) -> Path | None:
        return self._path if self.given and self._path.is_file() else None

    def fetched(self) -> Path:
        return self._path


@dataclass(frozen=True, slots=True)
class HubModel:
    """A file of a Hugging Face repository, kept in the cache that all of its programs share."""

    repo: str
    file: str

    @property
    def name(self) -> str:
        return f"{self.repo}:{self.file}"

    def problems(self) -> list[Problem]:
        if not self.repo or not self.file:
            missing, given = ("file", "repo") if self.repo else ("repo", "file")
            what = f"the llama.cpp generator has a '{given}', but no '{missing}'"
            return [Problem(what, f"add '{missing}: ...'")]
        if not has_hub():
            mend = f"run: {INSTALL}; or fetch the file yourself and give its path"
            return [Problem(f"'{self.name}' cannot be fetched without the package {PACKAGE}", mend)]
        if problem := name_problem(self.repo, self.file):
            return [Problem(problem)]
        path = self.present()
        return file_problems(path, self.name) if path else []

    def present(self) -> Path | None:
        if not has_hub() or name_problem(self.repo, self.file):
            return None
        look_up = importlib.import_module(PACKAGE).try_to_load_from_cache
        found = [look_up(self.repo, part) for part in parts_of(self.file)]
        return Path(found[0]) if all(isinstance(path, str) for path in found) else None

    def fetched(self) -> Path:
        return self.present() or self.fetch(_slow_bar())

    def fetch(self, bar: Any = None) -> Path:
        """Fetch what is not there of it; `bar` is a tqdm class. Raises SetupError."""
        paths = [fetch_file(self.repo, part, bar) for part in parts_of(self.file)]
        return paths[0]


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model of the table of known ones; it is fetched by 'fms_dgt models fetch', never by a run."""

    known: KnownModel

    @property
    def name(self) -> str:
        return self.known.name

    def problems(self) -> list[Problem]:
        path = self.present()
        if path is not None:
            return file_problems(path, self.name)
        fix = f"run: fms_dgt models fetch {self.name}"
        if os.path.lexists(self.name):
            fix = f"{fix}; for what has that name in this folder, write ./{self.name}"
        return [Problem(f"the model '{self.name}' is not on this machine", fix)]

    def present(self) -> Path | None:
        if self.known.wheel and self.place.is_file():
            return self.place
        path = HubModel(self.known.repo, self.known.file).present()
        return path if path is not None and self._is_known(path) else None

    def _is_known(self, path: Path) -> bool:
        """Whether a file in the hub's cache is the known one, and not another revision's."""
        if path.is_symlink():
            # the cache names what it links to by its SHA-256
            return path.resolve().name == self.known.sha256
        # on file systems that have no links it has copies
        return path.stat().st_size == self.known.size

    def fetched(self) -> Path:
        path = self.present()
        if path is None:
            raise SetupError(str(self.problems()[0]))
        return path

    @property
    def place(self) -> Path:
        """Where it is kept if it came from the package index."""
        return models_folder() / self.known.file


def models_folder() -> Path:
    """Where models from the package index are kept."""
    return cache_folder() / "models"


def parts_of(file: str) -> list[str]:
    """The files of the model: a large one is cut into several, found by the name of the first."""
    match = _PART.fullmatch(file)
    if match is None:
        return [file]
    stem, _, count, end = match.groups()
    return [f"{stem}-{number:05}-of-{count}{end}" for number in range(1, int(count) + 1)]


def file_problems(path: Path, shown: str) -> list[Problem]:
    """What is wrong with a file that should be a GGUF file."""
    part = _PART.fullmatch(path.name)
    if part and int(part[2]) != 1:
        first = f"{part[1]}-00001-of-{part[3]}{part[4]}"
        return [Problem(f"'{shown}' is a later part of its model", f"name the first one, '{first}'")]
    try:
        read_header(path)
    except NotGGUF as error:
        mend = "llama.cpp reads GGUF files; many models are offered as such"
        return [Problem(f"'{shown}' {error}", mend)]
    except OSError as error:
        return [Problem(f"'{shown}' cannot be read: {error.strerror or error}", "check its permissions")]
    return []


def header_of(path: Path) -> Header:
    """What the model says about itself; nothing where it cannot be read, which loading will tell."""
    try:
        return read_header(path)
    except (NotGGUF, OSError):
        return Header({})


def template_of(path: Path) -> str:
    """The chat template in a file; "" where it has none, or cannot be read."""
    try:
        return read_chat_template(path)
    except (NotGGUF, OSError):
        return ""


def _neighbours(folder: Path, name: str = "") -> str:
    try:
        found = sorted(path.name for path in folder.glob("*.gguf"))
    except OSError:
        return ""
    return did_you_mean(name, found, noun="GGUF files there") if found else ""


def _slow_bar() -> Any:
    bar: Any = progress_bar()

    class SlowBar(bar):  # type: ignore[misc]
        """The hub's own progress bar, drawn less often."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "mininterval": SECONDS_A_LINE})

    return SlowBar

"""A hub: which GGUF files a repository has, and one of them fetched, going on where an earlier try ended.

huggingface_hub gives up what was fetched when a download is interrupted, and takes the names in its cache
from whatever a hub answers. So the bytes are fetched here, into a file of their own next to its blobs; when
all are there and their SHA-256 is right, links are made by which its cache finds them.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fms_dgt.errors import SetupError
from fms_dgt.generators.llama_cpp.hub_blob import (
    LARGEST,
    PACKAGE,
    SHA256,
    WRONG,
    fetch_blob,
    link_blob,
    unfinished_path,
)
from fms_dgt.generators.shared.text import excerpt
from fms_dgt.safety.environment import backend_variables

ENDPOINT_VARIABLE: Final = "HF_ENDPOINT"

# these become names of files and folders in the cache
_ETAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_=+-]{0,127}")
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_REPO = re.compile(r"[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)?")


def has_hub() -> bool:
    """Whether the package that speaks with hubs is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


def progress_bar() -> Any:
    """The hub's own progress bar, a tqdm class."""
    return importlib.import_module(f"{PACKAGE}.utils").tqdm


@dataclass(frozen=True, slots=True)
class Offered:
    """A GGUF file of a repository, with its size in bytes."""

    file: str
    size: int


def gguf_files(repo: str) -> list[Offered]:
    """What a repository has, by name. Raises SetupError."""
    with hub_errors(repo, f"'{repo}' cannot be looked up"):
        about = _hub().HfApi(endpoint=_endpoint()).model_info(repo, files_metadata=True)
        found = [Offered(file.rfilename, file.size or 0) for file in about.siblings or ()]
    models = (
        each for each in found if each.file.lower().endswith(".gguf") and not name_problem(repo, each.file)
    )
    return sorted(models, key=lambda each: each.file)


def fetch_file(repo: str, file: str, bar: Any = None, *, sha256: str = "") -> Path:
    """The path of a file in the cache, fetched if need be; `bar` is a tqdm class.

    With a `sha256`, nothing else is fetched than the file that has it. Raises SetupError.
    """
    with hub_errors(repo, f"'{repo}:{file}' cannot be fetched"):
        if problem := name_problem(repo, file):
            raise SetupError(f"'{repo}:{file}' cannot be fetched: {problem}")
        url = _hub().hf_hub_url(repo, file, endpoint=_endpoint())
        about = _hub().get_hf_file_metadata(url, endpoint=_endpoint())
        etag = _checked(_ETAG, about.etag, "ETag", repo)
        if sha256 and etag != sha256:
            what = f"the hub offers a file of SHA-256 {etag}, and {sha256} is expected"
            mend = f"'fms_dgt models fetch {repo}:{file}' takes what the hub has"
            raise SetupError(f"'{repo}:{file}' was not fetched: {what}; {mend}")
        commit = _checked(_COMMIT, about.commit_hash, "commit", repo)
        blob = repo_folder(repo) / "blobs" / etag
        if not blob.exists():
            if about.size is not None and about.size > LARGEST:
                return _fetched_by_hub(repo, file, bar, etag)
            fetch_blob(url, about.size, blob, unfinished_path(blob, file), bar)
        return link_blob(repo_folder(repo), commit, file, blob)


def name_problem(repo: str, file: str) -> str:
    """Why a repository or a file cannot have such a name; "" where it can."""
    if not _REPO.fullmatch(repo) or ".." in repo:
        return f"'{repo}' is not a name of a repository; check both names"
    parts = file.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\\" in file or not file.isprintable():
        return f"'{file}' is not a name of a file in a repository; check both names"
    return ""


def _checked(pattern: re.Pattern[str], value: str | None, name: str, repo: str) -> str:
    """What a hub says, where it can be a name in the cache."""
    if value is None or not pattern.fullmatch(value):
        shown = "none" if value is None else f"'{excerpt(value)}'"
        raise SetupError(
            f"the hub of '{repo}' gives {shown} as the {name} of the file; it is not a hub's answer"
        )
    return value


def _fetched_by_hub(repo: str, file: str, bar: Any, etag: str) -> Path:
    path = Path(_hub().hf_hub_download(repo, file, endpoint=_endpoint(), tqdm_class=bar))
    blob = path.resolve()
    if SHA256.fullmatch(etag):
        with blob.open("rb") as fetched:
            if hashlib.file_digest(fetched, "sha256").hexdigest() != etag:
                blob.unlink()
                raise SetupError(WRONG.format(file))
    return path


def repo_folder(repo: str) -> Path:
    """Where the cache keeps a repository."""
    constants = importlib.import_module(f"{PACKAGE}.constants")
    return Path(constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}"


@contextmanager
def hub_errors(repo: str, failed: str) -> Iterator[None]:
    """What goes wrong at a hub, as SetupError."""
    try:
        yield
    except SetupError:
        raise
    except Exception as error:
        # the hub's exceptions are many, and those of its HTTP client besides; all mean: no file
        raise SetupError(f"{failed}: {_why(error, repo)}") from error


def _why(error: Exception, repo: str) -> str:
    errors = importlib.import_module(f"{PACKAGE}.errors")
    host = _endpoint() or importlib.import_module(f"{PACKAGE}.constants").ENDPOINT
    said = excerpt(str(error).strip().partition("\n")[0]) or "no reason given"
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE keeps this process from asking a hub; unset it"
    if isinstance(error, errors.GatedRepoError):
        return f"{host}/{repo} is gated; accept its terms there, then run 'hf auth login'"
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"{host} has no '{repo}', or it is private; check the name, or run 'hf auth login'"
    if isinstance(error, errors.EntryNotFoundError):
        return f"the repository has no such file; 'fms_dgt models fetch {repo}' lists what it has"
    if isinstance(error, OSError) and error.errno is not None:
        where = f" ('{error.filename}')" if error.filename else ""
        return f"{error.strerror}{where}; look after the cache, or let HF_HOME name another folder for it"
    if type(error).__module__.startswith("httpx"):
        return f"{host} cannot be reached ({said}); check the network, and {ENDPOINT_VARIABLE}"
    return f"{type(error).__name__}: {said}; check both names and the network"


def _hub() -> Any:
    return importlib.import_module(PACKAGE)


def _endpoint() -> str | None:
    return backend_variables("hub").get(ENDPOINT_VARIABLE)

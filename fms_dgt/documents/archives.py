"""DOCX and PPTX are archives: small files that may hold very much."""

from __future__ import annotations

import io
import zipfile

MOST_PARTS = 20_000
# what the entry of a part in the archive's list begins with
_PART = b"PK\x01\x02"


def fault_of_archive(data: bytes, most: int) -> str:
    """Why an archive is not unpacked; empty where it may be, or is damaged, which its converter tells of.

    No more is ever unpacked of a part than the archive says of it.
    """
    if data.count(_PART) > MOST_PARTS:
        return f"has more than {MOST_PARTS:,} parts"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return ""
    # pictures hardly shrink, and are not read
    unpacked = sum(part.file_size for part in parts if part.file_size > 2 * part.compress_size)
    return f"unpacks to more than {most // 2**20} MB" if unpacked > most else ""

"""DOCX and PPTX are archives: small files that may hold very much."""

from __future__ import annotations

import io
import zipfile


def fault_of_archive(data: bytes, most: int) -> str:
    """Why an archive is not unpacked; empty where it may be, or is damaged, which its converter tells of.

    No more is ever unpacked of a part than the archive says of it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return ""
    # pictures hardly shrink, and are not read
    unpacked = sum(part.file_size for part in parts if part.file_size > 2 * part.compress_size)
    return f"unpacks to more than {most // 2**20} MB" if unpacked > most else ""

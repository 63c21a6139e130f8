"""Collections of files: what local folders, repositories and URLs have in common."""

from __future__ import annotations

import tempfile
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from fms_dgt.core.canonical import hexdigest
from fms_dgt.documents.archives import fault_of_archive
from fms_dgt.documents.collection import Collection
from fms_dgt.documents.conversion_work import run_converter
from fms_dgt.documents.conversions import Conversions
from fms_dgt.documents.converters.converter import Converter
from fms_dgt.documents.converters.known import Converters
from fms_dgt.documents.converters.text import TextConverter, decoded
from fms_dgt.documents.document import Document
from fms_dgt.errors import InputError, OverLimit, Problem, SetupError, UserError, WorkFailed

NOT_FETCHED = "This document is not fetched yet.\n"
LARGEST = 100 * 1024 * 1024
# what a file of that kind begins with; a converter's own words about anything else help nobody
_ZIP = b"PK"
_MAGIC = {".pdf": (b"%PDF-", "a PDF file"), ".docx": (_ZIP, "a DOCX file"), ".pptx": (_ZIP, "a PPTX file")}
_MORE = "leave it out, or allow more: --document-limits 4 allows four times as much"
_LFS = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class File:
    """One file of a collection: its name, what kind it is, and what its content is known by."""

    name: str
    suffix: str
    key: str
    path: Path | None = None
    is_stand_in: bool = False


def stand_in(name: str, suffix: str = "") -> File:
    """A file in place of what is not fetched now: its rows have the columns that the real one's will."""
    return File(name, suffix or ".md", "not fetched", is_stand_in=True)


@dataclass
class Listing:
    """What a collection found, before anything is read."""

    files: list[File] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class FileCollection(Collection):
    """Files that converters make into documents."""

    def __init__(self, converters: Mapping[str, str] | None = None, cache: Path | None = None) -> None:
        self._converters = Converters(converters)
        self._conversions = Conversions(cache)

    @abstractmethod
    def _find(self) -> Listing:
        """The files, in any order; what is wrong goes into the listing's problems."""

    @abstractmethod
    def _contents(self, files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
        """Each file's bytes, one after the other."""

    @abstractmethod
    def _place(self, file: File) -> str:
        """What messages call the file."""

    def names(self) -> list[str]:
        return [file.name for file in self._sound()]

    def __iter__(self) -> Iterator[Document]:
        files = self._sound()
        yield from (Document(file.name, NOT_FETCHED) for file in files if file.is_stand_in)
        for file, data in self._of_fetched(files):
            yield Document(file.name, self._converted(file, data))

    def fingerprint(self) -> str:
        files = self._sound()
        return hexdigest([[file.name, file.key, self._converters.name_of(file.suffix)] for file in files])

    def problems(self) -> list[Problem]:
        return [*self._listing.problems, *self._checked.problems]

    def notes(self) -> list[str]:
        return [*self._listing.notes, *self._checked.notes]

    def _of_fetched(self, files: Sequence[File]) -> Iterable[tuple[File, bytes]]:
        fetched = [file for file in files if not file.is_stand_in]
        return self._contents(fetched) if fetched else ()

    @cached_property
    def _listing(self) -> Listing:
        listing = self._find()
        listing.files.sort(key=lambda file: file.name)
        # one file of each suffix stands for all of them
        known = [file for file in reversed(listing.files) if not file.is_stand_in]
        for suffix, file in {file.suffix: file for file in known}.items():
            try:
                self._converters.converter(suffix)
            except SetupError as error:
                listing.problems.append(Problem(str(error), where=self._place(file)))
            except InputError as error:
                listing.problems.extend(Problem(p.what, p.mend, self._place(file)) for p in error.problems)
        return listing

    @cached_property
    def _checked(self) -> Listing:
        """What only a look into the files can say: what is not text, and what was guessed."""
        result = Listing()
        if self._listing.problems:
            return result
        for file, data in self._of_fetched(self._listing.files):
            self._look_into(file, data, result)
        return result

    def _look_into(self, file: File, data: bytes, result: Listing) -> None:
        where = self._place(file)
        start, kind = _MAGIC.get(file.suffix, (b"", ""))
        if not data.strip():
            result.notes.append(f"{where} is empty: nothing is made of it")
        elif data.startswith(_LFS):
            what = "is only a pointer: its content is in Git LFS, which is not fetched"
            result.problems.append(Problem(what, "give a copy of the file itself", where))
        elif start not in data[:1024]:
            result.problems.append(Problem(f"is not {kind}, whatever its name says", "leave it out", where))
        elif start == _ZIP and (fault := fault_of_archive(data, LARGEST)):
            result.problems.append(Problem(fault, "leave it out", where))
        elif isinstance(self._converters.converter(file.suffix), TextConverter):
            try:
                _, guess = decoded(data)
            except ValueError as error:
                result.problems.append(Problem(str(error), where=where))
            else:
                result.notes.extend([f"{where} {guess}"] if guess else [])

    def _sound(self) -> list[File]:
        if self._listing.problems:
            raise InputError(self._listing.problems)
        return self._listing.files

    def _converted(self, file: File, data: bytes) -> str:
        if not data.strip():
            return ""
        converter = self._converters.converter(file.suffix)
        where = self._place(file)
        try:
            if isinstance(converter, TextConverter):
                return decoded(data)[0]
            return self._conversions.text(
                converter, data, lambda: normalized(self._run(converter, file, data))
            )
        except OverLimit as error:
            raise InputError([Problem(f"cannot be converted: it {error}", _MORE, where)]) from error
        except UserError:
            raise
        except WorkFailed as error:
            name = "" if error.kind in ("", "ValueError") else f"{error.kind}: "
            what = f"cannot be converted: {name}{error}"
            raise InputError([Problem(what, "fix the file, or leave it out", where)]) from error
        except Exception as error:  # (a converter may raise anything)
            name = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
            what = f"cannot be converted: {name}{error}"
            raise InputError([Problem(what, "fix the file, or leave it out", where)]) from error

    def _run(self, converter: Converter, file: File, data: bytes) -> str:
        if file.path is not None:
            return run_converter(converter, file.path)
        with tempfile.TemporaryDirectory(prefix="fms_dgt_") as folder:
            path = Path(folder, f"document{file.suffix}")
            path.write_bytes(data)
            return run_converter(converter, path)


def suffix_of(name: str) -> str:
    """The suffix by which a converter is found: lower case, with its dot."""
    return PurePosixPath(name).suffix.lower()


def normalized(text: str) -> str:
    r"""A converter's text with "\n" as its only line end, and without characters that no JSON can hold."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return lines.encode("utf-8", "replace").decode("utf-8").strip("\n") + "\n"

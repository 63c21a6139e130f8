"""Documents of this machine: files, folders and globs."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from fms_dgt.documents.files import LARGEST, File, FileCollection, Listing, suffix_of
from fms_dgt.documents.patterns import cleaned, is_wild, matching
from fms_dgt.errors import InputError, Problem
from fms_dgt.safety.folders import Search, files_below
from fms_dgt.safety.permissions import current
from fms_dgt.safety.regular_file import NotRegular, open_regular


class LocalDocuments(FileCollection):
    """See `local_collection`."""

    def __init__(
        self, paths: Sequence[Path | str], root: Path, converters: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(converters)
        self._paths = [str(path) for path in paths]
        self._root = root.absolute()
        self._permissions = current()

    def _find(self) -> Listing:
        listing = Listing()
        found: dict[str, File] = {}
        for given in self._paths:
            try:
                paths = self._files(given, listing)
                for path in paths:
                    self._permissions.read(path, self._name(path))
                for file in map(self._file, paths):
                    found.setdefault(file.name, file)
            except InputError as error:
                listing.problems.extend(Problem(p.what, p.mend, given) for p in error.problems)
            except OSError as error:
                what = str(error) if isinstance(error, NotRegular) else f"cannot be read: {error.strerror}"
                listing.problems.append(Problem(what, where=given))
        listing.files = list(found.values())
        if not self._paths:
            listing.problems.append(Problem("no documents are named", "name a file, a folder or a glob"))
        return listing

    def _files(self, given: str, listing: Listing) -> list[Path]:
        path = self._root / os.path.expanduser(given)  # noqa: PTH111 (leaves an unknown user's "~name" as it is)
        is_pattern = is_wild(given) and not path.exists()
        # before anything is looked at: names of files are private, too
        self._permissions.check_read(_parted(path)[0] if is_pattern else path, given)
        if path.is_dir():
            return self._readable(given, list(files_below(path, Search(given))), path, listing)
        if not is_pattern:
            return [path] if self._is_usable(given, path, listing) else []
        fixed, wanted = _parted(path)
        try:
            pattern = cleaned(wanted)
        except ValueError as error:
            listing.problems.append(Problem(f"the pattern {error}", where=given))
            return []
        depth = None if "**" in pattern else pattern.count("/") + 1
        inside = {
            path.relative_to(fixed).as_posix(): path
            for path in files_below(fixed, Search(given), depth, hidden="/." in f"/{pattern}")
        }
        hits = [inside[name] for name in matching(pattern, inside)]
        return self._readable(given, hits, fixed, listing)

    def _is_usable(self, given: str, path: Path, listing: Listing) -> bool:
        problem = None
        if not path.exists():
            inside = (
                ", ".join(sorted(p.name for p in path.parent.iterdir())[:10]) if path.parent.is_dir() else ""
            )
            there = f"beside it there is: {inside}" if inside else "its folder does not exist either"
            problem = Problem("there is no such file", there, given)
        elif not path.is_file():
            problem = Problem("is not a regular file", "name a file, a folder or a glob", given)
        elif path.stat().st_size > LARGEST:
            problem = Problem(f"is larger than {LARGEST // 2**20} MB", "cut it into parts", given)
        if problem:
            listing.problems.append(problem)
        return problem is None

    def _readable(self, given: str, hits: list[Path], folder: Path, listing: Listing) -> list[Path]:
        """What of a folder or a glob is a document; the rest is noted."""
        real = folder.resolve()
        inside = [path for path in hits if path.resolve().is_relative_to(real) and not path.is_dir()]
        known = set(self._converters.suffixes())
        files = [path for path in inside if suffix_of(path.name) in known]
        others = Counter(suffix_of(path.name) or path.name for path in inside)
        others = Counter({suffix: count for suffix, count in others.items() if suffix not in known})
        if len(inside) < len(hits):
            out = len(hits) - len(inside)
            links = "a link that leads out of it is" if out == 1 else f"{out} links that lead out of it are"
            listing.notes.append(f"{given}: {links} not followed")
        if others:
            listing.notes.append(f"{given}: not read, for want of a converter: {_counted(others)}")
        if not files:
            mend = f"what can be read: {', '.join(sorted(known))}"
            listing.problems.append(Problem("no file there can be read", mend, given))
        return [path for path in files if self._is_usable(self._name(path), path, listing)]

    def _file(self, path: Path) -> File:
        with open_regular(path) as file:
            key = hashlib.file_digest(file, "sha256").hexdigest()
        name = self._name(path)
        return File(name, suffix_of(name) or ".txt", key, path)

    def _name(self, path: Path) -> str:
        """The path below the root; what is not UTF-8 in it is written so that it stays different."""
        return os.fsencode(Path(os.path.relpath(path, self._root)).as_posix()).decode(
            "utf-8", "backslashreplace"
        )

    def _place(self, file: File) -> str:
        return file.name

    def _contents(self, files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
        for file in files:
            assert file.path is not None
            try:
                with open_regular(file.path) as opened:
                    data = opened.read(LARGEST)
            except OSError as error:
                raise InputError([Problem(f"cannot be read: {error.strerror}", where=file.name)]) from error
            yield file, data


def _parted(path: Path) -> tuple[Path, str]:
    """The folder before the first wildcard, and the pattern below it."""
    wild = next(at for at, part in enumerate(path.parts) if is_wild(part))
    return Path(*path.parts[:wild]), "/".join(path.parts[wild:])


def _counted(suffixes: Counter[str]) -> str:
    return ", ".join(f"{count} {suffix}" for suffix, count in suffixes.most_common(5))

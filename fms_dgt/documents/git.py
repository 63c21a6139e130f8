"""Documents of a commit, read from a bare repository: nothing is checked out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fms_dgt.documents.files import LARGEST, File, FileCollection, Listing, stand_in, suffix_of
from fms_dgt.documents.git_address import Address, address, check_commit
from fms_dgt.documents.git_cache import GitCache, NotThere
from fms_dgt.documents.git_spec import GitDocuments
from fms_dgt.documents.patterns import cleaned, matching
from fms_dgt.errors import InputError, Problem, SetupError, did_you_mean
from fms_dgt.safety.addresses import HostRefused
from fms_dgt.safety.cache import cache_folder
from fms_dgt.safety.child import stop
from fms_dgt.safety.git import GitFailed, start_git
from fms_dgt.safety.permissions import NotFetched, current

_SUGGESTED = 5000


@dataclass(frozen=True)
class _Blob:
    """A file in the tree of a commit."""

    name: str
    mode: str
    key: str
    size: int


class GitCollection(FileCollection):
    """See `git_collection`."""

    def __init__(
        self,
        spec: GitDocuments,
        *,
        cache: Path | None,
        root: Path,
        converters: Mapping[str, str] | None = None,
        allow_hosts: Collection[str] = (),
    ) -> None:
        super().__init__(converters, cache)
        self._spec = spec
        self._root = root
        self._cache = cache
        self._repository = Path()
        self._where = ""
        self._permissions = current()
        if allow_hosts:
            self._permissions = replace(self._permissions, hosts=self._permissions.hosts.union(allow_hosts))

    def _find(self) -> Listing:
        listing = Listing()
        patterns = self._patterns(listing)
        where = self._address(listing)
        try:
            check_commit(self._spec.commit)
        except ValueError as error:
            listing.problems.append(Problem(f"the commit '{self._spec.commit}' {error}"))
        if where is None or listing.problems:
            return listing
        self._where = where.shown
        try:
            if where.protocol == "file":
                self._permissions.read(Path(where.url), where.shown)
            else:
                self._permissions.uses.fetches[f"{where.shown} {self._spec.commit}"] = None
            blobs = self._blobs(where, listing)
        except InputError as error:
            listing.problems.extend(error.problems)
            return listing
        except NotFetched:
            self._permissions.uses.pending[f"{where.shown} {self._spec.commit}"] = None
            listing.files.extend(stand_in(pattern) for pattern in patterns)
            return listing
        except HostRefused as error:
            listing.problems.append(error.problem(where.shown))
            return listing
        except (GitFailed, NotThere, SetupError) as error:
            reached = not isinstance(error, GitFailed)
            what = str(error) if reached else f"cannot be fetched: {error}"
            mend = "" if reached else "see whether the address is right, and 'git ls-remote' reaches it"
            listing.problems.append(Problem(what, mend, where.shown))
            return listing
        for pattern in patterns:
            self._select(pattern, blobs, listing)
        listing.files = list({file.name: file for file in listing.files}.values())
        return listing

    def _patterns(self, listing: Listing) -> list[str]:
        good = []
        for pattern in self._spec.patterns:
            try:
                good.append(cleaned(pattern))
            except ValueError as error:
                mend = "write paths below the repository's root"
                listing.problems.append(Problem(f"the pattern '{pattern}' {error}", mend))
        if not self._spec.patterns:
            listing.problems.append(Problem("no patterns are given", "name files, '*.md' say"))
        return good

    def _address(self, listing: Listing) -> Address | None:
        try:
            return address(self._spec.repo, self._root)
        except ValueError as error:
            shown = self._spec.repo.rpartition("@")[2]
            listing.problems.append(Problem(f"the repository '{shown}' {error}"))
            return None

    def _blobs(self, where: Address, listing: Listing) -> list[_Blob]:
        cache = GitCache(cache_folder(self._cache), where, self._permissions)
        resolved = cache.resolve(self._spec.commit)
        if resolved.note:
            listing.notes.append(f"{where.shown} {resolved.note}")
        fetched = cache.repository(resolved.commit)
        self._repository = fetched.folder
        # names that are no UTF-8 stay different from each other
        return [_blob(line) for line in fetched.files.decode("utf-8", "backslashreplace").split("\0") if line]

    def _select(self, pattern: str, blobs: list[_Blob], listing: Listing) -> None:
        """The files that a pattern means; what it means besides is noted, or wrong if it is named."""
        found = set(matching(pattern, [blob.name for blob in blobs]))
        known = set(self._converters.suffixes())
        others: dict[str, list[str]] = {}
        before = len(listing.files) + len(listing.problems)
        for blob in blobs:
            if blob.name not in found:
                continue
            suffix = suffix_of(blob.name)
            named = blob.name.lower() == pattern.lower() or len(found) == 1
            what = _fault(blob, suffix if suffix or not named else ".txt", known)
            if not what:
                listing.files.append(File(blob.name, suffix or ".txt", blob.key))
            elif named:
                listing.problems.append(Problem(what, where=f"{self._where}: {blob.name}"))
            else:
                others.setdefault(what, []).append(blob.name)
        where = f"{self._where}: {pattern}"
        for what, names in others.items():
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            listing.notes.append(f"{where}: left out {names[0]}{more}: {what}")
        if before == len(listing.files) + len(listing.problems):
            what = "no matching file can be read" if found else "matches no file"
            readable = [blob.name for blob in blobs if suffix_of(blob.name) in known]
            hint = did_you_mean(pattern, readable[:_SUGGESTED], noun="the repository has")
            listing.problems.append(Problem(what, hint, where))

    def _place(self, file: File) -> str:
        return f"{self._where}: {file.name}"

    def _contents(self, files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
        process = start_git(["cat-file", "--batch"], folder=self._repository)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for file in files:
                process.stdin.write(f"{file.key}\n".encode())
                process.stdin.flush()
                header = process.stdout.readline().split()
                if len(header) != 3:
                    raise SetupError(f"{self._repository} is damaged: remove it, and it is fetched anew")
                yield file, process.stdout.read(int(header[2]) + 1)[:-1]
        finally:
            stop(process)


def _blob(line: str) -> _Blob:
    about, _, name = line.partition("\t")
    mode, _, key, size = about.split()
    return _Blob(name, mode, key, int(size) if size.isdigit() else 0)


def _fault(blob: _Blob, suffix: str, known: set[str]) -> str:
    """Why a file of the tree is not a document; empty where it is one."""
    if blob.mode == "120000":
        return "links are not followed"
    if blob.mode == "160000":
        return "submodules are not fetched"
    if suffix not in known:
        return f"nothing reads {suffix or 'names without a suffix'}"
    return f"larger than {LARGEST // 2**20} MB" if blob.size > LARGEST else ""

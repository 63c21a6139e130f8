"""Commits of repositories, fetched once each: a bare repository a commit, below the cache folder."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from fms_dgt.documents.git_address import Address
from fms_dgt.documents.git_host import reached_url, settings_for
from fms_dgt.errors import did_you_mean
from fms_dgt.safety.cache import new_folder, put_file
from fms_dgt.safety.git import GitFailed, git
from fms_dgt.safety.git_folders import git_folder
from fms_dgt.safety.permissions import NotFetched, Permissions

_FULL = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SHORT = re.compile(r"[0-9a-f]{4,39}")
_URL = re.compile(r"\w+://[^\s']+")
_LONGEST = 200
_USER = re.compile(r"(?<=//)[^/@\s]*@")
# how servers refuse a single commit by its name, or a history without its past; then all is fetched
_REFUSALS = ("unadvertised object", "dumb http", "does not support shallow", "no such remote ref")


class NotThere(Exception):
    """The repository answered, and has no such commit."""


@dataclass(frozen=True)
class Fetched:
    """A bare repository that has a commit whole, and git's list of the commit's files."""

    folder: Path
    files: bytes


@dataclass(frozen=True)
class Resolved:
    """The commit that a name means; `note` where that was not asked just now."""

    commit: str
    note: str = ""


class GitCache:
    """One repository's commits. Methods raise GitFailed where the repository does not answer."""

    def __init__(self, folder: Path, address: Address, permissions: Permissions) -> None:
        self._address = address
        self._permissions = permissions
        plain = _USER.sub("", address.url)
        slug = re.sub(r"[^\w.-]+", "-", plain.rstrip("/").rpartition("/")[2])[:40]
        self._folder = folder / "git" / f"{slug}-{hashlib.sha256(plain.encode()).hexdigest()[:16]}"

    def resolve(self, name: str) -> Resolved:
        """The full commit of a branch, a tag or a short commit. Raises NotThere and GitFailed."""
        if _FULL.fullmatch(name.lower()):
            return Resolved(name.lower())
        file = self._folder / "names" / _file_of(name)
        known = file.read_text("ascii") if file.is_file() else self._cached(name)
        if file.is_file() and known.startswith(name.lower()):
            # a short commit means what it meant; only a branch moves
            return Resolved(known)
        if not self._may_ask:
            if not known:
                raise NotFetched(f"what '{name}' is now has not been asked")
            return Resolved(known, f"is not asked: '{name}' is {known[:10]}, as last fetched")
        try:
            commit = self._asked(name)
        except GitFailed as error:
            if not known:
                raise
            return Resolved(known, f"cannot be reached ({error}): '{name}' is {known[:10]}, as last fetched")
        put_file(file, commit.encode("ascii"))
        return Resolved(commit)

    def repository(self, commit: str) -> Fetched:
        """The commit, fetched if need be. Raises NotThere and GitFailed."""
        place = self._folder / "commits" / commit
        if place.is_dir():
            files = _files(place, commit)
            if files is not None:
                return Fetched(place, files)
            # damaged, by a full disk say: what cannot be read is fetched anew
            shutil.rmtree(place, ignore_errors=True)
        if not self._may_ask:
            raise NotFetched(f"the commit {commit} has not been fetched")
        with new_folder(place) as part:
            git(["init", "--quiet", "--bare", "--template=", "."], folder=part)
            self._fetch(commit, part)
            files = _files(part, commit)
            if files is None:
                raise NotThere(f"has no commit {commit}")
        return Fetched(place, files)

    @property
    def _may_ask(self) -> bool:
        """Whether the repository may be asked now: one on this machine always may."""
        return self._permissions.requests or self._address.protocol == "file"

    @cached_property
    def _url(self) -> str:
        """Where the repository is. Raises HostRefused, and InputError where it may not be read."""
        address = self._address
        if address.protocol == "file":
            if not os.path.isdir(address.url):  # noqa: PTH112 (of any length)
                raise GitFailed("there is no such folder")
            return str(git_folder(Path(address.url), self._permissions))
        return reached_url(self._address, self._permissions.hosts)

    @property
    def _options(self) -> tuple[str, ...]:
        """A git directory was inspected; without --strict, git prefers a `.git` inside of it."""
        return ("--upload-pack=git-upload-pack --strict",) if self._address.protocol == "file" else ()

    def _fetch(self, commit: str, folder: Path) -> None:
        try:
            self._git(["fetch", "--depth=1", *self._options, *_FETCH, "--", self._url, commit], folder)
        except GitFailed as error:
            if "not our ref" in str(error):
                raise NotThere(f"has no commit {commit}") from error
            if not any(words in str(error) for words in _REFUSALS):
                raise
            refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
            self._git(["fetch", *self._options, *_FETCH, "--", self._url, *refs], folder)

    def _asked(self, name: str) -> str:
        listed = self._git(["ls-remote", "--quiet", *self._options, "--", self._url], Path("/"))
        lines = listed.decode("utf-8", "replace").split("\n")
        refs = {ref: commit for commit, _, ref in (line.partition("\t") for line in lines) if ref}
        for ref in (f"refs/heads/{name}", f"refs/tags/{name}^{{}}", f"refs/tags/{name}", name):
            if ref in refs:
                return refs[ref]
        if not _SHORT.fullmatch(name.lower()):
            names = [ref.split("/", 2)[2] for ref in refs if ref.startswith(("refs/heads/", "refs/tags/"))]
            short = [ref for ref in names if not ref.endswith("^{}")]
            raise NotThere(f"has no branch or tag '{name}'; {did_you_mean(name, short, noun='it has')}")
        return self._completed(name.lower())

    def _completed(self, short: str) -> str:
        """The full name of a short commit; a history without files is fetched for that, and not kept."""
        if known := self._cached(short):
            return known
        with tempfile.TemporaryDirectory(prefix="fms_dgt_") as name:
            part = Path(name)
            options = ["--bare", "--quiet", "--no-local", "--filter=tree:0", "--template="]
            self._git(["clone", *options, *self._options, "--", self._url, "."], part)
            try:
                return git(["rev-parse", "--verify", f"{short}^{{commit}}"], folder=part).decode().strip()
            except GitFailed as error:
                few = "; write more of it" if "ambiguous" in str(error) else ""
                raise NotThere(f"has no commit, branch or tag '{short}'{few}") from error

    def _cached(self, short: str) -> str:
        """The only fetched commit that begins so; empty where there is none, or another one."""
        found = [place.name for place in (self._folder / "commits").glob("*") if place.name.startswith(short)]
        return found[0] if len(found) == 1 and _SHORT.fullmatch(short) else ""

    def _git(self, arguments: list[str], folder: Path) -> bytes:
        address = self._address
        checked = settings_for(self._url, address.protocol, self._permissions.hosts)
        try:
            return git([*checked, *arguments], folder=folder, remote=address.remote)
        except GitFailed as error:
            # git repeats the address, and a key may stand in it
            raise GitFailed(_URL.sub(lambda _: address.shown, str(error))) from None


def _file_of(name: str) -> str:
    """A file's name for that of a branch; what is not Latin is three times as long and more."""
    plain = quote(name, safe="")
    return plain if len(plain) <= _LONGEST else hashlib.sha256(name.encode()).hexdigest()


_FETCH = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-gc", "--no-write-fetch-head")


def _files(folder: Path, commit: str) -> bytes | None:
    """Git's list of a commit's files with their sizes; None where something of it is missing."""
    try:
        return git(["ls-tree", "-r", "-l", "-z", "--full-tree", commit], folder=folder)
    except GitFailed:
        return None

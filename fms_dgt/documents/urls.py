"""Documents over http and https."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from fms_dgt.core.typed import without_credentials
from fms_dgt.documents.files import LARGEST, File, FileCollection, Listing, stand_in, suffix_of
from fms_dgt.errors import Problem, SetupError
from fms_dgt.safety.addresses import HostRefused
from fms_dgt.safety.cache import cache_folder, new_folder
from fms_dgt.safety.deadline import Deadline
from fms_dgt.safety.permissions import current
from fms_dgt.safety.pinned import stream_from

_HOPS = 5
_SECONDS = 120
_TIMEOUT = httpx.Timeout(30, connect=15)
_HEADERS = {"Accept": "text/markdown, text/html, */*;q=0.5"}
_OFFICE = "application/vnd.openxmlformats-officedocument"
_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    f"{_OFFICE}.wordprocessingml.document": ".docx",
    f"{_OFFICE}.presentationml.presentation": ".pptx",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
}
# types that say nothing: what the address ends with says more
_VAGUE = ("", "application/octet-stream", "binary/octet-stream", "application/zip", "text/plain")


class _Unfetched(Exception):
    """An address that gave nothing; the message says why."""


@dataclass(frozen=True)
class _Page:
    """What is kept of a fetched page beside its bytes."""

    suffix: str
    digest: str


class UrlDocuments(FileCollection):
    """See `url_collection`."""

    def __init__(
        self,
        urls: Sequence[str],
        *,
        cache: Path | None = None,
        converters: Mapping[str, str] | None = None,
        allow_hosts: Collection[str] = (),
    ) -> None:
        super().__init__(converters, cache)
        self._permissions = current()
        self._hosts = frozenset((*self._permissions.hosts, *allow_hosts))
        self._urls = sorted(set(urls), key=lambda url: (_shown(url), url))
        self._folder = cache_folder(cache) / "urls"
        self._places: dict[str, Path] = {}

    def _find(self) -> Listing:
        listing = Listing()
        if not self._urls:
            listing.problems.append(Problem("no documents are named", "name a URL"))
        for url in self._urls:
            self._add(url, listing)
        return listing

    def _add(self, url: str, listing: Listing) -> None:
        name = shown = _shown(url)
        number = 1
        while name in self._places:
            # they differ in what is not shown
            number += 1
            name = f"{shown} ({number})"
        try:
            _check(url)
            self._permissions.uses.fetches[shown] = None
            place = self._folder / hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:32]
            page = _kept(place)
            if page is None and not self._permissions.requests:
                self._permissions.uses.pending[shown] = None
                listing.files.append(stand_in(name, suffix_of(urlsplit(url).path)))
                return
            page = page or self._fetched(url, place)
        except HostRefused as error:
            listing.problems.append(error.problem(shown))
            return
        except (_Unfetched, SetupError) as error:
            mend = "see whether the address is right" if isinstance(error, _Unfetched) else ""
            listing.problems.append(Problem(str(error), mend, shown))
            return
        self._places[name] = place
        listing.files.append(File(name, page.suffix, page.digest))

    def _fetched(self, url: str, place: Path) -> _Page:
        """The page, put into its folder in the cache. Raises _Unfetched, HostRefused."""
        # what is there is damaged
        shutil.rmtree(place, ignore_errors=True)
        data, page = _fetch(url, self._hosts)
        with new_folder(place) as part:
            (part / "content").write_bytes(data)
            (part / "page.json").write_text(json.dumps(asdict(page)), "utf-8")
        return page

    def _place(self, file: File) -> str:
        return file.name

    def _contents(self, files: Iterable[File]) -> Iterator[tuple[File, bytes]]:
        for file in files:
            yield file, (self._places[file.name] / "content").read_bytes()


def _kept(place: Path) -> _Page | None:
    """A page in the cache; None where there is none, or it is damaged."""
    try:
        return _Page(**json.loads((place / "page.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _shown(url: str) -> str:
    """An address without what may be secret in it."""
    return without_credentials(url.strip()).partition("#")[0]


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _Unfetched("is not an address") from error
    if parts.scheme.lower() not in ("http", "https") or not host:
        raise _Unfetched("is not an http or https address")


def _fetch(url: str, hosts: Collection[str]) -> tuple[bytes, _Page]:
    # redirects are followed here, so that each one is looked at
    with Deadline(_SECONDS) as deadline:
        for _ in range(_HOPS + 1):
            try:
                with stream_from(url, _HEADERS, deadline, timeout=_TIMEOUT, allowed=hosts) as answer:
                    if not answer.is_redirect:
                        return _body(answer, url)
                    url = _next(url, answer)
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
                if deadline.passed:
                    raise _Unfetched(f"took more than {_SECONDS} seconds") from error
                # only errors of the network are sure not to repeat the address, in which a key may stand
                said = str(error) if isinstance(error, httpx.NetworkError) else type(error).__name__
                said = "no answer in time" if isinstance(error, httpx.TimeoutException) else said
                raise _Unfetched(f"cannot be fetched: {said}") from error
            except UnicodeError as error:
                # of the host's name, which is then in no form that a name server knows
                raise _Unfetched("is not an address: there can be no such host") from error
    raise _Unfetched(f"redirects more than {_HOPS} times")


def _next(url: str, answer: httpx.Response) -> str:
    target = urljoin(url, str(answer.headers.get("location", "")))
    _check(target)
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
        raise _Unfetched("redirects from https to http, which anybody on the way can change")
    return target


def _body(answer: httpx.Response, url: str) -> tuple[bytes, _Page]:
    if answer.status_code != 200:
        raise _Unfetched(f"answers {answer.status_code} {answer.reason_phrase}".rstrip())
    parts, size = [], 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            raise _Unfetched(f"is larger than {LARGEST // 2**20} MB")
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    suffix = suffix_of(urlsplit(url).path)
    if kind not in _VAGUE:
        suffix = _SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or suffix
    elif kind == "text/plain" and suffix not in (".md", ".markdown"):
        suffix = ".txt"
    data = _as_utf8(b"".join(parts), suffix, answer.charset_encoding or "")
    return data, _Page(suffix or ".txt", hashlib.sha256(data).hexdigest())


def _as_utf8(data: bytes, suffix: str, charset: str) -> bytes:
    """Text that the server says the encoding of, as UTF-8; where that is wrong, as it came."""
    if suffix not in (".html", ".md", ".txt") or not charset:
        return data
    try:
        return data.decode(charset).encode("utf-8")
    except (LookupError, UnicodeError):
        return data

"""Pages and files over http, from a server on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from loopback import Answer, Web, web
from made_pdf import Sheet, pdf

from fms_dgt.documents import Collection, url_collection
from fms_dgt.documents import urls as module
from fms_dgt.errors import InputError


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "c"


def texts(documents: Collection) -> list[str]:
    assert documents.problems() == []
    return [document.text for document in documents]


def wrong(server: Web, cache: Path, *paths: str) -> str:
    found = url_collection([server.url + path for path in paths], cache=cache).problems()
    assert found
    return "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("path", "kind", "body", "text"),
    [
        ("/a", "text/html; charset=utf-8", "<h1>Größe</h1>".encode(), "# Größe\n"),
        ("/a", "text/html; charset=latin-1", "<h1>Größe</h1>".encode("latin-1"), "# Größe\n"),
        ("/a.html", "application/xhtml+xml", b"<h1>A</h1>", "# A\n"),
        ("/a.md", "text/plain", b"# A", "# A"),
        ("/a", "text/markdown", b"# A", "# A"),
        ("/a.txt", "text/plain; charset=utf-16", "A".encode("utf-16"), "A"),
        ("/a.md", "application/octet-stream", b"# A", "# A"),
        ("/a", "", b"A", "A"),
        ("/a", "application/pdf", pdf([Sheet().line("From a PDF")]), "From a PDF\n"),
        ("/a.pdf?x=1", "application/octet-stream", pdf([Sheet().line("From a PDF")]), "From a PDF\n"),
    ],
)
def test_the_type_decides_the_converter(cache: Path, path: str, kind: str, body: bytes, text: str) -> None:
    with web({path.partition("?")[0]: Answer(body, kind)}) as server:
        assert texts(url_collection([server.url + path], cache=cache)) == [text]


def test_what_was_fetched_is_not_fetched_again(cache: Path) -> None:
    with web({"/a.md": Answer(b"one"), "/b.md": Answer(b"two")}) as server:
        urls = [f"{server.url}/b.md", f"{server.url}/a.md", f"{server.url}/b.md"]
        first = url_collection(urls, cache=cache)
        assert (first.names(), texts(first)) == ([urls[1], urls[0]], ["one", "two"])
        assert sorted(server.asked) == ["/a.md", "/b.md"]
    # the server is gone
    again = url_collection(urls, cache=cache)
    assert texts(again) == ["one", "two"]
    assert again.fingerprint() == first.fingerprint()
    assert url_collection(urls[:1], cache=cache).fingerprint() != first.fingerprint()


def test_a_damaged_page_is_fetched_again(cache: Path) -> None:
    with web({"/a.md": Answer(b"one")}) as server:
        assert texts(url_collection([f"{server.url}/a.md"], cache=cache)) == ["one"]
        (page,) = cache.rglob("page.json")
        page.write_text("{")
        assert texts(url_collection([f"{server.url}/a.md"], cache=cache)) == ["one"]
        assert server.asked == ["/a.md", "/a.md"]


def test_secrets_are_not_shown(cache: Path) -> None:
    with web({"/a.md": Answer(b"text")}, lambda _: Answer(status=403)) as server:
        host = server.url.removeprefix("http://")
        urls = [f"http://me:hush@{host}/a.md?key=hush{number}" for number in range(2)]
        documents = url_collection(urls, cache=cache)
        assert documents.names() == [f"http://{host}/a.md?...", f"http://{host}/a.md?... (2)"]
        assert sorted(server.asked) == ["/a.md?key=hush0", "/a.md?key=hush1"]
        said = wrong(server, cache, "/b?key=hush")
    assert said == f"http://{host}/b?...: answers 403 Forbidden; see whether the address is right"


def test_redirects(cache: Path) -> None:
    def to(target: str) -> Answer:
        return Answer(status=302, headers={"Location": target})

    answers = {"/a": to("/b"), "/b": to("c.md"), "/c.md": Answer(b"there"), "/round": to("/round")}
    with web(answers | {"/file": to("file:///etc/passwd"), "/none": to("ftp://x/y")}) as server:
        assert texts(url_collection([f"{server.url}/a"], cache=cache)) == ["there"]
        for path in ("/file", "/none"):
            assert "is not an http or https address" in wrong(server, cache, path)
        assert "redirects more than 5 times" in wrong(server, cache, "/round")


def test_from_https_to_http_nothing_is_followed() -> None:
    answer = module.httpx.Response(302, headers={"location": "http://example.com/"})
    with pytest.raises(module._Unfetched, match="from https to http"):
        module._next("https://example.com/", answer)


def test_a_page_that_is_too_large(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 2 * 2**20)
    with web({"/a": Answer(b"x" * (2 * 2**20 + 1)), "/b": Answer(b"x" * (2 * 2**20))}) as server:
        assert "is larger than 2 MB" in wrong(server, cache, "/a")
        assert len(texts(url_collection([f"{server.url}/b"], cache=cache))[0]) == 2 * 2**20


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://x/y", "a.md", "http://", "http://[", "//x/y", "javascript:1", "data:,x"],
)
def test_addresses_that_are_refused(cache: Path, url: str) -> None:
    (problem,) = url_collection([url], cache=cache).problems()
    assert problem.what.startswith(("is not an http or https address", "is not an address"))


@pytest.mark.parametrize("host", ["x" * 100, "xn--", "a..b"])
def test_hosts_that_cannot_be(cache: Path, host: str) -> None:
    (problem,) = url_collection([f"http://{host}.invalid/"], cache=cache).problems()
    assert problem.what == "is not an address: there can be no such host"


def test_everything_that_fails_is_said_at_once(cache: Path) -> None:
    answers = {"/a": Answer(b"x", "image/png"), "/ok.md": Answer(b"x")}
    with web(answers) as server:
        said = wrong(server, cache, "/a", "/gone", "/ok.md")
    assert "answers 404 Not Found" in said
    assert "/a: nothing reads '.png' files" in said
    documents = url_collection([f"{server.url}/later"], cache=cache)
    assert documents.problems()[0].what == "cannot be fetched: [Errno 111] Connection refused"
    with pytest.raises(InputError, match="cannot be fetched"):
        list(documents)

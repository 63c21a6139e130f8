"""A hub names no file outside the cache, and what it sends is what it announced."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

from fms_dgt.errors import SetupError
from fms_dgt.generators.llama_cpp.hub import fetch_file, gguf_files
from fms_dgt.generators.llama_cpp.model import HubModel
from fms_dgt.testing.model_hub import ModelHub

DATA = b"GGUF" + bytes(range(256)) * 100
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "home/hub"))
    monkeypatch.setenv("HF_TOKEN", "hf_hush")
    return tmp_path / "home/hub"


@contextmanager
def hub(monkeypatch: pytest.MonkeyPatch, data: bytes = DATA, **options: object) -> Iterator[ModelHub]:
    with ModelHub({"org/name": {"a.gguf": data}}, **options).running() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "etag",
    [
        *("../../x", "/tmp/fms_dgt_x", "..", ".", "a/b", "a\\b", "", "a" * 300, "a..b/../../c", ".hidden"),
        *("../" * 10 + "x", "../../../../.bashrc", "x.incomplete"),
    ],
)
@pytest.mark.parametrize("header", ["ETag", "X-Linked-ETag"])
def test_an_etag_leads_nowhere(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, etag: str, header: str
) -> None:
    with hub(monkeypatch, headers={header: f'"{etag}"'}), pytest.raises(SetupError, match="'org/name:a.gguf'|ETag"):
        fetch_file("org/name", "a.gguf")
    assert files(tmp_path) == set()
    assert not Path("/tmp/fms_dgt_x").exists()


@pytest.mark.parametrize("commit", ["../../../x", "/tmp/x", "main", "", "A" * 40, "a" * 39])
def test_a_commit_leads_nowhere(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commit: str
) -> None:
    with hub(monkeypatch, commit=commit), pytest.raises(SetupError, match="commit"):
        fetch_file("org/name", "a.gguf")
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("repo", "file"),
    [
        ("org/name", "../../../x.gguf"),
        ("org/name", "/etc/x.gguf"),
        ("org/name", "a//b.gguf"),
        ("org/name", "a/./b.gguf"),
        ("org/name", "a\\..\\b.gguf"),
        ("org/name", "a\nb.gguf"),
        ("org/name", ""),
        ("../name", "a.gguf"),
        ("org/..", "a.gguf"),
        ("org/a..b", "a.gguf"),
        ("a/b/c", "a.gguf"),
        ("org/na?me", "a.gguf"),
    ],
)
def test_names_that_are_refused(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repo: str, file: str
) -> None:
    with hub(monkeypatch) as running, pytest.raises(SetupError, match="check both names"):
        fetch_file(repo, file)
    assert running.asked == []
    assert files(tmp_path) == set()


def test_a_name_outside_the_cache_is_not_there(cache: Path, tmp_path: Path) -> None:
    repo = cache / "models--org--name"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs/main").write_text("a" * 40)
    (repo / "snapshots" / ("a" * 40)).mkdir(parents=True)
    (tmp_path / "outside.gguf").write_bytes(DATA)
    model = HubModel("org/name", "../../../../../outside.gguf")
    assert model.present() is None
    [problem] = model.problems()
    assert "is not a name of a file in a repository" in problem.what


def test_a_listing_with_such_names(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"../x.gguf": DATA, "ok/a.gguf": DATA, "/x.gguf": DATA}
    with ModelHub({"org/name": names}).running() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        assert [offered.file for offered in gguf_files("org/name")] == ["ok/a.gguf"]


def test_other_bytes_than_announced(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole of it in one go, as well as the rest of it."""
    wrong = hashlib.sha256(b"x").hexdigest()
    with hub(monkeypatch, headers={"ETag": f'"{wrong}"'}):
        for _ in range(2):
            with pytest.raises(SetupError, match="another SHA-256 than the hub announced"):
                fetch_file("org/name", "a.gguf")
    assert not (cache / "models--org--name/blobs" / wrong).exists()
    assert not list(cache.rglob("snapshots/*/*"))
    with hub(monkeypatch):
        assert fetch_file("org/name", "a.gguf").read_bytes() == DATA


def test_more_bytes_than_announced(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub(monkeypatch, headers={"X-Linked-Size": "100"}):
        with pytest.raises(SetupError, match="more for 'a.gguf' than it announced"):
            fetch_file("org/name", "a.gguf")
    assert max(path.stat().st_size for path in cache.rglob("*.incomplete")) <= 100


def test_more_bytes_than_there_is_room_for(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub(monkeypatch, headers={"X-Linked-Size": "49000000000"}):
        monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
        with pytest.raises(SetupError, match="are needed, 1.0 KB are free"):
            fetch_file("org/name", "a.gguf")


def test_a_link_in_the_place_of_a_part_is_not_followed(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = cache / "models--org--name/blobs"
    blobs.mkdir(parents=True)
    (tmp_path / "mine").write_text("mine")
    (blobs / f"{DIGEST}.a.gguf.incomplete").symlink_to(tmp_path / "mine")
    with hub(monkeypatch), pytest.raises(SetupError):
        fetch_file("org/name", "a.gguf")
    assert (tmp_path / "mine").read_text() == "mine"


def test_the_token_does_not_follow_a_redirect(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are often handed out by another host than the hub's."""
    seen: list[tuple[str, str, str]] = []

    class Noted(ModelHub):
        def answer(self, request: object) -> None:
            seen.append((self.url, request.command, request.headers.get("Authorization", "")))
            super().answer(request)

    other = Noted({"org/name": {"a.gguf": DATA}})
    with other.running():
        # another name of this machine is another host
        place = other.url.replace("127.0.0.1", "localhost") + "/org/name/resolve/main/a.gguf"
        first = Noted(
            {"org/name": {"a.gguf": DATA}},
            headers={"Location": place, "X-Linked-Size": str(len(DATA))},
            status=HTTPStatus.FOUND,
        )
        with first.running():
            monkeypatch.setenv("HF_ENDPOINT", first.url)
            assert fetch_file("org/name", "a.gguf").read_bytes() == DATA
    assert (first.url, "GET", "Bearer hf_hush") in seen
    assert {token for url, _, token in seen if url == other.url} == {""}


def test_a_cache_of_the_hubs_own_programs_is_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is fetched here, they find."""
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    with hub(monkeypatch) as running:
        theirs = Path(hf_hub_download("org/name", "a.gguf", endpoint=running.url))
        running.asked.clear()
        assert fetch_file("org/name", "a.gguf") == theirs
        assert [method for method, _, _ in running.asked] == ["HEAD"]
        theirs.unlink()
        ours = fetch_file("org/name", "a.gguf")
        assert (ours, ours.is_symlink()) == (theirs, True)
        assert try_to_load_from_cache("org/name", "a.gguf") == str(ours)

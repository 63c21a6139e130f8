from __future__ import annotations

import asyncio
import hashlib
import struct
from pathlib import Path

import pytest
from aiohttp import web

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")

from tiny_llama import gguf

from fms_dgt.errors import SetupError
from fms_dgt.generators.llama_cpp.generator import LlamaCppGenerator, LlamaCppOptions
from fms_dgt.generators.llama_cpp.header import NotGGUF, read_header
from fms_dgt.generators.llama_cpp.model import HubModel, LocalModel, model_of
from fms_dgt.testing.tiny_gguf import write_tiny_gguf


def problems(name: object = "", **options) -> list[str]:
    one = LlamaCppGenerator(LlamaCppOptions(model_id_or_path=str(name), **options))
    return [str(problem) for problem in one.check()]


def test_the_same_arguments_write_the_same_model(gguf, tmp_path):
    assert write_tiny_gguf(tmp_path / "again.gguf").read_bytes() == gguf.read_bytes()
    assert write_tiny_gguf(tmp_path / "other.gguf", seed=1).read_bytes() != gguf.read_bytes()


def test_what_a_header_says(gguf):
    header = read_header(gguf)
    assert header.values["general.architecture"] == "llama"
    assert header.context == 32_768
    assert header.memory_of(10) == 10 * 2 * 32 * 2 * 2


@pytest.mark.parametrize(
    "change",
    [
        {"llama.attention.sliding_window": 512},
        {"llama.ssm.state_size": 16},
        {"llama.attention.head_count": None},
        {"llama.attention.head_count": [4, 8]},
        {"general.architecture": "another"},
    ],
)
def test_memory_that_cannot_be_told(gguf, change):
    header = read_header(gguf)
    header.values.update(change)
    assert header.memory_of(10) is None


def test_a_header_cut_off_anywhere(gguf, tmp_path):
    data, cut = gguf.read_bytes()[:900], tmp_path / "cut.gguf"
    vocabulary = data.index(b"tokenizer.ggml.")
    for length in range(0, vocabulary, 7):
        cut.write_bytes(data[:length])
        with pytest.raises(NotGGUF, match="no GGUF file|breaks off"):
            read_header(cut)


def header(*entries: bytes, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, 0, len(entries)) + b"".join(entries)


def entry(key: bytes, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(key)) + key + struct.pack("<I", kind) + value


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no GGUF file"),
        (b"PK\3\4" * 100, "is no GGUF file"),
        (header(version=1), "of version 1"),
        (header(version=0x03000000), "of version 50331648"),
        (header(entry(b"a", 99, b"")), "of an unknown kind"),
        (header(entry(b"a", 8, struct.pack("<Q", 2**60))), "a text of odd length"),
        (header(entry(b"a", 9, struct.pack("<IQ", 4, 2**60))), "an odd list"),
        (header(entry(b"a", 9, struct.pack("<IQ", 9, 1))), "an odd list"),
        (header(entry(b"a", 9, struct.pack("<IQ", 4, 5))), "breaks off"),
    ],
)
def test_files_that_are_no_models(tmp_path, data, said):
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    [problem] = problems(path)
    assert problem.startswith(f"'{path}' ")
    assert said in problem


def test_every_kind_of_entry_is_read(tmp_path):
    forms = {
        0: "<B",
        1: "<b",
        2: "<H",
        3: "<h",
        4: "<I",
        5: "<i",
        6: "<f",
        7: "<?",
        10: "<Q",
        11: "<q",
        12: "<d",
    }
    entries = [entry(b"k%d" % kind, kind, struct.pack(form, 1)) for kind, form in forms.items()]
    entries.append(entry(b"list", 9, struct.pack("<IQ", 8, 2) + 2 * (struct.pack("<Q", 1) + b"x")))
    path = tmp_path / "model.gguf"
    path.write_bytes(header(*entries))
    assert read_header(path).values == {**{f"k{kind}": 1 for kind in forms}, "list": ["x", "x"]}


def test_names_that_cannot_be_used(gguf, tmp_path):
    folder = gguf.parent
    part = tmp_path / "big-00002-of-00003.gguf"
    part.write_bytes(gguf.read_bytes())
    known = "GGUF files there: tiny.gguf"
    cases = {
        "": "the llama.cpp generator has no model; write 'model_id_or_path: models/NAME.gguf'",
        f"{folder}": f"is a folder, not a GGUF file; {known}",
        f"{folder}/tini.gguf": f"did you mean 'tiny.gguf'? {known}; a hub's is written REPO:FILE.gguf",
        f"{tmp_path}/none/x.gguf": "check the path; a hub's is written REPO:FILE.gguf",
        "org/name": "there is no file 'org/name'",
        f"{part}": "is a later part of its model; name the first one, 'big-00001-of-00003.gguf'",
    }
    for name, said in cases.items():
        [problem] = problems(name)
        assert said in problem
    assert problems(gguf) == []


@pytest.mark.parametrize(("given", "missing"), [("repo", "file"), ("file", "repo")])
def test_half_a_name_of_a_hub(given, missing):
    [problem] = problems(**{given: "x"})
    assert problem == f"the llama.cpp generator has a '{given}', but no '{missing}'; add '{missing}: ...'"


def test_which_names_are_a_hubs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org").mkdir()
    (tmp_path / "org/here:x.gguf").touch()
    hub = HubModel("org/name", "sub/x.Q4_K_M.gguf")
    assert model_of("org/name:sub/x.Q4_K_M.gguf", "", "") == hub
    assert model_of("", "org/name", "sub/x.Q4_K_M.gguf") == hub
    assert hub.name == "org/name:sub/x.Q4_K_M.gguf"
    for local in ("x.gguf", "org/name", "org/here:x.gguf", "/org/name:x.gguf", "org/name:Q4_K_M"):
        assert model_of(local, "", "") == LocalModel(local)


def test_names_of_a_home(tmp_path, monkeypatch, gguf):
    monkeypatch.setenv("HOME", str(gguf.parent))
    assert problems("~/tiny.gguf") == []
    assert LocalModel("~/tiny.gguf").name == str(gguf)


def test_a_hub_without_its_package(monkeypatch):
    monkeypatch.setattr("fms_dgt.generators.llama_cpp.model.HUB_PACKAGE", "no_such_package")
    [problem] = problems("org/name:x.gguf")
    assert "run: pip install 'fms-dgt[llama-cpp]'; or fetch the file yourself and give its path" in problem


class Hub:
    """A hub on this machine, as far as fetching a file needs one."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []
        self.url = ""

    async def __aenter__(self) -> Hub:
        app = web.Application()
        app.router.add_get("/{org}/{name}/resolve/{revision}/{file:.+}", self._file)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()

    async def _file(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.match_info['file']}")
        data = self.files.get(request.match_info["file"])
        if data is None:
            return web.Response(status=404, headers={"X-Error-Code": "EntryNotFound"})
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": "a" * 40}
        return web.Response(body=data, headers=headers)


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    constants = pytest.importorskip("huggingface_hub").constants
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def use(hub: Hub, monkeypatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)


async def test_a_file_of_a_hub_is_fetched_once(gguf, cache, monkeypatch):
    model = HubModel("org/name", "sub/tiny.gguf")
    async with Hub({"sub/tiny.gguf": gguf.read_bytes()}) as hub:
        use(hub, monkeypatch)
        assert model.problems() == []
        assert model.present() is None
        path = await asyncio.to_thread(model.fetched)
        asked = list(hub.asked)
        assert await asyncio.to_thread(model.fetched) == path
    assert "GET sub/tiny.gguf" in asked
    assert hub.asked == asked
    assert model.present() == path
    assert path.is_relative_to(cache)
    assert path.read_bytes() == gguf.read_bytes()


async def test_a_model_in_parts_is_fetched_whole(gguf, cache, monkeypatch):
    names = [f"big-{number:05}-of-00003.gguf" for number in (1, 2, 3)]
    async with Hub(dict.fromkeys(names, gguf.read_bytes())) as hub:
        use(hub, monkeypatch)
        path = await asyncio.to_thread(HubModel("org/name", names[0]).fetched)
    assert sorted(file.name for file in path.parent.iterdir()) == names
    assert path.name == names[0]


async def test_a_fetched_model_answers(gguf, cache, monkeypatch):
    one = LlamaCppGenerator(LlamaCppOptions(repo="org/name", file="tiny.gguf", threads=1))
    async with Hub({"tiny.gguf": gguf.read_bytes()}) as hub:
        use(hub, monkeypatch)
        assert one.check() == []
        await one.open()
        await one.close()
    assert one.endpoint == "org/name:tiny.gguf"


async def test_what_a_hub_does_not_have(cache, monkeypatch):
    async with Hub({}) as hub:
        use(hub, monkeypatch)
        with pytest.raises(SetupError, match="'org/name:x.gguf' cannot be fetched: .*check both names"):
            await asyncio.to_thread(HubModel("org/name", "x.gguf").fetched)


@pytest.mark.parametrize("repo", ["org/name", "no//name", "org/na me"])
def test_a_hub_out_of_reach(cache, repo, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    model = HubModel(repo, "x.gguf")
    assert model.present() is None
    with pytest.raises(
        SetupError, match=f"'{repo}:x.gguf' cannot be fetched: .*check both names and the network"
    ):
        model.fetched()


def test_what_is_in_the_cache_is_checked(cache):
    snapshot = cache / "models--org--name/snapshots" / ("a" * 40)
    (cache / "models--org--name/refs").mkdir(parents=True)
    (cache / "models--org--name/refs/main").write_text("a" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "x.gguf").write_bytes(b"<html>")
    [problem] = problems("org/name:x.gguf")
    assert problem.startswith("'org/name:x.gguf' is no GGUF file")

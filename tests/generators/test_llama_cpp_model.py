from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")

from tiny_llama import gguf_fixture  # noqa: F401

from fms_dgt.errors import SetupError
from fms_dgt.generators.llama_cpp.generator import LlamaCppGenerator, LlamaCppOptions
from fms_dgt.generators.llama_cpp.header import NotGGUF, read_header
from fms_dgt.generators.llama_cpp.model import HubModel, LocalModel, model_of
from fms_dgt.testing.model_hub import ModelHub
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
        with pytest.raises(NotGGUF, match="not a GGUF file|breaks off"):
            read_header(cut)


def header(*entries: bytes, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, 0, len(entries)) + b"".join(entries)


def entry(key: bytes, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(key)) + key + struct.pack("<I", kind) + value


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not a GGUF file"),
        (b"PK\3\4" * 100, "is not a GGUF file"),
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
    monkeypatch.setattr("fms_dgt.generators.llama_cpp.hub.PACKAGE", "no_such_package")
    [problem] = problems("org/name:x.gguf")
    assert "run: pip install 'fms-dgt[llama-cpp]'; or fetch the file yourself and give its path" in problem


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def offered(gguf) -> dict[str, bytes]:
    """The files of 'org/name' on the hub."""
    return {"sub/tiny.gguf": gguf.read_bytes()}


@pytest.fixture
def hub(cache, offered, monkeypatch) -> Iterator[ModelHub]:
    with ModelHub({"org/name": offered}).running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def test_a_file_of_a_hub_is_fetched_once(gguf, cache, hub):
    model = HubModel("org/name", "sub/tiny.gguf")
    assert model.problems() == []
    assert model.present() is None
    path = model.fetched()
    asked = list(hub.asked)
    assert model.fetched() == path
    assert ("GET", "sub/tiny.gguf", 0) in asked
    assert hub.asked == asked
    assert model.present() == path
    assert path.is_relative_to(cache)
    assert path.read_bytes() == gguf.read_bytes()


def test_a_model_in_parts_is_fetched_whole(gguf, offered, hub):
    names = [f"big-{number:05}-of-00003.gguf" for number in (1, 2, 3)]
    offered.update(dict.fromkeys(names, gguf.read_bytes()))
    path = HubModel("org/name", names[0]).fetched()
    assert sorted(file.name for file in path.parent.iterdir()) == names
    assert path.name == names[0]


async def test_a_fetched_model_answers(hub):
    one = LlamaCppGenerator(LlamaCppOptions(repo="org/name", file="sub/tiny.gguf", threads=1))
    assert one.check() == []
    await one.open()
    await one.close()
    assert one.endpoint == "org/name:sub/tiny.gguf"


def test_what_a_hub_does_not_have(hub):
    with pytest.raises(
        SetupError, match="'org/name:x.gguf' cannot be fetched: the repository has no such file"
    ):
        HubModel("org/name", "x.gguf").fetched()


@pytest.mark.parametrize(
    ("repo", "said"),
    [
        ("org/name", "HF_HUB_OFFLINE keeps this process from asking a hub"),
        ("no//name", "check both names"),
        ("org/na me", "check both names"),
    ],
)
def test_a_hub_out_of_reach(cache, repo, said, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    model = HubModel(repo, "x.gguf")
    assert model.present() is None
    with pytest.raises(SetupError, match=f"'{repo}:x.gguf' cannot be fetched: .*{said}"):
        model.fetched()


def test_what_is_in_the_cache_is_checked(cache):
    snapshot = cache / "models--org--name/snapshots" / ("a" * 40)
    (cache / "models--org--name/refs").mkdir(parents=True)
    (cache / "models--org--name/refs/main").write_text("a" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "x.gguf").write_bytes(b"<html>")
    [problem] = problems("org/name:x.gguf")
    assert problem.startswith("'org/name:x.gguf' is not a GGUF file")

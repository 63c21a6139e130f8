"""No key is in a file, in a log, in what is shown or in an error: whatever a server does with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from engine import TOYS
from fms_dgt.testing import Fault, ModelServer

KEYS = {
    "TEACHER_KEY": "sk-teacher-5e1f0c77aa",
    "JUDGE_KEY": "judge:word:91b2e44d03",
    "TEAM_TOKEN": "team-token-77d1c3f0b8",
    "GATE_WORD": "gate-word-3a90ee5512",
}
# GATE_WORD as it goes over the wire, with its user
PASSWORD = "Z2F0ZTpnYXRlLXdvcmQtM2E5MGVlNTUxMg=="
DEBATE = "instructlab/skills/writing/freeform/debate"
CONFIG = """
databuilders:
  "*":
    blocks:
      - name: generator
        type: openai
        model_id_or_path: stand-in
        base_url: {url}
        api_key: ${{TEACHER_KEY}}
        headers: {{X-Team: "${{TEAM_TOKEN}}"}}
        timeout: 2
      - name: validator
        lm_config:
          type: openai
          model_id_or_path: judge
          base_url: {url}
          api_key: ${{JUDGE_KEY}}
          timeout: 2
runner_config: {{max_attempts: 2, give_up_after: 1}}
"""


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


def echo(body: Mapping[str, Any]) -> str:
    """All secrets that came with a request."""
    if body["model"] == "judge":
        return KEYS["JUDGE_KEY"]
    return f"{KEYS['TEACHER_KEY']} and {KEYS['TEAM_TOKEN']}"


def every(number: int, fault: Callable[[str], Fault]) -> Callable[[Mapping[str, Any], int], Fault | None]:
    """The fault of every so many-th request; it is made of what the server echoes."""
    return lambda body, index: fault(echo(body)) if index % number == number - 1 else None


# what a server may do with a key, and the exit code of the run
ENDS = {
    "success": (lambda *_: None, 0),
    "failed rows": (every(5, lambda said: Fault(status=400, body=error(f"bad: {said}"))), 0),
    "retries": (every(3, lambda said: Fault(status=500, body=f"<b>{said}</b>")), 0),
    "overload": (every(7, lambda said: Fault(status=429, body=error(said))), 0),
    "odd answers": (every(5, lambda said: Fault(body={"choices": [], "echo": [said]})), 0),
    "odd headers": (every(5, lambda said: Fault(headers={"Content-Encoding": said})), 0),
    "a wrong key": (every(1, lambda said: Fault(status=401, body=error(f"Incorrect API key: {said}"))), 2),
    "an unknown model": (every(1, lambda said: Fault(status=404, body=error(f"none for {said}"))), 2),
    "refusals": (every(1, lambda said: Fault(status=400, body=error(f"no {said}"))), 2),
    "gone": (every(1, lambda said: Fault(status=502, body=said)), 1),
    "no HTTP": (every(1, lambda said: Fault(raw=f"{said}\r\n\r\n".encode())), 1),
    "moved": (every(1, lambda said: Fault(status=302, headers={"Location": f"http://{said.split()[0]}"})), 2),
}


@pytest.fixture
def folder(project, monkeypatch):
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def make(server: ModelServer):
        return project({"config.yaml": CONFIG.format(url=server.base_url)})

    return make


def flags(count: int = 6) -> list[str]:
    said = ["--task-paths", DEBATE, "--config-path", "config.yaml"]
    return [*said, "--num-outputs-to-generate", str(count), "--max-concurrency", "4"]


def found_in(texts: Mapping[str, str | bytes]) -> list[str]:
    """Where a key, or a half of one, is."""
    secrets = [part for key in (*KEYS.values(), PASSWORD) for part in (key, key[:-3], key[3:])]
    held = {name: text if isinstance(text, bytes) else text.encode() for name, text in texts.items()}
    return sorted({name for name, text in held.items() for part in secrets if part.encode() in text})


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("name", ENDS)
def test_no_key_is_written_or_shown(folder, name: str, debug: bool) -> None:
    faults, code = ENDS[name]
    with ModelServer(faults=faults).in_thread() as server:
        made = folder(server)
        result = made.run(*flags(), *(["--debug"] if debug else []))
        assert result.code == code, result.stderr
        assert {one.body["model"] for one in server.requests} >= {"stand-in"}
    files = files_below(made.path)
    assert any(name.endswith("journal.sqlite") or "journal" in name for name in files)
    assert found_in({**files, "stdout": result.stdout, "stderr": result.stderr}) == []


def test_no_key_is_in_what_is_asked_of_a_run_afterwards(folder) -> None:
    with ModelServer(faults=ENDS["failed rows"][0]).in_thread() as server:
        made = folder(server)
        ran = made.run(*flags(), "--json")
        assert json.loads(ran.stdout)
        record = json.loads(made.read(f"output/{DEBATE}/data.jsonl").splitlines()[0])
        for command in (
            ["runs"],
            ["plugins"],
            ["trace", "output", record["id"]] if "id" in record else ["runs"],
        ):
            asked = made.run(*command)
            assert found_in({"stdout": asked.stdout, "stderr": asked.stderr}) == []
    assert found_in({"stdout": ran.stdout, "stderr": ran.stderr, **files_below(made.path)}) == []


def test_check_hides_keys(folder) -> None:
    with ModelServer().in_thread() as server:
        made = folder(server)
        (made.path / "config.yaml").write_text(
            re.sub(r" +headers: .*\n", "", made.read("config.yaml")), encoding="utf-8"
        )
        result = made.run(*flags(), "--check")
    assert result.code == 0, result.stderr
    assert "api_key" in result.stdout
    assert found_in({"stdout": result.stdout, "stderr": result.stderr}) == []


def test_check_hides_headers(folder) -> None:
    with ModelServer().in_thread() as server:
        result = folder(server).run(*flags(), "--check")
    assert found_in({"stdout": result.stdout, "stderr": result.stderr}) == []


def test_a_password_in_a_url_is_never_written(folder, monkeypatch) -> None:
    said = f"{KEYS['GATE_WORD']} {PASSWORD} {KEYS['TEAM_TOKEN']}"
    faults = lambda b, i: (
        Fault(status=400, body=error(said)) if i % 5 == 4 and b["model"] != "judge" else None
    )  # noqa: E731
    with ModelServer(faults=faults).in_thread() as server:
        made = folder(server)
        gate = server.base_url.replace("http://", f"http://gate:{KEYS['GATE_WORD']}@")
        config = made.read("config.yaml").replace("api_key: ${TEACHER_KEY}", "max_concurrency: 9")
        made.write({"config.yaml": config.replace(server.base_url, gate)})
        refused = made.run(*flags())
        assert refused.code == 2
        assert "base URL holds a secret" in refused.stderr
        assert server.requests == []
        # in the environment it may be
        monkeypatch.setenv("OPENAI_BASE_URL", gate)
        made.write({"config.yaml": "\n".join(line for line in config.splitlines() if "base_url" not in line)})
        result = made.run(*flags())
        assert result.code == 0, result.stderr
    shown = [refused.stdout, refused.stderr, result.stdout, result.stderr]
    assert found_in({**{str(n): text for n, text in enumerate(shown)}, **files_below(made.path)}) == []


def test_no_key_is_in_an_error_of_the_python_api(tmp_path: Path) -> None:
    import fms_dgt
    from fms_dgt.errors import UserError

    task = {"task_name": "walk", "task_description": "A walk.", "created_by": "us", "data_builder": "walk"}
    key = KEYS["TEACHER_KEY"]
    fault = Fault(status=401, body=error(f"wrong: {key}"))
    with ModelServer(faults=lambda *_: fault).in_thread() as server:
        generator = {"type": "openai", "model": "m", "base_url": server.base_url, "api_key": key}
        with pytest.raises(UserError) as caught:
            fms_dgt.run(
                {**task, "seed_examples": [{"number": 1}]},
                include=[TOYS / "walk.py"],
                output_dir=tmp_path,
                generator=generator,
            )
    chain, error_ = {}, caught.value
    while error_ is not None:
        chain[str(len(chain))] = repr(error_) + str(error_)
        error_ = error_.__cause__
    assert found_in({**chain, **files_below(tmp_path)}) == []

"""What a config reads is listed, and what stands in it is not shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hostile import ROWS

SECRET = "SECRETLINE(canary"
TASK = ROWS + "input: [{prompt: hi}]\n"


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "list.txt").write_text("harmless\n")
    (folder / "t.yaml").write_text("prompt: 'Say {{ prompt }}'\n")
    (folder / "policy.txt").write_text("Nothing bad.\n")
    return folder


def check_of(check: dict[str, Any]) -> dict[str, Any]:
    return {"databuilders": {"*": {"postprocessors": [{"on": "generation", **check}]}}}


CONFIGS = {
    "patterns": (check_of({"name": "pattern", "must_not_match": [{"file": "OUT/list.txt"}]}), "list.txt"),
    "patterns as a file": (check_of({"name": "pattern", "must_match": "OUT/list.txt"}), "list.txt"),
    "a template": ({"databuilders": {"*": {"stages": {"generate": {"template": "OUT/t.yaml"}}}}}, "t.yaml"),
}


def written(config: dict[str, Any], place: str) -> str:
    return json.dumps(config).replace("OUT", place)


@pytest.mark.parametrize("up", [False, True], ids=["in full", "by dots"])
@pytest.mark.parametrize(("config", "name"), CONFIGS.values(), ids=CONFIGS)
def test_what_it_reads_is_listed_first(
    project: Any, elsewhere: Path, config: dict[str, Any], name: str, up: bool
) -> None:
    place = "../" * 12 + str(elsewhere).lstrip("/") if up else str(elsewhere)
    parts = "".join(f"  - p{number}.yaml\n" for number in range(30))
    files = {f"p{number}.yaml": "{}" for number in range(30)}
    made = project({"t.yaml": TASK + f"include:\n{parts}", "c.yaml": written(config, place), **files})
    result = made.run("--task-paths", "t.yaml", "--config-path", "c.yaml", "--teacher", "simulated", "--check")
    assert (result.code, result.stderr) == (0, "")
    (first,) = [line for line in result.stdout.splitlines() if line.startswith("  reads")]
    assert first.endswith(f"/{name}")


@pytest.mark.parametrize(("config", "name"), CONFIGS.values(), ids=CONFIGS)
def test_what_stands_in_it_is_not_shown(project: Any, elsewhere: Path, config: dict[str, Any], name: str) -> None:
    for text in (SECRET, f"{SECRET}: [x", f"{SECRET}: {{x: y}}\nprompt: x", f"prompt: '{{{{ {SECRET}'"):
        (elsewhere / name).write_text(text + "\n")
        made = project({"t.yaml": TASK, "c.yaml": written(config, str(elsewhere))})
        result = made.run("--task-paths", "t.yaml", "--config-path", "c.yaml", "--teacher", "simulated", "--check")
        assert result.code == 2
        assert SECRET not in result.stdout + result.stderr
        assert "canary" not in result.stdout + result.stderr
        assert f"{elsewhere / name}" in result.stderr


def test_a_list_in_the_project_is_quoted(project: Any) -> None:
    config = check_of({"name": "pattern", "must_match": "list.txt"})
    made = project({"t.yaml": TASK, "c.yaml": json.dumps(config), "list.txt": SECRET})
    result = made.run("--task-paths", "t.yaml", "--config-path", "c.yaml", "--teacher", "simulated", "--check")
    assert f"list.txt:1: '{SECRET}' is no pattern" in result.stderr


def test_all_files_elsewhere_are_listed(project: Any, elsewhere: Path) -> None:
    lists = [{"file": f"{elsewhere}/{number}.txt"} for number in range(30)]
    for number in range(30):
        (elsewhere / f"{number}.txt").write_text("a\n")
    config = check_of({"name": "pattern", "must_not_match": lists})
    made = project({"t.yaml": TASK, "c.yaml": json.dumps(config)})
    result = made.run("--task-paths", "t.yaml", "--config-path", "c.yaml", "--teacher", "simulated", "--check")
    assert all(f"  {entry['file']}\n" in result.stdout for entry in lists)

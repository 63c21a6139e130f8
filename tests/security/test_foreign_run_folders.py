"""Training sets are made of what is in a run's folder, not of files that its links lead to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SECRET = "the-content-of-a-private-file"


@pytest.mark.parametrize("named", ["run", "run/task"])
def test_a_link_in_a_run_folder_is_refused(project: Any, tmp_path_factory: Any, named: str) -> None:
    private: Path = tmp_path_factory.mktemp("private") / "rows.jsonl"
    private.write_text(json.dumps({"instruction": SECRET, "input": "", "output": SECRET}) + "\n")
    made = project({"run/task/run.json": "{}"})
    (made.path / "run" / "task" / "data.jsonl").symlink_to(private)
    result = made.run("datasets", "skills", named, "-o", "made")
    assert result.code == 2
    assert "data.jsonl: is a link; name the file that it leads to" in result.stderr
    assert not list(made.path.glob("made/*"))

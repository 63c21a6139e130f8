"""Tasks that nobody thought of: whatever a task says, no key of the environment leaves by it."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import yaml
from hostile import CANARY, SECRETS, Collector, collector, everything_below
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fms_dgt.cli.main import main

NAMES = st.sampled_from([*SECRETS, "HOME", "DGT_DATA_DIR"])
WAYS = st.sampled_from(["${%s}", "$%s", "${%s:-x}", "$${%s}", "${NO_SUCH:-${%s}}", "${ %s }", "${%s", "%%%s%%", "~%s"])
PLACES = st.sampled_from(["URL/%s", "URL/a?v=%s", "%s", "a/%s.md", "../%s/*.md", "URL@%s", "file:///%s", "git@127.0.0.1:%s", "/tmp/%s", "//%s", "%s.jsonl", "a b %s {{ prompt }}"])  # fmt: skip
TEXT = st.builds(lambda way, name, place: place % (way % name), WAYS, NAMES, PLACES)
KEYS = st.sampled_from("path file dir a_path a_dir documents input include repo commit patterns data_path prompt name type base_url api_key lm_config output_dir seed flow n".split())  # fmt: skip
VALUE = st.recursive(TEXT, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=5)

HEADS = {
    "knowledge_sdg": {"domain": "x", "document_outline": "y", "seed_examples": [{"question": "q", "answer": "a"}]},
    "text_generation": {"task_description": "d", "input": [{"prompt": "hi"}]},
    "pipeline": {"task_description": "d", "input": [{"a": "b"}], "flow": [{"generate": {"prompt": "x", "into": "c"}}]},
    "skills_sdg": {"task_description": "d", "seed_examples": [{"question": "q", "answer": "a"}]},
}
FIELDS = {
    "knowledge_sdg": ["documents", "document", "knowledge_datastore", "include", "domain", "seed_examples", "runner_config"],
    "text_generation": ["input", "prompt", "system", "include", "instruction_format", "runner_config", "reply", "into"],
    "pipeline": ["flow", "input", "include", "seed_examples", "output", "runner_config", "draw"],
    "skills_sdg": ["seed_examples", "include", "task_name", "taxonomy_path", "runner_config", "instruction_format"],
}
SHAPES = {
    "document": st.fixed_dictionaries({"repo": TEXT, "commit": TEXT | st.just("main"), "patterns": st.lists(TEXT, min_size=1, max_size=2)}),
    "knowledge_datastore": st.fixed_dictionaries({"data_path": TEXT, "data_format": st.sampled_from(["md", "jsonl"])}),
    "include": st.fixed_dictionaries({"documents": st.dictionaries(KEYS, TEXT, min_size=1, max_size=2)}) | VALUE,
    "runner_config": st.dictionaries(st.sampled_from(["output_dir", "seed", "base_url", "api_key", "pipeline"]), TEXT, max_size=2),
}


@st.composite
def tasks(draw: st.DrawFn) -> dict[str, object]:
    builder = draw(st.sampled_from(sorted(HEADS)))
    task: dict[str, object] = {"task_name": "t", "created_by": "x", "data_builder": builder, **HEADS[builder]}
    for field in draw(st.lists(st.sampled_from(FIELDS[builder]), min_size=1, max_size=3, unique=True)):
        task[field] = draw(SHAPES.get(field, VALUE) | VALUE)
    return task


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)


def run(path: Path, server: Collector, task: dict[str, object], flags: list[str]) -> str:
    """All that is shown and left behind by a task."""
    (path / "task.yaml").write_text(yaml.safe_dump(task).replace("URL", server.url))
    out, err = io.StringIO(), io.StringIO()
    argv = ["--task-paths", "task.yaml", "--config-path", "offline", "--num-outputs-to-generate", "1"]
    environment = {**os.environ, **SECRETS, "FMS_DGT_CACHE": str(path / "cache"), "DGT_DATA_DIR": str(path / "data")}
    with patch.dict(os.environ, environment), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*argv, "--max-stalled-requests", "2", *flags])
    assert code in (0, 1, 2)
    assert "this is a fault in fms_dgt" not in err.getvalue(), err.getvalue()
    return out.getvalue() + err.getvalue() + everything_below(path)


FLAGS = st.lists(
    st.sampled_from([("--check",), ("--allow-host", "127.0.0.1"), ("--allow-path", "/tmp"), ("--allow-env", "DGT_OTHER")]),
    max_size=3, unique=True,
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(task=tasks(), flags=FLAGS)
def test_no_secret_leaves_by_any_task(task: dict[str, object], flags: list[tuple[str, ...]]) -> None:
    given_flags = [part for flag in flags for part in flag]
    with collector() as server, folder() as path:
        left = run(path, server, task, given_flags)
    assert CANARY not in left
    assert CANARY not in server.text
    if "--check" in given_flags or "--allow-host" not in given_flags:
        assert not server.requests

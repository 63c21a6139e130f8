"""`--check` asks nobody: no document is fetched, and what would be is listed."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from hostile import KNOWLEDGE, ROWS, collector

DOCUMENTS = {
    "a page": 'include: {documents: {n: "URL/a.md"}}',
    "a store": 'knowledge_datastore: {data_path: "URL/a.md", data_format: md}',
    "a repository": 'document: {repo: "URL/r.git", commit: main, patterns: ["*.md"]}',
    "a full commit": f'document: {{repo: "URL/r.git", commit: {"a" * 40}, patterns: ["*.md"]}}',
}


@pytest.fixture
def no_connection(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whatever is looked up or connected to, seen."""
    seen: list[Any] = []
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, lambda *given: seen.append(given) or 1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **_: seen.append(given) or [])
    return seen


@pytest.mark.parametrize("said", DOCUMENTS.values(), ids=DOCUMENTS)
def test_documents_are_listed_and_not_fetched(project: Any, said: str) -> None:
    with collector() as server:
        made = project({"task.yaml": KNOWLEDGE + said.replace("URL", server.url) + "\n"})
        run = ("--task-paths", "task.yaml", "--config-path", "offline", "--check", "--allow-host", "127.0.0.1")
        result = made.run(*run)
        report = json.loads(made.run(*run, "--json").stdout)
    assert (result.code, result.stderr) == (0, "")
    assert not server.requests
    assert f"  fetches     {server.url}/" in result.stdout
    assert "(not in the cache)" in result.stdout
    (task,) = report["tasks"]
    assert task["access"]["pending"] == task["access"]["fetches"]


def test_nothing_is_even_looked_up(project: Any, no_connection: list[Any]) -> None:
    said = 'include: {documents: {n: "https://example.invalid/a.md"}}\n'
    said += 'document: {repo: "ssh://git@example.invalid/r.git", commit: main, patterns: ["*.md"]}\n'
    made = project({"task.yaml": KNOWLEDGE + said})
    assert made.run("--task-paths", "task.yaml", "--config-path", "offline", "--check").code == 0
    assert not no_connection


def test_a_dataset_of_the_hub_is_not_asked_for(project: Any, no_connection: list[Any]) -> None:
    made = project({"task.yaml": ROWS + "input: someone/rows\n", "pipe.yaml": ROWS.replace("text_generation", "pipeline")
                    .replace("task_name: t", "task_name: p") + "input: someone/rows\nflow: [{generate: {prompt: '{{ a }}', into: b}}]\n"})  # fmt: skip
    result = made.run("--task-paths", "task.yaml", "pipe.yaml", "--config-path", "offline", "--check")
    assert (result.code, result.stderr, no_connection) == (0, "", [])
    assert "  fetches     dataset someone/rows (not in the cache)" in result.stdout
    why = "its flow is not checked: its columns are known once dataset someone/rows is fetched"
    assert f"note: t: {why}\n" in result.stdout
    assert f"note: p: {why}\n" in result.stdout


def test_a_tokenizer_is_not_fetched(project: Any, no_connection: list[Any]) -> None:
    text = KNOWLEDGE + "include: {documents: {n: a.md}}\nchunk_tokens: 50\n"
    config = "databuilders: {knowledge_sdg: {chunk_tokenizer: someone/model, blocks: [{name: generator, type: simulated}]}}\n"
    made = project({"task.yaml": text, "a.md": "# A\n\nText.\n", "c.yaml": config})
    result = made.run("--task-paths", "task.yaml", "--config-path", "c.yaml", "--teacher", "simulated", "--check")
    assert (result.code, result.stderr, no_connection) == (0, "", [])
    assert "tokenizer someone/model" in result.stdout


def test_what_was_fetched_before_is_checked_as_it_is(project: Any) -> None:
    with collector() as server:
        made = project({"task.yaml": KNOWLEDGE + f'include: {{documents: {{n: "{server.url}/a.md"}}}}\n'})
        run = ("--task-paths", "task.yaml", "--config-path", "offline")
        assert made.run(*run, "--num-outputs-to-generate", "1", "--allow-host", "127.0.0.1").code in (0, 1)
        asked = len(server.requests)
        # what is in the cache is asked of nobody, so no flag is needed
        result = made.run(*run, "--num-outputs-to-generate", "1", "--check")
    assert (result.code, result.stderr) == (0, "")
    assert (asked, len(server.requests)) == (1, 1)
    assert "not in the cache" not in result.stdout


def test_a_folder_whose_documents_are_gone_from_the_cache_is_not_called_changed(
    project: Any, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with collector() as server:
        made = project({"task.yaml": KNOWLEDGE + f'include: {{documents: {{n: "{server.url}/a.md"}}}}\n'})
        run = ("--task-paths", "task.yaml", "--config-path", "offline", "--num-outputs-to-generate", "1")
        made.run(*run, "--allow-host", "127.0.0.1")
        monkeypatch.setenv("FMS_DGT_CACHE", str(tmp_path_factory.mktemp("empty")))
        result = made.run(*run, "--check")
    assert (result.code, result.stderr) == (0, "")
    assert "note: t: 1 not fetched by --check" in result.stdout


REPORT = """\
t: knowledge_sdg, all that the source gives, into output/t
  reads       task.yaml
              part.yaml
              docs/a.md
  fetches     https://example.com/r.git main (not in the cache)
              https://example.com/b.pdf (not in the cache)
  writes to   output/t
              output (journal and log)
  asks        openai at http://${SERVER}/v1 m
              simulated at simulated
  variables   DGT_DATA_DIR, JUDGE_KEY, SERVER
"""


def test_the_report_says_what_a_task_reads_fetches_writes_asks_and_uses(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DGT_DATA_DIR", "docs")
    monkeypatch.setenv("JUDGE_KEY", "hunter22")
    monkeypatch.setenv("SERVER", "localhost:9")
    text = KNOWLEDGE.replace("domain: x\n", "") + (
        "document: {repo: https://example.com/r.git, commit: main, patterns: ['*.md']}\n"
        "include:\n  - part.yaml\n  - documents: {a: $DGT_DATA_DIR/*.md, b: https://user:pw@example.com/b.pdf?k=v}\n"
    )
    config = """
        databuilders:
          "*":
            blocks:
              - {name: generator, type: openai, model: m, base_url: "http://${SERVER}/v1", api_key: "${JUDGE_KEY}"}
              - {name: validator, lm_config: {type: simulated}}
    """
    made = project({"task.yaml": text, "part.yaml": "domain: x\n", "docs/a.md": "# A\n\nText.\n", "c.yaml": config})
    result = made.run("--task-paths", "task.yaml", "--config-path", "c.yaml", "--check")
    assert (result.code, result.stderr) == (0, "")
    shown = result.stdout.replace("https://example.com/b.pdf?...", "https://example.com/b.pdf")
    assert shown.startswith(REPORT)
    assert "hunter22" not in result.stdout

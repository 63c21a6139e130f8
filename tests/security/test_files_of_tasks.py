"""Where a stranger's task may read and write."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hostile import KNOWLEDGE, ROWS, everything_below

SECRET = "the-content-of-a-private-file"
PIPE = ROWS.replace("text_generation", "pipeline") + "input: [{a: b}]\n"


@pytest.fixture
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder elsewhere, with files of every kind that a task could name."""
    folder = tmp_path_factory.mktemp("private")
    for name in ("a.md", "a.txt"):
        (folder / name).write_text(f"# A\n\n{SECRET}\n")
    (folder / "rows.jsonl").write_text(f'{{"prompt": "{SECRET}", "content": "{SECRET}"}}\n')
    (folder / "rows.csv").write_text(f"prompt\n{SECRET}\n")
    (folder / "part.yaml").write_text(f"domain: {SECRET}\n")
    (folder / "t.yaml").write_text(f"prompt: {SECRET}\n")
    (folder / "flow.yaml").write_text(f"stages: [{{generate: {{prompt: {SECRET}, into: c}}}}]\n")
    return folder


# OUT is that folder
TASKS = {
    "an included file": KNOWLEDGE + "include: OUT/part.yaml\n",
    "an included pattern": KNOWLEDGE + "include: {domain: OUT/*.txt}\n",
    "a file below a key": KNOWLEDGE + "include: {domain: OUT/a.txt}\n",
    "a document": KNOWLEDGE + "include: {documents: {a: OUT/a.md}}\n",
    "a folder of documents": KNOWLEDGE + "include: {documents: {a: OUT}}\n",
    "a pattern of documents": KNOWLEDGE + "include: {documents: {a: OUT/*.md}}\n",
    "documents by themselves": KNOWLEDGE + "documents: OUT/a.md\n",
    "a store": KNOWLEDGE + "knowledge_datastore: {data_path: OUT/a.md, data_format: md}\n",
    "a store of rows": KNOWLEDGE + "knowledge_datastore: {data_path: OUT/rows.jsonl}\n",
    "a table": ROWS + "input: OUT/rows.jsonl\n",
    "a table as a mapping": ROWS + "input: {path: OUT/rows.csv, format: csv}\n",
    "a flow": PIPE + "flow: OUT/flow.yaml\n",
    "a template": PIPE + "flow: [{generate: {template: OUT/t.yaml, into: c}}]\n",
    "a template without its ending": PIPE + "flow: [{generate: {template: OUT/t, into: c}}]\n",
    "a repository": KNOWLEDGE + "document: {repo: OUT, commit: main, patterns: ['*.md']}\n",
    "a link": KNOWLEDGE + "include: {documents: {a: link/a.md}}\n",
    "a link to a table": ROWS + "input: link/rows.jsonl\n",
    "a link that is included": KNOWLEDGE + "include: {domain: link/a.txt}\n",
    "a link to a flow": PIPE + "flow: link/flow.yaml\n",
    "a link to a template": PIPE + "flow: [{generate: {template: link/t.yaml, into: c}}]\n",
}


def spelled(text: str, private: Path, way: str, here: Path) -> str:
    place = {
        "in full": str(private),
        "by dots": "../" * 9 + str(private).lstrip("/"),
        "by dots below": "inside/../" + "../" * 9 + str(private).lstrip("/"),
    }[way]
    return text.replace("OUT", place)


@pytest.mark.parametrize("way", ["in full", "by dots", "by dots below"])
@pytest.mark.parametrize("text", TASKS.values(), ids=TASKS)
def test_nothing_is_read_elsewhere(project: Any, private: Path, text: str, way: str, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main", str(private)], check=True)
    made = project({"t/task.yaml": spelled(text, private, way, tmp_path), "t/inside/x": "", "inside/x": ""})
    (tmp_path / "t" / "link").symlink_to(private)
    result = made.run("--task-paths", "t/task.yaml", "--config-path", "offline", "--num-outputs-to-generate", "1")
    assert result.code == 2, result.stdout
    assert "is hidden, or outside of the folders that tasks may read; if you trust this task" in result.stderr
    assert SECRET not in result.stdout + result.stderr
    (tmp_path / "t" / "link").unlink()
    assert SECRET not in everything_below(tmp_path)


@pytest.mark.parametrize("said", ["knowledge_datastore: {data_path: 'CLIMB/rows.jsonl'}", "include: {documents: {a: 'CLIMB/*.md'}}", "include: {domain: 'CLIMB/a.txt'}"])  # fmt: skip
def test_a_pattern_that_climbs_reads_nothing_elsewhere(project: Any, private: Path, said: str) -> None:
    climb = "inside/*/" + "../" * 12 + str(private).lstrip("/")
    made = project({"t/task.yaml": KNOWLEDGE + said.replace("CLIMB", climb) + "\n", "t/inside/folder/x": ""})
    result = made.run("--task-paths", "t/task.yaml", "--config-path", "offline", "--num-outputs-to-generate", "1")
    assert (result.code, SECRET in result.stdout + result.stderr) == (2, False)
    assert SECRET not in everything_below(made.path)


HIDDEN = {
    "beside the task": "include: {domain: .env}",
    "in a folder": "include: {documents: {a: .ssh/id.md}}",
    "by a pattern": "include: {documents: {a: '.ssh/*.md'}}",
    "from the working folder": "include: {domain: ../.env}",
}


@pytest.mark.parametrize("said", HIDDEN.values(), ids=HIDDEN)
def test_hidden_files_are_not_read(project: Any, said: str) -> None:
    files = {"t/task.yaml": KNOWLEDGE + said + "\n", ".env": SECRET, "t/.env": SECRET, "t/.ssh/id.md": SECRET}
    result = project(files).run("--task-paths", "t/task.yaml", "--config-path", "offline", "--check")
    assert result.code == 2
    assert "is hidden, or outside of the folders that tasks may read" in result.stderr
    assert SECRET not in result.stdout + result.stderr


def test_a_home_folder_is_not_opened_by_working_in_it(
    project: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    made = project({"t/task.yaml": KNOWLEDGE + "include: {domain: ../letters/a.txt}\n", "letters/a.txt": SECRET})
    result = made.run("--task-paths", "t/task.yaml", "--config-path", "offline", "--check")
    assert (result.code, SECRET in result.stdout) == (2, False)


HONEST = {
    "beside the task": ("docs/*.md", "t/docs/a.md", "t"),
    "from the working folder": ("shared/a.md", "shared/a.md", "t"),
    "beside the task's folder": ("../shared/a.md", "shared/a.md", "t"),
    "in the checkout around the working folder": ("../../shared/a.md", "../shared/a.md", "t"),
}


@pytest.mark.parametrize(("said", "file", "folder"), HONEST.values(), ids=HONEST)
def test_ordinary_work_needs_no_flag(
    project: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, file: str, folder: str
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "work").mkdir()
    made = project({
        f"work/{folder}/task.yaml": KNOWLEDGE + f"include: {{documents: {{a: '{said}'}}}}\n",
        f"work/{file}": "# A\n\nA text.\n",
    })  # fmt: skip
    monkeypatch.chdir(tmp_path / "work")
    result = made.run("--task-paths", f"{folder}/task.yaml", "--config-path", "offline", "--check")
    assert (result.code, result.stderr) == (0, "")


def test_a_flag_opens_a_folder_and_changes_nothing_else(
    project: Any, private: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that was begun where the file was allowed goes on with the flag, and asks for nothing."""
    text = ROWS + f"input: {private}/rows.jsonl\n"
    made = project({"t/task.yaml": text})
    run = ("--task-paths", "t/task.yaml", "--config-path", "offline")
    refused = made.run(*run)
    assert refused.stderr == (
        f"error: t/task.yaml:6: input: '{private}/rows.jsonl' is hidden, or outside of the folders that tasks may "
        f"read; if you trust this task, pass --allow-path {private}/rows.jsonl\n"
    )
    # begun below the folder itself, where no flag is needed
    monkeypatch.chdir(private)
    ran = made.run("--task-paths", f"{tmp_path}/t/task.yaml", "--config-path", "offline", "--output-dir", f"{tmp_path}/output")
    assert ran.code == 0, ran.stderr
    monkeypatch.chdir(tmp_path)
    again = made.run(*run, "--allow-path", str(private))
    assert again.code == 0, again.stderr
    assert "complete already; nothing was asked" in again.stderr
    # the task's name has no hidden part to be refused by; the flag may name the file alone
    assert made.run(*run, "--allow-path", f"{private}/rows.jsonl", "--check").code == 0


def test_a_flow_that_a_flag_names_may_be_anywhere(project: Any, private: Path) -> None:
    (private / "mine.yaml").write_text("stages: [{generate: {template: t, into: c}}]\n")
    made = project({"task.yaml": PIPE + "flow: [{generate: {prompt: x, into: c}}]\n"})
    run = ("--task-paths", "task.yaml", "--config-path", "offline", "--check")
    result = made.run(*run, "--flow", f"{private}/mine.yaml")
    assert (result.code, result.stderr) == (0, "")


@pytest.mark.parametrize("kind", ["home", "holds a home", "like /tmp"])
def test_a_task_file_in_a_shared_folder_does_not_open_it(
    project: Any, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    shared = tmp_path_factory.mktemp("shared")
    (shared / "me").mkdir()
    if kind == "like /tmp":
        shared.chmod(0o1777)
    else:
        monkeypatch.setenv("HOME", str(shared if kind == "home" else shared / "me"))
    (shared / "Documents").mkdir()
    for name in ("rows.jsonl", "Documents/diary.jsonl"):
        (shared / name).write_text(f'{{"prompt": "{SECRET}"}}\n')
    (shared / "flow.yaml").write_text("stages: [{generate: {prompt: x, into: c}}]\n")
    made = project({"elsewhere.txt": ""})
    run = ("--task-paths", str(shared / "dl.yaml"), "--config-path", "offline", "--check")
    for named in ("rows.jsonl", "Documents/diary.jsonl"):
        (shared / "dl.yaml").write_text(ROWS + f"input: {named}\n")
        refused = made.run(*run)
        assert (refused.code, SECRET in refused.stdout + refused.stderr) == (2, False)
        assert f"if you trust this task, pass --allow-path {shared / named}" in refused.stderr
        assert made.run(*run, "--allow-path", str(shared / named)).code == 0
    # what needs no other file, and what the command line names, is no trouble
    (shared / "dl.yaml").write_text(PIPE)
    result = made.run(*run, "--flow", str(shared / "flow.yaml"))
    assert (result.code, result.stderr) == (0, "")


def test_a_task_in_a_folder_below_the_home_folder_reads_there(
    project: Any, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    (home / "mine").mkdir()
    (home / "mine" / "task.yaml").write_text(ROWS + "input: rows.jsonl\n")
    (home / "mine" / "rows.jsonl").write_text('{"prompt": "hi"}\n')
    result = project({"a": ""}).run("--task-paths", str(home / "mine"), "--config-path", "offline", "--check")
    assert (result.code, result.stderr) == (0, "")


@pytest.mark.parametrize("said", ["include: {domain: /proc/self/environ}", "include: {documents: {a: /sys/kernel/x.md}}"])
def test_no_flag_is_advised_that_would_not_help(project: Any, said: str) -> None:
    made = project({"t.yaml": KNOWLEDGE + said + "\n"})
    result = made.run("--task-paths", "t.yaml", "--config-path", "offline", "--check")
    assert (result.code, "--allow-path" in result.stderr) == (2, False)
    assert "no task may read what the kernel makes up" in result.stderr


OUTPUTS = ["OUT/results", "../results", "~/results", ".git/hooks", "link/results"]


@pytest.mark.parametrize("said", OUTPUTS)
def test_a_task_writes_below_the_working_folder_alone(
    project: Any, private: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("HOME", str(private))
    folder = said.replace("OUT", str(private))
    made = project({"task.yaml": ROWS + f"input: [{{prompt: hi}}]\nrunner_config: {{output_dir: '{folder}'}}\n"})
    (tmp_path / "link").symlink_to(private)
    before = sorted(private.rglob("*"))
    run = ("--task-paths", "task.yaml", "--config-path", "offline")
    result = made.run(*run)
    assert result.code == 2
    assert "is hidden, or outside of the folders that tasks may write to; name it with --output-dir" in result.stderr
    assert sorted(private.rglob("*")) == before
    assert made.run(*run, "--output-dir", "here").code == 0


def test_an_allowed_folder_may_be_written_to(project: Any, private: Path) -> None:
    text = ROWS + f"input: [{{prompt: hi}}]\nrunner_config: {{output_dir: {private}/results}}\n"
    made = project({"task.yaml": text})
    run = ("--task-paths", "task.yaml", "--config-path", "offline", "--allow-path", str(private))
    assert made.run(*run).code == 0
    assert (private / "results" / "t" / "data.jsonl").is_file()


def test_a_taxonomy_reads_no_repository_elsewhere(project: Any, private: Path) -> None:
    pair = {"question": "q", "answer": "a"}
    pairs = "\n".join(f"      - {{question: What is {n}?, answer: It is {n}.}}" for n in range(3))
    seeds = "\n".join(f"  - context: This is text {n}.\n    questions_and_answers:\n{pairs}" for n in range(5))
    qna = (
        "version: 3\ncreated_by: x\ndomain: x\ndocument_outline: An outline of it.\n"
        f"document:\n  repo: {private}\n  commit: main\n  patterns: ['*.md']\nseed_examples:\n{seeds}\n"
    )
    assert pair
    made = project({"taxonomy/knowledge/a/qna.yaml": qna})
    result = made.run("--task-paths", "taxonomy", "--config-path", "offline")
    assert result.code == 2
    assert f"'{private}' is hidden, or outside of the folders that tasks may read" in result.stderr

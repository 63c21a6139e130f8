"""One module reads the environment."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile import ROWS

import fms_dgt
from fms_dgt.safety import environment

PACKAGE = Path(fms_dgt.__file__).parent
# the module itself, and those that hand a part of the environment to a child process
MAY_READ = {
    "safety/environment.py",
    "safety/child.py",
    "documents/git_command.py",
    "taxonomy/git.py",
    "generators/llama_cpp/engine.py",
}
READS = {"environ", "environb", "getenv", "getenvb", "expandvars", "getproxies", "getproxies_environment"}


def reads(tree: ast.AST) -> Iterator[int]:
    """The lines that read the environment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in READS and isinstance(node.value, ast.Name):
            if node.value.id in ("os", "path", "urllib"):
                yield node.lineno
        elif isinstance(node, ast.ImportFrom) and READS & {alias.name for alias in node.names}:
            yield node.lineno


def test_the_environment_is_read_in_one_module() -> None:
    found = [
        f"{name}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if (name := path.relative_to(PACKAGE).as_posix()) not in MAY_READ
        for line in reads(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, "read it through fms_dgt.safety.environment, which says who may read what"


@pytest.mark.parametrize(
    "code",
    ["import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ", "from os import getenv"],
)
def test_reads_are_seen(code: str) -> None:
    assert list(reads(ast.parse(code)))


def test_a_setting_has_to_be_on_the_list() -> None:
    with pytest.raises(LookupError):
        environment.setting("OPENAI_API_KEY")


@pytest.mark.parametrize(
    "name",
    ["OPENAI_API_KEY", "HF_TOKEN", "aws_secret_access_key", "DB_PASSWORD", "PGPASSWD", "GITHUB_PAT", "DB_PWD",
     "GOOGLE_APPLICATION_CREDENTIALS", "APIKEY", "SSH_AUTH_SOCK", "DATABASE_URL", "SESSION_COOKIE",
     "DBPASS", "MYSQL_PASS", "SLACK_WEBHOOK", "SLACK_WEBHOOK_URL", "SSH_PRIVATE", "A_JWT", "BEARER", "BLOB_SAS",
     "TOKENIZER_TOKEN"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert environment.looks_secret(name)


@pytest.mark.parametrize(
    "name", ["HOME", "DGT_DATA_DIR", "PWD", "OLDPWD", "OPENAI_BASE_URL", "TEACHER_MODEL", "PATH", "VLLM_BASE_URL",
             "TOKENIZER_MODEL", "MONKEY_HOST", "MAX_NEW_TOKENS"]
)
def test_names_of_no_secrets(name: str) -> None:
    assert not environment.looks_secret(name)


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("redis://:hunter2@cache.corp:6379/0", True),
        ("postgresql://me:hunter2@db.corp/x", True),
        ("https://hunter2@sentry.corp/1", True),
        ("hosts are a and amqp://me:hunter2@b", True),
        ("redis://cache.corp:6379/0", False),
        ("ssh://git@git.corp/r.git", False),
        ("https://example.com/@me", False),
    ],
)
@pytest.mark.parametrize("name", ["REDIS_URL", "PGURI", "ANYTHING"])
def test_values_with_a_password(name: str, value: str, secret: bool) -> None:
    assert environment.looks_secret(name, value) is secret


@pytest.mark.parametrize("key", ["base_url", "model_id_or_path"])
def test_no_value_with_a_password_leaves_in_a_config(project: Any, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@cache.corp")
    block = {"name": "generator", "type": "openai", "base_url": "http://localhost:1", "model_id_or_path": "m"}
    config = {"databuilders": {"*": {"blocks": [{**block, key: "https://a.example/${REDIS_URL}"}]}}}
    made = project({"t.yaml": ROWS + "input: [{prompt: hi}]\n", "c.yaml": json.dumps(config)})
    result = made.run("--task-paths", "t.yaml", "--config-path", "c.yaml", "--check")
    assert (result.code, "hunter2" in result.stdout + result.stderr) == (2, False)
    assert "the environment variable REDIS_URL looks like a secret" in result.stderr


@pytest.mark.parametrize("base", ["http://localhost:1/${PLAIN}/v1/", "http://LOCALHOST:1/${PLAIN}"])
def test_check_shows_the_names_of_variables_and_not_their_values(
    project: Any, monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    monkeypatch.setenv("PLAIN", "some value")
    block = {"name": "generator", "type": "openai", "base_url": base, "model_id_or_path": "${PLAIN}"}
    config = {"databuilders": {"*": {"blocks": [block]}}}
    made = project({"t.yaml": ROWS + "input: [{prompt: hi}]\n", "c.yaml": json.dumps(config)})
    result = made.run("--task-paths", "t.yaml", "--config-path", "c.yaml", "--check")
    assert result.code == 0, result.stderr
    assert "some" not in result.stdout
    assert f"  asks        openai at {base.rstrip('/')} ${{PLAIN}}\n" in result.stdout

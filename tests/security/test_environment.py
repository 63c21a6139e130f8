"""One module reads the environment."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

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
     "GOOGLE_APPLICATION_CREDENTIALS", "APIKEY", "SSH_AUTH_SOCK", "DATABASE_URL", "SESSION_COOKIE"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert environment.looks_secret(name)


@pytest.mark.parametrize(
    "name", ["HOME", "DGT_DATA_DIR", "PWD", "OLDPWD", "OPENAI_BASE_URL", "TEACHER_MODEL", "PATH", "VLLM_BASE_URL"]
)
def test_names_of_no_secrets(name: str) -> None:
    assert not environment.looks_secret(name)

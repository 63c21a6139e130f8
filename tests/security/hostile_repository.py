"""A git repository that runs a program wherever its settings can name one, if git lets it."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

from git_environment import ENV

QNA = "created_by: {}\nversion: 3\ntask_description: x\nseed_examples:\n" + "".join(
    f"- question: q{number}\n  answer: a{number}\n" for number in range(5)
)
HOOKS = (
    *("pre-commit", "post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman"),
    *("post-upload-pack", "pre-auto-gc", "post-fetch"),
)


class HostileRepository:
    """A taxonomy with A committed on `main`; `canary` is what the programs would write."""

    A = "compositional_skills/a/qna.yaml"

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.canary = folder.parent / "canary"
        self.program = folder.parent / "program"
        self.program.write_text(f"#!/bin/sh\ntouch '{self.canary}'\nexit 1\n")
        self.program.chmod(stat.S_IRWXU)
        self.git("init", "-q", "-b", "main")
        self.write(self.A, "first")
        self.git("add", "-A")
        self.git("commit", "-qm", "m")
        (folder / ".gitattributes").write_text("* filter=own diff=own merge=own\n")
        (folder / ".git/hooks").mkdir(exist_ok=True)
        for name in HOOKS:
            hook = folder / ".git/hooks" / name
            hook.write_text(self.program.read_text())
            hook.chmod(stat.S_IRWXU)
        self._config = (folder / ".git/config").read_text()

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", f"core.hooksPath={os.devnull}", *arguments], cwd=self.folder, env=ENV, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, name: str, by: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(QNA.format(by))

    def configure(self, *settings: tuple[str, str]) -> None:
        """Give the repository these settings, and no others beyond those that it began with."""
        (self.folder / ".git/config").write_text(self._config)
        for key, value in settings:
            self.git("config", "--add", key, value)

    def lose(self, *objects: str) -> None:
        """Remove objects, as a partial clone lacks them."""
        for name in objects:
            (self.folder / ".git/objects" / name[:2] / name[2:]).unlink()

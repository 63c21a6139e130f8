"""Where a task's documents are: `document: {repo, commit, patterns}`."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt.core.typed import option


@dataclass(frozen=True, kw_only=True)
class GitDocuments:
    """Files of a commit.

    `repo` is a URL (https, http, ssh) or a local path, `commit` also a short one, a branch or a tag;
    `patterns` are paths or globs below the repository's root.
    """

    repo: str = option(nonempty=True, help="add 'repo: https://...'")
    commit: str = option(nonempty=True, help="add 'commit: ...', as 'git rev-parse HEAD' says it")
    patterns: list[str] = option(nonempty=True, help="add 'patterns:' with '- docs/*.md', say")

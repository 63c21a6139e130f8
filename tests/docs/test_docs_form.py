"""The form of the documents: short lines, links that lead somewhere, messages that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from doc_snippets import DOCUMENTS, ROOT, name_of, snippets

LONGEST = 110
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(#[^)\s]+)?\)")
# long by their nature: the table of flags is as wide as its flags
WIDE = {"docs/configuration.md", "docs/builders/knowledge_sdg.md", "docs/builders/skills_sdg.md"}
OURS = [document for document in DOCUMENTS if name_of(document) not in WIDE]
MESSAGES = re.compile(r"^###? `(.+)`$", re.MULTILINE)

each = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)


@pytest.mark.parametrize("document", OURS, ids=name_of)
def test_lines_are_short(document: Path) -> None:
    lines = document.read_text(encoding="utf-8").splitlines()
    assert [f"{at}: {line}" for at, line in enumerate(lines, 1) if len(line) > LONGEST] == []


@each
def test_links_lead_somewhere(document: Path) -> None:
    for path, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), path
        assert not anchor or anchor[1:] in anchors(target), f"{path}{anchor}"


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each
def test_nothing_names_a_machine(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert not re.search(r"/(root|tmp|home|work|Users)/", text)


def test_the_readme_opens_with_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first = next(snippets(ROOT / "README.md"))
    assert [words[0] for words in first.commands()] == ["scripts/demo", "scripts/test"]
    before = [line for line in text.splitlines()[: first.line - 2] if line]
    assert [line[:2] for line in before] == ["# ", "Ma"], "a title and one sentence come before them"
    assert before[1].count(". ") == 0


def test_the_scripts_that_are_named_are_there() -> None:
    named = {word for text in map(Path.read_text, DOCUMENTS) for word in re.findall(r"scripts/[a-z]+", text)}
    assert named
    for name in named:
        assert (ROOT / name).is_dir() or (ROOT / name).stat().st_mode & 0o111, name


def test_messages_that_are_explained_are_said() -> None:
    sources = (path.read_text(encoding="utf-8") for path in sorted((ROOT / "fms_dgt").rglob("*.py")))
    # what is written in several pieces is one message
    code = re.sub(r'"\s+f?"', "", "\n".join(sources))
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    explained = MESSAGES.findall(page)
    assert len(explained) > 20
    assert [message for message in explained if message not in code] == []

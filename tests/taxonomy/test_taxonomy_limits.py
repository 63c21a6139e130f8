from __future__ import annotations

import subprocess

import pytest
from qna_samples import GROUNDED, KNOWLEDGE, SKILL, knowledge, seed, skill

from fms_dgt.taxonomy import CheckOptions, check_file, find_spots
from fms_dgt.taxonomy.sources import check_documents
from fms_dgt.documents import estimated_tokens

WORDS = "word " * 300


def said_of(root, *, strict: bool = False) -> list[str]:
    (spot,) = find_spots(root)
    return [f"{one.level}: {one.problem}" for one in check_file(spot, CheckOptions(strict=strict)).findings]


@pytest.mark.parametrize("strict", [False, True])
def test_lengths_are_warnings(taxonomy, strict):
    context = "river " * 600
    pair = {"question": "q", "answer": WORDS}
    pairs = [{"question": f"q{number}", "answer": "a"} for number in range(2)]
    said = seed(knowledge(), context=context, questions_and_answers=[*pairs, pair])
    root = taxonomy({KNOWLEDGE: seed(said, 1, context=f"{context} {'x ' * 1500}")})
    lines = said_of(root, strict=strict)
    assert [line.replace(f"{KNOWLEDGE}/qna.yaml", "F") for line in lines] == [
        "warning: F:1: the file has 3,208 words, and 2,300 are the most that is asked for; "
        "shorten the examples, or leave some out",
        "warning: F:6: seed_examples[0].context: has about 600 tokens, and 500 are the most that is asked for; "
        "shorten it, or split it into two",
        "warning: F:16: seed_examples[0].questions_and_answers[2].answer: has 300 words, "
        "and 250 are the most that is asked for; shorten it",
        "warning: F:18: seed_examples[1].context: has about 2,100 tokens, and 500 are the most that is asked for; "
        "shorten it, or split it into two",
    ]
    assert estimated_tokens(context) == 600


def test_lengths_of_skills(taxonomy):
    root = taxonomy({GROUNDED: seed(skill(3, 5, 1), context="river " * 501, answer=WORDS)})
    assert [line.split(": ")[2] for line in said_of(root)] == [
        "seed_examples[0].context",
        "seed_examples[0].answer",
    ]


@pytest.mark.parametrize(
    ("version", "attribution", "said"),
    [
        (3, "x", []),
        (3, "", ["attribution.txt: is empty; write title, link, licence and creator of the work into it"]),
        (
            2,
            None,
            ["attribution.txt: there is no attribution.txt beside qna.yaml; write title, link, licence and "],
        ),
        (None, None, []),
    ],
)
def test_attribution(taxonomy, version, attribution, said):
    root = taxonomy({SKILL: skill(version)})
    file = root / SKILL / "attribution.txt"
    file.unlink()
    if attribution is not None:
        file.write_text(attribution)
    for strict, level in ((False, "warning"), (True, "error")):
        found = said_of(root, strict=strict)
        assert len(found) == len(said)
        for line, start in zip(found, said, strict=True):
            assert line.startswith(f"{level}: {SKILL}/{start}")


@pytest.fixture
def documents(tmp_path):
    """A git repository with two documents."""
    folder = tmp_path / "documents"
    (folder / "rivers").mkdir(parents=True)
    (folder / "rivers/one.md").write_text("# One\n\nA river.\n")
    (folder / "two.md").write_text("# Two\n")
    for args in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "m"]):
        who = ["-c", "user.name=x", "-c", "user.email=x@y.z"]
        subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(
    ("change", "level", "said"),
    [
        ({}, "", ""),
        ({"patterns": ["two.md", "rivers/*.md"]}, "", ""),
        ({"patterns": "two.md, rivers/*.md"}, "", ""),
        ({"patterns": ["three.md"]}, "error", "three.md: matches no file"),
        ({"patterns": ["two.md", "*.pdf"]}, "warning", "*.pdf: matches no file"),
        ({"patterns": ["*.txt", "*.pdf"]}, "error", "*.pdf: matches no file"),
        ({"commit": "no-such-branch"}, "error", "no-such-branch"),
        ({"repo": "/no/such/folder"}, "error", "/no/such/folder"),
    ],
)
def test_documents_are_looked_for_when_asked(taxonomy, documents, tmp_path, change, level, said):
    document = {"repo": str(documents), "commit": "main", "patterns": ["*.md"], **change}
    root = taxonomy({KNOWLEDGE: knowledge(document=document), SKILL: skill()})
    spots = find_spots(root)
    reports = [check_file(spot, CheckOptions()) for spot in spots]
    ticks: list[int] = []
    checked = check_documents(spots, reports, ticks.append, cache=tmp_path / "cache")
    found = [one for one in checked[1].findings if one.rule == "document"]
    assert (checked[0], sum(ticks)) == (reports[0], 1)
    assert {one.level for one in found} == ({level} if level else set())
    assert any(said in one.what for one in found) or not said, found
    assert all((one.line, one.key) == (found[0].line, "document") for one in found)

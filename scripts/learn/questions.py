"""The held-out questions, and what must be true of them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TASKS = {
    "bicycle_rental": ROOT / "tasks/instructlab/knowledge/services/bicycle_rental",
    "lantern_guild": HERE / "tasks/lantern_guild",
    "fog_harvester": HERE / "tasks/fog_harvester",
}


@dataclass(frozen=True, kw_only=True)
class Question:
    """`options[answer]` is right. A short-answer question has the other accepted answers in `accepted`."""

    id: str
    document: str
    text: str
    options: tuple[str, ...]
    answer: int
    evidence: str
    accepted: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return "short_answer" if self.accepted else "multiple_choice"

    @property
    def right(self) -> str:
        return self.options[self.answer]


def load_questions(documents: list[str] | None = None) -> list[Question]:
    rows = [*_rows("multiple_choice.yaml"), *_rows("short_answer.yaml")]
    questions = [_question(row) for row in rows]
    return [question for question in questions if not documents or question.document in documents]


def _rows(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((HERE / "questions" / name).read_text())


def _question(row: dict[str, Any]) -> Question:
    common = {
        "id": row["id"],
        "document": row["document"],
        "text": row["question"],
        "evidence": row["evidence"],
    }
    if "answers" in row:
        accepted = tuple(row["answers"])
        return Question(**common, options=(accepted[0], *row["others"]), answer=0, accepted=accepted)
    return Question(**common, options=tuple(row["options"]), answer=row["answer"])


def document_texts(document: str) -> dict[str, str]:
    """The Markdown files of a task's documents, by name."""
    return {path.name: path.read_text() for path in sorted((TASKS[document] / "documents").glob("*.md"))}


def sections(document: str) -> dict[str, str]:
    """The parts below the `##` headings of a task's documents, by `file#heading`, each with its headings.

    The part between the title and the first `##` heading is `file#`.
    """
    found = {}
    for name, text in document_texts(document).items():
        title, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
        heading = title.splitlines()[0]
        if title.strip() != heading:
            found[f"{name}#"] = title.strip()
        for part in parts:
            found[f"{name}#{part.splitlines()[0].strip()}"] = f"{heading}\n\n## {part.strip()}"
    return found


def seed_questions(document: str) -> list[str]:
    task = yaml.safe_load((TASKS[document] / "task.yaml").read_text())
    return [pair["question"] for seed in task["seed_examples"] for pair in seed["questions_and_answers"]]


def normal(text: str) -> str:
    """Case, punctuation and spacing make no two texts different."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def faults(questions: list[Question]) -> list[str]:
    """What is wrong with the questions; nothing, in a good set."""
    found = []
    for question in questions:
        whole = " ".join(" ".join(document_texts(question.document).values()).split())
        if " ".join(question.evidence.split()) not in whole:
            found.append(f"{question.id}: the evidence is not in the documents")
        if normal(question.text) in {normal(seed) for seed in seed_questions(question.document)}:
            found.append(f"{question.id}: the question is a seed example")
        if len({normal(option) for option in question.options}) < len(question.options):
            found.append(f"{question.id}: two options are the same")
        if {normal(other) for other in question.options[1:]} & {normal(text) for text in question.accepted}:
            found.append(f"{question.id}: an accepted answer is among the wrong ones")
        if normal(question.right) in normal(question.text):
            found.append(f"{question.id}: the question has its answer in it")
    for what in ("id", "text"):
        counts = Counter(getattr(question, what) for question in questions)
        found.extend(f"{value}: used {count} times" for value, count in counts.items() if count > 1)
    return found


def blind_guesses(questions: list[Question]) -> dict[str, float]:
    """The share right of guesses without a model, by rule. Near chance, the options give nothing away."""

    def share(rule: str) -> float:
        return sum(_guess(question, rule) for question in questions) / len(questions)

    return {rule: share(rule) for rule in ("longest", "shortest", "most often in the documents")}


def _guess(question: Question, rule: str) -> float:
    """The probability of being right, ties broken by chance."""
    text = normal(" ".join(document_texts(question.document).values()))
    measures = {
        "longest": len,
        "shortest": lambda option: -len(option),
        "most often in the documents": lambda option: text.count(normal(option)),
    }
    values = [measures[rule](option) for option in question.options]
    best = [index for index, value in enumerate(values) if value == max(values)]
    return (question.answer in best) / len(best)

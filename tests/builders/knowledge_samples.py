"""What the tests of knowledge_sdg are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skills_samples import ROOT, decoded

import fms_dgt
from fms_dgt.builders.knowledge_sdg.builder import KnowledgeBuilder
from fms_dgt.builders.knowledge_sdg.options import KnowledgeOptions
from fms_dgt.builders.knowledge_sdg.task import KnowledgeTask
from fms_dgt.core.template import Template
from fms_dgt.testing import Answer, ModelServer, prompt_of

FOLDER = ROOT / "fms_dgt/builders/knowledge_sdg"
NAMES = sorted(path.stem for path in (FOLDER / "templates").glob("*.yaml"))

CONTEXT_SEED = {
    "context": "The ferry sails at nine and carries sixty bicycles.",
    "questions_and_answers": [
        {"question": "When does the ferry sail?", "answer": "The ferry sails at nine."},
        {"question": "How many bicycles does the ferry carry?", "answer": "It carries sixty bicycles."},
        {"question": "Does the ferry carry bicycles?", "answer": "Yes, the ferry carries sixty of them."},
    ],
}
PLAIN_SEEDS = [{"question": f"What is colour {n}?", "answer": f"Colour {n} is {n}."} for n in range(4)]
SAID = {
    "task_name": "prices",
    "created_by": "a test",
    "task_description": "To know the prices.",
    "domain": "bicycle rental",
    "document_outline": "The price list of Saltmarsh Cycles.",
    "seed_examples": [CONTEXT_SEED],
}


def template(name: str) -> Template:
    return Template.from_file(FOLDER / "templates" / f"{name}.yaml", name)


def task(**changes: Any) -> KnowledgeTask:
    value, problems = decoded(KnowledgeTask, {**SAID, "documents": {"a": "a.md"}, **changes})
    assert not problems
    return value


def builder(**options: Any) -> KnowledgeBuilder:
    value, problems = decoded(KnowledgeOptions, options, "config.yaml")
    assert not problems
    return KnowledgeBuilder(value)


# --- a teacher and judge that say what a test wants ----------------------------------------------

_OPENINGS = {name: template(name).prompt.partition("\n")[0] for name in NAMES}


def asked_with(prompt: str) -> list[str]:
    """The templates that begin like this prompt."""
    return [name for name, opening in _OPENINGS.items() if prompt.startswith(opening)]


def between(prompt: str, tag: str) -> str:
    """What stands in the last of these tags before the instructions on the form."""
    return prompt.rpartition(f"<{tag}>\n")[2].partition(f"\n</{tag}>")[0]


def tagged(*pairs: tuple[str, str]) -> str:
    return "\n".join(f"<{name}>{text}</{name}>" for name, text in pairs)


def score(number: int, reason: str = "So it is.") -> str:
    return tagged(("reason", reason), ("score", str(number)))


GOOD: dict[str, Callable[[str], str]] = {
    "detailed_summary": lambda prompt: f"Detailed: {between(prompt, 'document')}",
    "extractive_summary": lambda prompt: f"Extract: {between(prompt, 'document')}",
    "atomic_facts": lambda prompt: f"- {between(prompt, 'document')}",
    "question_answer_pairs": lambda prompt: tagged(
        ("question", f"What is said under {between(prompt, 'document')[:30]}?"),
        ("answer", f"It says {between(prompt, 'document')}"),
    ),
    "key_facts": lambda prompt: tagged(("fact", f"Fact of {between(prompt, 'document')}")),
    "key_fact_pairs": lambda prompt: tagged(
        *(pair for n in range(5) for pair in (("question", f"Question {n} " * 9), ("answer", "An answer.")))
    ),
    "judge_question": lambda prompt: score(1),
    "judge_relevancy": lambda prompt: score(2),
    "extract_claims": lambda prompt: tagged(("claim", between(prompt, "answer"))),
    "judge_claim": lambda prompt: score(1),
    "judge_claims": lambda prompt: score(1),
    "judge_faithfulness": lambda prompt: score(1),
}


class Teacher:
    """Answers each template as `GOOD` does, or as the test says; remembers the prompts by template."""

    def __init__(self, **answers: Callable[[str], str] | str | Answer) -> None:
        self._answers: dict[str, Callable[[str], str] | str | Answer] = {**GOOD, **answers}
        self.prompts: dict[str, list[str]] = {name: [] for name in NAMES}

    def __call__(self, body: Mapping[str, Any]) -> str | Answer:
        prompt = prompt_of(body)
        (name,) = asked_with(prompt)
        self.prompts[name].append(prompt)
        answer = self._answers[name]
        return answer(prompt) if callable(answer) else answer


@contextmanager
def config_for(teacher: Teacher, **said: Any) -> Iterator[dict[str, Any]]:
    """A config in which the teacher plays every model; `said` goes below the builder's name."""
    with ModelServer(teacher).in_thread() as server:
        model = {"type": "openai", "model": "scripted", "base_url": server.base_url, "api_key": "none"}
        blocks = [{"name": "generator", **model}, {"name": "validator", "lm_config": model}]
        yield {"databuilders": {"knowledge_sdg": {"blocks": blocks, **said}}}


def run(
    folder: Path,
    teacher: Teacher,
    documents: Mapping[str, str],
    said: Mapping[str, Any] | None = None,
    **options: Any,
) -> fms_dgt.Outcome:
    """The documents through the builder; `said` goes into the task, options below the builder's name."""
    for name, text in documents.items():
        path = folder / "documents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    wanted = {**SAID, "data_builder": "knowledge_sdg", "documents": str(folder / "documents"), **(said or {})}
    with config_for(teacher, **options) as config:
        return fms_dgt.run(wanted, config=config, output_dir=folder / "out", allow_path=[folder])

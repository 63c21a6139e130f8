"""`fms_dgt new task`: writes a qna.yaml or a task.yaml, of what flags say and the user answers."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

from fms_dgt.cli.parser import Parser
from fms_dgt.core.node import Node
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import FolderError, InputError, Problem
from fms_dgt.taxonomy.layout import FILE, Kind, shown, spot_of
from fms_dgt.taxonomy.limits import ATTRIBUTION
from fms_dgt.taxonomy.rules import LATEST, content_faults
from fms_dgt.taxonomy.task import KNOWLEDGE, SKILLS
from fms_dgt.taxonomy.write import as_yaml

TASK = "task.yaml"
LEAST_SEEDS, LEAST_PAIRS = 5, 3
_ABOUT = """Write a task: a qna.yaml in a taxonomy, elsewhere a task.yaml.
On a terminal, what no flag says is asked for. Nothing is ever overwritten."""
_EXAMPLES = """\
examples:
  fms_dgt new task compositional_skills/writing/rhymes
  fms_dgt new task --created-by me --description 'Find rhymes.' --example 'What rhymes with sun?' 'Fun.'"""
_SAID_BY = {
    "created_by": "--created-by NAME",
    "task_description": "--description TEXT",
    "domain": "--domain TEXT",
    "document_outline": "--outline TEXT",
    "repo": "--repo URL",
    "commit": "--commit ID",
    "patterns": "--pattern PATTERN",
    "seed_examples": "--example QUESTION ANSWER",
}
_WITH_CONTEXT = "--example-with-context CONTEXT QUESTION ANSWER"
_QUESTIONS = {
    "created_by": "Who writes it (a GitHub name)?",
    "task_description": "What should the model be able to do, in one sentence?",
    "domain": "What is the subject, in a word or two?",
    "document_outline": "What is the document about, in one sentence?",
    "repo": "Which git repository has the document (https://...)?",
    "commit": "Which commit of it (the full id)?",
    "patterns": "Which files in it ('docs/*.md', say)?",
}


@dataclass
class Draft:
    """A task in the making. `kind` decides what it needs."""

    file: Path
    kind: Kind
    texts: dict[str, str]
    patterns: list[str]
    seeds: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_qna(self) -> bool:
        """Whether it is a taxonomy's file."""
        return self.file.name == FILE

    @property
    def is_knowledge(self) -> bool:
        """Whether it has documents."""
        return self.kind == "knowledge"

    @property
    def needed(self) -> list[str]:
        """The keys whose value is one text."""
        if self.is_knowledge:
            return ["created_by", "domain", "document_outline", "repo", "commit"]
        return ["created_by", "task_description"]

    @property
    def missing(self) -> list[str]:
        """The keys that nothing says yet."""
        texts = [key for key in self.needed if not self.texts.get(key)]
        patterns = ["patterns"] if self.is_knowledge and not self.patterns else []
        return [*texts, *patterns, *([] if self.seeds else ["seed_examples"])]

    def said(self) -> dict[str, Any]:
        """What the file says."""
        document = {"repo": self.texts.get("repo"), "commit": self.texts.get("commit")}
        head = {"version": LATEST} if self.is_qna else {}
        builder = KNOWLEDGE if self.is_knowledge else SKILLS
        return {
            **head,
            **{key: self.texts.get(key) for key in self.needed if key not in document},
            **({} if self.is_qna else {"data_builder": builder}),
            **({"document": {**document, "patterns": self.patterns}} if self.is_knowledge else {}),
            "seed_examples": self.seeds,
        }


def main(argv: Sequence[str]) -> int:
    """Write the file. Raises InputError for what is missing and FolderError where one is there."""
    if argv and not argv[0].startswith("-") and argv[0] != "task":
        mend = "'fms_dgt new task' is what there is"
        raise InputError([Problem(f"'fms_dgt new' makes no '{argv[0]}'", mend)])
    options = _parser().parse(argv[1:] if argv[:1] == ["task"] else argv)
    draft = _draft(options)
    if draft.file.exists():
        raise FolderError(f"{shown(draft.file)} would be overwritten; name another")
    if sys.stdin.isatty() and sys.stdout.isatty():
        try:
            _ask_for_missing(draft, input)
        except EOFError as error:
            raise InputError([Problem("the input ended", "nothing was written")]) from error
    _refuse_faults(draft)
    _write(draft)
    return 0


def _parser() -> Parser:
    parser = Parser(prog="fms_dgt new task", description=_ABOUT, epilog=_EXAMPLES)
    parser.add_argument(
        "path", nargs="?", default=TASK, metavar="PATH", help="the file, or the folder for it"
    )
    parser.add_argument("--qna", action="store_true", help="write a qna.yaml, wherever the folder is")
    parser.add_argument("--knowledge", action="store_true", help="it is about documents")
    parser.add_argument("--created-by", metavar="NAME", help="who writes it")
    parser.add_argument("--description", metavar="TEXT", help="what the model should be able to do (skills)")
    parser.add_argument("--domain", metavar="TEXT", help="the subject (knowledge)")
    parser.add_argument("--outline", metavar="TEXT", help="what the document is about (knowledge)")
    parser.add_argument("--repo", metavar="URL", help="the document's git repository (knowledge)")
    parser.add_argument("--commit", metavar="ID", help="the commit of it (knowledge)")
    parser.add_argument("--pattern", metavar="P", action="append", default=[], help="files in it, '*.md' say")
    parser.add_argument(
        "--example",
        nargs=2,
        metavar=("QUESTION", "ANSWER"),
        action="append",
        default=[],
        help=f"a seed example; {LEAST_SEEDS} or more in a qna.yaml",
    )
    parser.add_argument(
        "--example-with-context",
        nargs=3,
        metavar=("CONTEXT", "QUESTION", "ANSWER"),
        action="append",
        default=[],
        help="one about a text; in knowledge, those with the same text belong together",
    )
    parser.add_argument("--examples", metavar="FILE", help="a YAML file with a list of seed examples")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("-h", "--help", action="help", help="show this")
    return parser


def _draft(options: Namespace) -> Draft:
    path = Path(options.path)
    if path.suffix not in (".yaml", ".yml"):
        path /= FILE if options.qna or spot_of(path / FILE).kind else TASK
    elif options.qna and path.name != FILE:
        raise InputError([Problem(f"a taxonomy's file is called {FILE}", "remove --qna", "PATH")])
    kind = spot_of(path).kind or ("knowledge" if options.knowledge else "compositional")
    texts = {
        "created_by": options.created_by,
        "task_description": options.description,
        "domain": options.domain,
        "document_outline": options.outline,
        "repo": options.repo,
        "commit": options.commit,
    }
    draft = Draft(path, kind, {key: text for key, text in texts.items() if text}, options.pattern)
    draft.seeds = [*_from_file(options.examples), *_from_flags(options, draft)]
    return draft


def _from_flags(options: Namespace, draft: Draft) -> list[dict[str, Any]]:
    free = [{"question": question, "answer": answer} for question, answer in options.example]
    if not draft.is_knowledge:
        with_context = [
            dict(zip(("context", "question", "answer"), said, strict=True))
            for said in options.example_with_context
        ]
        return [*free, *with_context]
    if free:
        mend = "use --example-with-context; the context is a part of the document"
        raise InputError([Problem("knowledge has no example without a context", mend, "--example")])
    contexts: dict[str, list[dict[str, str]]] = {}
    for context, question, answer in options.example_with_context:
        contexts.setdefault(context, []).append({"question": question, "answer": answer})
    return [{"context": context, "questions_and_answers": pairs} for context, pairs in contexts.items()]


def _from_file(name: str | None) -> list[dict[str, Any]]:
    if not name:
        return []
    node = read_yaml(Path(name))
    node = node.get("seed_examples") or node if node.is_mapping else node
    if not node.is_list:
        raise InputError([node.problem("must be a list of seed examples", "put '- ' before each")])
    seeds: list[dict[str, Any]] = node.plain()
    return seeds


def _ask_for_missing(draft: Draft, ask: Callable[[str], str]) -> None:
    for key in draft.missing:
        if key == "seed_examples":
            _ask_for_seeds(draft, ask)
        elif key == "patterns":
            draft.patterns = [
                part.strip() for part in _asked(ask, _QUESTIONS[key]).split(",") if part.strip()
            ]
        else:
            draft.texts[key] = _asked(ask, _QUESTIONS[key])


def _ask_for_seeds(draft: Draft, ask: Callable[[str], str]) -> None:
    print("Seed examples. A line with a dot alone ends each text.")
    while True:
        number = len(draft.seeds) + 1
        if draft.is_knowledge:
            context = _asked_lines(ask, f"Context {number}, a part of the document:")
            pairs = [_asked_pair(ask, f"{number}.{count + 1}") for count in range(LEAST_PAIRS)]
            draft.seeds.append({"context": context, "questions_and_answers": pairs})
        else:
            context = _asked_lines(ask, f"Text that example {number} is about, if any:", empty=True)
            pair = _asked_pair(ask, str(number))
            draft.seeds.append({"context": context, **pair} if context else pair)
        if number >= LEAST_SEEDS and ask("Another one? [y/N] ").strip().lower() not in ("y", "yes"):
            return


def _asked_pair(ask: Callable[[str], str], number: str) -> dict[str, str]:
    question = _asked_lines(ask, f"Question {number}:")
    return {"question": question, "answer": _asked_lines(ask, f"Answer {number}:")}


def _asked(ask: Callable[[str], str], question: str) -> str:
    while True:
        if answer := ask(f"{question} ").strip():
            return answer


def _asked_lines(ask: Callable[[str], str], question: str, *, empty: bool = False) -> str:
    while True:
        print(question)
        lines: list[str] = []
        while (line := ask("  ")) != ".":
            lines.append(line.rstrip())
        text = "\n".join(lines).strip()
        if text or empty:
            return text


def _refuse_faults(draft: Draft) -> None:
    missing = draft.missing
    if missing:
        flags = {**_SAID_BY, "seed_examples": _WITH_CONTEXT} if draft.is_knowledge else _SAID_BY
        mend = "or run it on a terminal, and it asks"
        raise InputError([Problem(f"nothing says '{key}'", f"add {flags[key]}, {mend}") for key in missing])
    said = {**draft.said(), "version": LATEST}
    said.pop("data_builder", None)
    faults = content_faults(Node.of(said, shown(draft.file)), draft.kind, LATEST)
    # a task.yaml may do with fewer seed examples than InstructLab wants
    kept = [fault.problem for fault in faults if draft.is_qna or fault.key != "seed_examples"]
    if kept:
        raise InputError(kept)


def _write(draft: Draft) -> None:
    file = draft.file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as out:
            out.write(as_yaml(draft.said()))
        print(f"wrote {shown(file)}")
        if draft.is_qna:
            _write_attribution(draft)
    except OSError as error:
        why = error.strerror or str(error)
        raise FolderError(f"{shown(file)}: cannot be written: {why}; name another folder") from error
    name = quote(str(file))
    check = f"taxonomy check {name}" if draft.is_qna else f"run {name} -c offline --check"
    print(f"next:  fms_dgt {check}")


def _write_attribution(draft: Draft) -> None:
    file = draft.file.with_name(ATTRIBUTION)
    if file.exists():
        return
    texts = draft.texts
    known = f"Creator names: {texts['created_by']}\n"
    if draft.is_knowledge:
        known = f"Link to work: {texts['repo']}\nRevision: {texts['commit']}\n"
    file.write_text(known, encoding="utf-8")
    print(f"wrote {shown(file)}: complete it, with the title of the work and its licence")

"""Files of a taxonomy of our own: one of every class that people have written, with what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

SKILL = "compositional_skills/writing/rhymes"
GROUNDED = "compositional_skills/extraction/letters"
KNOWLEDGE = "knowledge/nature/rivers"
FOUNDATIONAL = "foundational_skills/reasoning/order"


def skill(version: int | None = 3, seeds: int = 5, grounded: int = 0, **more: Any) -> dict[str, Any]:
    """What a skill says; the first `grounded` seed examples have a context."""
    examples: list[dict[str, Any]] = []
    for number in range(seeds):
        seed: dict[str, Any] = {"question": f"What rhymes with {number}?", "answer": f"Rhyme {number}.\n"}
        if number < grounded:
            seed = {"context": f"A letter about {number}.\nIt is short.\n", **seed}
        examples.append(seed)
    said = {
        "version": version,
        "created_by": "someone",
        "task_description": "Find rhymes.",
        "seed_examples": examples,
    }
    if version is None:
        del said["version"]
    return {**said, **more}


def knowledge(version: int = 3, seeds: int = 5, pairs: int = 3, **more: Any) -> dict[str, Any]:
    """What a knowledge file says."""
    examples = [
        {
            "context": f"River {number} is long.\nIt is deep.\n",
            "questions_and_answers": [
                {"question": f"How long is river {number}.{pair}?", "answer": f"{pair} miles.\n"}
                for pair in range(pairs)
            ],
        }
        for number in range(seeds)
    ]
    said = {
        "version": version,
        "created_by": "someone",
        "domain": "rivers",
        "document_outline": "Rivers and their lengths",
        "seed_examples": examples,
        "document": {
            "repo": "https://example.com/docs.git",
            "commit": "951999afdc59c46d325493568193b40bd5439c9e",
            "patterns": ["rivers/*.md"],
        },
    }
    return {**said, **more}


def old_knowledge(version: int) -> dict[str, Any]:
    """Knowledge as it was written before version 3."""
    said = knowledge(version)
    del said["document_outline"]
    pairs = [{"question": f"q{number}", "answer": f"a{number}"} for number in range(5)]
    return {**said, "task_description": "Know rivers.", "seed_examples": pairs}


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: Any, value: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def written(said: Any) -> str:
    """The same as a file, in the style that InstructLab wants."""
    return yaml.dump(said, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def less(said: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The same without some keys."""
    return {key: value for key, value in said.items() if key not in keys}


def seed(said: dict[str, Any], number: int = 0, **more: Any) -> dict[str, Any]:
    """The same with keys laid on one seed example; None takes a key away."""
    examples = [dict(one) for one in said["seed_examples"]]
    examples[number] = {key: value for key, value in {**examples[number], **more}.items() if value != DROP}
    return {**said, "seed_examples": examples}


DROP = "taken away"


@dataclass(frozen=True)
class Case:
    """A file, whether it is valid (and with --strict), and what has to be said of it."""

    name: str
    path: str
    text: str | bytes
    says: str = ""
    valid: bool = False
    strict: bool | None = None
    # where InstructLab's package is known to say something else, or nothing
    differs: str = ""

    @property
    def strict_valid(self) -> bool:
        """Whether it is valid with --strict."""
        return self.valid if self.strict is None else self.strict


def ok(name: str, path: str, said: Any, says: str = "", **more: Any) -> Case:
    """A case that is valid."""
    return Case(name, path, said if isinstance(said, str | bytes) else written(said), says, True, **more)


def no(name: str, path: str, said: Any, says: str, **more: Any) -> Case:
    """A case that is not."""
    return Case(name, path, said if isinstance(said, str | bytes) else written(said), says, **more)


S1, S2, S3, K3 = skill(None, 3), skill(2), skill(3), knowledge()
W3 = written(S3)
LAST = W3.rstrip("\n").rsplit("\n", 1)[1]

VALID = [
    ok("skill 1 without a version", SKILL, S1),
    ok("skill 1 with a version", SKILL, skill(1, 1)),
    ok("skill 1 with an empty description", SKILL, skill(None, 2, task_description="")),
    ok(
        "skill 1 with a repeated seed",
        SKILL,
        skill(None, seed_examples=[{"question": "q", "answer": "a"}] * 2),
    ),
    ok("skill 1 of bad style", SKILL, written(S1).replace("someone\n", "someone  \n")),
    ok("skill 2", SKILL, S2),
    ok("skill 2, grounded", GROUNDED, skill(2, 5, 5)),
    ok("skill 3", SKILL, S3),
    ok("skill 3, mixed", GROUNDED, skill(3, 7, 3)),
    ok("skill 3, 210 seeds", SKILL, skill(3, 210)),
    ok("skill 3, lists not indented", SKILL, yaml.safe_dump(S3, sort_keys=False)),
    ok("skill 3, version 3.0", SKILL, W3.replace("version: 3", "version: 3.0")),
    ok("skill in other scripts", "compositional_skills/글쓰기/o'clock", skill(3, created_by="Zoë")),
    ok("foundational 1", FOUNDATIONAL, S1),
    ok("foundational 2", FOUNDATIONAL, S2),
    ok("knowledge 3", KNOWLEDGE, K3),
    ok("knowledge 3, 7 pairs of 7 seeds", KNOWLEDGE, knowledge(3, 7, 7)),
    ok(
        "knowledge 3, a branch for a commit",
        KNOWLEDGE,
        knowledge(document={**K3["document"], "commit": "main"}),
    ),
    ok(
        "knowledge 3, odd patterns",
        KNOWLEDGE,
        knowledge(document={**K3["document"], "patterns": ["README", "강 이름.MD", "a b.pdf", "**/*.md"]}),
    ),
    ok(
        "knowledge 3, more keys in a pair",
        KNOWLEDGE,
        seed(K3, questions_and_answers=[{"question": f"q{n}", "answer": "a", "by": n} for n in range(3)]),
    ),
    ok("odd folder, skill", "other/thing", S3, "is outside compositional_skills, knowledge"),
    ok("odd folder, knowledge", "other/rivers", K3, "InstructLab does not read it"),
    ok("empty file", SKILL, "", "warning: compositional_skills/writing/rhymes/qna.yaml: the file is empty"),
    ok("only a comment", SKILL, "# later\n", "the file is empty"),
    ok("null", SKILL, "null\n", "the file is empty"),
    ok("empty mapping", SKILL, "{}\n", "the file is empty"),
    ok("with BOM", SKILL, b"\xef\xbb\xbf" + W3.encode()),
    ok("CR LF", SKILL, W3.replace("\n", "\r\n"), "lines end with CR LF"),
]

STYLE = [
    ok(
        "trailing space",
        SKILL,
        W3.replace("someone\n", "someone \n"),
        "qna.yaml:2: spaces at the end of the line; remove them; 'fms_dgt taxonomy check --fix' does",
        strict=False,
    ),
    ok("trailing space in a text", SKILL, W3.replace("Rhyme 0.\n", "Rhyme 0. \n"), "by hand", strict=False),
    ok("no newline at the end", SKILL, W3.rstrip("\n"), "does not end with a line break", strict=False),
    ok(
        "three blank lines",
        SKILL,
        W3.replace("created_by", "\n\n\ncreated_by"),
        "too many blank",
        strict=False,
    ),
    ok("blank line at the end", SKILL, f"{W3}\n", "too many blank lines (1 > 0)", strict=False),
    ok(
        "two spaces after a colon",
        SKILL,
        W3.replace("version: 3", "version:  3"),
        "too many spaces",
        strict=False,
    ),
    ok(
        "two spaces after a hyphen",
        SKILL,
        W3.replace("  - q", "  -  q", 1).replace("\n    a", "\n     a", 1),
        "hyphen",
        strict=False,
    ),
    ok(
        "uneven indentation",
        KNOWLEDGE,
        written(K3)
        .replace("  repo", "   repo")
        .replace("  commit", "   commit")
        .replace("  patterns", "   patterns"),
        "wrong indentation",
        strict=False,
    ),
]

UNREADABLE = [
    no("missing colon", SKILL, W3.replace("created_by:", "created_by"), "is not valid YAML"),
    no("two colons", SKILL, W3.replace("Find rhymes.", "Find: rhymes"), "a line has a second ': '"),
    no("mapping inside a list", SKILL, W3.replace("    answer", "   answer", 1), "is not valid YAML"),
    no("text after |", SKILL, W3.replace("answer: |", "answer: | so", 1), "is not valid YAML"),
    no("stray text", SKILL, W3.replace("seed_examples:", "seed_examples:\nstray"), "a key without its ':'"),
    no("unclosed quote", SKILL, W3.replace("someone", '"someone'), "a quote is opened and never closed"),
    no("tab", SKILL, W3.replace("    answer", "\tanswer", 1), "a tab is not allowed here, only spaces are"),
    no("escaped quote", SKILL, W3.replace("someone", r"'some\'one'"), "is not valid YAML"),
    no("backtick", SKILL, W3.replace("someone", "`someone`"), "a character that YAML keeps for itself"),
    no("top level is a list", SKILL, f"- {LAST.strip()}\n", "the file must be a mapping, not a list"),
    no("top level is text", SKILL, "see the other file\n", "the file must be a mapping, not text"),
    no("not UTF-8", SKILL, W3.encode().replace(b"someone", b"some\xff"), "is not UTF-8 text"),
    no("binary", SKILL, b"\x7fELF\0\0\1", "is binary, not text"),
    no("two documents", SKILL, f"{W3}---\na: 1\n", "a second YAML document begins"),
    no("python tag", SKILL, W3.replace("someone", "!!python/name:os.system x"), "tags run no code here"),
    no("key twice", SKILL, f"{W3}version: 3\n", "duplicate key 'version'"),
    no("key twice in 1", SKILL, f"{written(S1)}created_by: me\n", "duplicate key", differs="1 is not linted"),
]

REFUSED = [
    no(
        "skill of version 24",
        SKILL,
        skill(24),
        "qna.yaml:1: version: there is no version 24; write 1, 2 or 3",
    ),
    no("knowledge of version 24", KNOWLEDGE, knowledge(24), "there is no version 24; write 3"),
    no("version 0", SKILL, skill(0), "there is no version 0"),
    no("version in quotes", SKILL, skill(3) | {"version": "3"}, "version: must be a whole number, not text"),
    no("version empty", SKILL, W3.replace("version: 3", "version:"), "must be a whole number, not nothing"),
    no(
        "version yes",
        SKILL,
        W3.replace("version: 3", "version: yes"),
        "must be a whole number, not yes (true/false)",
    ),
    no("knowledge 1", KNOWLEDGE, old_knowledge(1), "knowledge of version 1 is no longer read"),
    no("knowledge 2", KNOWLEDGE, old_knowledge(2), "write 'version: 3', 'document_outline: ...'"),
    no("knowledge without a version", KNOWLEDGE, less(old_knowledge(1), "version"), "is no longer read"),
    no("skill without created_by", SKILL, less(S1, "created_by"), "the key 'created_by' is missing; add"),
    no("skill without description", SKILL, less(S1, "task_description"), "'task_description' is missing"),
    no("skill without seeds", SKILL, less(S3, "seed_examples"), "the key 'seed_examples' is missing"),
    no(
        "skill 3 with an empty description",
        SKILL,
        skill(3, task_description=""),
        "task_description: is empty",
    ),
    no("skill 1 with no seed", SKILL, skill(None, 0), "seed_examples: has no seed examples, and 1 are"),
    no("skill 3 with 4 seeds", SKILL, skill(3, 4), "has 4 seed examples, and 5 are the least; add 1 more"),
    no(
        "skill 3 with a repeated seed",
        SKILL,
        seed(S3, 4, **S3["seed_examples"][1]),
        "seed_examples[4]: is the same",
    ),
    no("attribution", SKILL, skill(None, attribution="me"), "unknown key 'attribution'; remove it; sources"),
    no("attribution in a seed", SKILL, seed(S1, attribution="me"), "seed_examples[0].attribution: unknown"),
    no("document in a seed", SKILL, seed(S1, document="me"), "only knowledge has documents"),
    no("misspelt key", SKILL, {**less(S3, "created_by"), "creatd_by": "x"}, "did you mean 'created_by'?"),
    no("seed without answer", SKILL, seed(S3, answer=DROP), "seed_examples[0]: the key 'answer' is missing"),
    no("seed with an empty context", GROUNDED, seed(S3, context=""), "seed_examples[0].context: is empty"),
    no(
        "seed is text",
        SKILL,
        skill(3, seed_examples=["a", "b", "c", "d", "e"]),
        "must be a seed example, not text",
    ),
    no(
        "seeds are a mapping",
        SKILL,
        skill(3, seed_examples={"question": "q"}),
        "must be a list, not a mapping",
    ),
    no("seeds are empty", SKILL, W3[: W3.index("  - ")], "seed_examples: must be a list, not nothing"),
    no("created_by empty", SKILL, W3.replace("someone", ""), "created_by: is empty; write it out"),
    no(
        "a number",
        SKILL,
        seed(S3, question=42),
        "question: must be text, not the number 42; put it in quotes",
    ),
    no("yes", SKILL, seed(S3, answer=True), "answer: must be text, not yes (true/false)"),
    no("a list", SKILL, seed(S3, answer=["a"]), "answer: must be text, not a list; write text"),
    no("a date", SKILL, W3.replace("What rhymes with 0?", "2024-01-01"), "reads it as the date 2024-01-01"),
    no(
        "a time", SKILL, W3.replace("What rhymes with 0?", "12:30"), "reads it as the number 750, not as text"
    ),
    no(
        "an impossible date",
        SKILL,
        W3.replace("What rhymes with 0?", "2024-13-45"),
        "InstructLab cannot read it",
    ),
    no(
        "a float",
        SKILL,
        W3.replace("someone", "1e5"),
        "must be text, not the number",
        differs="text to PyYAML",
    ),
    no("knowledge with description", KNOWLEDGE, knowledge(task_description="x"), "version 3 has 'domain'"),
    no("knowledge without domain", KNOWLEDGE, less(K3, "domain"), "the key 'domain' is missing"),
    no("knowledge without outline", KNOWLEDGE, less(K3, "document_outline"), "'document_outline' is missing"),
    no("knowledge without document", KNOWLEDGE, less(K3, "document"), "'document' is missing"),
    no("knowledge with 4 seeds", KNOWLEDGE, knowledge(3, 4), "has 4 seed examples"),
    no(
        "knowledge with 2 pairs",
        KNOWLEDGE,
        knowledge(3, 5, 2),
        "has 2 pairs, and 3 are the least; add 1 more",
    ),
    no(
        "knowledge with pairs as seeds",
        KNOWLEDGE,
        knowledge(seed_examples=S3["seed_examples"]),
        "'context' is missing",
    ),
    no(
        "document is text",
        KNOWLEDGE,
        knowledge(document="https://example.com"),
        "must be a mapping, not text",
    ),
    no(
        "document without commit",
        KNOWLEDGE,
        knowledge(document=less(K3["document"], "commit")),
        "'commit' is missing",
    ),
    no(
        "commit is a number",
        KNOWLEDGE,
        knowledge(document={**K3["document"], "commit": 9519}),
        "the number 9519",
    ),
    no(
        "patterns as text",
        KNOWLEDGE,
        knowledge(document={**K3["document"], "patterns": "a.md, b.md"}),
        "must be a list",
    ),
    no(
        "no patterns",
        KNOWLEDGE,
        knowledge(document={**K3["document"], "patterns": []}),
        "has no patterns, and 1",
    ),
    no(
        "patterns repeated",
        KNOWLEDGE,
        knowledge(document={**K3["document"], "patterns": ["a", "a"]}),
        "is the same",
    ),
    no(
        "stray key in a document",
        KNOWLEDGE,
        knowledge(document={**K3["document"], "path": "x"}),
        "unknown key 'path'",
    ),
    no("knowledge among skills", SKILL, K3, "compositional_skills/writing/rhymes/qna.yaml:1: the key 'task_"),
    no("a skill among knowledge", KNOWLEDGE, S3, "the key 'domain' is missing"),
    no(
        "folder named knowledge",
        "compositional_skills/a/knowledge/b",
        S3,
        "a folder within is called 'knowledge'",
    ),
]

CASES = [*VALID, *STYLE, *UNREADABLE, *REFUSED]

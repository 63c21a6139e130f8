"""The options of knowledge_sdg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal, Self, TypeAlias

from fms_dgt.core.builder import BuilderOptions
from fms_dgt.core.node import Node
from fms_dgt.core.typed import option
from fms_dgt.errors import Problem, did_you_mean

SHIPPED = Path(__file__).parent / "templates"
SUMMARIES = ("detailed_summary", "extractive_summary", "atomic_facts")

Variant: TypeAlias = Literal["document", "detailed_summary", "extractive_summary", "atomic_facts"]


@dataclass(frozen=True)
class TemplatesPath:
    """A folder of prompts that take the place of the builder's own of the same names.

    Its path is relative to the file that says it, or to the working directory.
    """

    files: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Self | None:
        """Read the names of the files in it."""
        if not isinstance(node.value, str):
            problems.append(node.problem(f"must be a path, not {node.kind()}", "name a folder"))
            return None
        beside = Path(node.place.origin).parent / node.value
        folder = next((path for path in (beside, Path(node.value)) if path.is_dir()), None)
        if folder is None:
            mend = "give its path from this file or from the working directory"
            problems.append(node.problem(f"there is no folder '{node.value}'", mend))
            return None
        files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
        known = [path.stem for path in SHIPPED.glob("*.yaml")]
        unknown = [name for name in files if name not in known]
        for name in unknown:
            mend = did_you_mean(name, known, noun="templates")
            problems.append(node.problem(f"'{name}.yaml' there is no template of this builder", mend))
        if not files:
            what = f"the folder '{node.value}' has no template"
            problems.append(
                node.problem(what, did_you_mean("", known, noun="write NAME.yaml, NAME being of"))
            )
        return None if unknown or not files else cls(files)


@dataclass(frozen=True, kw_only=True)
class QuestionKinds:
    """How often each kind of question is asked for, in relation to the others."""

    any: float = option(0.0, low=0, help="whatever the text carries, varied")
    short_answer: float = option(0.0, low=0, help="answered by a word, a number or a short sentence")
    multiple_choice: float = option(0.0, low=0, help="with four options, one of them right")
    why_how: float = option(0.0, low=0, help="for reasons, steps and consequences")

    @property
    def shares(self) -> dict[str, float]:
        """The kinds that are asked for, by weight; all of kind "any" where nothing is said."""
        said = {spec.name: float(getattr(self, spec.name)) for spec in fields(self)}
        return {name: weight for name, weight in said.items() if weight} or {"any": 1.0}


@dataclass(frozen=True, kw_only=True)
class KnowledgeOptions(BuilderOptions):
    """What is asked about a chunk, how much, and how it is judged."""

    mode: Literal["summaries", "key_facts"] = option(
        "summaries", help="ask about the chunk and its summaries, or about each of its key facts"
    )
    variants: list[Variant] = option(
        default_factory=lambda: ["document", *SUMMARIES], nonempty=True, help="what questions are asked about"
    )
    summaries_per_chunk: int = option(1, low=1, high=50, help="how many of each summary")
    simple: bool = option(
        False,
        help="one call a chunk: pairs about the chunk itself, with no judge, whatever mode and variants say",
    )
    max_pairs: int = option(10, low=1, high=100, help="most pairs asked for about one text")
    max_key_facts: int = option(30, low=1, high=200, help="most key facts taken from a chunk")
    pairs_per_fact: int = option(5, low=1, high=50, help="pairs asked for about one key fact")
    question_kinds: QuestionKinds = option(default_factory=QuestionKinds, help="kinds and their weights")
    faithfulness: Literal["claims", "each_claim", "one_call"] = option(
        "claims",
        help="check the claims of an answer in one call, each in a call of its own, or the answer as it is",
    )
    num_prompt_instructions: int = option(3, low=1, help="pairs shown as the example")
    # the prompts themselves shape the data and are fingerprinted; where they stand does not
    templates_path: TemplatesPath = option(
        default_factory=TemplatesPath, shapes=False, help="a folder of prompts of your own"
    )
    chunk_tokenizer: str = option("", help="counts chunk_tokens; without it they are estimated")
    converters: dict[str, str] = option(
        default_factory=dict, help="which converter reads a kind of file: {.pdf: docling}, say"
    )
    # chunks are worked on one by one, as many at once as there are slots
    num_docs_per_iteration: int | Literal["all"] | None = option(
        None, shapes=False, help="has no effect: chunks stream one by one"
    )

    def __post_init__(self) -> None:
        if len(set(self.variants)) < len(self.variants):
            raise ValueError("variants: names one of them twice; keep each once")

    @property
    def asked_about(self) -> Sequence[Variant]:
        """The variants of a chunk that questions are asked about."""
        return ["document"] if self.simple else self.variants

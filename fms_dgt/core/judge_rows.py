"""Rows of known quality for a judge, made from seed examples: right ones, and what is wrong with certainty.

Which text stands in which variable of a judge's template is known by name: `instruction`, `response`,
`context` and the like. A template that shows other variables gets no rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from fms_dgt.core.canonical import derived_random
from fms_dgt.core.template import Template

QUESTION = ("instruction", "question", "prompt", "query")
ANSWER = ("response", "answer", "output", "claim", "claims")
# What shows an answer as a list of its statements: the whole answer is one.
STATEMENTS = "claims"
CONTEXT = ("context", "document", "raw_document", "input")
# The two answers of a comparison, as attributes of one variable.
SIDES = frozenset(("a", "b"))
# The answer that the column without this prefix was made from.
PARENT = "parent_"

RIGHT, SWAPPED, CUT, NONSENSE, COPIED, EMPTY = "right", "swapped", "cut", "nonsense", "copied", "empty"
# Seed examples that are used; each gives up to six rows, and as many calls.
MOST_EXAMPLES = 4
# An answer is cut to this share of its words, if it has so many.
CUT_TO, FEWEST_TO_CUT = 0.4, 8
MOST_NONSENSE = 40


@dataclass(frozen=True)
class Example:
    """A seed example as a judge sees it; what it does not have is empty.

    `row` is the row of the flow that it is, where the flow's own model made it.
    """

    question: str
    answer: str
    context: str = ""
    row: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


class JudgeRow(NamedTuple):
    """A row for a judge. `kind` is what it is; `example` the number of the example it was made from."""

    kind: str
    example: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class JudgeRows:
    """Rows for one judge. In each of `pairs` the second row should get the higher score."""

    rows: list[JudgeRow] = field(default_factory=list)
    pairs: list[tuple[int, int]] = field(default_factory=list)

    @property
    def examples(self) -> int:
        """How many examples there are rows of."""
        return len({row.example for row in self.rows})


def examples_of(seeds: Iterable[Any]) -> list[Example]:
    """What of seed examples can be shown to a judge: each pair of question and answer, or question alone."""
    found: list[Example] = []
    for seed in seeds:
        plain = _plain(seed)
        context = _first(plain, CONTEXT)
        inner = [value for value in plain.values() if isinstance(value, list | tuple)]
        pairs = [_plain(each) for value in inner for each in value]
        for each in [plain, *pairs]:
            question = _first(each, QUESTION)
            if question:
                found.append(Example(question, _first(each, ANSWER), context))
    return list(dict.fromkeys(found))


def _plain(seed: Any) -> Mapping[str, Any]:
    if isinstance(seed, Mapping):
        return seed
    if dataclasses.is_dataclass(seed) and not isinstance(seed, type):
        return {spec.name: getattr(seed, spec.name) for spec in dataclasses.fields(seed)}
    return {}


def _first(values: Mapping[str, Any], names: Iterable[str]) -> str:
    texts = (values.get(name) for name in names)
    return next((text.strip() for text in texts if isinstance(text, str) and text.strip()), "")


@dataclass(frozen=True)
class Shown:
    """Which texts of an example a judge's template shows, and what else it needs."""

    template: Template
    given: Collection[str]

    @property
    def names(self) -> frozenset[str]:
        """Its variables, less those that every row has."""
        return self.template.variables - frozenset(self.given)

    def _of(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name in self.names]

    @property
    def question(self) -> list[str]:
        """The variables that show the question."""
        return self._of(QUESTION)

    @property
    def answer(self) -> list[str]:
        """The variables that show the answer."""
        return self._of(ANSWER)

    @property
    def context(self) -> list[str]:
        """The variables that show the text that both are about."""
        return self._of(CONTEXT)

    @property
    def sides(self) -> str:
        """The variable that holds the two answers of a comparison."""
        attributes = self.template.attributes
        return next((name for name in sorted(self.names) if attributes.get(name) == SIDES), "")

    @property
    def parent(self) -> str:
        """The variable that shows the answer that the other one was made from."""
        return next((PARENT + name for name in self.answer if PARENT + name in self.names), "")

    @property
    def parent_question(self) -> str:
        """The variable that shows the question that a judged one was made from."""
        names = [] if self.answer else self.question
        return next((PARENT + name for name in names if PARENT + name in self.names), "")

    @property
    def compares(self) -> bool:
        """Whether two answers are shown."""
        return bool(self.sides or self.parent)

    @property
    def judges_answer(self) -> bool:
        """Whether an answer is judged, and not the question."""
        return self.compares or bool(self.answer)

    @property
    def others(self) -> list[str]:
        """The variables that no example fills."""
        known = {*self.question, *self.answer, *self.context, self.sides, self.parent, self.parent_question}
        return sorted(self.names - known)

    def values(self, example: Example) -> dict[str, Any]:
        """The columns of a row that shows this."""
        answers = {name: self._whole(name, example.answer) for name in self.answer}
        return {
            **{name: example.row[name] for name in self.others if name in example.row},
            **dict.fromkeys(self.question, example.question),
            **dict.fromkeys(self.context, example.context),
            **answers,
        }

    def _whole(self, name: str, text: str) -> Any:
        """The text itself, or a list or a mapping that holds it where the template takes it from one."""
        if name == STATEMENTS:
            return [text]
        attributes = self.template.attributes.get(name)
        return dict.fromkeys(sorted(attributes), text) if attributes else text

    def both(self, example: Example, first: str, second: str) -> dict[str, Any]:
        """The columns of a row that shows two answers; the second is the higher score's."""
        values = self.values(replace(example, answer=second))
        if self.sides:
            return {**values, self.sides: {"a": first, "b": second}}
        return {**values, self.parent: first}


def rows_for(shown: Shown, examples: Sequence[Example]) -> JudgeRows:
    """Rows for the judge of a template: each example as it is, and made wrong in several ways."""
    suited = _suited(shown, examples)
    number = min(MOST_EXAMPLES, len(suited))
    # from all over the list: those that follow one another may be about one text
    chosen = [turn * len(suited) // number for turn in range(number)]
    made = JudgeRows()
    for at in chosen:
        example = suited[at]
        others = [*suited[at + 1 :], *suited[:at]]
        wrong = list(_made_wrong(shown, example, others))
        if shown.parent_question:
            _add_evolved(made, shown, at, example, others)
        elif shown.compares:
            _add_comparisons(made, shown, at, example, wrong)
        else:
            _add_each(made, shown, at, example, wrong)
    return made


def _suited(shown: Shown, examples: Sequence[Example]) -> list[Example]:
    """The examples that have what the template shows."""
    found = [one for one in examples if one.answer] if shown.judges_answer else list(examples)
    if shown.context:
        return [one for one in found if one.context]
    # a question about a text may mean little without it
    return [one for one in found if not one.context] or found


def _add_each(
    made: JudgeRows, shown: Shown, at: int, right: Example, wrong: Iterable[tuple[str, Example]]
) -> None:
    best = len(made.rows)
    made.rows.append(JudgeRow(RIGHT, at, shown.values(right)))
    for kind, example in wrong:
        made.pairs.append((len(made.rows), best))
        made.rows.append(JudgeRow(kind, at, shown.values(example)))


def _add_evolved(made: JudgeRows, shown: Shown, at: int, parent: Example, others: Iterable[Example]) -> None:
    """A question that asks for something else than its parent, and what cannot have been made of it."""
    other = next((one for one in others if one.question.casefold() != parent.question.casefold()), None)
    if other is None:
        return
    kinds = {
        RIGHT: other.question,
        COPIED: parent.question,
        NONSENSE: _nonsense(parent.question.split()),
        EMPTY: "",
    }
    best = len(made.rows)
    for kind, text in kinds.items():
        if kind != RIGHT:
            made.pairs.append((len(made.rows), best))
        values = {**shown.values(replace(parent, question=text)), shown.parent_question: parent.question}
        made.rows.append(JudgeRow(kind, at, values))


def _add_comparisons(
    made: JudgeRows, shown: Shown, at: int, right: Example, wrong: Iterable[tuple[str, Example]]
) -> None:
    """Each wrong answer with the right one, in both orders."""
    for kind, example in wrong:
        made.pairs.append((len(made.rows), len(made.rows) + 1))
        forth = shown.both(right, right.answer, example.answer)
        back = shown.both(right, example.answer, right.answer)
        made.rows.append(JudgeRow(f"{RIGHT}, {kind}", at, forth))
        made.rows.append(JudgeRow(f"{kind}, {RIGHT}", at, back))


def _made_wrong(shown: Shown, right: Example, others: Sequence[Example]) -> Iterator[tuple[str, Example]]:
    """What no judge of this template should take for as good."""
    column = "answer" if shown.judges_answer else "question"
    text, other = (right.answer, right.question) if shown.judges_answer else (right.question, right.answer)

    def with_(wrong: str) -> Example:
        return replace(right, answer=wrong) if column == "answer" else replace(right, question=wrong)

    swapped = _swapped(shown, right, others)
    if swapped:
        yield SWAPPED, with_(swapped)
    words = text.split()
    if shown.judges_answer and not shown.context and len(words) >= FEWEST_TO_CUT:
        yield CUT, with_(" ".join(words[: int(len(words) * CUT_TO)]))
    yield NONSENSE, with_(_nonsense(words))
    # of a statement by itself nobody says that it must be an answer
    if shown.question:
        if other and other != text:
            yield COPIED, with_(other)
        yield EMPTY, with_("")


def _swapped(shown: Shown, right: Example, others: Sequence[Example]) -> str:
    """Another example's text, where it cannot be right here, too; "" where there is none."""
    if not shown.judges_answer and not shown.context:
        return ""
    for other in others:
        text = other.answer if shown.judges_answer else other.question
        same = right.answer if shown.judges_answer else right.question
        elsewhere = not shown.context or other.context != right.context
        if elsewhere and text.casefold() != same.casefold():
            return text
    return ""


def _nonsense(words: Sequence[str]) -> str:
    """As many words of random letters; the same for the same words."""
    random = derived_random("nonsense", list(words))
    letters = "abcdefghijklmnopqrstuvwxyz"
    return " ".join(
        "".join(random.choices(letters, k=random.randint(2, 9))) for _ in words[:MOST_NONSENSE] or "..."
    )

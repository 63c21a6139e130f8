"""A figure as Mermaid text, for pages that draw it themselves."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import count
from typing import TypeAlias

from fms_dgt.drawing.figure import Figure, Step, rows_said
from fms_dgt.drawing.words import writable

# the nodes that a next one follows, each with the label of its arrow
Ends: TypeAlias = list[tuple[str, str]]


# what ends a text, or begins an element, an entity or settings ("%%{")
_ENTITIES = str.maketrans({"#": "#35;", '"': "#quot;", "<": "#lt;", "&": "#amp;", "%": "#37;", "`": "#96;"})


def mermaid(figure: Figure) -> str:
    """A Mermaid flowchart."""
    return "".join(line + "\n" for line in _Text().lines(figure))


class _Text:
    def __init__(self) -> None:
        self._ids = count(1)

    def lines(self, figure: Figure) -> Iterator[str]:
        yield _comment(f"{figure.title} ({figure.about}){f'; {figure.counted}' if figure.counted else ''}")
        yield "flowchart TD"
        yield f"  source([{_quoted(figure.source)}])"
        ends = yield from self._sequence(figure.steps, [("source", "")])
        yield f"  records([{_quoted(figure.records)}])"
        kept = "" if figure.kept is None else f"{figure.kept:,} records"
        yield from _arrows(ends, "records", kept)

    def _sequence(self, steps: Sequence[Step], ends: Ends, indent: str = "  ") -> Generator[str, None, Ends]:
        for step in steps:
            ends = yield from self._step(step, ends, indent)
        return ends

    def _step(self, step: Step, ends: Ends, indent: str) -> Generator[str, None, Ends]:
        name = f"s{next(self._ids)}"
        label = "" if step.rows is None else rows_said(step.rows)
        text = _quoted((step.name, *step.lines, *step.lost))
        if step.shape in ("together", "each", "some"):
            yield f"{indent}subgraph {name}[{text}]"
            for lane in step.lanes:
                yield from self._sequence(lane.steps, [], indent + "  ")
            yield f"{indent}end"
            yield from _arrows(ends, name, label, indent)
            return [(name, "")]
        begin, end = ("{{", "}}") if step.shape == "branch" else ("[", "]")
        yield f"{indent}{name}{begin}{text}{end}"
        yield from _arrows(ends, name, label, indent)
        if step.shape != "branch":
            return [(name, "")]
        after: Ends = []
        for lane in step.lanes:
            after.extend((yield from self._sequence(lane.steps, [(name, lane.label)], indent)))
        return after


def _arrows(ends: Sequence[tuple[str, str]], to: str, label: str, indent: str = "  ") -> Iterator[str]:
    for name, way in ends:
        said = ", ".join(text for text in (way, label) if text)
        yield f"{indent}{name} -->{f'|{_quoted((said,))}|' if said else ''} {to}"


def _comment(text: str) -> str:
    # "%%{" begins settings wherever it is, and a line break ends the comment
    return f"%% {' '.join(writable(text).split()).replace('%', '% ')}"


def _quoted(lines: Sequence[str]) -> str:
    # a line break would end the statement
    return '"' + "<br/>".join(" ".join(writable(line).split()).translate(_ENTITIES) for line in lines) + '"'

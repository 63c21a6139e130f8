"""Tables of results, in Markdown: one run of all prompts, or several side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cases import QUALITIES, Case
from measures import Counts, counted, tells_apart

Results = Mapping[str, Any]


def tables(results: Sequence[Results], cases: Sequence[Case]) -> str:
    """Two tables: all prompts, and the judges; a line of each for each result."""
    counts = [
        {case: entry for case in cases if (entry := _counted(case, result)) is not None} for result in results
    ]
    labels = [str(result["label"]) for result in results]
    return "\n".join(
        [*_totals(labels, counts), "", *_prompts(labels, counts, cases), "", *_judges(labels, counts, cases)]
    )


def _counted(case: Case, result: Results) -> Counts | None:
    found = result["calls"].get(f"{case.builder}/{case.template}")
    return counted(case, found) if found else None


def _totals(labels: Sequence[str], counts: Sequence[Mapping[Case, Counts]]) -> Iterator[str]:
    yield "| prompts | asked | readable | after asking again | echoes | cut off | copies | tokens in | out |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for label, of_label in zip(labels, counts, strict=True):
        for kind in (False, True):
            chosen = [entry for case, entry in of_label.items() if case.is_judge == kind]
            names = (
                "asked",
                "readable",
                "readable_after",
                "echoes",
                "cut",
                "copies",
                "tokens_in",
                "tokens_out",
            )
            sums = [sum(getattr(entry, name) for entry in chosen) for name in names]
            shown = " | ".join(f"{each:,}" for each in sums)
            yield f"| {label}: {'judges' if kind else 'writing'} | {shown} |"


def _prompts(
    labels: Sequence[str], counts: Sequence[Mapping[Case, Counts]], cases: Sequence[Case]
) -> Iterator[str]:
    yield "| builder | prompt | | readable | after | echoes | cut off | copies | tokens in | out |"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for case in cases:
        for label, of_label in zip(labels, counts, strict=True):
            entry = of_label.get(case)
            if entry is not None:
                yield (
                    f"| {case.builder} | {case.template} | {label} | {entry.readable}/{entry.asked} | "
                    f"{entry.readable_after} | {entry.echoes} | {entry.cut} | {entry.copies} | "
                    f"{round(entry.tokens_in / entry.asked)} | {round(entry.tokens_out / entry.asked)} |"
                )


def _judges(
    labels: Sequence[str], counts: Sequence[Mapping[Case, Counts]], cases: Sequence[Case]
) -> Iterator[str]:
    yield f"| judge | | {' | '.join(QUALITIES)} | below the good one | different reasons |"
    yield f"| --- | --- |{' ---: |' * len(QUALITIES)} ---: | ---: |"
    for case in cases:
        for label, of_label in zip(labels, counts, strict=True):
            entry = of_label.get(case)
            if case.is_judge and entry is not None:
                scores = " | ".join(_shown(entry.scores.get(quality)) for quality in QUALITIES)
                reasons = f"{entry.reasons} of {entry.asked}"
                yield f"| {case.template} | {label} | {scores} | {tells_apart(entry)} | {reasons} |"


def _shown(score: int | None) -> str:
    return "unreadable" if score is None else str(score)

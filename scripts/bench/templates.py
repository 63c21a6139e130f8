"""Filling in one template: as part of a builder, as a stranger's in this process, and in the worker."""

from __future__ import annotations

import time

from machine import arguments, headline, table

from fms_dgt.core.template_text import TemplateText

TEXT = "{{ topic }}\n{% for e in examples %}Q: {{ e.q | trim }}\nA: {{ e.a }}\n{% endfor %}"
VALUES = {"topic": "tides", "examples": [{"q": "a" * 50, "a": "b" * 200}] * 3}
WAYS = {
    "trusted, in process": TemplateText(TEXT, trusted=True),
    "a stranger's, in process": TemplateText(TEXT),
    "a stranger's, in the worker": TemplateText(TEXT + "{{ 1 * 1 }}"),
}


def _microseconds(template: TemplateText, times: int) -> float:
    template.render(VALUES)
    start = time.perf_counter()
    for _ in range(times):
        template.render(VALUES)
    return 1e6 * (time.perf_counter() - start) / times


def main() -> None:
    """Each way in turn, the best of five rounds."""
    options = arguments(__doc__ or "").parse_args()
    times = 200 if options.small else 5_000
    headline(f"templates: {times:,} renderings, three examples in a loop")
    rounds = [{name: _microseconds(way, times) for name, way in WAYS.items()} for _ in range(5)]
    best = {name: min(taken[name] for taken in rounds) for name in WAYS}
    least = next(iter(best.values()))
    table(("", "µs", "ratio"), [(name, taken, taken / least) for name, taken in best.items()])


if __name__ == "__main__":
    main()

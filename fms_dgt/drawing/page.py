"""Figures as one page of HTML that needs nothing else, with the same in words below each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from fms_dgt.drawing.figure import Figure
from fms_dgt.drawing.svg import svg
from fms_dgt.drawing.words import writable

_STYLE = """\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
figure { margin: 0; overflow-x: auto; }
svg { display: block; }
"""


def page(figures: Sequence[Figure]) -> str:
    """A whole page."""
    return "".join(line + "\n" for line in _lines(figures))


def _lines(figures: Sequence[Figure]) -> Iterator[str]:
    title = _text(", ".join(figure.title for figure in figures))
    yield "<!DOCTYPE html>"
    yield f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style></head><body>"
    for number, figure in enumerate(figures, 1):
        yield f"<h1>{_text(figure.title)}</h1>"
        yield f"<figure>{svg(figure, number=number)}</figure>"
        yield "<details><summary>In words</summary><ol>"
        yield from (f"<li>{_text(said)}</li>" for said in figure.sentences())
        yield "</ol></details>"
    yield "</body></html>"


def _text(text: str) -> str:
    return escape(writable(text))

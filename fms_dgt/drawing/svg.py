"""A drawing as SVG: one file, no script, no font or style from anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from fms_dgt.drawing.figure import Figure
from fms_dgt.drawing.layout import LINE, PAD, Arrow, Box, Drawing, laid_out
from fms_dgt.drawing.words import writable

# text on its box has a contrast of 4.5 or more in both schemes
STYLE = """\
.flow { --paper: #ffffff; --ink: #1f2328; --soft: #57606a; --edge: #8c959f; --step: #f6f8fa; --asks: #ddf4ff;
  --judges: #fff1cc; --turns: #f3e8ff; --ends: #dafbe1; --nest: #ffffff; --lost: #a40e26; }
@media (prefers-color-scheme: dark) { .flow { --paper: #0d1117; --ink: #e6edf3; --soft: #a0aab5;
  --edge: #6e7681; --step: #1c2128; --asks: #12304b; --judges: #3b2e08; --turns: #2f2145; --ends: #12331c;
  --nest: #0d1117; --lost: #ff938a; } }
.flow text { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: var(--ink);
  white-space: pre; }
.flow .name { font-weight: 700; }
.flow .kind, .flow .label { fill: var(--soft); }
.flow .lost { fill: var(--lost); }
.flow rect { stroke: var(--edge); fill: var(--step); }
.flow .paper { fill: var(--paper); stroke: none; }
.flow .head rect { fill: none; stroke: none; }
.flow .asks rect { fill: var(--asks); }
.flow .judges rect { fill: var(--judges); }
.flow .turns rect { fill: var(--turns); }
.flow .end rect { fill: var(--ends); }
.flow .nest rect { fill: var(--nest); stroke-dasharray: 5 3; }
.flow path { fill: none; stroke: var(--edge); stroke-width: 1.5; }
.flow marker path { fill: var(--edge); stroke: none; }
"""


def svg(figure: Figure, *, number: int = 1) -> str:
    """The figure as an SVG document; `number` keeps the ids of several in one page apart."""
    drawing = laid_out(figure)
    return "".join(line + "\n" for line in _lines(figure, drawing, f"flow{number}"))


def _lines(figure: Figure, drawing: Drawing, name: str) -> Iterator[str]:
    size = f'width="{drawing.width:g}" height="{drawing.height:g}"'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="flow" {size} '
        f'viewBox="0 0 {drawing.width:g} {drawing.height:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-text">'
    )
    yield f'<title id="{name}-title">{_text(f"The flow of {figure.title} ({figure.about})")}</title>'
    yield f'<desc id="{name}-text">{_text(". ".join(figure.sentences()))}</desc>'
    yield f"<style>{STYLE}</style>"
    yield (
        f'<defs><marker id="{name}-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        'markerHeight="7" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z"/></marker></defs>'
    )
    yield f'<rect class="paper" width="{drawing.width:g}" height="{drawing.height:g}"/>'
    for box in drawing.boxes:
        yield from _box(box)
    for arrow in drawing.arrows:
        yield from _arrow(arrow, f"{name}-head")
    yield "</svg>"


def _box(box: Box) -> Iterator[str]:
    yield f'<g class="{box.style}" data-stage={quoteattr(writable(box.title))}>'
    said = dict.fromkeys(line.full for line in box.lines)
    yield f"<title>{_text(chr(10).join(said))}</title>"
    yield f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="6"/>'
    for number, line in enumerate(box.lines):
        y = box.y + PAD + 10 + number * LINE
        yield f'<text class="{line.style}" x="{box.x + PAD:g}" y="{y:g}">{_text(line.text)}</text>'
    yield "</g>"


def _arrow(arrow: Arrow, head: str) -> Iterator[str]:
    path = "L".join(f"{x:g} {y:g}" for x, y in arrow.points)
    end = f' marker-end="url(#{head})"' if arrow.head else ""
    yield f'<path d="M{path}"{end}/>'
    if arrow.label:
        x, y = arrow.at
        full = f"<title>{_text(arrow.full)}</title>" if arrow.full not in ("", arrow.label) else ""
        yield f'<text class="label" x="{x:g}" y="{y:g}">{full}{_text(arrow.label)}</text>'


def _text(text: str) -> str:
    return escape(writable(text))

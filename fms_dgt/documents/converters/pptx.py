"""PPTX, by python-pptx: a slide is a section."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from fms_dgt.documents.converters.converter import Converter
from fms_dgt.documents.converters.table import table_lines


class PptxConverter(Converter):
    """Each slide's title as a heading, its text and tables in reading order, and the speaker's notes."""

    suffixes: ClassVar[tuple[str, ...]] = (".pptx",)
    packages: ClassVar[tuple[str, ...]] = ("pptx",)
    install: ClassVar[str] = "fms-dgt[documents]"

    def convert(self, path: Path) -> str:
        from pptx import Presentation  # noqa: PLC0415

        slides = Presentation(str(path)).slides
        return "\n\n".join(_slide(slide, number) for number, slide in enumerate(slides, 1))


def _slide(slide: Any, number: int) -> str:
    title = slide.shapes.title
    heading = _line(title.text_frame.text) if title is not None else ""
    parts = [f"## {heading or f'Slide {number}'}"]
    for shape in _in_reading_order(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            parts.append(_shape(shape))
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        parts.append(slide.notes_slide.notes_text_frame.text.strip())
    return "\n\n".join(part for part in parts if part)


def _in_reading_order(shapes: Any) -> Iterator[Any]:
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if hasattr(shape, "shapes"):
            yield from _in_reading_order(shape.shapes)
        else:
            yield shape


def _shape(shape: Any) -> str:
    if shape.has_table:
        return "\n".join(table_lines([[cell.text for cell in row.cells] for row in shape.table.rows]))
    if not shape.has_text_frame:
        return ""
    lines = [(p.level, _line("".join(run.text for run in p.runs))) for p in shape.text_frame.paragraphs]
    filled = [(level, text) for level, text in lines if text]
    if len(filled) == 1:
        return filled[0][1]
    return "\n".join(f"{'  ' * level}- {text}" for level, text in filled)


def _line(text: str) -> str:
    return " ".join(text.split())

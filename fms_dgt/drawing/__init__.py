"""The flow of a task as a picture: SVG, a page of HTML, or Mermaid."""

from fms_dgt.drawing.figure import Figure, figure_of
from fms_dgt.drawing.mermaid import mermaid
from fms_dgt.drawing.page import page
from fms_dgt.drawing.svg import svg

__all__ = ["Figure", "figure_of", "mermaid", "page", "svg"]

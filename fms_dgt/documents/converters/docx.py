"""DOCX, by mammoth (styles and tables to HTML) and markdownify."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from fms_dgt.documents.converters.converter import Converter
from fms_dgt.documents.converters.html import markdown_of


class DocxConverter(Converter):
    """Headings (of Word's own heading styles), text, lists and tables; pictures are left out."""

    suffixes: ClassVar[tuple[str, ...]] = (".docx",)
    packages: ClassVar[tuple[str, ...]] = ("mammoth", "markdownify")
    install: ClassVar[str] = "fms-dgt[documents]"

    def convert(self, path: Path) -> str:
        import mammoth  # noqa: PLC0415

        with path.open("rb") as file:
            result: Any = mammoth.convert_to_html(
                file,
                convert_image=mammoth.images.img_element(lambda _: {"src": ""}),
                style_map="p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh",
                include_embedded_style_map=False,
                # a linked picture would be read from wherever the file says
                external_file_access=False,
            )
        return markdown_of(result.value)

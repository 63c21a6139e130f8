"""HTML, by markdownify: headings, lists, tables, code and links; no scripts, styles or menus."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any, ClassVar

from fms_dgt.documents.converters.converter import Converter

_DROPPED = ("script", "style", "template", "noscript", "nav", "svg", "iframe", "object", "form", "head")
_BLANKS = re.compile(r"\n{3,}")


class HtmlConverter(Converter):
    """What a reader of the page reads; pictures give their alternative text, if they have one."""

    suffixes: ClassVar[tuple[str, ...]] = (".html", ".htm", ".xhtml")
    packages: ClassVar[tuple[str, ...]] = ("markdownify",)
    install: ClassVar[str] = "fms-dgt[documents]"

    def convert(self, path: Path) -> str:
        data = path.read_bytes()
        try:
            return markdown_of(data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            # what the page itself says of its encoding is asked only where it is not UTF-8
            return markdown_of(data)


def markdown_of(page: str | bytes) -> str:
    """The page as Markdown."""
    from bs4 import BeautifulSoup  # noqa: PLC0415
    from bs4.element import PreformattedString  # noqa: PLC0415
    from markdownify import MarkdownConverter  # noqa: PLC0415

    with warnings.catch_warnings():
        # XHTML read as HTML is what is wanted, and a page may well be as short as a file's name
        warnings.simplefilter("ignore")
        soup: Any = BeautifulSoup(page, "html.parser")
    for tag in soup(_DROPPED):
        tag.decompose()
    for image in soup("img"):
        image.replace_with(image.get("alt") or "")
    for text in soup.find_all(string=lambda text: "|" in text):
        if text.find_parent(("td", "th")):
            text.replace_with(text.replace("|", "\\|"))
    for unseen in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        unseen.extract()
    # pages that say nothing of a header row have one all the same, most often
    converter: Any = MarkdownConverter(
        heading_style="ATX",
        bullets="-",
        table_infer_header=True,
        escape_misc=False,
        escape_underscores=False,
        escape_asterisks=False,
        code_language_callback=_language,
    )
    made: str = converter.convert_soup(soup)
    return _BLANKS.sub("\n\n", "\n".join(line.rstrip() for line in made.split("\n"))).strip("\n")


def _language(tag: Any) -> str:
    """What `class="language-x"` of a block of code says."""
    inner = tag.find("code")
    classes = [*(tag.get("class") or []), *((inner.get("class") or []) if inner else [])]
    return next((name.removeprefix("language-") for name in classes if name.startswith("language-")), "")

"""PDF, DOCX, PPTX and HTML into Markdown, by the converters of the extra."""

from __future__ import annotations

from pathlib import Path

import docx
import pptx
import pytest
from made_pdf import Sheet, write_pdf
from pptx.util import Inches

from fms_dgt.documents import ChunkSize, local_collection, split
from fms_dgt.errors import InputError

PRICES = [["Plan", "Price"], ["Small", "5 a|b"], ["Large", "12"]]
TABLE = "| Plan | Price |\n| --- | --- |\n| Small | 5 a\\|b |\n| Large | 12 |"


def converted(path: Path) -> str:
    documents = local_collection([path.name], root=path.parent)
    assert documents.problems() == []
    (document,) = documents
    return document.text


def test_a_pdf_keeps_text_table_pages_and_headings(tmp_path: Path) -> None:
    first = Sheet().line("Handbook", 24).line("Prices", 16, gap=14)
    first.line("All plans are paid by the month,", gap=10).line("in advance.")
    first.table(PRICES).line("Nothing else is charged.", gap=10)
    second = Sheet().line("Returns", 16).line("Goods come back within 30 days.", gap=10)
    text = converted(write_pdf(tmp_path / "a.pdf", [first, second]))
    assert text.split("\n\n") == [
        "# Handbook",
        "## Prices",
        "All plans are paid by the month,\nin advance.",
        TABLE,
        "Nothing else is charged.",
        "## Returns",
        "Goods come back within 30 days.\n",
    ]


def test_running_heads_and_page_numbers_of_a_pdf_are_left_out(tmp_path: Path) -> None:
    sheets = []
    for number in range(1, 5):
        sheet = Sheet().at(72, 770, 9, "Confidential").at(300, 30, 9, f"Page {number} of 4")
        sheets.append(sheet.line(f"Text of sheet {'abcd'[number - 1]}.", gap=60))
    text = converted(write_pdf(tmp_path / "a.pdf", sheets))
    assert text == "\n\n".join(f"Text of sheet {name}." for name in "abcd") + "\n"


def test_small_letters_keep_their_spaces_and_a_hash_is_no_heading(tmp_path: Path) -> None:
    sheet = Sheet().line("Contents ........ 3", 20).line("Spaces between small letters", 5, gap=9)
    sheet.line("# are kept.", 5).line("More of the small text in which all is set.", 5, gap=9)
    assert converted(write_pdf(tmp_path / "a.pdf", [sheet])).split("\n\n") == [
        "Contents ........ 3",
        "Spaces between small letters\n\\# are kept.",
        "More of the small text in which all is set.\n",
    ]


def test_a_paragraph_goes_on_over_a_page(tmp_path: Path) -> None:
    one, two = Sheet().line("This goes on and"), Sheet().line("on after the break.")
    assert converted(write_pdf(tmp_path / "a.pdf", [one, two])) == "This goes on and\non after the break.\n"


def in_two_columns(left: list[str], right: list[str], *, right_at: float = 320) -> Sheet:
    sheet = Sheet().line("A title over the whole width of the page, in two columns below", 11)
    for column, lines in ((50, left), (right_at, right)):
        for number, text in enumerate(lines):
            sheet.at(column, 700 - 14 * number, 10, text)
    return sheet.at(
        50, 500, 10, "What stands below is once more as wide as both of the columns are together."
    )


def test_two_columns_of_text_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = [f"Line {number} on the left says as much as the others do" for number in range(8)]
    right = [f"Row {number} on the right says as much as the others do" for number in range(8)]
    text = converted(write_pdf(tmp_path / "a.pdf", [in_two_columns(left, right)]))
    assert text.split("\n\n") == [
        "A title over the whole width of the page, in two columns below",
        "\n".join(left),
        "\n".join(right),
        "What stands below is once more as wide as both of the columns are together.\n",
    ]


TEXT = [f"Line {number} on this side says as much as the others do" for number in range(8)]
# a formula is many short runs; a line of text stands above and below
FORMULAS = ["We write the sum as follows", "x = a + b", "y = c", "which is what we wanted", "z = d", "and no more."]


def with_formulas() -> Sheet:
    sheet = Sheet()
    for column, side in ((50, "L"), (320, "R")):
        for number, text in enumerate(FORMULAS):
            y = 700 - 14 * number
            if "=" not in text:
                sheet.at(column, y, 10, f"{side} {text}")
            for place, part in enumerate(text.split() if "=" in text else []):
                sheet.at(column + 60 + 30 * place, y, 10, f"{side}{part}")
    return sheet


@pytest.mark.parametrize("first", [True, False])
def test_a_page_of_formulas_has_the_columns_of_the_other_pages(tmp_path: Path, first: bool) -> None:
    sheets = [in_two_columns(TEXT, TEXT), with_formulas()]
    text = converted(write_pdf(tmp_path / "a.pdf", sheets[::-1] if first else sheets))
    at = text.index("L We write")
    lines = [line for line in text[at:].splitlines() if line][: 2 * len(FORMULAS)]
    assert [line[0] for line in lines] == ["L"] * len(FORMULAS) + ["R"] * len(FORMULAS)
    # by itself, it may as well be a table
    alone = converted(write_pdf(tmp_path / "b.pdf", [with_formulas()]))
    assert "L We write the sum as follows R We write" in alone


def test_a_page_that_begins_elsewhere_has_no_columns(tmp_path: Path) -> None:
    names = ["Canoe", "Kayak for two with rudder", "Oar", "Paddle", "Life jacket for children", "Rope", "Map"]
    table = Sheet()
    for number, name in enumerate(names):
        table.at(72, 700 - 14 * number, 10, name).at(400, 700 - 14 * number, 10, f"{number * 3} euros")
    prose = Sheet()
    for number in range(8):
        prose.line(f"Line {number} of a page that has one column goes on over all of its width, and more.")
    text = converted(write_pdf(tmp_path / "a.pdf", [in_two_columns(TEXT, TEXT), table, prose]))
    assert "Kayak for two with rudder 3 euros\nOar 6 euros" in text
    assert "Line 0 of a page that has one column goes on over all of its width, and more.\nLine 1 of" in text


@pytest.mark.parametrize("right_at", [320, 450])
def test_labels_and_their_figures_stay_together(tmp_path: Path, right_at: float) -> None:
    names = ["Canoe", "Kayak for two with rudder", "Oar", "Paddle", "Life jacket for children", "Rope", "Map"]
    prices = [f"{number * 3} euros" for number in range(7)]
    text = converted(write_pdf(tmp_path / "a.pdf", [in_two_columns(names, prices, right_at=right_at)]))
    assert "Kayak for two with rudder 3 euros\nOar 6 euros" in text


def test_a_pdf_of_pictures_is_an_error(tmp_path: Path) -> None:
    write_pdf(tmp_path / "scan.pdf", [Sheet()])
    with pytest.raises(InputError, match=r"scan\.pdf: cannot be converted: it has no text, only pictures"):
        list(local_collection(["scan.pdf"], root=tmp_path))


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = docx.Document()
    file.add_heading("Report", 0)
    file.add_heading("Results", 1)
    file.add_paragraph("Sales rose by 5 %.")
    table = file.add_table(rows=3, cols=2)
    for row, cells in zip(table.rows, PRICES, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    file.add_heading("By region", 2)
    file.add_paragraph("North", style="List Bullet")
    file.add_paragraph("South_west *2*", style="List Bullet")
    file.save(tmp_path / "report.docx")
    return tmp_path / "report.docx"


def test_a_docx_keeps_headings_text_lists_and_tables(report: Path) -> None:
    assert converted(report).split("\n\n") == [
        "# Report",
        "# Results",
        "Sales rose by 5 %.",
        TABLE,
        "## By region",
        "- North\n- South_west *2*\n",
    ]


def test_chunks_of_a_docx_know_their_headings(report: Path) -> None:
    (document,) = local_collection(["report.docx"], root=report.parent)
    found = [(chunk.headings, chunk.text.split("\n")[0]) for chunk in split(document, ChunkSize(words=36))]
    assert found == [((), "# Report"), (("Results", "By region"), "## By region")]


def test_a_pptx_keeps_titles_text_tables_and_notes(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Plans"
    body = slide.placeholders[1].text_frame
    body.text = "Small"
    inner = body.add_paragraph()
    inner.text, inner.level = "for one", 1
    slide.notes_slide.notes_text_frame.text = "Say more."
    other = deck.slides.add_slide(deck.slide_layouts[6])
    table = other.shapes.add_table(3, 2, Inches(1), Inches(1), Inches(4), Inches(2)).table
    for row, cells in enumerate(PRICES):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    deck.save(tmp_path / "a.pptx")
    text = converted(tmp_path / "a.pptx")
    assert text == f"## Plans\n\n- Small\n  - for one\n\nSay more.\n\n## Slide 2\n\n{TABLE}\n"


PAGE = """<!DOCTYPE html><html><head><title>T</title><style>p {}</style></head><body>
<nav><a href="/">Home</a></nav><script>alert(1)</script><!-- no -->
<h1>Prices</h1><p>Café &amp; more: <b>5&nbsp;€</b>. <img src="x.png" alt="A map"></p>
<table><tr><th>Plan</th><th>Price</th></tr><tr><td>Small</td><td>5 a|b</td></tr><tr><td>Large</td><td>12</td></tr></table>
<pre><code class="language-sh">ls  -l
cd x</code></pre><ol><li>one</li><li>two</li></ol></body></html>"""


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_html_keeps_what_a_reader_reads(tmp_path: Path, encoding: str) -> None:
    page = PAGE.replace("<head>", f"<head><meta charset='{encoding}'>")
    (tmp_path / "a.HTML").write_bytes(page.encode(encoding))
    text = converted(tmp_path / "a.HTML")
    assert text.startswith("# Prices\n\nCafé & more: **5\xa0€**. A map\n\n| Plan | Price |\n")
    assert "\n| Large | 12 |\n\n```sh\nls  -l\ncd x\n```\n\n1. one\n2. two\n" in text
    assert not any(word in text for word in ("Home", "alert", "no -->", "p {}"))


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ('<?xml version="1.0" encoding="utf-8"?>\n<html><body><p>A</p></body></html>', "A\n"),
        ("a.html", "a.html\n"),
        ("<table><tr><td>1<table><tr><td>2</td></tr></table></td></tr></table>", None),
        ("<div>" * 100 + "deep" + "</div>" * 100, "deep\n"),
    ],
)
def test_html_in_odd_forms(tmp_path: Path, page: str, text: str | None) -> None:
    (tmp_path / "a.html").write_text(page)
    made = converted(tmp_path / "a.html")
    assert made == text if text else "1" in made and "2" in made


@pytest.mark.parametrize(("name", "kind"), [("a.pdf", "PDF"), ("a.docx", "DOCX"), ("a.pptx", "PPTX")])
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_text("just text")
    (problem,) = local_collection([name], root=tmp_path).problems()
    assert problem.what == f"is not a {kind} file, whatever its name says"


@pytest.mark.parametrize(("name", "start"), [("a.pdf", b"%PDF-1.4\n"), ("a.docx", b"PK"), ("a.pptx", b"PK")])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, start: bytes) -> None:
    (tmp_path / name).write_bytes(start + b"damaged " * 50)
    with pytest.raises(InputError, match=rf"{name}: cannot be converted"):
        list(local_collection([name], root=tmp_path))

"""PDF files made for tests, with letters of several sizes and tables with lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Sheet:
    """One page, written from the top down."""

    commands: list[str] = field(default_factory=list)
    y: float = 760

    def line(self, text: str, size: float = 11, *, gap: float = 0) -> Sheet:
        self.y -= size * 1.2 + gap
        self.at(72, self.y, size, text)
        return self

    def at(self, x: float, y: float, size: float, text: str) -> Sheet:
        shown = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        self.commands.append(f"BT /F1 {size} Tf {x} {y} Td ({shown}) Tj ET")
        return self

    def table(self, rows: list[list[str]], width: float = 120) -> Sheet:
        self.y -= 10
        top, height, columns = self.y, 20, len(rows[0])
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                self.at(76 + column * width, top - number * height - 14, 11, cell)
        bottom = top - len(rows) * height
        for number in range(len(rows) + 1):
            y = top - number * height
            self.commands.append(f"72 {y} m {72 + columns * width} {y} l S")
        for column in range(columns + 1):
            x = 72 + column * width
            self.commands.append(f"{x} {top} m {x} {bottom} l S")
        self.y = bottom - 10
        return self


def write_pdf(path: Path, sheets: list[Sheet]) -> Path:
    """The pages as a PDF file."""
    path.write_bytes(pdf(sheets))
    return path


def pdf(sheets: list[Sheet]) -> bytes:
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(sheets)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(sheets)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, sheet in enumerate(sheets):
        content = "\n".join(sheet.commands)
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(content.encode('cp1252'))} >>\nstream\n{content}\nendstream")
    data, places = b"%PDF-1.4\n", []
    for number, thing in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{thing}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return data + f"{end}startxref\n{len(data)}\n%%EOF\n".encode()

"""Documents of strangers: small files that unfold are converted within limits, in a process of their own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import zipfile
import zlib
from pathlib import Path

import pytest

from fms_dgt.documents import limits, local_collection, url_collection, urls
from fms_dgt.documents.converters.html import HtmlConverter
from fms_dgt.errors import InputError

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def pdf(path: Path) -> None:
    """A page whose content is compressed twice."""
    content = b"BT /F1 12 Tf 72 720 Td " + b"(aaaaaaaaaaaaaaaaaaaaaaaa) Tj " * 3_000_000 + b"ET"
    stream = zlib.compress(zlib.compress(content, 9), 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream"
        % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(data)
    path.write_bytes(data + b"xref\n0 6\n0000000000 65535 f \n" + table + end)


def docx(path: Path) -> None:
    """Two and a half million paragraphs, less than the archive's own limit."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{MAIN}"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="r" Type="{OFFICE}" Target="word/document.xml"/></Relationships>',
        )
        body = "<w:p><w:r><w:t>a</w:t></w:r></w:p>" * 2_500_000
        archive.writestr(
            "word/document.xml", f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
        )


CONVERT = """
import json, resource, sys
from pathlib import Path
from fms_dgt.documents import document_limits, local_collection
from fms_dgt.errors import InputError

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with document_limits(0.25):
    try:
        list(local_collection([sys.argv[1]], root=Path()))
    except InputError as error:
        message = str(error)
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps([message, own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""


@pytest.mark.parametrize("make", [pdf, docx])
def test_a_small_document_does_not_take_much_memory(tmp_path, make) -> None:
    name = f"bomb.{make.__name__}"
    make(tmp_path / name)
    assert (tmp_path / name).stat().st_size < 300_000
    # in a program of its own: the peak of this one's children is that of every test before
    done = subprocess.run([sys.executable, "-c", CONVERT, name], cwd=tmp_path, capture_output=True, text=True)
    error, own, of_worker = json.loads(done.stdout)
    assert f"{name}: cannot be converted: it " in error
    assert "--document-limits 4 allows four times as much" in error
    assert own < 200_000
    assert of_worker < 600_000


def test_a_page_that_takes_long_is_given_up_and_the_next_one_converted(tmp_path, monkeypatch) -> None:
    (tmp_path / "a.html").write_text("<p>a</p>" * 250_000)
    (tmp_path / "b.html").write_text("<p>page</p>")
    with monkeypatch.context() as patched:
        patched.setattr(limits, "_SECONDS", {".html": (1, 0)})
        with pytest.raises(InputError, match="it took longer than 1 seconds"):
            list(local_collection(["a.html"], root=tmp_path))
    (document,) = local_collection(["b.html"], root=tmp_path)
    assert document.text == "page\n"


def test_a_conversion_is_the_same_in_a_worker(tmp_path) -> None:
    page = tmp_path / "a.html"
    page.write_text("<h1>One</h1><ul><li>a | b</li></ul><table><tr><td>x<td>y</table> \u00e9 \U0001f300")
    (document,) = local_collection(["a.html"], root=tmp_path)
    assert document.text == HtmlConverter().convert(page) + "\n"


def test_an_archive_of_very_many_parts_is_not_listed(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pptx", "w") as archive:
        for number in range(20_001):
            archive.writestr(f"{number}", "")
    (problem,) = local_collection(["a.pptx"], root=tmp_path).problems()
    assert "has more than 20,000 parts" in str(problem)


def test_the_limits_can_be_raised_on_the_command_line(project) -> None:
    made = project({"task.yaml": "task_name: t\n"})
    result = made.run("--task-paths", "task.yaml", "--document-limits", "0")
    assert result.code == 2
    assert "--document-limits must be more than 0" in result.stderr


@pytest.mark.parametrize("drips", ["headers", "body"])
def test_a_server_that_sends_a_byte_now_and_then(tmp_path, monkeypatch, drips) -> None:
    monkeypatch.setattr(urls, "_SECONDS", 2)
    ended = threading.Event()
    begin = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n" + (b"\r\n" if drips == "body" else b"")

    def serve(listener: socket.socket) -> None:
        listener.settimeout(60)
        connection, _ = listener.accept()
        with connection:
            connection.sendall(begin)
            while not ended.wait(0.2):
                try:
                    connection.sendall(b"X: y\r\n")
                except OSError:
                    break

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.md"
            (problem,) = url_collection([url], cache=tmp_path, allow_hosts=["127.0.0.1"]).problems()
        finally:
            ended.set()
            thread.join()
    assert "took more than 2 seconds" in str(problem)

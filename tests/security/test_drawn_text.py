"""What a task or a report says is text in a drawing, and never a part of its language."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from fms_dgt.drawing import Figure, mermaid, page, svg
from fms_dgt.drawing.counts import Counts
from fms_dgt.drawing.figure import Lane, Step

HOSTILE = [
    'x\n  click source "javascript:alert(1)"',
    "x\r\nsubgraph evil",
    "x\u2028y\x85z",
    "%%{init: {'theme': 'forest', 'securityLevel': 'loose'}}%%",
    "%%%{init: {}}%%",
    '"]; evil["x',
    "<img src=x onerror=alert(1)>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "]]></title></svg><script>alert(1)</script>",
    "`**x**`",
    "#quot;#60;",
    "\ud800\x00\x1b[31m\ufffe",
]


def figure(text: str) -> Figure:
    inner = Step(text, text, (text,))
    steps = (
        Step(text, text, (text, text), rows=1, lost=(text,)),
        Step(text, text, (text,), shape="together", lanes=(Lane((inner,), text),)),
        Step(text, text, (text,), shape="branch", lanes=(Lane((inner,), text), Lane((inner,), "b"))),
    )
    return Figure(text, text, (text,), steps, (text,), (text,), kept=1, counted=text)


@pytest.mark.parametrize("text", HOSTILE)
def test_mermaid(text: str) -> None:
    """The statements are those of a figure of plain words, and no text ends before its quote."""
    drawn, plain = mermaid(figure(text)), mermaid(figure("plain"))
    drawn.encode()
    assert len(drawn.splitlines()) == len(plain.splitlines())
    strings = re.compile(r'"[^"\n]*"')
    assert [strings.sub('""', line) for line in drawn.splitlines()[1:]] == [
        strings.sub('""', line) for line in plain.splitlines()[1:]
    ]
    assert drawn.splitlines()[0].startswith("%% ")
    assert "%%{" not in drawn
    labels = "".join(strings.findall(drawn)).replace("<br/>", "")
    assert not re.search(r"[<`]|&(?!\w+;)|&lt", labels)


@pytest.mark.parametrize("text", HOSTILE)
def test_svg(text: str) -> None:
    drawn, plain = svg(figure(text)).encode(), svg(figure("plain")).encode()
    tags = {element.tag for element in ElementTree.fromstring(drawn).iter()}
    assert tags <= {element.tag for element in ElementTree.fromstring(plain).iter()}


@pytest.mark.parametrize("text", HOSTILE)
def test_page(text: str) -> None:
    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.seen: set[tuple[str, ...]] = set()

        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            self.seen.add((tag, *(name for name, _ in attributes)))

    drawn, plain = Tags(), Tags()
    page([figure(text)]).encode()
    drawn.feed(page([figure(text)]))
    plain.feed(page([figure("plain")]))
    assert drawn.seen <= plain.seen


@pytest.mark.parametrize("number", [float("inf"), float("nan"), "x", None, [], {}, -1, 1 << 20000, True], ids=lambda value: type(value).__name__)
def test_a_foreign_report(number: object) -> None:
    """A run.json can come from anybody."""
    stage = {"stage": "a", "rows": number, "in_this_run": number, "rejected": number, "reasons": {"x": number}}
    counts = Counts.of_report({"stages": [stage], "records": number, "rejected": number, "end": number})
    assert counts is not None
    assert counts.records == counts.rows["a"] == 0
    odd = {"stage": "a", "rejected": 2, "reasons": number}
    assert Counts.of_report({"stages": [odd]}).lost["a"]

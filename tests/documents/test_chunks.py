"""Documents into chunks: nothing lost, nothing double, headings followed, tables and code whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode
from fms_dgt.documents import Chunk, ChunkSize, Document, estimated_tokens, split
from fms_dgt.documents.blocks import blocks
from fms_dgt.documents.measure import count_words
from fms_dgt.errors import InputError, Problem

LONG = "One more sentence stands here. " * 20


def chunks(text: str, words: int = 40) -> list[Chunk]:
    return split(Document("a.md", text), ChunkSize(words=words))


def own(chunk: Chunk, text: str) -> str:
    return text[chunk.start : chunk.end]


def test_chunks_follow_headings_and_know_them() -> None:
    body = "Words of this section stand here, some twenty of them, so that it is no tiny one at all.\n"
    text = f"{body}\n# A\n\n{body}\n## B ##\n\n{body}\nC\n-\n\n{body}\n# D\n\n{body}"
    found = [(chunk.headings, chunk.text.split("\n")[0], chunk.number) for chunk in chunks(text, 30)]
    assert found == [
        ((), body.strip(), 0),
        (("A",), "# A", 1),
        (("A", "B"), "## B ##", 2),
        (("A", "C"), "C", 3),
        (("D",), "# D", 4),
    ]


def test_a_heading_stays_with_what_follows() -> None:
    found = chunks(f"# A\n\n## B\n\n{LONG}\n\n{LONG}", 100)
    assert [chunk.headings for chunk in found] == [("A", "B")] * 3
    assert found[0].text.startswith("# A\n\n## B\n\nOne more")


def test_tiny_neighbours_become_one() -> None:
    text = "# Prices\n\n" + "".join(f"## Plan {n}\n\nIt costs {n}.\n\n" for n in range(12))
    found = chunks(text, 60)
    assert [chunk.headings for chunk in found] == [("Prices",), ("Prices",)]
    assert chunks("One.\n\nTwo.\n\n# A\n\n# B\n")[0].text == "One.\n\nTwo.\n\n# A\n\n# B"


def test_a_paragraph_is_cut_between_sentences() -> None:
    found = chunks(LONG, 12)
    assert [chunk.text for chunk in found] == [
        "One more sentence stands here. One more sentence stands here."
    ] * 10


def test_a_table_is_kept_whole_up_to_twice_the_size() -> None:
    rows = "".join(f"| a{n} | b |\n" for n in range(14))
    text = f"{LONG}\n\n| h | k |\n|---|---|\n{rows}\n{LONG}"
    assert [chunk.text for chunk in chunks(text) if "|" in chunk.text] == [
        f"| h | k |\n|---|---|\n{rows}".strip()
    ]


def test_a_larger_table_is_cut_between_rows_and_its_head_repeated() -> None:
    rows = [f"| row {n} | of many |" for n in range(200)]
    text = "\n".join(["# T", "", "| Name | Much |", "|:-----|-----:|", *rows])
    found = chunks(text, 50)
    head = "| Name | Much |\n|:-----|-----:|"
    assert found[0].text.startswith(f"# T\n\n{head}\n| row 0 ")
    assert all(chunk.text.startswith(f"{head}\n| row") for chunk in found[1:])
    assert [line for chunk in found for line in chunk.text.split("\n") if "row" in line] == rows
    assert all(chunk.headings == ("T",) and count_words(chunk.text) <= 50 for chunk in found)
    assert_whole(text, found)


def test_larger_code_is_cut_between_lines_and_its_fence_repeated() -> None:
    lines = [f"x{n} = f({n})  # a # b" for n in range(100)]
    text = "\n".join(
        ["Before.", "", "~~~python", *lines[:50], "", "# no heading", *lines[50:], "~~~", "", "After."]
    )
    found = chunks(text, 50)
    code = [chunk.text for chunk in found if "~~~" in chunk.text]
    assert len(code) > 5
    assert all(part.count("~~~python\n") == 1 and part.rstrip().rsplit("\n", 1)[1:] for part in code)
    assert all(part.split("~~~")[2].strip() in ("", "After.") for part in code)
    assert [line for part in code for line in part.split("\n") if line.startswith("x")] == lines
    assert {chunk.headings for chunk in found} == {()}
    assert_whole(text, found)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("# A\n", ["heading"]),
        ("#A\n#\t\n", ["text", "heading"]),
        ("A\n===\nB\n---\n", ["heading", "heading"]),
        ("text\n\n---\n\nmore", ["text", "text", "text"]),
        ("---\ntitle: x\n---\n# A", ["text", "heading"]),
        ("```\n# no\n```\n# A", ["code", "heading"]),
        ("````\n```\n# no\n````\n", ["code"]),
        ("``` a`b\n# A", ["text", "heading"]),
        ("    code\n\n    # more\n\ntext", ["code", "text"]),
        ("- item\n\n    goes on\n\ntext", ["text", "text", "text"]),
        ("words\n| a | b |\n|---|---|\n| 1 | 2 |\nend", ["text", "table", "text"]),
        ("<table>\n<tr>\n\n</tr></table>\nend", ["table", "text"]),
        ("<table>\n\nnever closed", ["text", "text"]),
        ("a | b\nno table", ["text"]),
        ("```\nnever closed\n\n# no\n\n", ["code"]),
        ("+++\n# no\n+++\n# A", ["text", "heading"]),
        ("- a\n  - b\n\n    goes on\n\n# A\n\n    code", ["text", "text", "heading", "code"]),
        (
            "- a\n\n  ```\n# no\n  ```\n\n    goes on\n\nend\n\n    code",
            ["text", "code", "text", "text", "code"],
        ),
        ("> quoted\n---\ntext", ["text", "text"]),
        ("words\n<pre>\n# no\n\n</pre>\n# A", ["text", "code", "heading"]),
        ("<!-- one --> line\n# A\n<!--\n# no\n\n-->\ntext", ["text", "heading", "text", "text"]),
        ("<pre>\n# A\n<PRE>\n# B", ["text", "heading", "text", "heading"]),
    ],
)
def test_blocks(text: str, kinds: list[str]) -> None:
    assert [block.kind for block in blocks(text)] == kinds


PIECES = st.sampled_from([
    "# H\n", "## H h\n", "\n", "\n\n", "word ", "Two words. ", "| a | b |\n", "|---|---|\n", "```\n", "~~~ x\n",
    "    code\n", "- item\n", "<table>\n", "</table>\n", "<pre>\n", "</pre>\n", "<!--", "-->\n", "---\n", "===\n", "日本語。", "é", "x" * 120, "\t", "\u2028", "\x0c", "1. ",
])  # fmt: skip
TEXTS = st.one_of(st.lists(PIECES, max_size=80).map("".join), st.text(max_size=300))
SIZES = st.one_of(
    st.integers(1, 40).map(lambda n: ChunkSize(words=n)),
    st.integers(1, 40).map(lambda n: ChunkSize(tokens=n)),
)


@settings(max_examples=400)
@given(TEXTS, SIZES)
def test_no_character_is_lost_or_double_and_no_chunk_too_large(text: str, size: ChunkSize) -> None:
    found = split(Document("a.md", text), size)
    assert_whole(text, found)
    measure = count_words if size.words else estimated_tokens
    parts = blocks(text)
    for chunk in found:
        part = own(chunk, text)
        here = {b.kind for b in parts if b.start < chunk.end and chunk.start < b.end}
        alone = here <= {"heading", "table"} or here <= {"heading", "code"}
        most = 2 * size.limit if alone else size.limit
        assert measure(chunk.text) <= most or len(part) == 1 or unbreakable(part)


def unbreakable(part: str) -> bool:
    return len(part.split()) <= 1 and estimated_tokens(part[: len(part) // 2]) == 0


def assert_whole(text: str, found: list[Chunk]) -> None:
    assert [chunk.number for chunk in found] == list(range(len(found)))
    at = 0
    for chunk in found:
        assert not text[at : chunk.start].strip()
        assert chunk.start < chunk.end
        assert own(chunk, text) in chunk.text
        assert own(chunk, text).strip()
        at = chunk.end
    assert not text[at:].strip()


@pytest.mark.parametrize(
    "text",
    [
        "word " * 1_000_000,
        "x" * 5_000_000,
        "# h\n\nText.\n\n" * 400_000,
        "| a |\n" * 800_000,
        "<table>\n" * 600_000,
        "<!--\n" * 800_000 + "-->",
    ],
    ids=["words", "one word", "sections", "bars", "tables", "comments"],
)
def test_five_megabytes(text: str) -> None:
    found = split(Document("a.md", text), ChunkSize(words=600))
    assert sum(len("".join(own(chunk, text).split())) for chunk in found) == len("".join(text.split()))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("ราคาสินค้านี้ ห้าบาท " * 4, "ราคาสินค้านี้"),
        ("كم السعر هنا؟ خمسة يورو فقط اليوم. " * 2, "كم السعر هنا؟"),
        ("यह महंगा है। कीमत पाँच रुपये है। " * 2, "यह महंगा है।"),
        ("价格是五元。今天开门。" * 2, "价格是五元。"),
    ],
)
def test_texts_of_other_scripts_are_cut_where_they_may_be(text: str, first: str) -> None:
    assert chunks(text.strip(), count_words(first) + 1)[0].text == first


@pytest.mark.parametrize(
    ("text", "words"),
    [("", 0), ("a b\nc", 3), ("日本語 text", 4), ("x" * 101, 3), ("- a, b", 3), ("กข", 2), ("ที่นี่", 2)],
)
def test_words(text: str, words: int) -> None:
    assert count_words(text) == words


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("a cat", 2),
        ("internationalization", 4),
        ("12345", 2),
        ("a, b.", 4),
        ("日本語", 3),
        ("größer", 3),
    ],
)
def test_estimated_tokens(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens


def test_a_named_tokenizer_counts(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    model = tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.CharDelimiterSplit("a")
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    text = "xax xax. " * 10
    for name in (tmp_path, tmp_path / "tokenizer.json"):
        found = split(Document("a.md", text), ChunkSize(tokens=9, tokenizer=str(name)))
        assert len(found) > 1
        assert all(len(tokenizer.encode(chunk.text).ids) <= 9 for chunk in found)


@pytest.mark.parametrize(
    "text", ["- a b\n\n", "a b c\n", "# A\n\na b\n\n", "    x\n", "| a | b |\n|---|---|\n| c | d |\n"]
)
def test_line_ends_count_where_a_tokenizer_counts_them(tmp_path: Path, text: str) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="[UNK]", vocab={"[UNK]": 0}, merges=[]))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        show_progress=False, initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator([text * 20], trainer)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    found = split(Document("a.md", text * 200), ChunkSize(tokens=100, tokenizer=str(tmp_path)))
    assert len(found) > 1
    most = 200 if text[0] in " |" else 100
    assert max(len(tokenizer.encode(chunk.text).ids) for chunk in found) <= most


def test_a_tokenizer_that_is_none(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be loaded"):
        split(Document("a.md", "text"), ChunkSize(tokens=9, tokenizer=str(tmp_path)))


@pytest.mark.parametrize(
    "given", [{}, {"words": 5, "tokens": 5}, {"words": 0}, {"tokens": -1}, {"words": 5, "tokenizer": "x"}]
)
def test_a_size_that_is_none(given: dict[str, object]) -> None:
    problems: list[Problem] = []
    decode(ChunkSize, Node.of(given, "config.yaml"), problems)
    assert problems
    with pytest.raises(ValueError, match="chunk|tokenizer"):
        ChunkSize(**given)  # type: ignore[arg-type]

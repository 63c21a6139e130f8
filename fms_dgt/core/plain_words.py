"""The words of a text, as far as they tell it from another text: the one rule by which copies are found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

# Han, kana and the scripts of South-East Asia, which put no space between words.
UNSPACED_RANGES: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
UNSPACED: Final = re.compile(f"[{UNSPACED_RANGES}]")
# the scripts of South-East Asia come before these
_HAN_AND_KANA: Final = "\u3040"
# A word's weight. The same text takes about 1.6 characters for a word in Chinese, 4 to 5 in Thai.
WHOLE: Final = 4

_QUOTES: Final = "\"'`\u00b4\u02bc\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u2039\u203a\u00ab\u00bb\u300c\u300d\u300e\u300f\u300a\u300b\u3008\u3009"  # noqa: E501
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
# Soft hyphens, joiners, and marks of direction and of variants.
_INVISIBLE: Final = (
    0x00AD, 0x034F, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10), 0xFEFF, *range(0xE0000, 0xE0200),
)  # fmt: skip
_RAISED: Final = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
_FOLDED: Final = {
    **{ord(digit): f"^{number}" for number, digit in enumerate(_RAISED)},
    **dict.fromkeys((*map(ord, _QUOTES), *_INVISIBLE)),
    **dict.fromkeys(map(ord, _DASHES), "-"),
}
# Normal forms sort combining marks in a row, in time that grows with the square of their number, unless a
# joiner separates them: Unicode's stream-safe text format has one after each 30.
_MARKS: Final = re.compile(r"(?:[^\w\s\x00-\u02ff]|[\uff9e\uff9f]){30}(?!\Z)")
_JOINER: Final = "\u034f"
# What ends and groups sentences in any script, and what Markdown emphasises with.
_SIGNS: Final = (
    r".,;:!?()\[\]{}*_\-\u00a1\u00bf\u00b7\u2022\u2026\u2027\u3001\u3002\u3010\u3011\u3014\u3015\u30fb"
    r"\u060c\u061b\u061f\u066a-\u066d\u06d4\u0964\u0965\u0e2f\u0e5a\u0e5b\u104a\u104b\u17d4-\u17da\u1362-\u1368"
)
# Signs that mean something by themselves: `C` and `C++`, `<` and `>`, 5 and 5%.
_SYMBOLS: Final = r"+/\\=<>%$&#@^~|"
# At the beginning of a line: bullets, marks of headings and quotations, a number or a letter of a list.
_NUMBERING: Final = re.compile(
    r"^[ \t]*(?:(?:[-*+>\u2022\u00b7]|#{1,6})[ \t]+)*"
    rf"(?:\(?\d{{1,3}}[.):][ \t]+|\d{{1,3}}(?:\u3001|[.)](?=[{UNSPACED_RANGES}]))|\(?[a-z]\)[ \t]+)?",
    re.MULTILINE,
)
_WORD: Final = re.compile(
    r"(?<=\d)\s*[-*]\s*(?=\d)"
    r"|(?<=[=<>+/^])\s*-(?=[^\W\d])"
    r"|-?\d+(?:[.,:]\d+)*"
    f"|[{UNSPACED_RANGES}]"
    f"|[{_SYMBOLS}]"
    rf"|[^\s{_SIGNS}{_SYMBOLS}{UNSPACED_RANGES}]+"
)


def unnumbered(text: str) -> str:
    """A text without the number, letter or bullet that it has as an item of a list."""
    found = _NUMBERING.match(text)
    return text[found.end() :] if found else text


def words(text: str) -> list[str]:
    """The words of a text, in order: the same for two texts that differ in form alone.

    Case, white space, Unicode form, invisible characters, quotation marks, punctuation, Markdown's emphasis,
    and the numbering of lines do not count; digits and symbols (`+`, `<`, `%`) do. In scripts without spaces
    each character is a word. A text of nothing but signs is one word.
    """
    bare = _stream_safe(text.translate(_FOLDED))
    # folding can undo the normal form, hence the second pass
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", bare).casefold())
    plain = _NUMBERING.sub("", folded.translate(_FOLDED))
    found = [word.strip() for word in _WORD.findall(plain)]
    return found or [signs for signs in [text.strip()] if signs]


def _stream_safe(text: str) -> str:
    """The text with joiners in long runs of combining marks."""
    return text if text.isascii() else _MARKS.sub(rf"\g<0>{_JOINER}", text)


def normal(text: str) -> str:
    """A text as its words with one space between them: equal for texts that differ in form alone."""
    return " ".join(words(text))


def length(found: Iterable[str]) -> float:
    """How long a text of these words is, in words.

    Two characters of Han or kana are one; four of Thai, Lao, Khmer or Burmese, with their marks.
    """
    return sum(map(weight, found)) / WHOLE


def weight(word: str) -> int:
    """What a word counts, `WHOLE` where it is one; a character of a script without spaces counts less."""
    if len(word) > 1 or not UNSPACED.match(word):
        return WHOLE
    return WHOLE // 4 if word < _HAN_AND_KANA else WHOLE // 2

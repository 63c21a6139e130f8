"""How long a text is, in words or tokens."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from fms_dgt.documents.document import ChunkSize
from fms_dgt.errors import InputError, Problem, SetupError
from fms_dgt.safety.permissions import current

# scripts that put no spaces between words: Thai, Lao, Khmer, kana, Han
_DENSE = (
    "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
# vowels and tones above and below letters of Thai, Lao and Khmer, and marks of voice on kana
_ON_LETTERS = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u17b4-\u17d3\u17dd\u3099\u309a"
)
# a run without a space counts once for each 50 characters, so that no text is short and endless
WORD = re.compile(rf"[{_DENSE}][{_ON_LETTERS}]*|[^\s{_DENSE}]{{1,50}}")
_TOKEN = re.compile(rf"[A-Za-z]+|[{_DENSE}]|[^\W\d_]{{1,2}}|\d{{1,3}}|[^\w\s]|_")


def count_words(text: str) -> int:
    """Words: what stands between spaces; a character each where a script has no spaces."""
    return sum(1 for _ in WORD.finditer(text))


def estimated_tokens(text: str) -> int:
    """About how many tokens a model sees, without its tokenizer.

    One for each begun six letters of an English word, for each begun two letters of any other
    alphabet or with an accent, for each begun three digits, for each other sign, and for each
    character of a script without spaces. It is meant to be a little too high rather than too low.
    """
    return sum(
        (len(m[0]) + 5) // 6 if m[0].isascii() and m[0].isalpha() else 1 for m in _TOKEN.finditer(text)
    )


def measure_of(size: ChunkSize) -> Callable[[str], int]:
    """What counts the words or tokens of a text. Raises InputError or SetupError for the tokenizer."""
    if size.words is not None:
        return count_words
    permissions = current()
    if size.tokenizer and not Path(size.tokenizer).expanduser().exists():
        permissions.uses.fetches[f"tokenizer {size.tokenizer}"] = None
        if not permissions.requests:
            permissions.uses.pending[f"tokenizer {size.tokenizer}"] = None
            return estimated_tokens
    return tokenizer_count(size.tokenizer) if size.tokenizer else estimated_tokens


@lru_cache(maxsize=4)
def tokenizer_count(name: str) -> Callable[[str], int]:
    """A count by that tokenizer. Raises InputError where there is none, SetupError without the package."""
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415
    except ImportError as error:
        mend = "pip install tokenizers, or leave out the tokenizer: tokens are then estimated"
        raise SetupError(f"the package 'tokenizers' is missing; {mend}") from error
    path = Path(name).expanduser()
    file = path / "tokenizer.json" if path.is_dir() else path
    try:
        tokenizer: Any = Tokenizer.from_file(str(file)) if file.exists() else Tokenizer.from_pretrained(name)
    except Exception as error:  # (the package raises bare Exception)
        mend = "name a tokenizer.json, a folder that has one, or a model on Hugging Face"
        raise InputError([Problem(f"the tokenizer '{name}' cannot be loaded: {error}", mend)]) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def count(text: str) -> int:
        # a space at the end goes with the word that follows; line ends may be one token more before a letter
        bare = text.rstrip(" ")
        return len(tokenizer.encode(bare, add_special_tokens=False).ids) + bare.endswith("\n")

    return count

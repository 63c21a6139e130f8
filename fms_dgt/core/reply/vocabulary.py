"""The words for a part's name that models use instead of it: those of other languages, and "Q" and "A"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from fms_dgt.core.reply.cleaning import key_of
from fms_dgt.core.reply.lazy_pattern import LazyPattern

_QUESTION = (
    "frage",
    "pregunta",
    "domanda",
    "pergunta",
    "vraag",
    "pytanie",
    "soru",
    "вопрос",
    "问题",
    "問題",
    "問い",
    "质问",
    "質問",
    "提问",
    "问",
    "問",
    "질문",
    "سؤال",
    "السؤال",
    "प्रश्न",
)
_ANSWER = (
    "antwort",
    "réponse",
    "reponse",
    "respuesta",
    "risposta",
    "resposta",
    "antwoord",
    "odpowiedź",
    "cevap",
    "ответ",
    "回答",
    "答案",
    "答え",
    "解答",
    "答",
    "답변",
    "답",
    "جواب",
    "الجواب",
    "उत्तर",
)
_INSTRUCTION = (
    "anweisung",
    "aufgabe",
    "instrucción",
    "istruzione",
    "instrução",
    "consigne",
    "инструкция",
    "指令",
    "指示",
    "지시",
)
_CONTEXT = ("kontext", "contexte", "contexto", "contesto", "контекст", "上下文", "背景", "文脈", "맥락")

WORDS: Mapping[str, Sequence[str]] = {
    "question": _QUESTION,
    "answer": _ANSWER,
    "response": _ANSWER,
    "instruction": _INSTRUCTION,
    "context": _CONTEXT,
}
LETTERS: Mapping[str, str] = {"question": "q", "answer": "a"}
_LETTER_LABEL = {
    letter: LazyPattern(
        r"^[^\w\n]{0,12}(?:\d{1,3}[.)][^\w\n]{0,4})?"
        rf"{letter}(?:[ \t]?#?\d{{1,3}})?[*_]{{0,3}}[ \t]?[.):\uff1a]",
        re.MULTILINE | re.IGNORECASE,
    )
    for letter in "qa"
}


def spellings(names: Sequence[str], text: str, *, letters: bool) -> Iterator[dict[str, str]]:
    """What may stand for the names in `text`, word by word: their own, those of other languages, letters.

    Letters only where each name has one: `A:` alone may be a choice. A word that stands for two of the
    names stands for none.
    """
    own = {name: name for name in names}
    yield own
    lowered = text.lower()
    words = [(word, name) for name in names for word in WORDS.get(key_of(name), ()) if word in lowered]
    counts = Counter(word for word, _ in words)
    foreign = {word: name for word, name in words if counts[word] == 1}
    if foreign:
        yield {**own, **foreign}
    initials = [LETTERS.get(key_of(name), "") for name in names]
    if letters and all(letter and _LETTER_LABEL[letter].search(text) for letter in initials):
        yield dict(zip(initials, names, strict=True))


def words_for(item: str) -> tuple[str, ...]:
    """The words of other languages for what a list holds."""
    return tuple(WORDS.get(key_of(item), ()))

from __future__ import annotations

import pytest
from made_checks import fault, made, refused, verdict

from fms_dgt.validators.refusal import Refusal

REFUSALS = [
    "I'm sorry, but I can't help with that request.",
    "I\u2019m sorry, but I can\u2019t assist with that.",
    "I AM SORRY, BUT I CANNOT provide this.",
    "Sorry — I can't do that.",
    "As an AI language model, I do not have feelings.",
    "As an AI, I cannot taste food, but bread is nice.",
    "Thank you for asking! As a large language model, I have no body.",
    "I cannot comply.",
    "I am unable to fulfil this request.",
    "\"I'm sorry, but I can't help with that.\"",
    "> I'm sorry, but I can't help with that.",
    "```\nI cannot fulfill this request.\n```",
    "Es tut mir leid, aber ich kann Ihnen dabei nicht helfen.",
    "Als KI-Sprachmodell habe ich keine Gefühle.",
    "Je suis désolé, mais je ne peux pas répondre à cette question.",
    "En tant qu'IA, je n'ai pas d'opinion.",
    "En tant qu\u2019intelligence artificielle, je n\u2019en sais rien.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "Como modelo de lenguaje, no tengo opiniones.",
    "Mi dispiace, ma non posso aiutarti.",
    "Desculpe, mas não posso ajudar com isso.",
    "Sinto muito, mas na\u0303o posso fazer isso.",
    "Het spijt me, maar ik kan dat niet doen.",
    "Przykro mi, ale nie mogę w tym pomóc.",
    "Omlouvám se, ale nemohu vám pomoci.",
    "Tyvärr kan jag inte hjälpa dig.",
    "Извините, но я не могу ответить на этот вопрос.",
    "Как языковая модель, я не имею мнения.",
    "На жаль, я не можу допомогти.",
    "Üzgünüm, bu konuda yardımcı olamam.",
    "عذراً، لا أستطيع المساعدة في ذلك.",
    "मुझे खेद है, लेकिन मैं इसमें मदद नहीं कर सकता।",
    "죄송하지만 도와드릴 수 없습니다.",
    "抱歉，我无法回答这个问题。",
    "作为一个AI语言模型，我没有感情。",
    "作為一個人工智慧，我沒有感情。",
    "申し訳ありませんが、お手伝いできません。",
    "ＡＩとして、意見はありません。",
]
ANSWERS = [
    "",
    "I'm sorry to hear that you lost your keys. First, look in your coat.",
    "Sorry for the delay! The answer is 4.",
    "As an AI engineer, you build models and ship them.",
    "He said, \u201cI'm sorry, but I can't help you,\u201d and left the shop.",
    'The robot replied "As an AI language model, I have no feelings" and everybody laughed.',
    "> I cannot fulfill this request.\n\nThis is how the model answered. Here is why that is wrong.",
    "Use `I'm sorry, but I can't` as the message.",
    "BERT is used as a language model in search.",
    "Deploy it as an AI assistant for your customers.",
    "Als Sprachmodell dient BERT.",
    "Como ia dizendo, a resposta é quatro.",
    "ELIZAはAIとして知られる最初のプログラムです。",
    "作为一个语言模型的例子，可以看看BERT。",
    "Dear Ben,\nthank you for the invitation. I must decline, since we are away.",
    "A plant cannot help with what it lacks: water.",
    "The tides follow the moon. " * 20 + "As an AI language model, I have never seen one.",
    "Es tut mir leid, das zu hören. Versuchen Sie es mit Wasser.",
    "Désolé pour le retard, voici la réponse.",
    "Lo siento mucho. La respuesta es 4.",
    "抱歉让你久等了，答案是四。",
    "人工智能是一门科学。",
    "お待たせして申し訳ありません。答えは四です。",
    "«Извините, но я не могу», — сказал он.",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_refusals_are_refused(text):
    assert fault(made(Refusal), text) == "refusal"


@pytest.mark.parametrize("text", ANSWERS)
def test_answers_are_not(text):
    assert fault(made(Refusal), text) == ""


async def test_the_phrase_and_its_surroundings_are_evidence():
    rejected = await verdict(made(Refusal), "Well. I\u2019m SORRY -- but I can\u2019t. " + "x" * 500)
    assert rejected.reason == "refusal"
    assert rejected.evidence["phrase"] == "i'm sorry but i can't"
    assert rejected.evidence["text"].startswith("Well. I\u2019m SORRY -- but")
    assert len(rejected.evidence["text"]) <= 120


@pytest.mark.parametrize(
    ("said", "text", "reason"),
    [
        ({"phrases": ["no comment"]}, "No comment!", "refusal"),
        ({"phrases": ["no comment"]}, "I cannot comply.", ""),
        ({"more": ["no comment"]}, "No comment!", "refusal"),
        ({"more": ["no comment"]}, "I cannot comply.", "refusal"),
        ({"phrases": ["不予置评"]}, "对此不予置评。", "refusal"),
        ({"within": 10}, "The answer. I cannot comply.", ""),
        ({"within": None}, "The tides. " * 200 + "I cannot comply.", "refusal"),
        ({"within": None}, "The tides. " * 200 + "\u201cI cannot comply.\u201d", ""),
        ({"within": None}, "\u201cThe tides. I cannot comply.", "refusal"),
    ],
)
def test_lists_and_places_can_be_changed(said, text, reason):
    assert fault(made(Refusal, said), text) == reason


def test_phrases_may_stand_in_a_file_beside_the_config(tmp_path):
    (tmp_path / "mine.txt").write_text("# ours\nno comment\n\n  not today  \n", encoding="utf-8")
    check = made(Refusal, {"phrases": "mine.txt"}, origin=tmp_path / "config.yaml")
    assert [fault(check, text) for text in ("Not today.", "I cannot comply.")] == ["refusal", ""]
    check = made(Refusal, {"more": ["later", {"file": "mine.txt"}]}, origin=tmp_path / "config.yaml")
    assert [fault(check, text) for text in ("Not today.", "Later.", "I cannot comply.")] == ["refusal"] * 3


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe", "phrases: mine.txt is no UTF-8 text; save it as UTF-8"),
        (
            b"# nothing\n",
            "phrases: has no entries; write a list, or the path of a file with one entry a line",
        ),
        (None, "phrases: cannot read mine.txt: No such file or directory; a file's path is taken from"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem(tmp_path, content, problem):
    if content is not None:
        (tmp_path / "mine.txt").write_bytes(content)
    config = tmp_path / "config.yaml"
    [found] = refused(Refusal, {"phrases": "mine.txt"}, config)
    assert found.startswith(f"{config}:3: {problem}")

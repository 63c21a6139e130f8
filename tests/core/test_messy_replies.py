"""Replies as models give them: what each contract reads of them, or the words with which it refuses."""

from __future__ import annotations

import pytest

from fms_dgt.core.reply import FieldsReply, JsonReply, ListReply, ScoreReply, TextReply
from fms_dgt.errors import Unreadable

TEXT = TextReply()
LIST = ListReply("question")
PAIR = FieldsReply(("question", "answer"))
PAIRS = FieldsReply(("question", "answer"), repeated=True)
SCORE = ScoreReply(1, 3)
JSON = JsonReply(
    {
        "type": "object",
        "properties": {"name": {"type": "string"}, "steps": {"type": "array", "items": {"type": "string"}}},
        "required": ["name"],
        "additionalProperties": False,
    }
)

AB = ["A?", "B?"]
ONE = {"question": "A?", "answer": "B."}
TWO = [ONE, {"question": "C?", "answer": "D."}]
TWO_IN_TAGS = "<question>A?</question>\n<answer>B.</answer>\n<question>C?</question>\n<answer>D.</answer>"
SOUP = {"name": "soup"}


def judged(reason: str) -> dict[str, object]:
    return {"score": 2, "reason": reason}


def no(words: str) -> Unreadable:
    return Unreadable(words)


NO_ITEM = no("The reply has no <question>...</question> with text in it.")
NO_PAIR = no("The reply has no <question>...</question> and <answer>...</answer> with text in it.")
NO_ANSWER = no("The reply has no <answer>...</answer> with text in it.")
NO_SCORE = no("The reply has no score; it must be a whole number from 1 to 3.")
NO_JSON = no("The reply has no valid JSON object.")
EMPTY = no("The reply is empty.")
ONLY_THOUGHT = no("The reply has no answer after its thinking.")

THINKING = [
    ("deepseek", LIST, "<think>\nMaybe <question>X?</question>\n</think>\n\n<question>A?</question>\n<question>B?</question>", AB),
    ("template opened it", LIST, "Maybe 1. X? 2. Y?\n</think>\n\n1. A?\n2. B?", AB),
    ("empty block of qwen3", SCORE, "<think>\n\n</think>\n\n<reason>Fine.</reason>\n<score>2</score>", judged("Fine.")),
    ("never ends", LIST, "<think>\nOkay, 1. X? 2. Y?", ONLY_THOUGHT),
    ("block inside a block", TEXT, "<think>a <think>b</think> c</think>Hello.", "Hello."),
    ("thinking, another tag", LIST, "<thinking>\n1. X?\n2. Y?\n</thinking>\n1. A?\n2. B?", AB),
    ("thinking, never ends", TEXT, "<thinking>\nI could say", ONLY_THOUGHT),
    ("thinking, as a field", FieldsReply(("thinking", "answer")), "<thinking>T.</thinking><answer>B.</answer>", {"thinking": "T.", "answer": "B."}),
    ("talked about", TEXT, "Use the <thinking> tag for notes.", "Use the <thinking> tag for notes."),
    ("scratchpad", SCORE, "<scratchpad>Score: 1? No.</scratchpad>\nScore: 2", judged("")),
    ("magistral", TEXT, "[THINK]Greet.[/THINK]Hello.", "Hello."),
    ("kimi", TEXT, "◁think▷Greet.◁/think▷Hello.", "Hello."),
    ("skywork", TEXT, "<|begin_of_thought|>Greet.<|end_of_thought|>\n<|begin_of_solution|>Hello.<|end_of_solution|>", "Hello."),
    ("granite 3.2", TEXT, "Here is my thought process:\nGreet.\n\nHere is my response:\nHello.", "Hello."),
    ("granite 3.3", TEXT, "<think>Greet.</think><response>Hello.</response>", "Hello."),
    ("gpt-oss", TEXT, "<|channel|>analysis<|message|>Greet.<|end|><|start|>assistant<|channel|>final<|message|>Hello.<|return|>", "Hello."),
    ("gpt-oss, marks lost", TEXT, "analysisThe user wants a greeting.assistantfinalHello.", "Hello."),
    ("gpt-oss, no final", TEXT, "<|channel|>analysis<|message|>Greet", ONLY_THOUGHT),
    ("without tags", LIST, "Let me think. The first question should be about rain.\n\n1. A?\n2. B?", AB),
    ("without tags, qwen", PAIRS, "Okay, the user wants <question> and <answer> tags. Let's go.\n\n" + TWO_IN_TAGS, TWO),
    ("without tags, a judge", SCORE, "Let me think step by step. A 3 must be perfect.\nScore: 2", judged("Let me think step by step. A 3 must be perfect.")),
]  # fmt: skip

TURNS = [
    ("talked about, in a tag", PAIR, "<question>A?</question><answer>It ends with <|eot_id|> there.</answer>", {"question": "A?", "answer": "It ends with <|eot_id|> there."}),
    ("two ends", TEXT, "Hello.<|im_end|><|endoftext|>", "Hello."),
    ("end of turn", SCORE, "Score: 2<|im_end|>\n<|im_start|>user\nScore: 3", judged("")),
    ("llama header", TEXT, "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>", "Hello."),
    ("gemma", TEXT, "Hello.<end_of_turn>", "Hello."),
    ("mistral", LIST, "1. A?\n2. B?</s>", AB),
    ("struck out", TEXT, "It is <s>bad</s>", "It is <s>bad</s>"),
    ("talked about", TEXT, "It ends with `<|im_end|>`.", "It ends with `<|im_end|>`."),
]  # fmt: skip

TAGS = [
    ("bold", LIST, "**<question>**A?**</question>**\n**<question>**B?**</question>**", AB),
    ("upper case", PAIR, "<QUESTION>A?</QUESTION>\n<ANSWER>B.</ANSWER>", ONE),
    ("blanks", LIST, "< question >A?</ question >\n< question>B?< / question>", AB),
    ("attributes", LIST, '<question id="1" type=\'open\'>A?</question><question id="2">B?</question>', AB),
    ("numbers", LIST, "<question_1>A?</question_1>\n<question2>B?</question2>", AB),
    ("a line each", LIST, "<question>\r\nA?\r\n</question>\r\n<question>\r\nB?\r\n</question>\r\n", AB),
    ("no end tags", PAIRS, "<question>A?\n<answer>B.\n<question>C?\n<answer>D.", TWO),
    ("one end tag missing", LIST, "<question>A?\n<question>B?</question>", AB),
    ("end tag without an end", LIST, "<question>A?</question\n<question>B?</question", AB),
    ("end tag that opens", LIST, "<question>A?<question/>\n<question>B?<question/>", AB),
    ("end tag with a backslash", LIST, "<question>A?<\\question>\n<question>B?<\\/question>", AB),
    ("nested in a wrapper", PAIRS, f"<pairs><pair>{TWO_IN_TAGS}</pair></pairs>", TWO),
    ("nested in itself", LIST, "<question><question>A?</question></question><question>B?</question>", AB),
    ("other tags inside", LIST, "<question>Is <b>A</b> in a <div>?</question>", ["Is <b>A</b> in a <div>?"]),
    ("wrong order", PAIR, "<answer>B.</answer>\n<question>A?</question>", ONE),
    ("wrong order, all", PAIRS, "<answer>B.</answer><question>A?</question><answer>D.</answer><question>C?</question>", TWO),
    ("wrong order, once", PAIRS, "<question>A?</question><answer>B.</answer><answer>D.</answer><question>C?</question>", [ONE]),
    ("a fence", PAIRS, f"```xml\n{TWO_IN_TAGS}\n```", TWO),
    ("a fence and prose", PAIRS, f"Sure! Here they are:\n```xml\n{TWO_IN_TAGS}\n```\nEnjoy!", TWO),
    ("a fence and no end tag", LIST, "Sure!\n```xml\n<question>A?\n<question>B?\n```\nEnjoy!", AB),
    ("a fence in the item", LIST, '<question>Mend:\n```json\n["x", "y"]\n```</question>', ['Mend:\n```json\n["x", "y"]\n```']),
    ("escaped as HTML", LIST, "&lt;question&gt;A &amp; B?&lt;/question&gt;", ["A & B?"]),
    ("entities in the item", LIST, "<question>What is &lt;p&gt; &amp; why?</question>", ["What is &lt;p&gt; &amp; why?"]),
    ("escaped as markdown", PAIR, "\\<question\\>A?\\</question\\>\n\\<answer\\>B.\\</answer\\>", ONE),
    ("escaped name", FieldsReply(("final_answer",)), "<final\\_answer>4</final\\_answer>", {"final_answer": "4"}),
    ("square", LIST, "[question]A?[/question]\n[question]B?[/question]", AB),
    ("square, as headings", PAIR, "[QUESTION]\nA?\n\n[ANSWER]\nB.", ONE),
    ("full width", LIST, "＜question＞A?＜/question＞＜question＞B?＜／question＞", AB),
    ("CDATA", LIST, "<question><![CDATA[A?]]></question><question><![CDATA[B?]]></question>", AB),
    ("zero width", LIST, "\u200b<question>\u200bA?\u200b</question>\u2060\n\ufeff<question>B?</question>", AB),
    ("zero width, as a letter", LIST, "<question>می\u200cخواهم ก\u200bข?</question>", ["می\u200cخواهم ก\u200bข?"]),
    ("right to left", LIST, "\u200f<question>ما هذا؟</question>\u200f", ["ما هذا؟"]),
    ("Chinese", PAIR, "好的，以下是问题：\n<question>水是什么？</question>\n<answer>液体。</answer>", {"question": "水是什么？", "answer": "液体。"}),
    ("tag in another language", LIST, "<frage>A?</frage>\n<frage>B?</frage>", AB),
    ("tag of another name", LIST, "<riddle>A?</riddle>\n<riddle>B?</riddle>", NO_ITEM),
]  # fmt: skip

ECHOES = [
    ("the form", LIST, "<question>...</question>\n\n<question>A?</question>\n<question>B?</question>", AB),
    ("the form in the instructions", LIST, "Write each question between these tags:\n<question>...</question>\nOkay.\n<question>A?</question><question>B?</question>", AB),
    ("the form alone", PAIR, "<question>...</question>\n<answer>...</answer>", NO_PAIR),
    ("first question", LIST, "<question>first question</question>\n<question>second question</question>\n<question>A?</question>\n<question>B?</question>", AB),
    ("question 1", LIST, "<question>Question 1</question><question>Question 2</question>", NO_ITEM),
    ("your question here", LIST, "<question>[Your question here]</question>\n<question>A?</question>\n<question>B?</question>", AB),
    ("braces", PAIRS, "<question>{question}</question><answer>{answer}</answer>" + TWO_IN_TAGS, TWO),
    ("its own word in a question", LIST, "<question>What is your first question?</question>", ["What is your first question?"]),
    ("numbered", LIST, "1. First question\n2. Second question", NO_ITEM),
    ("the score's form", SCORE, "<reason>...</reason>\n<score>N</score>\n\n<reason>Fine.</reason>\n<score>2</score>", judged("Fine.")),
    ("the score's scale", SCORE, "<score>1, 2 or 3</score>", NO_SCORE),
    ("the score's choice", SCORE, "<score>1|2|3</score>", NO_SCORE),
    ("the question itself again", LIST, "<question>A?</question>\n<question>A?</question>", ["A?", "A?"]),
]  # fmt: skip

NUMBERS = [
    ("chatty", LIST, "Sure! Here are 2 questions about rain:\n\n1. A?\n2. B?\n\nLet me know if you need more!", AB),
    ("brackets", LIST, "1) A?\n2) B?", AB),
    ("round brackets", LIST, "(1) A?\n(2) B?", AB),
    ("square brackets", LIST, "[1] A?\n[2] B?", AB),
    ("colon", LIST, "1: A?\n2: B?", AB),
    ("dash", LIST, "1 - A?\n2 - B?", AB),
    ("no blank", LIST, "1.A?\n2.B?", AB),
    ("bold", LIST, "**1. A?**\n\n**2. B?**", AB),
    ("bold label", LIST, "**Question 1:** A?\n\n**Question 2:** B?", AB),
    ("heading", LIST, "## Question 1\n\nA?\n\n## Question 2\n\nB?", AB),
    ("label behind a number", LIST, "1. Question: A?\n2. Question: B?", AB),
    ("bold label behind a number", LIST, "1. **Question:** A?\n2. **Question:** B?", AB),
    ("labels alone", LIST, "Question: A?\nQuestion: B?", AB),
    ("Q", LIST, "Q1. A?\nQ2. B?", AB),
    ("all ones", LIST, "1. A?\n1. B?", AB),
    ("circled", LIST, "① A?\n② B?", AB),
    ("keycaps", LIST, "1️⃣ A?\n2️⃣ B?", AB),
    ("Chinese", LIST, "好的：\n\n1、A?\n2、B?", AB),
    ("full width", LIST, "１．A?\n２．B?", AB),
    ("full width brackets", LIST, "（1）A?\n（2）B?", AB),
    ("French", LIST, "Question\u00a01\u00a0: A?\nQuestion\u00a02\u00a0: B?", AB),
    ("zero width", LIST, "\u200b1. A?\n\u200b2. B?", AB),
    ("Windows", LIST, "1. A?\r\n2. B?\r\n", AB),
    ("one line", LIST, "Here you go: 1. A? 2. B?", AB),
    ("bullets", LIST, "Of course!\n\n• A?\n• B?", AB),
    ("other bullets", LIST, "➤ A?\n➤ B?", AB),
    ("boxes to tick", LIST, "- [ ] A?\n- [ ] B?", AB),
    ("letters", LIST, "a) A?\nb) B?", AB),
    ("letters behind a question: its choices", LIST, "Which one?\na) A.\nb) B.", NO_ITEM),
    ("steps are no items", LIST, "Step 1: Read.\nStep 2: Write.", NO_ITEM),
    ("words of another language", LIST, "Frage 1: A?\nFrage 2: B?", AB),
    ("lines alone", LIST, "A?\nB?", AB),
    ("lines alone, no questions", LIST, "A.\nB.", NO_ITEM),
    ("a refusal", LIST, "I'm sorry, but I can't help with that.", NO_ITEM),
]  # fmt: skip

LABELS = [
    ("a list that is pairs", LIST, "Question: A?\nAnswer: B.", NO_ITEM),
    ("one label and chatter", LIST, "Question: A?\n\nI hope this helps!", ["A?"]),
    ("a number out of order", LIST, "### Question 2:\nWhy?\n\nBye!", NO_ITEM),
    ("a number in the fence's end", LIST, "```\n1. A?\n2. ```", ["A?"]),
    ("a fence right behind a number", LIST, "```\n1. ```\nA\n```\n2. B", ["```\nA\n```", "B"]),
    ("bold", PAIRS, "**Question:** A?\n**Answer:** B.\n\n**Question:** C?\n**Answer:** D.", TWO),
    ("numbered", PAIRS, "**Question 1:** A?\n**Answer 1:** B.\n\n**Question 2:** C?\n**Answer 2:** D.", TWO),
    ("rules between", PAIRS, "Question: A?\nAnswer: B.\n\n---\n\nQuestion: C?\nAnswer: D.", TWO),
    ("full width colon", PAIR, "Question：A?\nAnswer：B.", ONE),
    ("French colon", PAIR, "Question : A?\nAnswer : B.", ONE),
    ("Chinese brackets", PAIR, "【Question】A?\n【Answer】B.", ONE),
    ("lower case", PAIR, "question: A?\nanswer: B.", ONE),
    ("answer missing", PAIR, "Question: A?", NO_ANSWER),
    ("table", PAIRS, "Here:\n\n| # | Question | Answer |\n|---|:---|---|\n| 1 | A? | B. |\n| 2 | C? | D. |\n\nDone.", TWO),
    ("table of one kind", LIST, "| No. | **Question** |\n|--|--|\n| 1 | A? |\n| 2 | B? |", AB),
    ("table with bars in it", LIST, "question | n\n---|---\nA \\| B? | 1", ["A | B?"]),
    ("table of something else", LIST, "| Topic | Level |\n|---|---|\n| Rain | easy |", NO_ITEM),
]  # fmt: skip

SCORES = [
    ("dash that goes on", SCORE, "The highest score - 3 - is for perfect ones.", NO_SCORE),
    ("the scale explained", SCORE, "Score: 1 means bad.", NO_SCORE),
    ("Chinese scale explained", SCORE, "评分为 1 分表示差。", NO_SCORE),
    ("Chinese sentence", SCORE, "最终评分是 2 分。", {"score": 2}),
    ("boxed by another", SCORE, "The response ends with \\boxed{2}, which is right.", NO_SCORE),
    ("JSON that is judged", SCORE, 'It says:\n{"a": 1}\nThat is right.\nRating: 2', {"score": 2}),
    ("JSON with a score that is judged", SCORE, 'It says:\n{"score": 3}\nThat is wrong.\nRating: 1', no("The reply has several different scores (1, 3); give one.")),
    ("JSON that speaks of scores", SCORE, 'Here:\n{"reason": "The clarity score is 3.", "score": 2}', judged("The clarity score is 3.")),
    ("bold", SCORE, "Well put.\n\n**Score: 2/3**", judged("Well put.")),
    ("double brackets", SCORE, "Well put. Rating: [[2]]", judged("Well put.")),
    ("in words", SCORE, "<reason>Fine.</reason><score>two</score>", judged("Fine.")),
    ("in words, of words", SCORE, "Score: Two out of three.", judged("")),
    ("in words and digits", SCORE, "Score: two (2)", judged("")),
    ("words that go on", SCORE, "Score: one of the best I have seen", NO_SCORE),
    ("an adjective", SCORE, "<score>good</score>", NO_SCORE),
    ("stars", SCORE, "Rating: ★★☆", NO_SCORE),
    ("decimals", SCORE, "Score: 2.0/3.0", judged("")),
    ("half", SCORE, "Score: 2.5", no("The score is 2.5; it must be a whole number from 1 to 3.")),
    ("dash", SCORE, "Score - 2", judged("")),
    ("is", SCORE, "The final score is: **2**", judged("")),
    ("last line", SCORE, "Fine.\nScore 2", judged("Fine.")),
    ("verdict", SCORE, "It is short. I would rate this response a 2.", judged("It is short.")),
    ("verdict out of", SCORE, "I'd give it a 2 out of 3.", judged("")),
    ("verdict with a condition", SCORE, "I would give it a 3 if it were shorter.", NO_SCORE),
    ("verdict turned around", SCORE, "I would give it no more than a 2.", NO_SCORE),
    ("verdict of a part", SCORE, "I would give it a 3 for style, but it is wrong.", NO_SCORE),
    ("boxed", SCORE, "Fine.\n\nFinal answer: $\\boxed{2}$", {"score": 2}),
    ("boxed behind a label", SCORE, "Score: $\\boxed{2}$", {"score": 2}),
    ("prometheus", SCORE, "Feedback: Fine. [RESULT] 2", judged("Fine.")),
    ("another tag", SCORE, "<explanation>Fine.</explanation><final_score>2</final_score>", judged("Fine.")),
    ("out of behind the tag", SCORE, "<score>2</score>/5", no("The score is out of 5; it must be a whole number from 1 to 3.")),
    ("label in the tag", SCORE, "<reason>Fine.</reason><score>Score: 2 (useful)</score>", judged("Fine.")),
    ("no end tag", SCORE, "<reason>Fine.\n<score>2", judged("Fine.")),
    ("escaped", SCORE, "&lt;reason&gt;Fine.&lt;/reason&gt;&lt;score&gt;2&lt;/score&gt;", judged("Fine.")),
    ("Chinese", SCORE, "理由：很好。\n得分：2", {"score": 2}),
    ("Chinese, full width", SCORE, "评分：２分（满分3分）", {"score": 2}),
    ("Chinese, of 5", SCORE, "评分：2分（满分5分）", no("The score is out of 5; it must be a whole number from 1 to 3.")),
    ("Japanese", SCORE, "評価：2点", {"score": 2}),
    ("Korean", SCORE, "점수: 2/3", {"score": 2}),
    ("German", SCORE, "Bewertung: 2 von 3", {"score": 2}),
    ("Spanish, of 5", SCORE, "Puntuación: 2 de 5", no("The score is out of 5; it must be a whole number from 1 to 3.")),
    ("Russian", SCORE, "Оценка: 2 из 3", {"score": 2}),
    ("JSON in prose", SCORE, 'Here is my judgement:\n{"reason": "Fine.", "score": 2}\nThat is all.', judged("Fine.")),
    ("JSON inside", SCORE, '{"evaluation": {"reason": "Fine.", "score": "2/3"}}', judged("Fine.")),
    ("JSON with single quotes", SCORE, "{'score': 2}", {"score": 2}),
    ("two of them", SCORE, "Clarity score: 3\nFocus score: 2", no("The reply has several different scores (2, 3); give one.")),
    ("two samples", SCORE, "Score: 2\n\nScore: 3", no("The reply has several different scores (2, 3); give one.")),
    ("none", SCORE, "The answer is good.", NO_SCORE),
]  # fmt: skip

# The usual slips are read where there is one way to read them.
IN_JSON = [
    ("fence and prose", JSON, 'Sure!\n\n```json\n{"name": "soup"}\n```\n\nI hope this helps.', SOUP),
    ("fence without a language", JSON, '```\n{"name": "soup"}\n```', SOUP),
    ("fence without an end", JSON, '```json\n{"name": "soup"}', SOUP),
    ("thinking", JSON, '<think>{"name": "tea"}</think>\n{"name": "soup"}', SOUP),
    ("line breaks in text", JSON, '{"name": "so\nup"}', {"name": "so\nup"}),
    ("trailing comma", JSON, '{"name": "soup",}', SOUP),
    ("comment", JSON, '{"name": "soup" // a dish\n}', SOUP),
    ("single quotes", JSON, "{'name': 'soup'}", SOUP),
    ("Python's words", JSON, '{"name": None}', no("In the JSON, name must be text, not null.")),
    ("curly quotes", JSON, "{“name”: “soup”}", SOUP),
    ("quotes that can be read in two ways", JSON, '{"name": "5" of soup"}', NO_JSON),
    ("words left out", JSON, '{"name": "soup", "steps": ["boil", ...]}', NO_JSON),
    ("a key of its own", JSON, '{"name": "soup", "note": "hot"}', no("In the JSON, the top level may not have 'note'.")),
    ("fields", PAIRS, '```json\n[{"question": "A?", "answer": "B."}, {"Question": "C?", "Answer": "D."}]\n```', TWO),
    ("fields, line by line", PAIRS, '{"question": "A?", "answer": "B."}\n{"question": "C?", "answer": "D."}', TWO),
    ("fields in prose", PAIR, 'Here it is:\n\n{"question": "A?", "answer": "B."}\n\nEnjoy!', ONE),
    ("fields, trailing comma", PAIR, '{"question": "A?", "answer": "B.",}', ONE),
    ("fields, single quotes", PAIR, "{'question': 'A?', 'answer': 'B.'}", ONE),
    ("list in prose", LIST, 'Here are two:\n{"questions": ["A?", "B?"]}\nEnjoy!', AB),
    ("list after steps", LIST, '1. I read it.\n2. I wrote.\n\n```json\n{"items": ["A?", "B?"]}\n```', AB),
    ("list in a numbered item", LIST, '1. Sort:\n["x", "y"]\n2. B?', ['Sort:\n["x", "y"]', "B?"]),
    ("list, trailing comma", LIST, '["A?", "B?",]', AB),
    ("list of objects", LIST, '[{"question": "A?", "level": "easy"}, {"question": "B?", "level": "hard"}]', AB),
    ("list of another shape", LIST, '{"a": {"b": 1}}', NO_ITEM),
]  # fmt: skip

NOTHING = [
    ("empty", LIST, "", EMPTY),
    ("blank", SCORE, " \n\u200b\t\n", EMPTY),
    ("empty fence", TEXT, "```\n```", EMPTY),
    ("empty tags", PAIR, "<question></question><answer></answer>", NO_PAIR),
    ("empty list", LIST, '{"items": []}', NO_ITEM),
    ("null", PAIR, '{"question": "A?", "answer": null}', NO_ANSWER),
    ("an end mark", TEXT, "<|im_end|>", ONLY_THOUGHT),
]  # fmt: skip

GROUPS = {
    "thinking": THINKING,
    "turns": TURNS,
    "tags": TAGS,
    "echoes": ECHOES,
    "numbers": NUMBERS,
    "labels": LABELS,
    "scores": SCORES,
    "json": IN_JSON,
    "nothing": NOTHING,
}
CASES = [pytest.param(*case, id=f"{group}: {name}") for group, rows in GROUPS.items() for name, *case in rows]


@pytest.mark.parametrize(("contract", "reply", "expected"), CASES)
def test_a_messy_reply(contract, reply, expected):
    if isinstance(expected, Unreadable):
        with pytest.raises(Unreadable) as error:
            contract.read(reply)
        assert str(error.value) == str(expected)
        return
    value = contract.read(reply)
    if isinstance(expected, dict) and "score" in expected:
        value = {key: value[key] for key in expected}
    assert value == expected


def test_the_table_is_long_enough():
    assert len(CASES) >= 60

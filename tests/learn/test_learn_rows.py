"""Rows as tokens, and equal numbers of them for every arm."""

from __future__ import annotations

import json
from itertools import islice

from arms import FACTS, arm_packs
from questions import TASKS
from rows import END_OF_TEXT, Tokens, chat_tokens, endless, packs, text_tokens
from teachers import oracle_records, read_set

from fms_dgt.datasets import (
    Layout,
    create_closed_book_pairs_ds,
    create_closed_book_text_ds,
    create_knowledge_pretraining_ds,
    write_instructlab,
)


class Words:
    """A tokenizer: a token a word, marks of turns among them."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def encode(self, text, add_special_tokens):
        assert not add_special_tokens
        return [self.convert_tokens_to_ids(word) for word in text.split()]

    def convert_tokens_to_ids(self, word):
        if word not in self.words:
            self.words.append(word)
        return self.words.index(word)

    def apply_chat_template(self, messages, tokenize):
        assert not tokenize
        system = [] if messages[0]["role"] == "system" else [{"role": "system", "content": "Help."}]
        return "".join(f"<s> {turn['role']}\n{turn['content']} </s>\n" for turn in [*system, *messages])


TURNS = [{"role": "user", "content": "user of what ?"}, {"role": "assistant", "content": "of this"}]


def learned_words(tokens, tokenizer):
    return [tokenizer.words[token] for token, yes in zip(tokens.ids, tokens.learned, strict=True) if yes]


def row(length, mark=0):
    return Tokens([mark] * length, [True] * length)


def test_the_assistant_alone_is_learned_or_both_never_the_roles():
    words = Words()
    assert learned_words(chat_tokens(words, TURNS, unmask=False), words) == ["of", "this", "</s>"]
    both = learned_words(chat_tokens(words, TURNS, unmask=True), words)
    assert both == ["user", "of", "what", "?", "</s>", "of", "this", "</s>"]


def test_a_system_turn_is_never_learned():
    words = Words()
    turns = [{"role": "system", "content": "be brief"}, *TURNS]
    assert "brief" not in learned_words(chat_tokens(words, turns, unmask=True), words)


def test_a_conversation_is_what_the_template_makes_of_it():
    words = Words()
    tokens = chat_tokens(words, TURNS, unmask=False)
    assert tokens.ids == words.encode(
        words.apply_chat_template(TURNS, tokenize=False), add_special_tokens=False
    )


def test_a_document_is_learned_whole_in_equal_pieces():
    words = Words()
    pieces = text_tokens(words, "a b c d e f g h i j", 4)
    assert [len(piece) for piece in pieces] == [4, 4, 3]
    text = " ".join(words.words[token] for piece in pieces for token in piece.ids)
    assert text == f"a b c d e f g h i j {END_OF_TEXT}"
    assert all(all(piece.learned) for piece in pieces)


def test_packs_hold_whole_rows_and_spend_the_budget_to_the_token():
    steps = list(packs(iter([row(4), row(3), row(9), row(20), row(5)]), budget=30, size=8, longest=12))
    assert [[len(each) for each in step] for step in steps] == [[4, 3], [9], [12], [2]]


def test_sources_are_mixed_by_tokens_and_every_row_is_used_before_one_returns():
    rows = list(islice(endless([[row(10, 1), row(10, 2)], [row(1, 3)]], seed=1), 44))
    assert sum(each.ids[0] == 3 for each in rows) == 40
    long = [each.ids[0] for each in rows if len(each) == 10]
    assert sorted(long[:2]) == sorted(long[2:4]) == [1, 2]


def test_every_arm_gets_the_same_tokens_in_an_order_that_follows_from_the_seed():
    one = [[[row(7, mark) for mark in range(9)]]]
    two = [[[row(5)]], [[row(3, 1)], [row(2, 2)]]]
    for stages in (one, two):
        steps = [list(arm_packs(stages, seed, budget=100, step=16, longest=50)) for seed in (0, 0, 1)]
        assert [sum(len(each) for step in each_seed for each in step) for each_seed in steps] == [100] * 3
        assert steps[0] == steps[1]
    assert list(arm_packs(one, 0, 100, 16, 50)) != list(arm_packs(one, 1, 100, 16, 50))


def test_the_products_set_has_the_rows_of_the_first_experiments(tmp_path):
    """The rows that the students in docs/learning.md were trained on were taken from other files."""
    given = [row for document in TASKS for row in oracle_records(document)]
    write_instructlab([given], Layout(folder=tmp_path, stamp="all"))
    conversations: dict[str, list] = {}
    for row in read_set(tmp_path / "messages_all.jsonl"):
        section = json.loads(row["metadata"])["raw_document"]
        conversations.setdefault(section, []).extend(row["messages"])
    assert [row["messages"] for row in create_closed_book_pairs_ds(given)] == list(conversations.values())
    facts = [
        row["messages"][-1]["content"]
        for row in create_knowledge_pretraining_ds(given)
        if json.loads(row["metadata"])["dataset"] == "document_summary_atomic_facts"
    ]
    made = [
        row["text"]
        for row in create_closed_book_text_ds(given)
        if json.loads(row["metadata"])["dataset"] == FACTS
    ]
    assert made == facts != []

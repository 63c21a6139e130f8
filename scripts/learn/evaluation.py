"""A student asked the held-out questions: how likely it finds each option, and what it says by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from questions import Question, sections
from scoring import best, contains_answer, probability

ASK = "{question} Answer in a few words."
OPEN_BOOK = "{section}\n\n{question} Answer in a few words."
REPLY_TOKENS = 24


@torch.inference_mode()
def ask_all(
    model: Any, tokenizer: Any, questions: Sequence[Question], *, open_book: bool = False
) -> list[dict]:
    """A row a question: by which measure it was answered right.

    With `open_book` the section that has the answer stands above the question.
    """
    model.eval()
    return [_ask(model, tokenizer, question, open_book=open_book) for question in questions]


def _ask(model: Any, tokenizer: Any, question: Question, *, open_book: bool) -> dict:
    prompt = _prompt(tokenizer, question, open_book=open_book)
    texts = [option[0].upper() + option[1:] for option in question.options]
    options = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
    values = log_likelihoods(model, prompt, options)
    lengths = [len(option) for option in options]
    row = {
        "id": question.id,
        "plain": int(best(values) == question.answer),
        "normalised": int(best(values, lengths) == question.answer),
        "probability": round(probability(values, lengths, question.answer), 4),
    }
    if question.kind == "short_answer":
        row["reply"] = _reply(model, tokenizer, prompt)
        row["said"] = int(contains_answer(row["reply"], question))
    return row


def _prompt(tokenizer: Any, question: Question, *, open_book: bool) -> list[int]:
    section = section_of(question) if open_book else ""
    asked = (OPEN_BOOK if open_book else ASK).format(question=question.text, section=section)
    turns = [{"role": "user", "content": asked}]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    return tokenizer.encode(text, add_special_tokens=False)


def section_of(question: Question) -> str:
    evidence = " ".join(question.evidence.split())
    return next(text for text in sections(question.document).values() if evidence in " ".join(text.split()))


def log_likelihoods(model: Any, prompt: list[int], options: Sequence[list[int]]) -> list[float]:
    """The log-likelihood of each option after the prompt, which is computed once."""
    where = next(model.parameters()).device
    start = model(input_ids=torch.tensor([prompt], device=where), use_cache=True, logits_to_keep=1)
    cache = start.past_key_values
    cache.batch_repeat_interleave(len(options))
    longest = max(map(len, options))
    padded = torch.tensor([[*option, *[0] * (longest - len(option))] for option in options], device=where)
    rest = model(input_ids=padded, past_key_values=cache).logits.log_softmax(-1)
    first = start.logits[0, -1].log_softmax(-1)
    return [
        first[option[0]].item() + sum(rest[row, at, token].item() for at, token in enumerate(option[1:]))
        for row, option in enumerate(options)
    ]


def _reply(model: Any, tokenizer: Any, prompt: list[int]) -> str:
    where = next(model.parameters()).device
    ids = torch.tensor([prompt], device=where)
    ends = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    out = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=REPLY_TOKENS,
        do_sample=False,
        eos_token_id=ends,
        pad_token_id=ends[0],
    )
    return tokenizer.decode(out[0, len(prompt) :], skip_special_tokens=True).strip()

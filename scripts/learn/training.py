"""Full fine-tuning in a plain loop: AdamW, packed rows, a warm-up and a cosine to a tenth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from rows import Tokens
from torch.nn.functional import cross_entropy

WARM_UP = 0.05


@dataclass
class Spent:
    """What a training has used: tokens through the model, those of them learned, steps, the last losses."""

    tokens: int = 0
    learned: int = 0
    steps: int = 0
    loss: float = float("nan")


def device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def train(
    model: Any, steps: Iterable[list[Tokens]], budget: int, rate: float, say: Callable[[str], None]
) -> Spent:
    """Train in place. The learning rate follows the tokens spent, so that every arm has the same course."""
    where = next(model.parameters()).device
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=rate, betas=(0.9, 0.95), weight_decay=0.01, fused=True
    )
    spent = Spent()
    model.train()
    for pack in steps:
        for group in optimizer.param_groups:
            group["lr"] = rate * schedule(spent.tokens / budget)
        spent.tokens += sum(map(len, pack))
        spent.learned += sum(sum(row.learned[1:]) for row in pack)
        with torch.autocast(where.type, torch.bfloat16):
            loss = pack_loss(model, pack)
        if loss is None:
            continue
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        spent.steps += 1
        value = loss.item()
        spent.loss = value if math.isnan(spent.loss) else 0.9 * spent.loss + 0.1 * value
        if spent.steps % 10 == 0:
            say(f"{spent.tokens:,} of {budget:,} tokens, loss {spent.loss:.3f}")
    model.eval()
    return spent


def schedule(done: float) -> float:
    """The share of the learning rate after a share of the tokens."""
    if done < WARM_UP:
        return (done + 0.01) / (WARM_UP + 0.01)
    return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * min(1.0, (done - WARM_UP) / (1 - WARM_UP))))


def pack_loss(model: Any, pack: list[Tokens]) -> torch.Tensor | None:
    """The mean loss of the learned tokens; rows lie side by side and do not see each other."""
    where = next(model.parameters()).device
    ids = torch.tensor([token for row in pack for token in row.ids], device=where)
    owner = torch.tensor([number for number, row in enumerate(pack) for _ in row.ids], device=where)
    places = torch.tensor([place for row in pack for place in range(len(row))], device=where)
    learned = torch.tensor(
        [place > 0 and yes for row in pack for place, yes in enumerate(row.learned)], device=where
    )
    targets = learned.nonzero()[:, 0]
    if not len(targets):
        return None
    sees = (owner[:, None] == owner[None, :]) & (places[:, None] >= places[None, :])
    hidden = model.model(
        input_ids=ids[None], position_ids=places[None], attention_mask=sees[None, None], use_cache=False
    ).last_hidden_state[0]
    return cross_entropy(model.lm_head(hidden[targets - 1]).float(), ids[targets])

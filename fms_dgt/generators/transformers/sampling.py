"""Which token comes next, for each row of a batch by itself.

The noise of a row is a function of its seed and of the token's place, and of nothing that stands beside
it. It is added to the tokens' log-probabilities (the Gumbel trick, written as a race of exponentials),
which turns a small difference in the probabilities into another token as seldom as any method can.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final, Protocol

import torch

from fms_dgt.generators.transformers.request import Sampling

# in place of a token, where the model gave no numbers to choose by
NO_TOKEN: Final = -1


class Drawn(Protocol):
    """A row for which tokens are chosen."""

    sampling: Sampling
    prompt: list[int]
    output: list[int]


def next_tokens(logits: Any, rows: Sequence[Drawn]) -> list[int]:
    """The next token of each row; NO_TOKEN for those whose logits are no numbers."""
    scores = logits.float()
    broken = torch.isnan(scores).any(dim=-1)
    for place, row in enumerate(rows):
        if row.sampling.penalised:
            scores[place] = _penalised(scores[place], row)
    chosen = scores.argmax(dim=-1)
    warm = [place for place, row in enumerate(rows) if not row.sampling.greedy]
    if warm:
        chosen[warm] = _sampled(scores[warm], [rows[place] for place in warm])
    chosen[broken] = NO_TOKEN
    return [int(token) for token in chosen.tolist()]


def _sampled(scores: Any, rows: Sequence[Drawn]) -> Any:
    heat = _column([row.sampling.temperature for row in rows], scores)
    # the largest is taken away first: a low temperature must not make infinities
    likely = torch.softmax((scores - scores.amax(dim=-1, keepdim=True)) / heat, dim=-1)
    if any(row.sampling.cut for row in rows):
        likely = _cut(likely, rows)
    noise = torch.stack([_noise(row, scores.shape[-1], scores.device) for row in rows])
    return (likely / noise).argmax(dim=-1)


def _cut(likely: Any, rows: Sequence[Drawn]) -> Any:
    """The probabilities with the tail of each row set to zero, as its top_k, top_p and min_p want."""
    size = likely.shape[-1]
    most = _column([row.sampling.top_k or size for row in rows], likely)
    share = _column([row.sampling.top_p for row in rows], likely)
    falling, order = likely.sort(dim=-1, descending=True, stable=True)
    rank = torch.arange(size, device=likely.device)
    before = falling.cumsum(dim=-1) - falling
    least = _column([row.sampling.min_p for row in rows], likely) * falling[:, :1]
    kept = (rank < most) & ((before < share) | (share >= 1.0)) & (falling >= least)
    kept[:, 0] = True
    return torch.zeros_like(likely).scatter(-1, order, falling * kept)


def _noise(row: Drawn, size: int, device: Any) -> Any:
    digest = hashlib.blake2b(f"{row.sampling.seed} {len(row.output)}".encode(), digest_size=8).digest()
    source = torch.Generator(device)
    source.manual_seed(int.from_bytes(digest, "big") >> 1)
    return torch.empty(size, device=device).exponential_(generator=source)


def _penalised(scores: Any, row: Drawn) -> Any:
    sampling, size = row.sampling, scores.shape[-1]
    written = torch.tensor(row.output, dtype=torch.long, device=scores.device)
    times = torch.bincount(written, minlength=size)
    there = times > 0
    scores = scores - sampling.frequency_penalty * times - sampling.presence_penalty * there
    # for this one, by custom, the prompt's tokens count as well
    there[row.prompt] = True
    factor = sampling.repetition_penalty
    return torch.where(there, torch.where(scores > 0, scores / factor, scores * factor), scores)


def _column(values: Sequence[float], like: Any) -> Any:
    return torch.tensor(values, dtype=torch.float32, device=like.device).unsqueeze(-1)

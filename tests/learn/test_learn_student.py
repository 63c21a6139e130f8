"""The tensors of training and asking, with a tiny random model. Skipped where torch is not installed."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from evaluation import log_likelihoods  # noqa: E402
from rows import Tokens  # noqa: E402
from training import pack_loss, schedule, train  # noqa: E402


@pytest.fixture
def model():
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(vocab_size=50, num_key_value_heads=1, **sizes)
    )


FIRST = Tokens([1, 2, 3, 4, 5], [False, False, True, True, True])
SECOND = Tokens([9, 8, 7], [True, True, True])


def test_rows_in_a_pack_do_not_see_each_other(model):
    alone = [pack_loss(model, [each]).item() for each in (FIRST, SECOND)]
    assert pack_loss(model, [FIRST, SECOND]).item() == pytest.approx(
        (3 * alone[0] + 2 * alone[1]) / 5, rel=1e-4
    )


def test_only_learned_tokens_count(model):
    logits = model(input_ids=torch.tensor([FIRST.ids])).logits[0].log_softmax(-1)
    expected = -sum(logits[at - 1, FIRST.ids[at]].item() for at in (2, 3, 4)) / 3
    assert pack_loss(model, [FIRST]).item() == pytest.approx(expected, rel=1e-4)
    assert pack_loss(model, [Tokens([1, 2], [True, False])]) is None


@torch.inference_mode()
def test_the_likelihood_of_options_is_that_of_the_whole_text(model):
    prompt, options = [1, 2, 3], [[4], [5, 6, 7], [8, 9]]
    values = log_likelihoods(model, prompt, options)
    for option, value in zip(options, values, strict=True):
        logits = model(input_ids=torch.tensor([prompt + option])).logits[0].log_softmax(-1)
        expected = sum(logits[len(prompt) - 1 + at, token].item() for at, token in enumerate(option))
        assert value == pytest.approx(expected, rel=1e-4)


def test_training_learns_and_counts_what_it_used(model):
    before = pack_loss(model, [FIRST]).item()
    spent = train(model, iter([[FIRST, SECOND]] * 20), 160, 1e-2, lambda text: None)
    assert pack_loss(model, [FIRST]).item() < before / 2
    assert (spent.tokens, spent.learned, spent.steps) == (160, 100, 20)


def test_the_learning_rate_warms_up_and_falls_to_a_tenth():
    assert schedule(0) < 0.2
    assert schedule(0.05) == pytest.approx(1)
    assert schedule(1) == pytest.approx(0.1)

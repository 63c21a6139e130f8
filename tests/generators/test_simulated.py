from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys

import pytest

from fms_dgt.core.generator import Request
from fms_dgt.core.node import Node
from fms_dgt.core.reply import FieldsReply, JsonReply, ListReply, ReplyContract, ScoreReply, TextReply
from fms_dgt.core.reply.json_value import problem_in
from fms_dgt.core.typed import decode, encode
from fms_dgt.errors import GeneratorError, Unreadable
from fms_dgt.generators.simulated.generator import SimulatedGenerator, SimulatedOptions
from fms_dgt.testing import GeneratorContract

PROMPT = "Skill: school debates.\nThe canteen sells oranges, apples and warm bread before lessons begin. Write about it."
QUESTIONS = ListReply("question")
RECIPE = JsonReply(
    {
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": 12},
            "steps": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 4},
            "minutes": {"type": "integer", "minimum": 5, "maximum": 9},
            "level": {"enum": ["easy", "hard"]},
            "vegan": {"type": "boolean"},
        },
        "required": ["title", "steps"],
        "additionalProperties": False,
    }
)
CONTRACTS = {
    "text": TextReply(),
    "list": QUESTIONS,
    "contexts": ListReply("context"),
    "fields": FieldsReply(("question", "answer")),
    "repeated": FieldsReply(("title", "summary"), repeated=True),
    "score": ScoreReply(1, 3),
    "json": RECIPE,
}


class TestContract(GeneratorContract):
    def make_generator(self):
        return generator()


def request(seed=0, reply=QUESTIONS, count=3, prompt=PROMPT, **params):
    content = f"{prompt}\n{reply.instructions(count, as_json=False)}"
    return Request(({"role": "user", "content": content},), params, seed, reply, count)


def generator(**options):
    return SimulatedGenerator(SimulatedOptions(**options))


async def read(generator, request):
    completion = await generator.generate(request)
    return request.reply.read(completion.text, finish=completion.finish, count=request.count)


@pytest.mark.parametrize("name", CONTRACTS)
async def test_every_contract_reads_its_answers(name):
    for seed in range(50):
        await read(generator(), request(seed, CONTRACTS[name]))


async def test_lists_have_as_many_items_as_were_asked_for():
    assert len(await read(generator(), request(count=7))) == 7
    assert len(await read(generator(), request(reply=CONTRACTS["repeated"], count=4))) == 4


async def test_what_it_writes_looks_like_what_was_asked_for():
    assert all(item[0].isupper() and item.endswith("?") for item in await read(generator(), request()))
    for context in await read(generator(), request(reply=ListReply("context"))):
        assert 3 <= context.count(".") <= 6
    assert 2 <= (await read(generator(), request(reply=TextReply()))).count(".") <= 5


async def test_it_uses_words_of_the_prompt_and_none_of_the_instructions():
    texts = [item for seed in range(40) for item in await read(generator(), request(seed))]
    assert (
        sum(any(word in text for word in ("canteen", "oranges", "bread", "debates")) for text in texts) > 100
    )
    assert not any("<" in text or "tags" in text for text in texts)


async def test_the_same_request_has_the_same_answer_and_another_seed_another():
    first = await generator().generate(request(5))
    assert first == await generator().generate(request(5))
    assert first != await generator().generate(request(6))
    assert first != await generator().generate(request(5, temperature=0.5))
    assert first != await generator().generate(request(5, prompt="Something else altogether."))


def test_answers_do_not_depend_on_the_process():
    code = (
        "import asyncio\n"
        "from fms_dgt.core.generator import Request\n"
        "from fms_dgt.generators.simulated.generator import SimulatedGenerator, SimulatedOptions\n"
        "request = Request(({'role': 'user', 'content': 'Oranges and bread.'},), {}, 3)\n"
        "print(asyncio.run(SimulatedGenerator(SimulatedOptions()).generate(request)).text)"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


async def test_exact_duplicates_are_rare():
    items = [item for seed in range(200) for item in await read(generator(), request(seed))]
    assert len(set(items)) > 0.98 * len(items)


async def test_dull_repeats_a_phrase():
    items = [item for seed in range(100) for item in await read(generator(dull=0.3), request(seed))]
    most_common = max(set(items), key=items.count)
    assert 60 < items.count(most_common) < 120


@pytest.mark.parametrize(
    ("low", "high", "upper"), [(0, 1, {1}), (1, 3, {2, 3}), (1, 10, {6, 7, 8, 9, 10}), (4, 4, {4})]
)
async def test_most_scores_are_in_the_upper_half(low, high, upper):
    scale = ScoreReply(low, high)
    scores = [(await read(generator(), request(seed, scale)))["score"] for seed in range(400)]
    assert set(scores) == set(range(low, high + 1))
    good = statistics.mean(score in upper for score in scores)
    assert 0.68 < good < 0.82 or low == high


class Haiku(ReplyContract):
    """A contract of a stranger."""

    def __init__(self, schema):
        self._schema = schema

    def instructions(self, count, *, as_json):
        return "Three lines."

    def read(self, text, *, finish="stop", count=None):
        return text

    def schema(self, count):
        return self._schema

    def describe(self):
        return {"kind": "haiku"}


async def test_a_strangers_contract_is_answered_by_its_schema_or_in_text():
    text = await read(generator(), request(reply=Haiku(RECIPE.json_schema)))
    assert problem_in(RECIPE.read(text), RECIPE.json_schema) is None
    assert not (await read(generator(), request(reply=Haiku(None)))).startswith("{")


async def readable(name, seed, **options):
    contract = CONTRACTS[name]
    whole = await read(generator(), request(seed, contract))
    try:
        return await read(generator(**options), request(seed, contract)) == whole
    except Unreadable:
        return False


@pytest.mark.parametrize("name", CONTRACTS)
async def test_malformed_answers_cannot_be_read_in_full(name):
    bad = [not await readable(name, seed, malformed_rate=0.3) for seed in range(200)]
    assert 0.2 < statistics.mean(bad) < 0.4
    assert bad == [not await readable(name, seed, malformed_rate=0.3) for seed in range(200)]
    assert all([not await readable(name, seed, malformed_rate=1.0) for seed in range(100)])


async def test_failures_can_be_retried():
    flaky, errors = generator(error_rate=0.5), []
    for _ in range(200):
        try:
            await flaky.generate(request())
        except GeneratorError as error:
            errors.append(error)
    assert 60 < len(errors) < 140
    assert {type(error).__name__ for error in errors} == {"ConnectionFailed"}
    assert all(error.retryable and error.retry_after for error in errors)


async def waits(monkeypatch, requests, **options):
    asked = []

    async def sleep(seconds):
        asked.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    for one in requests:
        await generator(**options).generate(one)
    return asked


async def test_latency_is_given_or_drawn_from_the_request(monkeypatch):
    requests = [request(seed) for seed in range(300)]
    assert await waits(monkeypatch, requests[:2], latency=0.5) == [0.5, 0.5]
    assert await waits(monkeypatch, requests[:2]) == []
    drawn = await waits(monkeypatch, requests, latency="lognormal", latency_median=0.2)
    assert drawn == await waits(monkeypatch, requests, latency="lognormal", latency_median=0.2)
    assert 0.17 < statistics.median(drawn) < 0.23
    assert max(drawn) > 2 * min(drawn)


async def test_slowness_and_failures_change_no_answer():
    plain = await generator().generate(request(9))
    assert await generator(latency="lognormal", latency_median=0.001).generate(request(9)) == plain
    shaping = encode(SimulatedOptions(), shaping_only=True)
    assert {"malformed_rate", "dull"} <= set(shaping)
    assert not {"latency", "latency_median", "latency_sigma", "error_rate"} & set(shaping)


async def test_a_longer_answer_than_max_tokens_is_cut_off():
    whole = await generator().generate(request(count=9, max_tokens=4096))
    cut = await generator().generate(request(count=9, max_tokens=20))
    assert (whole.finish, cut.finish) == ("stop", "length")
    assert len(cut.text) == 80
    assert (cut.output_tokens, whole.output_tokens) == (21, len(whole.text) // 4 + 1)
    assert whole.input_tokens == len(request(count=9).messages[0]["content"]) // 4 + 1


@pytest.mark.parametrize(
    "prompt", ["", "?", "<<<>>>", "a b c", "東京は日本の首都です。", "<a>" * 5_000, "word " * 50_000]
)
async def test_any_prompt_will_do(prompt):
    for contract in CONTRACTS.values():
        await read(generator(), request(reply=contract, prompt=prompt))


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"latency": "slow"}, "'latency' must be a number of seconds or 'lognormal', not 'slow'"),
        ({"latency": -1}, "it must be 0 or more"),
        ({"error_rate": 2}, "it must be 1 or less"),
        ({"malformed": 0.1}, "did you mean 'malformed_rate'?"),
    ],
)
def test_options_are_checked(said, problem):
    problems = []
    assert decode(SimulatedOptions, Node.of(said, "c.yaml"), problems) is None
    assert problem in str(problems[0])


def test_options_are_read():
    problems = []
    options = decode(SimulatedOptions, Node.of({"latency": 1, "dull": 0.5}, "c.yaml"), problems)
    assert (options, problems) == (SimulatedOptions(latency=1.0, dull=0.5), [])
    assert (
        decode(SimulatedOptions, Node.of({"latency": "lognormal"}, "c.yaml"), problems).latency == "lognormal"
    )


def test_its_data_is_not_for_training():
    assert SimulatedGenerator.for_training is False
    assert generator().endpoint == "simulated"


@pytest.mark.parametrize("name", SimulatedOptions.__annotations__)
def test_every_option_says_what_it_does(name):
    assert SimulatedOptions.__dataclass_fields__[name].metadata["help"]

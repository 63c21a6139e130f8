from __future__ import annotations

import asyncio
import gc
import importlib.util
import inspect
import json
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra 'transformers' is not installed")
transformers = pytest.importorskip("transformers", reason="the extra 'transformers' is not installed")

from as_engine import as_engine

import fms_dgt
from fms_dgt.core.generator import Completion, Request, shaping
from fms_dgt.core.node import Node
from fms_dgt.core.typed import decode
from fms_dgt.errors import EveryCallFails, GeneratorError, RequestRefused, SetupError
from fms_dgt.generators.transformers.generator import TransformersGenerator, TransformersOptions
from fms_dgt.testing import GeneratorContract
from fms_dgt.testing.tiny_transformers import CONTEXT, write_tiny_transformers

MANY = 16
TOYS = Path(__file__).parents[1] / "toys"


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """A model this small is not worth several threads, which would wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return write_tiny_transformers(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def sliding(tiny, tmp_path_factory) -> Path:
    """A model whose layers forget: rows cannot join a batch of it that is under way."""
    folder = write_tiny_transformers(tmp_path_factory.mktemp("models") / "sliding")
    config = json.loads((folder / "config.json").read_text())
    mistral = {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "sliding_window": 16}
    (folder / "config.json").write_text(json.dumps({**config, **mistral}))
    return folder


def generator(path: Path | str, **options) -> TransformersGenerator:
    given = {"model_id_or_path": str(path), "device": "cpu", "max_tokens": 24, **options}
    problems: list = []
    decoded = decode(TransformersOptions, Node.of(given, "config.yaml"), problems)
    assert decoded is not None, problems
    return as_engine(TransformersGenerator(decoded))


def ask(text: str = "Say hello.", seed: int = 5, **params) -> Request:
    return Request(({"role": "user", "content": text},), params, seed)


def requests(count: int = MANY, **params) -> list[Request]:
    """Prompts of unlike lengths, so that the batch is padded."""
    return [ask(f"Say {'so ' * (number * 5 % 19)}{number}.", number, **params) for number in range(count)]


async def using(path: Path | str, use: Callable, **options):
    one = generator(path, **options)
    await one.open()
    try:
        return await use(one)
    finally:
        await one.close()


async def answers(path: Path, asked: list[Request], **options) -> list[Completion]:
    async def together(one: TransformersGenerator) -> list[Completion]:
        return await asyncio.gather(*map(one.generate, asked))

    return await using(path, together, **options)


async def answer(path: Path, request: Request, **options) -> Completion:
    [completion] = await answers(path, [request], **options)
    return completion


async def failure(path: Path, request: Request, **options) -> GeneratorError:
    with pytest.raises(GeneratorError) as caught:
        await answer(path, request, **options)
    return caught.value


@contextmanager
def batches(fail: Callable[[int], Exception | None] = lambda _: None) -> Iterator[list[int]]:
    """The sizes of the batches that a model computes meanwhile; `fail` may break one of that size."""
    sizes: list[int] = []

    def seen(module, args) -> None:
        # a batch enters the model as token numbers
        if isinstance(module, torch.nn.Embedding):
            error = fail(len(args[0]))
            if error is not None:
                raise error
            sizes.append(len(args[0]))

    handle = torch.nn.modules.module.register_module_forward_pre_hook(seen)
    try:
        yield sizes
    finally:
        handle.remove()


class TestTransformersContract(GeneratorContract):
    @pytest.fixture(autouse=True)
    def model(self, tiny):
        self.path = tiny

    def make_generator(self) -> TransformersGenerator:
        return generator(self.path, max_tokens=8)


async def test_calls_in_flight_are_computed_together(tiny):
    with batches() as sizes:
        completions = await answers(tiny, requests(temperature=0), max_tokens=20)
    assert max(sizes) == MANY
    longest = max(completion.output_tokens for completion in completions)
    # reading takes one batch, or a few where calls come late; then it is a batch a token
    assert len(sizes) <= longest + 4


async def test_a_batch_has_no_more_than_max_batch(tiny):
    with batches() as sizes:
        await answers(tiny, requests(), max_batch=3)
    assert max(sizes) == 3


async def test_a_place_that_is_free_is_taken_at_once(tiny):
    asked = [ask("a", temperature=0, max_tokens=60), *(ask("b", i, max_tokens=4) for i in range(6))]
    with batches() as sizes:
        completions = await answers(tiny, asked, max_batch=2)
    assert len(completions) == 7
    # the short ones went by beside the long one: one after the other they would have needed more
    assert len(sizes) < 60 + 6 * 2


@pytest.mark.parametrize(
    "params",
    [
        {"temperature": 0},
        {"temperature": 0.7},
        {},
        {"temperature": 1.2, "top_p": 0.8, "top_k": 20},
        {"repetition_penalty": 1.3, "presence_penalty": 0.4, "frequency_penalty": 0.2},
    ],
    ids=str,
)
@pytest.mark.parametrize("model", ["tiny", "sliding"])
async def test_an_answer_does_not_depend_on_what_stands_beside_it(model, params, request):
    path, asked = request.getfixturevalue(model), requests(**params)
    alone = await answers(path, asked, max_batch=1)
    assert await answers(path, asked) == alone
    assert await answers(path, asked[::-1], max_batch=5) == alone[::-1]
    assert len({completion.text for completion in alone}) > 2


async def test_rows_that_join_and_leave_disturb_nobody(tiny):
    asked = [ask(f"{'x' * (7 * i % 40)} {i}", i, max_tokens=5 + 11 * i % 40) for i in range(30)]
    alone = await answers(tiny, asked, max_batch=1)

    async def one_by_one(one: TransformersGenerator) -> list[Completion]:
        calls = []
        for request in asked:
            calls.append(asyncio.create_task(one.generate(request)))
            await asyncio.sleep(0.004)
        return await asyncio.gather(*calls)

    assert await using(tiny, one_by_one, max_batch=4) == alone


async def test_greedy_answers_are_those_of_transformers_itself(tiny):
    model = transformers.AutoModelForCausalLM.from_pretrained(tiny)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny)
    asked = requests(6, temperature=0)
    for request, completion in zip(asked, await answers(tiny, asked), strict=True):
        given = tokenizer.apply_chat_template(
            list(request.messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        whole = model.generate(**given, do_sample=False, max_new_tokens=24)[0]
        said = whole[given["input_ids"].shape[1] :]
        assert completion.text == tokenizer.decode(said, skip_special_tokens=True)
        assert (completion.input_tokens, completion.output_tokens) == (len(whole) - len(said), len(said))


async def test_seeds_tell_samples_apart_and_greedy_knows_none(tiny):
    warm = await answers(tiny, [ask(seed=seed) for seed in (1, 1, 2, -3, 2**70)])
    assert warm[0] == warm[1]
    assert len({completion.text for completion in warm}) == 4
    cold = await answers(tiny, [ask(seed=seed, temperature=0) for seed in range(3)])
    assert len(set(completion.text for completion in cold)) == 1


async def test_sampling_follows_the_probabilities(tiny):
    """The first letter of many samples comes as often as the model says."""
    asked = [ask(seed=seed, max_tokens=1) for seed in range(3000)]
    drawn = [completion.text for completion in await answers(tiny, asked, max_batch=256)]
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny)
    given = tokenizer.apply_chat_template(
        list(asked[0].messages), add_generation_prompt=True, return_tensors="pt"
    )
    logits = transformers.AutoModelForCausalLM.from_pretrained(tiny)(given["input_ids"]).logits[0, -1]
    likely = torch.softmax(logits, -1)
    for token in likely.argsort(descending=True)[:5].tolist():
        share = drawn.count(tokenizer.decode([token], skip_special_tokens=True)) / len(drawn)
        assert share == pytest.approx(likely[token].item(), abs=0.04)


async def test_where_nothing_is_said_fifty_tokens_are_drawn_from(tiny):
    assert await answer(tiny, ask()) == await answer(tiny, ask(top_k=50))


async def test_min_p_of_one_is_greedy(tiny):
    greedy = await answer(tiny, ask(temperature=0))
    assert await answer(tiny, ask(min_p=1)) == greedy
    assert await answer(tiny, ask(min_p=0)) == await answer(tiny, ask())


async def test_top_k_of_one_is_greedy(tiny):
    greedy = await answer(tiny, ask(temperature=0))
    assert await answer(tiny, ask(top_k=1)) == greedy
    assert await answer(tiny, ask(top_p=0)) == greedy
    assert await answer(tiny, ask(temperature=1e-300)) == greedy


async def test_penalties_keep_words_from_coming_again(tiny):
    plain = await answer(tiny, ask(temperature=0, max_tokens=60))
    penalised = await answer(tiny, ask(temperature=0, max_tokens=60, frequency_penalty=2.0))
    assert len(set(penalised.text)) > 2 * len(set(plain.text))
    assert await answer(tiny, ask(temperature=0, max_tokens=60), frequency_penalty=2.0) == penalised


@pytest.mark.parametrize("length", [1, 3, 12])
async def test_a_stop_text_ends_the_answer_and_is_no_part_of_it(tiny, length):
    whole = await answer(tiny, ask(temperature=0, max_tokens=40))
    stop = whole.text[15 : 15 + length]
    at = whole.text.index(stop)
    completion = await answer(tiny, ask(temperature=0, max_tokens=40, stop=["never there", stop]))
    assert (completion.text, completion.finish) == (whole.text[:at], "stop")
    assert completion.output_tokens == at + length
    assert (await answer(tiny, ask(temperature=0), stop=[stop], max_tokens=40)).text == whole.text[:at]


async def test_why_an_answer_ended_is_said(tiny):
    completions = await answers(tiny, requests(), max_tokens=200)
    assert {completion.finish for completion in completions} == {"stop"}
    cut = await answer(tiny, ask(temperature=0, max_tokens=3))
    assert (cut.finish, cut.output_tokens) == ("length", 3)


async def test_a_prompt_that_fills_the_context(tiny):
    cut = await answer(tiny, ask("x" * 970, temperature=0, max_tokens=500), context_size=1000)
    assert cut.finish == "length"
    assert cut.input_tokens + cut.output_tokens == 1000
    error = await failure(tiny, ask("x" * 1100), context_size=1000)
    assert isinstance(error, RequestRefused)
    assert "1119 tokens, and the context 1000" in str(error)
    assert f"context {CONTEXT}" in str(await failure(tiny, ask("x" * 9000)))


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"no_such": 1}, "params: no_such: unknown key 'no_such'"),
        ({"temperature": -1}, "temperature: is -1.0; it must be 0 or more"),
        ({"top_p": "high"}, "top_p: must be a number"),
        ({"n": 2}, "n: is 2; it must be 1 or less"),
    ],
)
async def test_params_that_cannot_be_are_refused(tiny, params, said):
    error = await failure(tiny, ask(**params))
    assert isinstance(error, RequestRefused)
    assert said in str(error)


async def test_what_is_null_or_says_nothing_is_left_out(tiny):
    plain = await answer(tiny, ask(temperature=0))
    assert await answer(tiny, ask(temperature=0, top_p=None, stop=[""], n=1, top_k=0)) == plain


async def test_plain_completion_sends_the_prompt_as_it_stands(tiny):
    prompt = Request((), {"temperature": 0}, prompt="<|begin|>user: Say hello.\nassistant: ")
    chat = await answer(tiny, ask("Say hello.", temperature=0))
    assert await answer(tiny, prompt) == chat
    messages = Request(({"role": "system", "content": "a"}, {"role": "user", "content": "b"}))
    assert (await answer(tiny, messages, api="completion")).input_tokens == len("a\n\nb")


async def test_an_answer_that_was_begun_is_gone_on_with(tiny):
    begun = Request((*ask().messages, {"role": "assistant", "content": "Well,"}), {"temperature": 0})
    raw = Request((), {"temperature": 0}, prompt="<|begin|>user: Say hello.\nassistant: Well,")
    assert (await answer(tiny, begun)).text == (await answer(tiny, raw)).text


async def test_a_chat_template_of_ones_own(tiny):
    completion = await answer(tiny, ask(), chat_template="{{ messages[0]['content'] }}!")
    assert completion.input_tokens == len("Say hello.!")
    error = await failure(tiny, ask(), chat_template="{{ raise_exception('no system turns') }}")
    assert isinstance(error, RequestRefused)
    assert "no system turns" in str(error)


async def test_a_model_without_a_chat_template(tmp_path):
    path = write_tiny_transformers(tmp_path / "base", chat_template=None)
    error = await failure(path, ask())
    assert error.fails_every_call
    assert "no chat template; choose an instruct model, or set 'chat_template', or 'api: completion'" in str(
        error
    )
    assert (await answer(path, ask(), api="completion")).output_tokens
    assert (await answer(path, Request((), prompt="hello"))).output_tokens


async def test_the_makers_sampling_is_the_default(tmp_path):
    path = write_tiny_transformers(tmp_path / "model")
    recommended = {"do_sample": True, "top_k": 1}
    config = json.loads((path / "generation_config.json").read_text())
    (path / "generation_config.json").write_text(json.dumps({**config, **recommended}))
    asked = [ask(seed=seed) for seed in range(4)]
    assert len({completion.text for completion in await answers(path, asked)}) == 1
    assert len({completion.text for completion in await answers(path, asked, top_k=0)}) == 4


async def test_without_memory_for_a_batch_half_of_it_is_tried(tiny):
    asked = requests(temperature=0.7)
    alone = await answers(tiny, asked, max_batch=1)
    full = torch.OutOfMemoryError("CUDA out of memory.")
    with batches(lambda size: full if size > 4 else None) as sizes:
        assert await answers(tiny, asked) == alone
    assert max(sizes) == 4


async def test_memory_that_runs_out_on_the_way_loses_no_token(tiny):
    asked, left = requests(), [12]

    def fail(size: int) -> Exception | None:
        left[0] -= size > 1
        return torch.OutOfMemoryError("CUDA out of memory.") if size > 1 and left[0] == 0 else None

    alone = await answers(tiny, asked, max_batch=1)
    with batches(fail):
        assert await answers(tiny, asked) == alone


async def test_a_call_too_large_for_the_memory_is_refused(tiny):
    with batches(lambda _: RuntimeError("DefaultCPUAllocator: can't allocate memory")):
        error = await failure(tiny, ask())
    assert isinstance(error, RequestRefused)
    assert "needs more memory than there is" in str(error)


async def test_a_call_that_breaks_the_model_costs_no_other(tiny):
    async def ask_all(one: TransformersGenerator) -> list:
        return await asyncio.gather(*map(one.generate, asked), return_exceptions=True)

    asked, seen = requests(8), []

    def fail(module, args) -> None:
        # the longest prompt is the one that the model cannot bear
        if isinstance(module, torch.nn.Embedding) and args[0].shape[1] > 100:
            seen.append(len(args[0]))
            raise RuntimeError("a kernel failed")

    asked[3] = ask("x" * 100)
    handle = torch.nn.modules.module.register_module_forward_pre_hook(fail)
    try:
        outcomes = await using(tiny, ask_all)
    finally:
        handle.remove()
    assert [place for place, outcome in enumerate(outcomes) if isinstance(outcome, RequestRefused)] == [3]
    assert "makes the model fail: RuntimeError: a kernel failed" in str(outcomes[3])
    assert seen[-1] == 1


async def test_a_device_that_fails_ends_the_run(tiny):
    if not hasattr(torch, "AcceleratorError"):
        pytest.skip("this torch tells no device's failure apart")
    with batches(lambda _: torch.AcceleratorError("CUDA error: an illegal memory access")):
        error = await failure(tiny, ask())
    assert isinstance(error, EveryCallFails)
    assert "the device failed, so the model is lost" in str(error)


async def test_numbers_that_overflow_are_said(tmp_path):
    path = write_tiny_transformers(tmp_path / "model")
    from safetensors.torch import load_file, save_file

    weights = load_file(path / "model.safetensors")
    weights["lm_head.weight"].fill_(float("nan"))
    save_file(weights, path / "model.safetensors", {"format": "pt"})
    error = await failure(path, ask())
    assert isinstance(error, RequestRefused)
    assert "'dtype: float32'" in str(error)


async def test_the_event_loop_is_not_held_up(tiny):
    async def count_turns(one: TransformersGenerator) -> tuple[int, Completion]:
        call, turns = asyncio.ensure_future(one.generate(ask(temperature=0, max_tokens=200))), 0
        while not call.done():
            await asyncio.sleep(0)
            turns += 1
        return turns, await call

    turns, completion = await using(tiny, count_turns)
    assert turns > completion.output_tokens


async def test_generators_with_equal_settings_share_one_model(tiny):
    one = generator(tiny, temperature=0, max_batch=2)
    other = generator(tiny, temperature=1, max_tokens=5, max_batch=8, context_size=500)
    await one.open()
    await other.open()
    assert model_threads() == 1
    await one.close()
    assert (await other.generate(ask())).output_tokens
    await other.close()
    assert model_threads() == 0


def model_threads() -> int:
    return sum(thread.name == "transformers" for thread in threading.enumerate())


async def test_closing_frees_the_model_and_ends_its_calls(tiny):
    models: list = []

    def seen(module, args) -> None:
        if isinstance(module, transformers.PreTrainedModel) and not models:
            models.append(weakref.ref(module))

    handle = torch.nn.modules.module.register_module_forward_pre_hook(seen)
    one = generator(tiny)
    await one.open()
    call = asyncio.ensure_future(one.generate(ask(temperature=0, max_tokens=2000)))
    while not models:
        await asyncio.sleep(0.01)
    handle.remove()
    await one.close()
    with pytest.raises(EveryCallFails, match="was closed"):
        await call
    with pytest.raises(EveryCallFails, match="before open"):
        await one.generate(ask())
    gc.collect()
    assert models[0]() is None
    assert model_threads() == 0


async def test_a_cancelled_call_makes_room(tiny):
    async def cancel_one(one: TransformersGenerator) -> list[int]:
        call = asyncio.ensure_future(one.generate(ask(temperature=0, max_tokens=2000)))
        with batches() as sizes:
            while not sizes:
                await asyncio.sleep(0.01)
            call.cancel()
            await one.generate(ask(max_tokens=4))
            return sizes

    assert len(await using(tiny, cancel_one, max_batch=1)) < 2000


async def test_a_model_that_nobody_has(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    one = generator("nobody/no-such-model")
    assert one.check() == []
    with pytest.raises(SetupError) as caught:
        await one.open()
    assert "there is no folder 'nobody/no-such-model', and the Hugging Face hub" in str(caught.value)
    assert "check the name and the network; a gated model needs 'hf auth login'" in str(caught.value)
    with pytest.raises(EveryCallFails, match="nobody/no-such-model"):
        await one.generate(ask())
    assert model_threads() == 0


async def test_a_folder_that_holds_no_weights(tmp_path):
    path = write_tiny_transformers(tmp_path / "model")
    (path / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(SetupError, match="model' cannot be loaded: "):
        await generator(path).open()


@pytest.mark.parametrize("name", ["past_key_values", "cache"])
async def test_the_cache_is_passed_by_the_name_that_the_model_gives_it(tiny, name):
    """transformers 5.24 renamed the argument; models that bring their own code may have either."""
    expected = await answer(tiny, ask(temperature=0))
    from fms_dgt.generators.transformers.model import CACHE_ARGUMENTS

    own = transformers.LlamaForCausalLM.forward
    parameters = inspect.signature(own).parameters
    there = next(known for known in CACHE_ARGUMENTS if known in parameters)

    def renamed(self, *args, **kwargs):
        kwargs[there] = kwargs.pop(name)
        return own(self, *args, **kwargs)

    signature = inspect.signature(own)
    renamed.__signature__ = signature.replace(
        parameters=[part.replace(name=name) if part.name == there else part for part in parameters.values()]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformers.LlamaForCausalLM, "forward", renamed)
        assert await answer(tiny, ask(temperature=0)) == expected


async def test_a_recurrent_model_is_refused(tmp_path):
    path = write_tiny_transformers(tmp_path / "model")
    config = transformers.MambaConfig(vocab_size=259, hidden_size=32, num_hidden_layers=1, state_size=4)
    transformers.MambaForCausalLM(config).save_pretrained(path)
    with pytest.raises(SetupError, match=r"\(MambaForCausalLM\) keeps no keys and values to go on from"):
        await generator(path).open()


async def test_a_device_that_is_not_there(tiny):
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(
        SetupError, match="torch finds no device 'cuda:1' on this machine; set 'device: auto'"
    ):
        await generator(tiny, device="cuda:1").open()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model_id_or_path": ""}, "the transformers generator has no model; write 'model_id_or_path: "),
        ({"model_id_or_path": "./gone"}, "there is no folder './gone'; check the path"),
        ({"model_id_or_path": "model.gguf"}, "'model.gguf' is a file, not a model's folder; name the folder"),
        ({"model_id_or_path": "empty"}, "the folder 'empty' has no config.json, so it is not a model's"),
        ({"device": "gpu"}, "knows no device 'gpu'; it may be auto, cpu, cuda, cuda:1 or mps"),
        ({"chat_template": "chatml"}, "the chat template has no '{{ ... }}' in it"),
    ],
)
def test_mistakes_are_found_before_the_first_call(given, said, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    (tmp_path / "empty").mkdir()
    [problem] = generator(given.pop("model_id_or_path", tiny), **given).check()
    assert said in str(problem)


def test_missing_packages_are_named(tiny, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else find(name))
    [problem] = generator(tiny).check()
    assert str(problem) == (
        "the transformers generator needs the package torch; run: pip install 'fms-dgt[transformers]'"
    )


def test_what_does_not_shape_the_answers(tiny):
    one = generator(tiny, max_batch=4, context_size=100, device="auto", timeout=5)
    assert shaping(one) == shaping(generator(tiny))
    assert shaping(one) != shaping(generator(tiny, temperature=0.5))
    assert one.at_most == 6


PROGRAM = """
import asyncio, sys
from fms_dgt.core.generator import Request
from fms_dgt.generators.transformers.generator import TransformersGenerator, TransformersOptions

async def main():
    one = TransformersGenerator(TransformersOptions(model_id_or_path=sys.argv[1]))
    assert one.check() == []
    assert not {"torch", "transformers"} & sys.modules.keys(), "they are imported too early"
    await one.open()
    request = Request(({"role": "user", "content": "hello"},), {"max_tokens": 2000, "temperature": 0})
    task = asyncio.ensure_future(one.generate(request))
    await asyncio.sleep(0.2)
    assert not task.done()

asyncio.run(main())
print("left")
"""


def test_a_program_that_leaves_without_closing_ends(tiny):
    ran = [sys.executable, "-W", "error", "-c", PROGRAM, str(tiny)]
    done = subprocess.run(ran, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "left\n", "")


def test_a_run_with_it(tiny, tmp_path):
    task = {
        "task_name": "walk",
        "task_description": "Steps.",
        "created_by": "the tests",
        "data_builder": "walk",
        "seed_examples": [{"number": number} for number in range(12)],
    }
    included = tmp_path / "included.py"
    included.write_text(INCLUDED)
    teacher = {"type": "tiny_transformers", "model_id_or_path": str(tiny), "max_tokens": 40}

    def run(name: str, **settings) -> list[dict]:
        outcome = fms_dgt.run(
            task,
            generator=teacher,
            include=[TOYS / "walk.py", included],
            output_dir=tmp_path / name,
            **settings,
        )
        assert outcome.complete
        return [json.loads(line) for line in (tmp_path / name / "walk/data.jsonl").read_text().splitlines()]

    records = run("together")
    assert [record["number"] for record in records] == list(range(12))
    assert all(record["text"] for record in records)
    assert run("one by one", max_concurrency=1) == records


INCLUDED = """
from fms_dgt.generators.transformers.generator import TransformersGenerator

class TinyTransformersGenerator(TransformersGenerator):
    pass
"""

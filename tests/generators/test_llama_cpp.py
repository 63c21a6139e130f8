from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")

from tiny_llama import asked, failure_of, generator, gguf_fixture, long_request, request  # noqa: F401

from fms_dgt.core.generator import Request
from fms_dgt.errors import BadResponse, EveryCallFails, RequestRefused, SetupError
from fms_dgt.generators.llama_cpp import engine as llama_cpp_engine, generator as llama_cpp
from fms_dgt.testing import GeneratorContract

ANSWER = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "score": {"type": "integer", "enum": [1, 2, 3]}},
    "required": ["reason", "score"],
    "additionalProperties": False,
}


async def test_a_chat(gguf):
    [reply] = await asked(gguf, long_request())
    assert reply.finish == "length"
    assert (reply.input_tokens, reply.output_tokens) == (len("<user: Say hello.\nassistant: "), 24)
    assert len(reply.text) == 24


@pytest.mark.parametrize("api", ["chat", "completion"])
async def test_an_answer_in_pieces(gguf, api):
    model, heard = generator(gguf, api=api), []
    await model.open()
    try:
        reply = await model.generate_in_pieces(long_request(), heard.append)
    finally:
        await model.close()
    assert reply.text == "".join(heard)
    assert len([piece for piece in heard if piece]) > 5


async def test_a_completion_goes_on_from_the_prompt_as_it_stands(gguf):
    [reply] = await asked(gguf, long_request(), api="completion")
    assert (reply.input_tokens, reply.output_tokens) == (len("<Say hello."), 24)


async def test_a_chat_template_of_ones_own(gguf):
    [reply] = await asked(gguf, request("12345"), chat_template="{{ messages[0]['content'] }}!")
    assert reply.input_tokens == len("<12345!")


async def test_an_answer_that_ends_by_itself(gguf):
    replies = await asked(gguf, *(request(seed=seed) for seed in range(3)), max_tokens=900)
    assert {reply.finish for reply in replies} == {"stop"}


@pytest.mark.parametrize("api", ["chat", "completion"])
async def test_a_schema_holds_the_answer(gguf, api):
    requests = [request(schema=ANSWER, seed=seed) for seed in range(4)]
    options = {"max_tokens": 300, "max_string": 30, "api": api}
    for reply in await asked(gguf, *requests, **options):
        value = json.loads(reply.text)
        assert reply.finish == "stop"
        assert set(value) == {"reason", "score"}
        assert value["score"] in (1, 2, 3)
        assert len(value["reason"]) <= 30


async def test_a_schema_is_left_out_where_it_is_not_to_be_enforced(gguf):
    [reply] = await asked(gguf, request(schema=ANSWER), enforce_schema=False)
    assert not reply.text.startswith("{")
    assert generator(gguf, enforce_schema=False).enforces_schema is False
    assert generator(gguf).enforces_schema is True


async def test_a_grammar_holds_answers_without_a_schema(gguf):
    requests = request(), request(schema={"type": "boolean"})
    free, held = await asked(gguf, *requests, grammar='root ::= "yes" | "no"')
    assert free.text in ("yes", "no")
    assert held.text in ("true", "false")


async def test_thoughts_are_set_apart(gguf):
    thought = "{% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}"
    turns = f"{{% for m in messages %}}{{{{ m.role }}}}: {thought}{{{{ m.content }}}}\n{{% endfor %}}"
    template = f"{turns}{{% if add_generation_prompt %}}assistant: <think>{{% endif %}}"
    grammar = 'root ::= "Hm.</think>Yes."'
    [reply] = await asked(gguf, request(), chat_template=template, grammar=grammar)
    assert (reply.text, reply.extra) == ("Yes.", {"reasoning": "Hm."})


async def test_the_seed_decides(gguf):
    seeds = (7, 7, 8, 7 + 2**32 - 1, 2**63 - 1, -1, -1)
    replies = await asked(gguf, *(request(seed=seed) for seed in seeds), temperature=1.0)
    first, same, other, folded, *_, minus, minus_again = [reply.text for reply in replies]
    assert first == same == folded != other
    assert minus == minus_again


async def test_a_prompt_is_sent_as_it_stands(gguf):
    [reply] = await asked(gguf, Request((), {"max_tokens": 3}, prompt="12345"))
    assert reply.input_tokens == len("<12345")
    assert generator(gguf).completes


async def test_what_llama_cpp_takes_beyond_the_protocol(gguf):
    options = {"temperature": 1.0, "extra_body": {"top_k": 1}}
    replies = await asked(gguf, *(long_request(seed) for seed in range(4)), **options)
    assert len({reply.text for reply in replies}) == 1


async def test_params_go_before_options(gguf):
    [reply] = await asked(gguf, long_request(max_tokens=3, stream=False, n=4), max_tokens=20)
    assert reply.output_tokens == 3


async def test_calls_at_once_share_the_slots(gguf):
    one = generator(gguf, parallel=4)
    await one.open()
    calls = [asyncio.ensure_future(one.generate(request(seed=seed))) for seed in range(16)]
    most = 0
    while not all(call.done() for call in calls):
        most = max(most, sum(thread.name == "llama.cpp call" for thread in threading.enumerate()))
        await asyncio.sleep(0)
    await one.close()
    assert len({call.result().text for call in calls}) == 16
    # a call that has just ended may still be a thread while the next one begins
    assert 1 < most <= 2 * 4


async def test_a_call_that_nobody_waits_for_ends(gguf):
    one = generator(gguf, parallel=1, context_size=8192)
    await one.open()
    endless = long_request(max_tokens=8000)
    calls = [asyncio.ensure_future(one.generate(endless)) for _ in range(5)]
    await asyncio.sleep(0.1)
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    assert all(call.cancelled() for call in calls)
    assert (await one.generate(long_request())).output_tokens == 24
    await one.close()


async def test_closing_breaks_off_what_is_under_way(gguf):
    one = generator(gguf, parallel=2, context_size=8192)
    await one.open()
    calls = [asyncio.ensure_future(one.generate(long_request(max_tokens=8000))) for _ in range(3)]
    await asyncio.sleep(0.1)
    await one.close()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(end) for end in ends] == [BadResponse, BadResponse, EveryCallFails]
    assert not [thread for thread in threading.enumerate() if thread.name == "llama.cpp call"]


async def test_generators_share_a_loaded_model(gguf):
    one, other, wider = generator(gguf), generator(gguf, temperature=0.1), generator(gguf, context_size=2048)
    for each in (one, other, wider):
        await each.open()
    assert one._engine is other._engine is not wider._engine
    assert one.endpoint == other.endpoint == wider.endpoint == str(gguf)
    await one.close()
    assert (await other.generate(long_request())).output_tokens == 24
    await other.close()
    await wider.close()
    assert not llama_cpp_engine._engines


async def test_a_prompt_longer_than_the_context(gguf):
    failed = await failure_of(gguf, request("x" * 2000))
    assert type(failed) is RequestRefused
    assert "the prompt has 2019 tokens, the context of a call 1024; raise 'context_size'" in str(failed)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (request(temperature="hot"), "Field 'temperature'"),
        (request(temperature=float("nan")), "cannot be written as JSON"),
        (request(stop={object()}), "cannot be written as JSON"),
        (request("\ud83d"), "invalid string"),
        (request(schema={"type": "nonsense"}), "nonsense"),
        (Request(()), "asks nothing"),
        (Request(({"content": "x"},)), "Missing 'role'"),
    ],
)
async def test_requests_that_are_refused(gguf, wrong, said):
    failed = await failure_of(gguf, wrong)
    assert type(failed) is RequestRefused
    assert said in str(failed)
    assert len(str(failed)) < 500


async def test_a_grammar_that_is_none(gguf, capfd):
    failed = await failure_of(gguf, request(), grammar="root ::= (")
    assert type(failed) is RequestRefused
    assert "check 'grammar'" in str(failed)
    # the one thing that llama.cpp says without being asked
    assert "error parsing grammar" in capfd.readouterr().err


async def test_it_says_nothing_of_its_own(gguf, capfd):
    await asked(gguf, request(), request(schema=ANSWER, max_tokens=300))
    with pytest.raises(RequestRefused):
        await asked(gguf, request("x" * 2000))
    assert capfd.readouterr() == ("", "")


async def test_a_model_that_cannot_be_loaded(gguf, tmp_path, capfd):
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(gguf.read_bytes()[:-1000])
    one = generator(cut)
    assert one.check() == []
    with pytest.raises(SetupError, match="cannot load .*cut.gguf': .*not within the file bounds"):
        await one.open()
    with pytest.raises(EveryCallFails, match="not within the file bounds"):
        await one.generate(request())
    await one.close()
    assert capfd.readouterr() == ("", "")


async def test_a_chat_template_that_is_none(gguf):
    with pytest.raises(SetupError, match="cannot load .*Unexpected token"):
        await asked(gguf, request(), chat_template="{% for %}")


def test_nothing_is_written_into_the_words_of_llama_cpp(gguf):
    settings = llama_cpp_engine.EngineSettings(
        path=str(gguf), context=512, parallel=1, chat_template="{% for %}"
    )
    code = "from fms_dgt.generators.llama_cpp.engine import load_aloud; load_aloud()"
    loaded = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(asdict(settings)), capture_output=True, text=True
    )
    assert "Unexpected token" in loaded.stderr
    assert "Traceback" not in loaded.stderr


async def test_a_file_that_went_away(gguf, tmp_path):
    copy = Path(shutil.copy(gguf, tmp_path / "copy.gguf"))
    one = generator(copy)
    assert one.check() == []
    copy.unlink()
    with pytest.raises(SetupError, match="copy.gguf"):
        await one.open()


async def test_a_call_before_open(gguf):
    with pytest.raises(EveryCallFails, match="before open"):
        await generator(gguf).generate(request())


async def test_without_the_package(gguf, monkeypatch):
    monkeypatch.setattr(llama_cpp, "PACKAGE", "no_such_package")
    mend = "run: pip install 'fms-dgt[llama-cpp]'"
    assert [problem.mend for problem in generator(gguf).check()] == [mend]
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(SetupError, match=r"pip install 'fms-dgt\[llama-cpp\]'"):
        await asked(gguf, request())


async def test_a_package_of_another_version(gguf, monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", SimpleNamespace(CommonParams=SimpleNamespace))
    with pytest.raises(SetupError, match="of an unfit version: .*; run: pip install --upgrade xllamacpp"):
        await asked(gguf, request())


def test_the_package_is_imported_late():
    code = "import sys, fms_dgt.generators.llama_cpp.generator as g; print('xllamacpp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


class TestContract(GeneratorContract):
    @pytest.fixture(autouse=True)
    def _model(self, gguf):
        self.path = gguf

    def make_generator(self):
        return generator(self.path)

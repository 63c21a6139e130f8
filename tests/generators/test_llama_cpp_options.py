from __future__ import annotations

import asyncio
import json

import pytest

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")

from tiny_llama import generator, gguf_fixture, request  # noqa: F401

from fms_dgt.core.generator import EVERY_SAMPLING, Completion, shaping
from fms_dgt.errors import BadResponse, ConnectionFailed, EveryCallFails, Overloaded, RequestRefused
from fms_dgt.generators.llama_cpp import generator as llama_cpp, machine
from fms_dgt.generators.llama_cpp.answers import read_answer, translate_errors
from fms_dgt.generators.llama_cpp.body import bounded
from fms_dgt.testing.tiny_gguf import write_tiny_gguf


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"context_size": 32_769},
            "the model was made for 32768 tokens, not 32769; set 'context_size' to 32768",
        ),
        ({"chat_template": "chatlm"}, "write 'chatml', or the Jinja text itself"),
        (
            {"extra_body": {"stream": True}},
            "'extra_body' says 'stream', which each request says itself; take it out",
        ),
        ({"extra_body": {"min_p": 0.1}}, None),
        ({"chat_template": "chatml"}, None),
        ({"chat_template": "{{ messages }}"}, None),
    ],
)
def test_what_check_finds(gguf, options, said):
    found = [str(problem) for problem in generator(gguf, **options).check()]
    assert len(found) == (said is not None)
    assert said is None or said in found[0]


def test_a_context_that_no_machine_has(gguf, monkeypatch):
    monkeypatch.setattr(llama_cpp, "memory", lambda: 2**30)
    # two layers of 32 numbers, twice, in two bytes each: 256 bytes a token
    assert generator(gguf, context_size=32_768, parallel=128).check() == []
    [problem] = generator(gguf, context_size=32_768, parallel=129).check()
    assert str(problem) == (
        "129 slots of 32768 tokens need 1.0 GB beside the model, and this machine has 1.0 GB; "
        "lower 'context_size' or 'parallel'"
    )
    assert generator(gguf, context_size=32_768, parallel=129, gpu_layers=-1).check() == []


def test_the_usual_context(gguf, tmp_path):
    short = write_tiny_gguf(tmp_path / "short.gguf", context=600)
    for path, context in ((gguf, 4096), (short, 600)):
        assert generator(path, context_size=None)._settings(path).context == context


def test_what_shapes_answers(gguf):
    shaped = shaping(generator(gguf))
    named = {"model_id_or_path", "repo", "file"}
    held = {"api", "chat_template", "enforce_schema", "extra_body", "grammar", "max_string"}
    assert shaped.keys() == {*EVERY_SAMPLING} | named | held


@pytest.mark.parametrize(
    ("options", "cores", "bound"),
    [({}, 1, 3), ({}, 2, 4), ({}, 4, 6), ({}, 64, 6), ({"parallel": 8}, 2, 10)],
)
def test_calls_in_flight_follow_the_slots(gguf, monkeypatch, options, cores, bound):
    monkeypatch.setattr(machine, "usable_cores", lambda: cores)
    assert generator(gguf, **options).at_most == bound


@pytest.mark.parametrize(
    ("quota", "cores", "threads"),
    [("max 100000", 8, None), ("150000 100000", 2, 2), ("1600000 100000", 8, None), ("odd", 8, None)],
)
def test_threads_keep_to_the_quota_of_a_container(tmp_path, monkeypatch, quota, cores, threads):
    file = tmp_path / "cpu.max"
    file.write_text(quota + "\n")
    monkeypatch.setattr(machine, "_QUOTA", file)
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 8)
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert machine.usable_cores() == cores
    assert machine.allotted_threads() == threads


def test_sampling_options_by_the_names_of_the_server(gguf):
    body = json.loads(
        generator(gguf)._body(request(repetition_penalty=1.1, min_p=0.2, dry_multiplier=0.8), plain=False)
    )
    assert body["repeat_penalty"] == 1.1
    assert (body["min_p"], body["dry_multiplier"]) == (0.2, 0.8)
    assert "repetition_penalty" not in body


def test_repetition_is_made_a_little_less_likely_where_nobody_says_so(gguf):
    def penalty(**options):
        params = options.pop("params", {})
        return json.loads(generator(gguf, **options)._body(request(**params), plain=False))["repeat_penalty"]

    assert penalty() == 1.05
    assert penalty(params={"repetition_penalty": 1.0}) == 1.0
    assert penalty(extra_body={"repeat_penalty": 1.3}) == 1.3
    assert generator(gguf).options.sampling() == {"max_tokens": 24}


TEXT, BOUND = {"type": "string"}, {"type": "string", "maxLength": 9}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (TEXT, BOUND),
        ({"type": ["string", "null"]}, {"type": ["string", "null"], "maxLength": 9}),
        ({"type": "string", "maxLength": 50}, {"type": "string", "maxLength": 50}),
        ({"type": "string", "minLength": 20}, {"type": "string", "minLength": 20, "maxLength": 20}),
        ({"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["a"]}),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": BOUND}),
        (
            {"properties": {"type": TEXT, "n": {"type": "integer"}}},
            {"properties": {"type": BOUND, "n": {"type": "integer"}}},
        ),
        ({}, {}),
    ],
)
def test_bounded_texts(schema, expected):
    before = json.dumps(schema)
    assert bounded(schema, 9) == expected
    assert bounded(schema, None) == schema
    assert json.dumps(schema) == before


def piece(**choice) -> bytes:
    return json.dumps({"choices": [choice]}).encode()


def error(code: object, **more) -> bytes:
    return json.dumps({"error": {"code": code, "message": "so it is", **more}}).encode()


@pytest.mark.parametrize(
    ("pieces", "kind", "said"),
    [
        ([], BadResponse, "broke off"),
        ([piece(delta={"content": "x"}, finish_reason=None)], BadResponse, "broke off"),
        ([b"{"], BadResponse, "of an unknown shape"),
        ([b"\xff"], BadResponse, "of an unknown shape"),
        ([b"[]"], BadResponse, "of an unknown shape"),
        ([b'{"choices": 3}'], BadResponse, "of an unknown shape"),
        ([piece(delta={"content": 3}, finish_reason="stop")], BadResponse, "of an unknown shape"),
        ([error(400)], RequestRefused, "answered 400: so it is"),
        ([error(404)], RequestRefused, "answered 404"),
        ([error(500)], ConnectionFailed, "answered 500"),
        ([error(501)], EveryCallFails, "answered 501"),
        ([error(503)], Overloaded, "answered 503"),
        ([error(None)], ConnectionFailed, "answered None"),
        ([piece(delta={"content": "x"}), error(500)], ConnectionFailed, "answered 500"),
        ([b'{"error": "odd"}'], BadResponse, "of an unknown shape"),
        ([piece(delta={"content": "x"}, finish_reason=["stop"])], BadResponse, "of an unknown shape"),
    ],
)
def test_answers_that_are_none(pieces, kind, said):
    with pytest.raises(kind, match=said):
        read_answer(pieces)


@pytest.mark.parametrize("usage", [None, "many", [1], {"prompt_tokens": None, "completion_tokens": -1}])
def test_odd_counts_cost_no_answer(usage):
    end = {"choices": [{"delta": {"content": "a\ud800"}, "finish_reason": "stop"}], "usage": usage}
    assert read_answer([json.dumps(end).encode()]) == Completion("a\ufffd")


# what Cython makes of C++ exceptions
FOREIGN = {
    MemoryError: Overloaded,
    OSError: ConnectionFailed,
    RuntimeError: RequestRefused,
    ValueError: RequestRefused,
    TypeError: RequestRefused,
    IndexError: RequestRefused,
    OverflowError: RequestRefused,
    ArithmeticError: RequestRefused,
    UnicodeDecodeError: RequestRefused,
}


@pytest.mark.parametrize("foreign", FOREIGN)
def test_exceptions_of_the_wheel(foreign):
    raised = foreign("utf-8", b"", 0, 1, "x") if foreign is UnicodeDecodeError else foreign("x" * 5000)
    with pytest.raises(FOREIGN[foreign]) as caught, translate_errors():
        raise raised
    assert caught.value.__cause__ is raised
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("foreign", [asyncio.CancelledError(), KeyboardInterrupt(), RequestRefused("x")])
def test_what_is_not_translated(foreign):
    with pytest.raises(type(foreign)) as caught, translate_errors():
        raise foreign
    assert caught.value is foreign

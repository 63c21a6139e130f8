"""Sampling options: one name for every backend, and a refusal before the run where one takes it not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from fms_dgt.binding.bound import BoundGenerator
from fms_dgt.config.blocks import teacher_node
from fms_dgt.core.canonical import digest
from fms_dgt.core.generator import Completion, Generator, GeneratorOptions, Request, SamplingParams
from fms_dgt.core.node import Node, Place
from fms_dgt.core.typed import option
from fms_dgt.errors import InputError
from fms_dgt.generators.openai.azure import AzureGenerator, AzureOptions
from fms_dgt.generators.openai.generator import OpenAIGenerator
from fms_dgt.generators.openai.options import OpenAIOptions
from fms_dgt.generators.simulated.generator import SimulatedGenerator, SimulatedOptions
from fms_dgt.generators.watsonx.access import WatsonxOptions
from fms_dgt.generators.watsonx.generator import WatsonxGenerator
from fms_dgt.testing import Fault, ModelServer

TASK = {
    "task_name": "days",
    "task_description": "Days.",
    "created_by": "the tests",
    "data_builder": "text_generation",
    "input": [{"day": "Monday"}],
    "prompt": "Write about {{ day }}.",
}
OPENAI = {"type": "openai", "model": "gpt-4o-mini", "api_key": "none"}


def problems_of(folder: Path, generator: Any, **params: Any) -> str:
    with pytest.raises(fms_dgt.UserError) as caught:
        fms_dgt.run({**TASK, "params": params}, output_dir=folder, generator=generator)
    return str(caught.value)


def test_an_option_of_a_block_that_its_backend_does_not_take(tmp_path: Path) -> None:
    said = problems_of(tmp_path, {**OPENAI, "min_p": 0.1})
    assert "the openai generator does not take 'min_p'; remove it; it takes temperature, top_p, " in said


def test_an_option_of_a_task_that_its_backend_does_not_take(tmp_path: Path) -> None:
    said = problems_of(tmp_path, OPENAI, top_k=40)
    assert "the template 'generate' sets 'top_k', which the openai generator does not take" in said
    assert "set 'top_k: null' in the stage's params, or remove it; openai takes temperature, " in said


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"min_pp": 0.1}, "unknown key 'min_pp'; did you mean 'min_p'?"),
        ({"min_p": 3}, "is 3.0; it must be 1 or less"),
        ({"top_k": 1.5}, "must be a whole number, not 1.5"),
        ({"repetition_penalty": 11}, "it must be 10 or less"),
    ],
)
def test_types_and_ranges(tmp_path: Path, params: dict[str, Any], said: str) -> None:
    assert said in problems_of(tmp_path, "simulated", **params)


def test_a_stage_switches_off_what_a_block_says() -> None:
    problems: list[Any] = []
    given = Node.of({"repeat_penalty": None, "top_k": 0}, "params")
    assert SamplingParams.from_node(given, problems) == {"repetition_penalty": None, "top_k": 0}
    assert problems == []


@pytest.mark.parametrize("name", ["repetition_penalty", "repeat_penalty"])
def test_what_a_server_is_sent(tmp_path: Path, name: str) -> None:
    with ModelServer(lambda _: "It rains.").in_thread() as server:
        here = {**OPENAI, "base_url": server.base_url, "repetition_penalty_name": name, "min_p": 0.1}
        task = {**TASK, "params": {"repetition_penalty": 1.1, "top_k": 40}}
        fms_dgt.run(task, output_dir=tmp_path, generator=here)
        [one] = server.requests
    assert {key: one.body[key] for key in ("min_p", "top_k", name)} == {"min_p": 0.1, "top_k": 40, name: 1.1}
    assert len({"repetition_penalty", "repeat_penalty"} & one.body.keys()) == 1


def taken(generator: Generator[Any], *, plain: bool = False) -> set[str]:
    usual = {"temperature", "top_p", "max_tokens", "stop"}
    names = set(generator.takes(plain=plain))
    assert usual <= names
    return names - usual


def test_what_each_backend_takes() -> None:
    vllm = OpenAIOptions(model_id_or_path="m", base_url="http://localhost:8000/v1")
    penalties = {"frequency_penalty", "presence_penalty"}
    assert taken(OpenAIGenerator(OpenAIOptions(model_id_or_path="m"))) == penalties
    assert taken(AzureGenerator(AzureOptions(model_id_or_path="m"))) == penalties
    assert taken(OpenAIGenerator(vllm)) == penalties | {"top_k", "min_p", "repetition_penalty"}
    own = {"min_new_tokens", "decoding_method"}
    watsonx = WatsonxGenerator(WatsonxOptions(model_id_or_path="m"))
    assert taken(watsonx) - own == penalties | {"repetition_penalty"}
    assert taken(watsonx, plain=True) - own == {"top_k", "repetition_penalty"}


@dataclass(frozen=True, kw_only=True)
class OwnOptions(GeneratorOptions):
    top_k: int = option(3, low=1)


class OwnGenerator(Generator[OwnOptions]):
    Options = OwnOptions

    async def generate(self, request: Request) -> Completion:
        return Completion("")


def test_an_option_that_a_plugin_declares_itself_is_honoured() -> None:
    assert taken(OwnGenerator(OwnOptions())) == {"top_k"}


def test_an_option_that_is_not_set_changes_no_identity() -> None:
    before = BoundGenerator("simulated", SimulatedGenerator(SimulatedOptions()), "1").identity
    assert before == digest(["simulated", {}]).hex()
    set_now = BoundGenerator("simulated", SimulatedGenerator(SimulatedOptions(min_p=0.1)), "1").identity
    assert set_now != before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("simulated", {"type": "simulated"}),
        ("openai:gpt-4o-mini", {"type": "openai", "model_id_or_path": "gpt-4o-mini"}),
        (
            "llama.cpp:a,b.gguf,top_k=40,min_p=0.1",
            {"type": "llama.cpp", "model_id_or_path": "a,b.gguf", "top_k": 40, "min_p": 0.1},
        ),
        (
            "openai,model=m,enforce_schema=true,base_url=http://localhost:1/v1?a=b",
            {"type": "openai", "model": "m", "enforce_schema": True, "base_url": "http://localhost:1/v1?a=b"},
        ),
    ],
)
def test_options_behind_a_teacher(text: str, expected: dict[str, Any]) -> None:
    assert teacher_node(text, Place("--teacher")).plain() == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("openai:m,api_key=sk-secret", "--teacher: api_key: a command line can be read by everyone"),
        ("simulated,AUTH_TOKEN=sk-secret", "--teacher: AUTH_TOKEN: a command line can be read by everyone"),
        ("openai:m,type=simulated", "--teacher: type: is given twice"),
        ("openai:m,model_id_or_path=n", "--teacher: model_id_or_path: is given twice"),
    ],
)
def test_keys_and_a_second_model_do_not_belong_behind_a_teacher(text: str, why: str) -> None:
    with pytest.raises(InputError) as raised:
        teacher_node(text, Place("--teacher"))
    assert why in str(raised.value)
    assert "sk-secret" not in str(raised.value)


def test_a_slip_behind_a_teacher(tmp_path: Path) -> None:
    assert "unknown key 'mim_p'; did you mean 'min_p'?" in problems_of(tmp_path, "simulated,mim_p=0.1")
    outcome = fms_dgt.run(TASK, output_dir=tmp_path, generator="simulated,min_p=0.1")
    assert json.loads(json.dumps(list(outcome.records)))


def test_llama_cpps_server_would_pass_over_a_penalty_by_another_name(tmp_path: Path) -> None:
    def says_so(*_: Any) -> Fault:
        return Fault(headers={"Server": "llama.cpp"})

    with ModelServer(lambda _: "It rains.", faults=says_so).in_thread() as server:
        here = {**OPENAI, "base_url": server.base_url}
        task = {**TASK, "params": {"repetition_penalty": 1.1}}
        with pytest.raises(fms_dgt.UserError) as caught:
            fms_dgt.run(task, output_dir=tmp_path / "one", generator=here)
        assert "set 'repetition_penalty_name: repeat_penalty'" in str(caught.value)
        named = {**here, "repetition_penalty_name": "repeat_penalty"}
        assert list(fms_dgt.run(task, output_dir=tmp_path / "two", generator=named).records)


@pytest.mark.parametrize(
    ("generator", "told"),
    [
        ({**OPENAI, "min_p": 0.1}, ["the openai generator does not take 'min_p'; "]),
        ("simulated,top_k=true", ["--teacher: top_k: must be a whole number, not True"]),
        (
            {"type": "watsonx", "model": "m", "url": "https://us-south.ml.cloud.ibm.com", "project_id": "p", "top_k": 3},
            ["the block of the stage 'generate' sets 'top_k', which the watsonx generator does not take in a chat; "],
        ),
    ],
)
def test_a_slip_is_told_once_and_where_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generator: Any, told: list[str]
) -> None:
    monkeypatch.setenv("WATSONX_API_KEY", "k")
    with pytest.raises(InputError) as caught:
        fms_dgt.run(TASK, output_dir=tmp_path, generator=generator)
    problems = [str(problem) for problem in caught.value.problems if "ibm-watsonx-ai" not in str(problem)]
    assert len(problems) == len(told)
    assert all(part in problem for part, problem in zip(told, problems, strict=True))

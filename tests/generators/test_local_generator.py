"""`--teacher local`: the best known model that is on this machine."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp")

from fms_dgt.binding.bound import BoundGenerator
from fms_dgt.core.generator import Request
from fms_dgt.generators.llama_cpp.generator import LlamaCppGenerator, LlamaCppOptions
from fms_dgt.generators.llama_cpp.known import KNOWN
from fms_dgt.generators.llama_cpp.local import SAMPLING, LocalGenerator
from fms_dgt.generators.llama_cpp.model import model_of
from fms_dgt.testing.tiny_gguf import write_tiny_gguf


@pytest.fixture
def models(tmp_path, monkeypatch) -> Path:
    """The folder of models from the package index; the hub's cache is empty."""
    pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("FMS_DGT_CACHE", str(tmp_path))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def in_hub_cache(folder: Path, name: str, sha256: str = "") -> None:
    """A known model as the hub's programs keep it."""
    model = KNOWN[name]
    repo = folder.parent / "hub" / f"models--{model.repo.replace('/', '--')}"
    blob = repo / "blobs" / (sha256 or model.sha256)
    blob.parent.mkdir(parents=True)
    write_tiny_gguf(blob)
    snapshot = repo / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / model.file).symlink_to(os.path.relpath(blob, snapshot))
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("a" * 40)


def test_none_is_there(models):
    [problem] = LocalGenerator(LlamaCppOptions()).check()
    assert str(problem) == (
        "no known model is on this machine for the generator 'local'; "
        "run: fms_dgt models fetch smollm2-135m; 'fms_dgt models' lists larger ones"
    )


def test_none_is_there_and_no_llama_cpp(models, project, monkeypatch):
    monkeypatch.setattr("fms_dgt.generators.llama_cpp.generator.PACKAGE", "no_such_package")
    result = project({}).run("try", "Hello", "--teacher", "local")
    assert result.code == 2
    assert "run: fms_dgt models fetch smollm2-135m" in result.stderr
    assert "run: pip install 'fms-dgt[llama-cpp]'" in result.stderr


def test_the_largest_of_those_that_are_there(models):
    write_tiny_gguf(models / KNOWN["smollm2-135m"].file)
    generator = LocalGenerator(LlamaCppOptions())
    assert generator.options.model_id_or_path == "smollm2-135m"
    assert generator.options.extra_body == SAMPLING
    in_hub_cache(models, "granite-3.3-2b")
    in_hub_cache(models, "qwen2.5-1.5b")
    generator = LocalGenerator(LlamaCppOptions())
    assert generator.options.model_id_or_path == "granite-3.3-2b"
    assert generator.check() == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_known_name_is_the_known_model_whatever_lies_here(models, tmp_path, monkeypatch, kind):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    if kind == "folder":
        (here / "smollm2-135m").mkdir()
    else:
        write_tiny_gguf(here / "smollm2-135m")
    [problem] = LlamaCppGenerator(LlamaCppOptions(model_id_or_path="smollm2-135m")).check()
    assert str(problem) == (
        "the model 'smollm2-135m' is not on this machine; run: fms_dgt models fetch smollm2-135m; "
        "for what has that name in this folder, write ./smollm2-135m"
    )
    write_tiny_gguf(models / KNOWN["smollm2-135m"].file)
    assert model_of("smollm2-135m", "", "").present() == models / KNOWN["smollm2-135m"].file
    assert LocalGenerator(LlamaCppOptions()).check() == []
    assert model_of("./smollm2-135m", "", "").name == str(here / "smollm2-135m")


def test_another_file_of_a_known_name_does_not_count(models):
    in_hub_cache(models, "granite-3.3-2b", sha256="0" * 64)
    assert LocalGenerator(LlamaCppOptions()).options.model_id_or_path == ""


def test_one_that_is_named_and_options_of_ones_own(models):
    write_tiny_gguf(models / KNOWN["smollm2-135m"].file)
    in_hub_cache(models, "granite-3.3-2b")
    options = LlamaCppOptions(model_id_or_path="smollm2-135m", extra_body={"min_p": 0.2})
    generator = LocalGenerator(options)
    assert (generator.options, generator.check()) == (options, [])


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        ({}, {"repeat_penalty": 1.1, "min_p": 0.1, "dry_multiplier": 0.8}),
        ({"min_p": 0.3}, {"repeat_penalty": 1.1, "min_p": 0.3, "dry_multiplier": 0.8}),
        (LocalGenerator.against_loops, {"repeat_penalty": 1.1, "min_p": 0.1, "dry_multiplier": 0.8}),
    ],
)
async def test_sampling_that_is_set_goes_before_its_own(models, params, sent):
    write_tiny_gguf(models / KNOWN["smollm2-135m"].file)
    generator = LocalGenerator(LlamaCppOptions(parallel=1, threads=1, context_size=64))
    await generator.open()
    try:
        body = json.loads(
            generator._body(Request(({"role": "user", "content": "Hi"},), params=params), plain=False)
        )
    finally:
        await generator.close()
    assert {name: body[name] for name in sent} == sent


def test_another_model_gives_other_answers_as_far_as_a_run_is_concerned(models):
    write_tiny_gguf(models / KNOWN["smollm2-135m"].file)
    small = BoundGenerator("local", LocalGenerator(LlamaCppOptions()), "1").identity
    in_hub_cache(models, "qwen2.5-0.5b")
    assert BoundGenerator("local", LocalGenerator(LlamaCppOptions()), "1").identity != small


async def test_the_real_model_answers_in_its_own_chat_format(models, smollm2):
    os.link(smollm2, models / smollm2.name)
    generator = LocalGenerator(
        LlamaCppOptions(temperature=0.0, max_tokens=24, threads=1, parallel=1, context_size=512)
    )
    await generator.open()
    try:
        message = {"role": "user", "content": "What is the capital of France? Answer in one word."}
        request = Request((message,), params={"temperature": 0.0, "max_tokens": 24}, seed=1)
        completion = await asyncio.wait_for(generator.generate(request), 600)
    finally:
        await generator.close()
    assert "Paris" in completion.text
    assert "<|im_" not in completion.text

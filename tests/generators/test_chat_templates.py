"""A model's own chat template, read without loading it, and the format that it is of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fms_dgt.core.chat_template import family_of
from fms_dgt.generators.transformers.files import template_in
from fms_dgt.generators.transformers.generator import TransformersGenerator, TransformersOptions

CHATML = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"


@pytest.mark.parametrize(
    ("template", "family"),
    [
        (CHATML, "qwen"),
        (CHATML.replace("\n{{ message.content", "<|im_sep|>{{ message.content"), "phi4"),
        ("<|start_header_id|>user<|end_header_id|>\n\nx<|eot_id|>", "llama3"),
        ("<start_of_turn>user\nx<end_of_turn>\n", "gemma"),
        # templates that differ in their blanks have these marks in common
        ("[INST] x [/INST]", ""),
        (CHATML + "<start_of_turn>user\nx<end_of_turn>\n", ""),
        ("", ""),
    ],
)
def test_families(template: str, family: str) -> None:
    assert family_of(template) == family


def test_the_template_in_a_gguf_file(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    from fms_dgt.generators.llama_cpp.generator import LlamaCppGenerator, LlamaCppOptions
    from fms_dgt.testing.tiny_gguf import write_tiny_gguf

    path = write_tiny_gguf(tmp_path / "tiny.gguf", chat_template=CHATML)
    assert LlamaCppGenerator(LlamaCppOptions(model_id_or_path=str(path))).chat_template == CHATML
    own = LlamaCppOptions(model_id_or_path=str(path), chat_template="{{ mine }}")
    assert LlamaCppGenerator(own).chat_template == "{{ mine }}"
    short = tmp_path / "short.gguf"
    short.write_bytes(path.read_bytes()[:400])
    assert LlamaCppGenerator(LlamaCppOptions(model_id_or_path=str(short))).chat_template == ""


def test_the_template_in_the_folder_of_a_model(tmp_path: Path) -> None:
    assert template_in(str(tmp_path), None) == ""
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": CHATML}))
    assert TransformersGenerator(TransformersOptions(model_id_or_path=str(tmp_path))).chat_template == CHATML
    (tmp_path / "chat_template.jinja").write_text("{{ newer }}")
    assert template_in(str(tmp_path), None) == "{{ newer }}"
    assert template_in("..", None) == template_in("no-such/model", None) == ""

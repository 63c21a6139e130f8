"""The student: SmolLM2-135M-Instruct as a plain Llama model that can be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM
from transformers.utils import logging


def load_student(path: Path) -> tuple[Any, Any]:
    """Model and tokenizer of a GGUF file.

    The weights are copied into a plain model, since one that was read from GGUF is marked as quantized.
    """
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    where = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    tokenizer = AutoTokenizer.from_pretrained(**where)
    read = AutoModelForCausalLM.from_pretrained(**where, dtype="float32")
    settings = {key: value for key, value in read.config.to_dict().items() if key != "quantization_config"}
    model = LlamaForCausalLM(LlamaConfig(**settings))
    model.load_state_dict(read.state_dict())
    model.tie_weights()
    return model, tokenizer

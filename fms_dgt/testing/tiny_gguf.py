"""A GGUF file with a tiny llama of random weights, for tests of whatever loads one. Needs the package `gguf`.

Its replies mean nothing, but they are letters and blanks for the most part, and they end.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

CONTEXT = 32_768
# one head: more would make it slower, not better
WIDTH, LAYERS, HEADS, FEED = 32, 2, 1, 64
SPECIAL = ("<|begin|>", "<|end|>", "<|pad|>")
# their numbers, whatever they are called; further ones follow
BEGIN, END, PAD = range(256, 259)
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ message['role'] }}: {{ message['content'] }}\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)

# How much likelier than any other byte a token is, as a logit. Nothing here learns: the tokens' rows of
# the output matrix lean this much towards a direction that every hidden state has.
LETTER, BLANK, QUOTE, FINISH, OTHER = 4.0, 5.5, 5.0, 4.0, -4.0


def write_tiny_gguf(
    path: Path,
    *,
    seed: int = 0,
    context: int = CONTEXT,
    chat_template: str = CHAT_TEMPLATE,
    special: Sequence[str] = SPECIAL,
    adds_begin: bool = True,
) -> Path:
    """Write the file, 150 KB, and give its path back. The same arguments give the same model.

    Tokens are single bytes, so a prompt has as many tokens as bytes. `special` names the tokens that are
    none: what begins a text (put there by itself with `adds_begin`), what ends an answer, padding, others.
    """
    import gguf  # noqa: PLC0415 (wanted by few)

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _add_tokens(writer, chat_template, special, adds_begin=adds_begin)
    for name, tensor in _tensors(seed, 256 + len(special)).items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokens(writer: Any, chat_template: str, special: Sequence[str], *, adds_begin: bool) -> None:
    import gguf  # noqa: PLC0415

    normal, control = gguf.TokenType.NORMAL, gguf.TokenType.CONTROL
    letters = _byte_letters()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([*letters, *special])
    writer.add_token_types([normal] * len(letters) + [control] * len(special))
    # the format wants one: two bytes that never stand side by side in UTF-8
    writer.add_token_merges([f"{letters[0xFE]} {letters[0xFF]}"])
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(adds_begin)
    writer.add_chat_template(chat_template)


def _byte_letters() -> list[str]:
    """How GPT-2's vocabulary spells each byte: as itself where that can be printed, else from 256 on."""
    shown = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(256, 512))
    return [chr(byte if byte in shown else next(others)) for byte in range(256)]


def _tensors(seed: int, count: int) -> dict[str, np.ndarray[Any, Any]]:
    import numpy as np  # noqa: PLC0415

    random = np.random.default_rng(seed)

    def matrix(rows: int, columns: int, scale: float) -> np.ndarray[Any, Any]:
        return random.normal(0.0, scale, (rows, columns)).astype(np.float32)

    ones = np.ones(WIDTH, np.float32)
    embeddings, output = matrix(count, WIDTH, 1.0), matrix(count, WIDTH, 0.1)
    # the direction that every hidden state has: its first number is large, whatever the layers add
    embeddings[:, 0] = 4.0 * np.sqrt(WIDTH)
    output[:, 0] = _leanings(count) / np.sqrt(WIDTH)
    tensors = {"token_embd.weight": embeddings, "output_norm.weight": ones, "output.weight": output}
    shapes = {
        "attn_q": (WIDTH, WIDTH),
        "attn_k": (WIDTH, WIDTH),
        "attn_v": (WIDTH, WIDTH),
        "attn_output": (WIDTH, WIDTH),
        "ffn_gate": (FEED, WIDTH),
        "ffn_up": (FEED, WIDTH),
        "ffn_down": (WIDTH, FEED),
    }
    for layer in range(LAYERS):
        for name, (rows, columns) in shapes.items():
            tensors[f"blk.{layer}.{name}.weight"] = matrix(rows, columns, 0.3)
        for name in ("attn_norm", "ffn_norm"):
            tensors[f"blk.{layer}.{name}.weight"] = ones
    return tensors


def _leanings(count: int) -> np.ndarray[Any, Any]:
    import numpy as np  # noqa: PLC0415

    leanings = np.full(count, OTHER, np.float32)
    leanings[[ord(letter) for letter in string.ascii_lowercase + string.digits]] = LETTER
    leanings[ord(" ")], leanings[ord('"')], leanings[END] = BLANK, QUOTE, FINISH
    return leanings

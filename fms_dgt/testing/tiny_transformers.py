"""A folder with a tiny Llama of random weights in the Hugging Face form, for tests of whatever loads one.

Needs the packages `torch`, `transformers` and `tokenizers`. Its replies mean nothing, but they are letters
and blanks for the most part, they depend on all of the prompt, and they end.
"""

from __future__ import annotations

import math
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import torch

CONTEXT: Final = 2048
WIDTH, LAYERS, HEADS, FEED = 32, 2, 4, 64
SPECIAL: Final = ("<|begin|>", "<|end|>", "<|pad|>")
BEGIN, END, PAD = range(256, 259)
CHAT_TEMPLATE: Final = (
    "<|begin|>"
    "{% for message in messages %}"
    "{{ message['role'] }}: {{ message['content'] }}\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)

# How much likelier than any other byte a token is, as a logit; the rest of a logit is by
# chance. Nothing here learns: the tokens' rows of the output matrix lean towards a direction
# that every hidden state has.
LETTER, BLANK, FINISH, OTHER = 6.0, 6.5, 5.5, -6.0
# how much of a normed hidden state points that way, and the spread of the weights for all else
SHARED, SPREAD = 5.0, 0.7
READERS: Final = ("q_proj.weight", "k_proj.weight", "v_proj.weight", "gate_proj.weight", "up_proj.weight")


def write_tiny_transformers(
    folder: Path, *, seed: int = 0, context: int = CONTEXT, chat_template: str | None = CHAT_TEMPLATE
) -> Path:
    """Write the folder, some 200 kB, and give its path back. The same arguments give the same
    model. Tokens are single bytes, so a prompt has as many tokens as bytes.
    """
    import transformers  # noqa: PLC0415 (wanted by few)
    from safetensors.torch import save_file  # noqa: PLC0415

    config: Any = transformers.LlamaConfig(
        vocab_size=256 + len(SPECIAL),
        hidden_size=WIDTH,
        intermediate_size=FEED,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS // 2,
        max_position_embeddings=context,
        bos_token_id=BEGIN,
        eos_token_id=END,
        pad_token_id=PAD,
        tie_word_embeddings=False,
    )
    model: Any = transformers.LlamaForCausalLM(config)
    _fill(model, seed)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    # the model's own way to save draws a progress bar
    save_file(model.state_dict(), folder / "model.safetensors", {"format": "pt"})
    _tokenizer(chat_template).save_pretrained(folder)
    return folder


def _tokenizer(chat_template: str | None) -> Any:
    import tokenizers  # noqa: PLC0415
    import transformers  # noqa: PLC0415

    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: number for number, letter in enumerate((*letters, *SPECIAL))}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    begin, end, padding = SPECIAL
    make: Any = transformers.PreTrainedTokenizerFast
    result = make(tokenizer_object=tokenizer, bos_token=begin, eos_token=end, pad_token=padding)
    result.chat_template = chat_template
    return result


def _fill(model: Any, seed: int) -> None:
    """Give every weight its value: by chance, but for the first number of each hidden state."""
    import torch  # noqa: PLC0415

    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("norm.weight"):
                weight.fill_(1.0)
            else:
                weight.normal_(0.0, 0.3, generator=random)
            if name.endswith(READERS):
                # the direction that all share would drown what tells one text from another
                weight[:, 0] = 0.0
        embeddings, output = model.model.embed_tokens.weight, model.lm_head.weight
        embeddings.normal_(0.0, 1.0, generator=random)
        output.normal_(0.0, SPREAD, generator=random)
        # so large that it stays most of every hidden state, whatever the layers add
        embeddings[:, 0] = 4.0 * math.sqrt(WIDTH)
        output[:, 0] = _leanings() / SHARED


def _leanings() -> torch.Tensor:
    import tokenizers  # noqa: PLC0415
    import torch  # noqa: PLC0415

    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    leanings = torch.full((256 + len(SPECIAL),), OTHER)
    leanings[[letters.index(letter) for letter in string.ascii_lowercase]] = LETTER
    # the blank's own letter in that alphabet
    leanings[letters.index("\u0120")], leanings[END] = BLANK, FINISH
    return leanings

"""A model of the Hugging Face kind, loaded: its weights, its tokenizer, and how text becomes tokens."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import torch
import transformers

from fms_dgt.errors import RequestRefused, SetupError
from fms_dgt.generators.shared import text
from fms_dgt.generators.transformers.request import Asked, ModelSettings

# where neither the model nor its tokenizer says how much it can hold
USUAL_CONTEXT: Final = 2048
# tokenizers without a limit give a number with thirty digits
NO_LIMIT: Final = 10**9
# what models call the argument that takes keys and values: transformers renamed it in 5.24, and a model
# that brings its own code may have either name
CACHE_ARGUMENTS: Final = ("past_key_values", "cache")
SAMPLING_DEFAULTS: Final = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
# as in transformers' own generate()
TOP_K: Final = 50


@dataclass
class LoadedModel:
    """Weights and tokenizer. Used from one thread at a time."""

    model: Any
    tokenizer: Any
    device: Any
    context: int

    @cached_property
    def inputs(self) -> frozenset[str]:
        """The names of what the model takes."""
        return frozenset(inspect.signature(self.model.forward).parameters)

    @cached_property
    def cache_argument(self) -> str | None:
        """The name of the argument that takes cached keys and values; None where it takes none."""
        return next((name for name in CACHE_ARGUMENTS if name in self.inputs), None)

    @cached_property
    def ends(self) -> frozenset[int]:
        """The tokens that end an answer."""
        said = self.model.generation_config.eos_token_id
        several = said if isinstance(said, list) else [said]
        return frozenset(token for token in (*several, self.tokenizer.eos_token_id) if token is not None)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The sampling that the model's makers recommend; where they say nothing, that of `generate()`."""
        config = self.model.generation_config
        said = {name: getattr(config, name, None) for name in SAMPLING_DEFAULTS} if config.do_sample else {}
        return {"top_k": TOP_K, **{name: value for name, value in said.items() if value is not None}}

    @property
    def has_chat_template(self) -> bool:
        """Whether the model can be spoken with."""
        return bool(self.tokenizer.chat_template)

    def encode(self, asked: Asked) -> list[int]:
        """The tokens of a prompt: one at least, and fewer than the context holds. Raises RequestRefused."""
        try:
            tokens = self._tokens(asked)
        except Exception as error:
            # a template may raise whatever it likes, and the tokenizer has errors of its own
            raise RequestRefused(f"the prompt cannot be written for this model: {excerpt(error)}") from error
        if not tokens:
            raise RequestRefused("the prompt is empty")
        context = self.context_of(asked)
        if len(tokens) >= context:
            what = f"the prompt has {len(tokens)} tokens, and the context {context}"
            raise RequestRefused(f"{what}, answer included")
        return tokens

    def context_of(self, asked: Asked) -> int:
        """How many tokens a call may have, prompt and answer together."""
        return min(self.context, asked.context or self.context)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, without those that stand for no text."""
        text = self.tokenizer.decode(
            list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return str(text)

    def _tokens(self, asked: Asked) -> list[int]:
        if asked.prompt is not None:
            first = self.tokenizer.bos_token
            return self._encoded(asked.prompt, special=not (first and asked.prompt.startswith(first)))
        # an answer that was begun is gone on with
        begun = asked.messages[-1]["role"] == "assistant"
        text = self.tokenizer.apply_chat_template(
            list(asked.messages),
            chat_template=asked.template,
            tokenize=False,
            add_generation_prompt=not begun,
            continue_final_message=begun,
        )
        return self._encoded(text, special=False)

    def _encoded(self, text: str, *, special: bool) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=special, verbose=False))


def load_model(settings: ModelSettings) -> LoadedModel:
    """Load a model, from the hub's cache or the hub where it is not a folder. Raises SetupError."""
    device = _device(settings.device)
    shared: dict[str, Any] = {"trust_remote_code": settings.trust_remote_code}
    if settings.revision is not None:
        shared["revision"] = settings.revision
    try:
        with _without_bars():
            tokenizer = transformers.AutoTokenizer.from_pretrained(settings.name, **shared)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                settings.name, dtype=_dtype(settings.dtype, device), **shared
            )
            model = model.to(device).eval()
    except Exception as error:
        # the hub's, the formats' and torch's exceptions are many; all mean: no model
        raise SetupError(_why_not(settings, error)) from error
    loaded = LoadedModel(model, tokenizer, device, _context(model, tokenizer))
    if loaded.cache_argument is None or not _caches_keys(model):
        kind = type(model).__name__
        raise SetupError(f"the model '{settings.name}' ({kind}) keeps no keys and values to go on from")
    return loaded


def _caches_keys(model: Any) -> bool:
    """Whether a layer caches keys and values; a recurrent model has a state instead."""
    layers = transformers.DynamicCache(config=model.config).layers
    return not layers or any(hasattr(layer, "keys") for layer in layers)


def free_memory() -> None:
    """Give memory back that nothing refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def excerpt(error: BaseException) -> str:
    """What an exception says, on one line."""
    return f"{type(error).__name__}: {text.excerpt(error) or 'it gave no reason'}"


def _device(given: str) -> Any:
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if given == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    device = torch.device(given)
    there = {"cuda": cuda and (device.index or 0) < torch.cuda.device_count(), "mps": mps}
    if not there.get(device.type, True):
        mend = "set 'device: auto', or install a torch that is built for it"
        raise SetupError(f"torch finds no device '{given}' on this machine; {mend}")
    return device


def _dtype(given: str, device: Any) -> Any:
    if given == "auto":
        return torch.float32 if device.type == "cpu" else "auto"
    return getattr(torch, given)


def _context(model: Any, tokenizer: Any) -> int:
    holds = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    limit = int(tokenizer.model_max_length)
    return int(holds or (limit if limit < NO_LIMIT else USUAL_CONTEXT))


def _why_not(settings: ModelSettings, error: Exception) -> str:
    what = f"the model '{settings.name}' cannot be loaded"
    if Path(settings.name).is_dir():
        return f"{what}: {excerpt(error)}"
    if isinstance(error, OSError):
        what = f"there is no folder '{settings.name}', and the Hugging Face hub did not give such a model"
        mend = "check the name and the network; a gated model needs 'hf auth login'"
        return f"{what}; {mend}: {excerpt(error)}"
    return f"{what}: {excerpt(error)}"


@contextmanager
def _without_bars() -> Iterator[None]:
    """Loading draws no bars into the run's display; a download, which takes minutes, still does."""
    logging = transformers.utils.logging
    before = logging.set_tqdm_hook(lambda make, args, given: make(*args, **{**given, "disable": True}))
    try:
        yield
    finally:
        logging.set_tqdm_hook(before)

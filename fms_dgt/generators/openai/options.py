"""The options of the `openai` generator, which its relatives share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from fms_dgt.core.generator import USUAL_SAMPLING, GeneratorOptions
from fms_dgt.core.typed import option

PUBLIC_API = "https://api.openai.com/v1"
KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"
ORGANIZATION_VARIABLE = "OPENAI_ORG_ID"
PROJECT_VARIABLE = "OPENAI_PROJECT_ID"
# what servers take beyond the protocol, and OpenAI's own answer with an error
BEYOND_PROTOCOL: Final = frozenset({"top_k", "min_p", "repetition_penalty"})


@dataclass(frozen=True, kw_only=True)
class ServerOptions(GeneratorOptions):
    """What is asked of a server that speaks the protocol, and how it is reached, wherever it is.

    Paths start at the working directory. `n` is there to be refused with its reason: an engine that
    journals every answer by itself asks for each by itself.
    """

    api: Literal["chat", "completion"] = option(
        "chat", help="'completion' sends plain prompts to /completions, for models without a chat template"
    )
    enforce_schema: bool = option(
        False, help="send the reply's JSON schema; the server holds the model to it"
    )
    logprobs: int | None = option(
        None, low=0, high=20, help="keep the log probabilities of the tokens, and so many alternatives"
    )
    extra_body: dict[str, Any] = option(
        default_factory=dict, help="laid over every request: what this server takes beyond the protocol"
    )
    send_seed: bool = option(True, shapes=False, help="false for servers that refuse a seed")
    max_tokens_name: Literal["max_tokens", "max_completion_tokens"] | None = option(
        None, shapes=False, help="how the server calls the limit (default: as hosted models want it, or not)"
    )
    repetition_penalty_name: Literal["repetition_penalty", "repeat_penalty"] = option(
        "repetition_penalty", shapes=False, help="how the server calls it; repeat_penalty: llama.cpp's"
    )
    n: int = option(1, low=1, shapes=False, help="1: each answer is asked for by itself")
    headers: dict[str, str] = option(default_factory=dict, secret=True, help="sent with every call")
    proxy: str | None = option(None, secret=True, help="'http://host:port' (default: the environment's)")
    trust_env: bool = option(True, shapes=False, help="false: no proxy from HTTP_PROXY and HTTPS_PROXY")
    send_key_over_http: bool = option(
        False, shapes=False, help="true lets a key go over plain http to another machine"
    )
    verify: bool = option(True, shapes=False, help="false trusts any certificate: for tests only")
    ca_file: Path | None = option(None, shapes=False, help="certificates (PEM) to trust beside the system's")
    client_cert: Path | None = option(None, shapes=False, help="a certificate (PEM) to show to the server")
    client_key: Path | None = option(None, shapes=False, help="its key, if that is in another file")
    connect_timeout: float = option(30.0, low=0.001, shapes=False, help="seconds until connected")

    SAMPLING: ClassVar[tuple[str, ...]] = (
        *USUAL_SAMPLING,
        *("top_k", "min_p", "repetition_penalty", "frequency_penalty", "presence_penalty"),
    )


@dataclass(frozen=True, kw_only=True)
class OpenAIOptions(ServerOptions):
    """Where the server is, and how it lets us in."""

    base_url: str | None = option(None, shapes=False, help=f"default: {URL_VARIABLE}, else {PUBLIC_API}")
    api_key: str | None = option(None, secret=True, help=f"default: {KEY_VARIABLE}")
    organization: str | None = option(
        None, shapes=False, aliases=("organisation",), help=f"default: {ORGANIZATION_VARIABLE}"
    )
    project: str | None = option(None, shapes=False, help=f"default: {PROJECT_VARIABLE}")

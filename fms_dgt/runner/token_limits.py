"""Which limit of tokens an answer has: that of the stage, the block or the template.

One that somebody chose goes before one that comes with the package; of both kinds, the nearer to the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fms_dgt.binding.bound import BoundGenerator
from fms_dgt.core.template import Template

LIMIT = "max_tokens"


def sampling_of(prompt: Template, generator: BoundGenerator, count: int | None) -> Mapping[str, Any]:
    """A template's sampling options; a builder's template leaves a limit alone that was chosen for the block.

    With null, it is for no limit at all.
    """
    own = prompt.sampling(count)
    if not prompt.trusted or not generator.limit_is_chosen:
        return own
    return {name: value for name, value in own.items() if name != LIMIT or value is None}


def has_usual_limit(
    prompt: Template, generator: BoundGenerator, count: int | None, params: Mapping[str, Any]
) -> bool:
    """Whether nobody chose the limit that answers have here. `params` are those of the stage and the ask."""
    if generator.limit_is_chosen or LIMIT in params:
        return False
    return prompt.trusted or LIMIT not in prompt.sampling(count)

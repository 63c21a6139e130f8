"""What a Magpie task says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fms_dgt.builders.magpie.system_prompts import SystemPrompts
from fms_dgt.core.task import Task
from fms_dgt.core.typed import option


@dataclass(frozen=True, kw_only=True)
class MagpieTask(Task):
    """Nothing but how the conversations begin and how long they are: there are no seeds."""

    data_field: ClassVar[str] = "system_prompt"

    system_prompt: SystemPrompts = option(
        default_factory=SystemPrompts, help="a text, a list, or a mapping of names to texts and weights"
    )
    turns: int = option(1, low=1, high=20, aliases=("n_turns",), help="user's turns in a conversation")
    only_instruction: bool = option(False, help="leave the instructions without answers")

    def __post_init__(self) -> None:
        if self.only_instruction and self.turns > 1:
            raise ValueError(
                "only_instruction leaves no answer that a second turn could follow; set 'turns: 1'"
            )

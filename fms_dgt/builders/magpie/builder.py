"""Magpie: instructions out of the model's own chat template, and their answers."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt.builders.magpie.chat_format import FORMATS, ChatFormat, format_of
from fms_dgt.builders.magpie.stages import first_instruction, first_response, more_turns
from fms_dgt.builders.magpie.task import MagpieTask
from fms_dgt.core.builder import BuilderOptions, DataBuilder
from fms_dgt.core.composed import Flow
from fms_dgt.core.record import Columns
from fms_dgt.core.source import Endless, Source
from fms_dgt.core.stages import Check, Generate, Judge, Stage
from fms_dgt.core.typed import option
from fms_dgt.core.validator import at_least
from fms_dgt.errors import Problem, did_you_mean

_OWN = "one's own is {user: [BEFORE, AFTER], assistant: [BEFORE, AFTER], system: [BEFORE, AFTER]}"


@dataclass(frozen=True, kw_only=True)
class MagpieOptions(BuilderOptions):
    """How the teacher's chat template writes its turns."""

    chat_format: str | ChatFormat = option(
        "", help="a name, or what stands around the turns; by default what the model's name says"
    )
    # the model itself shapes the answers, and counts where it is named
    generator_model: str = option("", shapes=False, help="filled in: the model that plays 'generator'")
    generator_format: str = option("", shapes=False, help="filled in: by its template")


class MagpieBuilder(DataBuilder[MagpieTask]):
    """Magpie: instructions that a chat model writes when shown the beginning of a turn, and answers.

    In a config file:

        databuilders:
          magpie:
            chat_format: granite
            blocks:
              - {name: generator, type: openai, api: completion, model_id_or_path: granite}
    """

    Options = MagpieOptions
    record = Columns
    options: MagpieOptions

    def source(self, task: MagpieTask) -> Source:
        return Endless(lambda _, random, __: task.system_prompt.drawn(random))

    def check(self, task: MagpieTask) -> list[Problem]:
        said, model = self.options.chat_format, self.options.generator_model
        if isinstance(said, ChatFormat):
            return []
        known = format_of(model)
        if said and said not in FORMATS:
            mend = f"{did_you_mean(said, FORMATS, noun='there are')}; {_OWN}"
            return [Problem(f"there is no chat format '{said}'", mend)]
        if said and known not in (None, said) and model != "simulated":
            what = f"the chat format is to be '{said}', and the model '{model}' has '{known}'"
            return [
                Problem(
                    what, "leave chat_format out, or write out the turns where the model is another's work"
                )
            ]
        if not said and self._known is None:
            what = f"the name of the model '{model}' does not say which chat template it has"
            mend = f"set 'chat_format' in the config: {', '.join(sorted(FORMATS))}; {_OWN}"
            return [Problem(what, mend)]
        return []

    def flow(self, task: MagpieTask) -> Flow:
        return Flow(*self._instructions(task), *([] if task.only_instruction else self._answers(task)))

    @property
    def _form(self) -> ChatFormat:
        said = self.options.chat_format
        return said if isinstance(said, ChatFormat) else FORMATS[said or self._known or ""]

    @property
    def _known(self) -> str | None:
        return format_of(self.options.generator_model) or self.options.generator_format or None

    def _instructions(self, task: MagpieTask) -> list[Stage]:
        """The cheap checks first."""
        return [
            first_instruction(self._form),
            Check("instruction_length", on="instruction"),
            Check("copies", on="instruction", name="instruction_copies", known=_sent(task)),
            Check("dedup", on="instruction", name="dedup_instruction"),
            Judge("judge_quality", keep=at_least(3), into="quality"),
            Judge("judge_difficulty", keep=at_least(1), into="difficulty"),
        ]

    def _answers(self, task: MagpieTask) -> list[Stage]:
        template = "response_with_system" if task.system_prompt.texts else "response"
        chat = Generate(template, into="response", name="response")
        return [
            # a chat has one question in it here; a longer conversation is written out throughout
            chat if task.turns == 1 else first_response(self._form),
            Check("response_length", on="response"),
            Check("refusal", on="response"),
            Check("answer_copies", on="response", name="response_copies", known=_sent(task)),
            *([more_turns(self._form, task.turns)] if task.turns > 1 else []),
        ]


def _sent(task: MagpieTask) -> list[str]:
    """What the teacher is shown and may hand back."""
    return [text for _, text in task.system_prompt.texts]

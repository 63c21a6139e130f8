"""What was said in a chat, and the files that it can be saved as."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from fms_dgt.config.names import fault_of
from fms_dgt.core.generator import Message
from fms_dgt.errors import FolderError, InputError, Problem
from fms_dgt.hooks.wording import plural
from fms_dgt.taxonomy.task import SKILLS
from fms_dgt.taxonomy.write import as_yaml

_TASK, _MESSAGES = (".yaml", ".yml"), (".json",)
_ENDINGS = "let it end in .yaml for a task, or .json for the messages"


class Exchange(NamedTuple):
    """A question and its answer; `is_cut` where the answer ended at the limit of tokens."""

    question: str
    answer: str
    is_cut: bool = False


@dataclass
class Conversation:
    """The system turn, and each question with its answer."""

    system: str = ""
    exchanges: list[Exchange] = field(default_factory=list)

    def asking(self, question: str) -> tuple[Message, ...]:
        """All turns so far, and a question."""
        return (*self._messages(), {"role": "user", "content": question})

    def add(self, question: str, answer: str, *, is_cut: bool = False) -> None:
        """Keep a question that was answered."""
        self.exchanges.append(Exchange(question, answer, is_cut))

    def forget(self, *, system: bool = False) -> None:
        """Begin anew; `system` forgets the system turn, too."""
        self.exchanges.clear()
        if system:
            self.system = ""

    def _messages(self) -> list[Message]:
        begun = [{"role": "system", "content": self.system}] if self.system else []
        return [
            *begun,
            *(
                {"role": role, "content": text}
                for one in self.exchanges
                for role, text in (("user", one.question), ("assistant", one.answer))
            ),
        ]

    def save(self, path: Path) -> str:
        """Write a file that is not there yet, and return what was written, in words.

        A task gets no answer that was cut off: it would teach to break off. Raises InputError, FolderError.
        """
        if not self.exchanges:
            raise InputError([Problem("nothing was answered yet", "ask something first")])
        if path.is_dir():
            raise InputError([Problem("is a folder", f"name a file in it; {_ENDINGS}", str(path))])
        cut = sum(one.is_cut for one in self.exchanges)
        if path.suffix in _TASK:
            text, saved = as_yaml(self._task(path.stem)), plural(len(self.exchanges) - cut, "seed example")
            left_out = f"; {plural(cut, 'answer')} cut off at the token limit left out" if cut else ""
            named = quote(f"./{path}" if str(path).startswith("-") else str(path))
            next_ = f"next:  fms_dgt run {named} -c offline --check"
            more = f"{left_out}; say in it what the task is\n{next_}"
        elif path.suffix in _MESSAGES:
            messages = self._messages()
            text = json.dumps({"messages": messages}, ensure_ascii=False, indent=2) + "\n"
            saved = plural(len(messages), "message")
            more = f"; {plural(cut, 'answer')} among them cut off at the token limit" if cut else ""
        else:
            raise InputError([Problem("the file's ending says what is saved", _ENDINGS, str(path))])
        try:
            with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except FileExistsError as error:
            raise FolderError(f"{path}: is there already; name another file") from error
        except OSError as error:
            why = error.strerror or str(error)
            raise FolderError(f"{path}: cannot be written: {why}; name another place") from error
        return f"wrote {path}: {saved}{more}"

    def _task(self, name: str) -> dict[str, object]:
        whole = [one for one in self.exchanges if not one.is_cut]
        if not whole:
            what = "each answer was cut off at the token limit, and is not a seed example"
            raise InputError(
                [Problem(what, "ask again with a higher --max-tokens, or save the messages as .json")]
            )
        return {
            "task_name": "chat" if fault_of(name) else name,
            "created_by": "your name",
            "task_description": "Answer questions like these.",
            "data_builder": SKILLS,
            "seed_examples": [
                {"question": one.question.strip(), "answer": one.answer.strip()} for one in whole
            ],
        }

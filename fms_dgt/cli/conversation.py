"""What was said in a chat, and the files that it can be saved as."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from fms_dgt.core.generator import Message
from fms_dgt.errors import FolderError, InputError, Problem
from fms_dgt.hooks.wording import plural
from fms_dgt.taxonomy.task import SKILLS
from fms_dgt.taxonomy.write import as_yaml

_TASK, _MESSAGES = (".yaml", ".yml"), (".json",)


@dataclass
class Conversation:
    """The system turn, and each question with its answer."""

    system: str = ""
    exchanges: list[tuple[str, str]] = field(default_factory=list)

    def asking(self, question: str) -> tuple[Message, ...]:
        """All turns so far, and a question."""
        return (*self._messages(), {"role": "user", "content": question})

    def add(self, question: str, answer: str) -> None:
        """Keep a question that was answered."""
        self.exchanges.append((question, answer))

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
                for pair in self.exchanges
                for role, text in zip(("user", "assistant"), pair, strict=True)
            ),
        ]

    def save(self, path: Path) -> str:
        """Write a file that is not there yet, and return what was written, in words.

        Raises InputError, FolderError.
        """
        if not self.exchanges:
            raise InputError([Problem("nothing was answered yet", "ask something first")])
        if path.suffix in _TASK:
            text, saved = as_yaml(self._task(path.stem)), plural(len(self.exchanges), "seed example")
            more = f"; say in it what the task is\nnext:  fms_dgt run {quote(str(path))} -c offline --check"
        elif path.suffix in _MESSAGES:
            messages = self._messages()
            text = json.dumps({"messages": messages}, ensure_ascii=False, indent=2) + "\n"
            saved, more = plural(len(messages), "message"), ""
        else:
            what = "the file's ending says what is saved"
            raise InputError([Problem(what, "let it end in .yaml for a task, or .json", str(path))])
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
        return {
            "task_name": name,
            "created_by": "your name",
            "task_description": "Answer questions like these.",
            "data_builder": SKILLS,
            "seed_examples": [
                {"question": question.strip(), "answer": answer.strip()}
                for question, answer in self.exchanges
            ],
        }

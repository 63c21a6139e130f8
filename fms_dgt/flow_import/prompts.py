"""sdg_hub's prompt files as prompts of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fms_dgt.core.node import Node
from fms_dgt.core.yaml_file import read_yaml
from fms_dgt.errors import InputError

# the parts of a prompt file of 0.1, in the order in which they were sent
PARTS = ("introduction", "principles", "examples", "generation")
_SINGLE = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")


@dataclass(frozen=True)
class Prompt:
    """A prompt, and the marks between which 0.1 looked for the parts of a reply."""

    prompt: str
    system: str = ""
    marks: tuple[tuple[str, str], ...] = ()

    def said(self) -> dict[str, Any]:
        """As the keys of a stage."""
        return {**({"system": self.system} if self.system else {}), "prompt": self.prompt}


def read_prompt(said: str, beside: Path) -> Prompt | str:
    """The prompt in a file that a block names; or why there is none."""
    path = _found(said, beside)
    if path is None:
        return f"its prompt file '{said}' is not there; put it beside the flow, and import again"
    try:
        node = read_yaml(path)
    except InputError as error:
        return f"its prompt file cannot be read: {error.problems[0]}"
    return _of_messages(node) if node.is_list else _of_parts(node)


def _found(said: str, beside: Path) -> Path | None:
    """Beside the flow or in a folder above it: paths in 0.1 began at the package's own folder."""
    for folder in (beside, Path(), *beside.absolute().parents):
        if (folder / said).is_file():
            return folder / said
    return None


def _of_parts(node: Node) -> Prompt | str:
    said = node.plain()
    if not isinstance(said, dict) or not any(said.get(key) for key in PARTS):
        return "its prompt file has neither messages nor the parts that 0.1 knew"
    texts = [str(said[key]).strip() for key in PARTS if said.get(key)]
    begins, ends = said.get("start_tags") or [], said.get("end_tags") or []
    marks = tuple(zip(map(str, begins), map(str, ends), strict=False))
    return Prompt(_jinja("\n\n".join(texts)), _jinja(str(said.get("system") or "").strip()), marks)


def _of_messages(node: Node) -> Prompt | str:
    messages = node.plain()
    if not all(isinstance(one, dict) and isinstance(one.get("content"), str) for one in messages):
        return "its prompt file has messages that are no texts"
    roles = [one.get("role") for one in messages]
    if roles not in (["user"], ["system", "user"]):
        shown = ", ".join(map(str, roles))
        return f"its prompt has the turns {shown}; a prompt here is a system turn and a user turn"
    system = messages[0]["content"].strip() if len(messages) > 1 else ""
    return Prompt(messages[-1]["content"], system)


def _jinja(text: str) -> str:
    """0.1's first prompts had `{name}`, later ones `{{ name }}`."""
    return text if "{{" in text else _SINGLE.sub(r"{{ \1 }}", text)

"""A policy in plain words, as a judge is asked about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from fms_dgt.core.canonical import hexdigest
from fms_dgt.core.node import Node
from fms_dgt.errors import Problem
from fms_dgt.validators.term_list import read_beside

_PROMPT = """\
A policy says what may not be in a text that a language model is trained on.

<policy>
{% raw %}POLICY{% endraw %}
</policy>

This is the text:

<text>
{{ COLUMN }}
</text>

Does the text keep to the policy? Judge what the text itself says or gives instructions for, not its subject
alone: a text may speak of something that it must not help with. Name the rule that it breaks, if it does.

0: it breaks a rule of the policy
1: it keeps to the policy

{{ reply_format }}
"""


@dataclass(frozen=True, slots=True)
class Policy:
    """`policy: {file: rules.md}`, or the rules themselves."""

    text: str

    @classmethod
    def from_node(cls, node: Node, problems: list[Problem]) -> Self | None:
        """Read the text, or the file that it names."""
        named = node.get("file") if node.is_mapping and len(node.value) == 1 else None
        said = read_beside(named, problems) if named is not None else node.value
        if named is not None and said is None:
            return None
        if not isinstance(said, str) or not said.strip():
            problems.append(
                node.problem("must be a text with rules", "write '{file: rules.md}', or the rules")
            )
            return None
        return cls(said.strip())

    @property
    def type(self) -> str:
        # what is written of it, and what fingerprints see
        return f"{len(self.text.split())} words, {hexdigest(self.text)}"

    def template(self, column: str) -> Mapping[str, Any]:
        """What the judge is asked about a column."""
        # the rules are text: what looks like a template in them is none
        rules = self.text.replace("{%", "{ %")
        prompt = _PROMPT.replace("POLICY", rules).replace("COLUMN", column)
        return {"prompt": prompt, "reply": {"score": {"from": 0, "to": 1}}}

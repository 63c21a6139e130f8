"""Edits of built-in builders that leave the data as it was: folders made before them go on unasked.

An edit is noted as what it put in the place of what. Undone in the module's text, it gives the text that
older folders were made with, and its digest with whatever Python is running. Any other change of the module
shows as before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Edit: TypeAlias = tuple[str, str]

_BUILDERS = "the code of fms_dgt.builders."

EDITS: Mapping[str, Sequence[Edit]] = {
    # patterns are searched in bounded time, and mean what they did
    f"{_BUILDERS}pipeline.sifting": (
        ("from collections.abc import Callable", "import re\nfrom collections.abc import Callable"),
        ("from fms_dgt.core.text_pattern import find_all\n", ""),
        ("found = await self._by_pattern", "found = self._by_pattern"),
        ("    async def _by_pattern", "    def _by_pattern"),
        (
            "return [tuple(map(self._clean, parts)) for parts in await find_all(self.pattern, text)]",
            """matches = re.finditer(self.pattern, text, re.DOTALL)
        return [tuple(map(self._clean, match.groups(default="") or (match[0],))) for match in matches]""",
        ),
    ),
    f"{_BUILDERS}pipeline.specs": (
        ("from collections.abc import Mapping", "import re\nfrom collections.abc import Mapping"),
        ("from fms_dgt.core.text_pattern import group_count\n", ""),
        ("group_count(self.pattern)", "re.compile(self.pattern, re.DOTALL).groups"),
        ("except ValueError as error", "except re.error as error"),
    ),
    # templates are filled in without keeping the event loop waiting
    f"{_BUILDERS}pipeline.steps": (
        ("import arender, names_in\n", "import names_in, render\n"),
        ("await arender(text, row)", "render(text, row)"),
    ),
    # patterns of paths are looked for within bounds
    f"{_BUILDERS}knowledge_sdg.origins": (
        ("from fms_dgt.safety.folders import matches, matching\n", ""),
        (
            "return matching(root / pattern) or",
            "return [Path(hit) for hit in sorted(glob.glob(str(root / pattern), recursive=True))] or",
        ),
        (
            "next(matches(path), None)",
            "next(glob.iglob(str(path), recursive=True), None)",
        ),
    ),
    # what an imported flow lacks is told, and changes nothing
    f"{_BUILDERS}pipeline.flow_file": (
        (
            """    missing: list[str] = option(
        default_factory=list, help="parts without a counterpart, of a flow that was imported"
    )
""",
            "",
        ),
        ("    missing: Sequence[str] = ()\n", ""),
        (", said.missing)", ")"),
    ),
    f"{_BUILDERS}pipeline.builder": (
        (
            '        missing = [f"not imported with the flow: {part}" for part in task.flow.missing]\n',
            "",
        ),
        (", *missing] if unread else missing", "] if unread else []"),
    ),
}


def before_edits(name: str, text: str) -> str | None:
    """A module's text before the edits of the part `name` of a fingerprint; None where there were none."""
    if name not in EDITS:
        return None
    for now, before in EDITS[name]:
        text = text.replace(now, before)
    return text

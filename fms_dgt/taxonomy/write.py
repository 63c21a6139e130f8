"""Data as YAML in the style that InstructLab wants: even indentation, texts of several lines below `|`."""

from __future__ import annotations

from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        # lists stand further in than their key, like everything else
        super().increase_indent(flow, indentless=False)


def as_yaml(said: Any) -> str:
    """YAML text that says `said`: mappings, lists, text and numbers."""
    text: str = yaml.dump(said, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**20)
    return text


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else '"' if _is_like_a_number(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _is_like_a_number(value: str) -> bool:
    """Whether some reader could take it for a number: YAML's versions differ about `1e5`."""
    try:
        float(value)
    except ValueError:
        return False
    return True


_Dumper.add_representer(str, _text)

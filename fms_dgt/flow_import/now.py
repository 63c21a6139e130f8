"""The current schema: blocks of their own build a prompt, send it, take out the answer and parse it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fms_dgt.core.generator import EVERY_SAMPLING
from fms_dgt.core.node import Node
from fms_dgt.flow_import.common import convert_common
from fms_dgt.flow_import.parts import Parts, list_of
from fms_dgt.flow_import.prompts import Prompt, read_prompt

SEED = "seed"


def seed_note(sampling: Mapping[str, Any]) -> str:
    """What becomes of a seed of its own; "" where a block has none."""
    seed = sampling.get(SEED)
    return (
        "" if seed is None else f"'seed: {seed}' is not taken over: each call gets one from --seed of the run"
    )


def params_of(sampling: Mapping[str, Any]) -> dict[str, Any]:
    """The sampling options that a stage takes over."""
    return {key: sampling[key] for key in EVERY_SAMPLING if sampling.get(key) is not None}


class Now:
    """Turns blocks into stages one by one; what one block made, a later one may need."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        # by the column that held them
        self._prompts: dict[str, Prompt] = {}
        self._several: set[str] = set()

    def block(self, kind: str, name: str, node: Node) -> None:
        """One block; `node` is its `block_config`."""
        convert = {
            "PromptBuilder": self._prompt,
            "LLMChat": self._chat,
            "LLMResponseExtractor": self._extractor,
            "LLMParser": self._extractor,
            "TagParser": self._tags,
            "TextParser": self._parser,
            "RegexParser": self._regex,
        }.get(kind)
        if convert is not None:
            convert(name, node, node.plain())
        elif not convert_common(kind, name, node, self._parts):
            self._parts.miss(f"the block '{name}' ({kind}) has no counterpart", node)

    def _prompt(self, name: str, node: Node, said: Mapping[str, Any]) -> None:
        found = read_prompt(str(said.get("prompt_config_path", "")), self._parts.file.parent)
        if isinstance(found, str):
            self._parts.miss(f"'{name}': {found}", node)
            return
        renamed = said.get("input_cols")
        if isinstance(renamed, dict):
            # a mapping names columns by the variable that they fill
            columns = {variable: column for column, variable in renamed.items() if variable != column}
            if columns:
                self._parts.add(f"{name}_columns", "copy", columns)
        for column in list_of(said.get("output_cols")):
            self._prompts[column] = found

    def _chat(self, name: str, node: Node, said: Mapping[str, Any]) -> None:
        columns, into = list_of(said.get("input_cols")), list_of(said.get("output_cols"))
        prompt = self._prompts.get(columns[0]) if columns else None
        if prompt is None or not into:
            self._parts.miss(f"'{name}' sends a prompt that no block before it builds", node)
            return
        params = params_of(said)
        stage = {**prompt.said(), "into": into[0], **({"params": params} if params else {})}
        self._parts.repeated(name, said.get("n"))
        self._several.update(into if (said.get("n") or 1) > 1 else [])
        self._parts.add(name, "generate", stage, seed_note(said))

    def _extractor(self, name: str, node: Node, said: Mapping[str, Any]) -> None:
        columns = list_of(said.get("input_cols"))
        if not columns or said.get("extract_reasoning_content") or said.get("extract_tool_calls"):
            self._parts.miss(f"'{name}' takes reasoning or tool calls out of a response", node)
            return
        if said.get("expand_lists") is False and columns[0] in self._several:
            self._parts.miss(f"'{name}' keeps several answers of one row as a list", node)
            return
        into = f"{said.get('field_prefix') or name + '_'}content"
        self._parts.add(name, "copy", {into: columns[0]})

    def _parser(self, name: str, node: Node, said: Mapping[str, Any]) -> None:
        (self._regex if said.get("parsing_pattern") else self._tags)(name, node, said)

    def _tags(self, name: str, node: Node, said: Mapping[str, Any]) -> None:
        columns, into = list_of(said.get("input_cols")), list_of(said.get("output_cols"))
        begins, ends = said.get("start_tags") or [], said.get("end_tags") or []
        if not columns or not into or not len(begins) == len(ends) == len(into):
            self._parts.miss(f"'{name}' does not have a pair of tags for each column", node)
            return
        marks = [[str(begin), str(end)] for begin, end in zip(begins, ends, strict=True)]
        stage = {"on": columns[0], "into": into, "between": marks}
        remove = list_of(said.get("parser_cleanup_tags"))
        self._parts.add(name, "extract", {**stage, **({"remove": remove} if remove else {})})

    def _regex(self, name: str, node: Node, said: Mapping[str, Any]) -> None:
        columns, into = list_of(said.get("input_cols")), list_of(said.get("output_cols"))
        if not columns or not into:
            self._parts.miss(f"'{name}' does not say what it parses, and into what", node)
            return
        stage = {"on": columns[0], "into": into, "pattern": str(said.get("parsing_pattern", ""))}
        remove = list_of(said.get("parser_cleanup_tags"))
        self._parts.add(name, "extract", {**stage, **({"remove": remove} if remove else {})})

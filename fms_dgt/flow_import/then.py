"""The schema of 0.1: a list of blocks, prompts in files of parts, replies parsed by the block that asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fms_dgt.core.generator import EVERY_SAMPLING
from fms_dgt.core.node import Node
from fms_dgt.flow_import.common import convert_common
from fms_dgt.flow_import.now import SEED, params_of, seed_note
from fms_dgt.flow_import.parts import Parts, list_of
from fms_dgt.flow_import.prompts import Prompt, read_prompt

# how InstructLab asks for as many answers as its own flag says, and what that is by default
_SCALED, _SCALE = "scaled", 30
# what is read of gen_kwargs, or noted, elsewhere
_ELSEWHERE = (SEED, "n")


class Then:
    """Turns blocks of 0.1 into stages."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def block(self, kind: str, name: str, node: Node, entry: Node) -> None:
        """One block; `node` is its `block_config`, `entry` all that stands beside it, too."""
        if kind == "LLM":
            self._ask(name, node, entry)
        elif kind == "ConditionalLLM":
            self._ask_by_column(name, node, entry)
        elif kind == "SetToMajorityValue":
            # a row keeps its own value, and goes its own way by it
            self._parts.noted(name, "no row takes over what most rows have: each goes by its own value")
        elif not convert_common(kind, name, node, self._parts):
            self._parts.miss(f"the block '{name}' ({kind}) has no counterpart", entry)
        said = entry.plain()
        for column in list_of(said.get("drop_duplicates")):
            self._parts.add(f"dedup_{column}", "check", {"validator": "exact", "on": column})
        self._parts.dropped(list_of(said.get("drop_columns")))

    def _ask(self, name: str, node: Node, entry: Node) -> None:
        said, sampling = node.plain(), entry.plain().get("gen_kwargs") or {}
        found = read_prompt(str(said.get("config_path", "")), self._parts.file.parent)
        into = list_of(said.get("output_cols"))
        if isinstance(found, str) or not into:
            why = found if isinstance(found, str) else "it has no output_cols"
            self._parts.miss(f"'{name}': {why}", entry)
            return
        # what a block put beside the columns of a row, to be seen by its prompt
        beside = {
            k: v
            for k, v in (said.get("batch_kwargs") or {}).items()
            if not k.startswith(("num_procs", "batched"))
        }
        if beside:
            self._parts.add(f"{name}_with", "set", beside)
            self._parts.dropped(list(beside))
        stage = {**found.said(), "into": f"{name}_reply".replace(" ", "_")}
        self._times(name, sampling)
        self._parts.add(name, "generate", {**stage, "params": _params(sampling)}, seed_note(sampling))
        self._parts.dropped([stage["into"]])
        self._parse(name, entry, stage["into"], into, said.get("parser_kwargs") or {}, found.marks)

    def _ask_by_column(self, name: str, node: Node, entry: Node) -> None:
        """A prompt for each value of a column; the same is asked with the same prompt."""
        said, sampling = node.plain(), entry.plain().get("gen_kwargs") or {}
        into, by = list_of(said.get("output_cols")), said.get("selector_column_name")
        paths = said.get("config_paths")
        if not isinstance(paths, dict) or not paths or not into or not by:
            self._parts.miss(f"'{name}' does not say which prompt goes with which value", entry)
            return
        prompts: dict[str, Prompt] = {}
        for value, path in paths.items():
            found = read_prompt(str(path), self._parts.file.parent)
            if isinstance(found, str):
                self._parts.miss(f"'{name}': {found}", entry)
                return
            prompts[str(value)] = found
        column = f"{name}_reply".replace(" ", "_")
        ways = {
            value: [
                {
                    "name": f"{name} {value}",
                    "generate": {**prompt.said(), "into": column, "params": _params(sampling)},
                }
            ]
            for value, prompt in prompts.items()
        }
        self._times(name, sampling)
        self._parts.add(name, "branch", {"on": str(by), "to": ways}, seed_note(sampling))
        self._parts.dropped([column])
        marks = next(iter(prompts.values())).marks
        self._parse(name, entry, column, into, said.get("parser_kwargs") or {}, marks)

    def _times(self, name: str, sampling: Mapping[str, Any]) -> None:
        for key in sorted(sampling.keys() - {*EVERY_SAMPLING, *_ELSEWHERE}):
            self._parts.noted(
                name, f"'{key}' of gen_kwargs is not taken over: no sampling option is called so"
            )
        number = sampling.get("n")
        if number == _SCALED:
            number = _SCALE
            self._parts.noted(name, f"'n: {_SCALED}' is taken as {_SCALE}, InstructLab's own default")
        self._parts.repeated(name, number)

    def _parse(
        self,
        name: str,
        entry: Node,
        column: str,
        into: list[str],
        said: Mapping[str, Any],
        marks: tuple[tuple[str, str], ...],
    ) -> None:
        stage: dict[str, Any] = {"on": column, "into": into}
        if said.get("parsing_pattern"):
            stage["pattern"] = str(said["parsing_pattern"])
            remove = list_of(said.get("parser_cleanup_tags"))
            stage |= {"remove": remove} if remove else {}
        elif len(marks) == len(into):
            stage["between"] = [list(pair) for pair in marks]
        elif len(into) == 1:
            stage["between"] = [["", ""]]
        else:
            self._parts.miss(f"'{name}' does not say how its reply is parsed", entry)
            return
        self._parts.add(f"{name}_parts", "extract", stage)


def _params(sampling: Mapping[str, Any]) -> dict[str, Any]:
    return {"temperature": 0, **params_of(sampling)}

"""What the tests of self_instruct and evol_instruct are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fms_dgt
from fms_dgt.core.node import Node
from fms_dgt.core.template import Template
from fms_dgt.core.typed import decode
from fms_dgt.errors import Problem
from fms_dgt.testing import ModelServer, prompt_of

ROOT = Path(__file__).parents[2]
BUILDERS = ROOT / "fms_dgt" / "builders"
VERBS = ["bake", "count", "describe", "explain", "find", "group", "hide", "invent", "judge", "knit"]
SEEDS = [
    {"instruction": f"{verb.capitalize()} the {verb}able thing of number {at}."}
    for at, verb in enumerate(VERBS)
]


def decoded(cls: type[Any], data: Any, origin: str = "task.yaml") -> tuple[Any, list[str]]:
    """The value, and its problems as text."""
    problems: list[Problem] = []
    value = decode(cls, Node.of(data, origin), problems)
    return value, [str(problem) for problem in problems]


def said(builder: str, **more: Any) -> dict[str, Any]:
    """What a task file would say."""
    about = {"task_name": "t", "task_description": "To be of use.", "created_by": "a test"}
    return {**about, "data_builder": builder, **more}


def template(builder: str, name: str) -> Template:
    return Template.from_file(BUILDERS / builder / "templates" / f"{name}.yaml", name)


def template_names(builder: str) -> list[str]:
    return sorted(path.stem for path in (BUILDERS / builder / "templates").glob("*.yaml"))


def wanted_tags(body: Mapping[str, Any]) -> list[str]:
    """The tags that the reply must have, in order; none where it is the answer alone."""
    prompt = prompt_of(body)
    return list(dict.fromkeys(re.findall(r"between <(\w+)> and </\1>", prompt)))


def run(builder: str, answer: Callable[[Any], str], folder: Path, **settings: Any) -> fms_dgt.Outcome:
    """Run a task against a stand-in server that answers like that; options go into the config."""
    options = settings.pop("options", {})
    task = said(builder, **settings.pop("task", {}))
    with ModelServer(answer=answer).in_thread() as server:
        lm = {"type": "openai", "model": "m", "base_url": server.base_url, "api_key": "k"}
        blocks = [{"name": "validator", "type": "lm_judge", "lm_config": lm}]
        config = {"databuilders": {builder: {**options, "blocks": blocks}}}
        if builder == "self_instruct":
            config["databuilders"][builder].pop("blocks")
        settings.setdefault("allow_path", [folder.parent])
        return fms_dgt.run(task, config=config, generator=lm, output_dir=folder, **settings)

"""What `fms_dgt try` asks, and whom: a prompt, a chat, a template, or a task's own first prompt."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fms_dgt.binding.bind import bind
from fms_dgt.binding.bound import BoundGenerator, BoundTask
from fms_dgt.binding.teachers import Teacher
from fms_dgt.cli.teachers import Meant
from fms_dgt.core.composed import Branch, walk
from fms_dgt.core.generator import Message, Request, SamplingParams
from fms_dgt.core.node import Node, Place
from fms_dgt.core.stages import Check, Stage
from fms_dgt.core.strict_json import loads
from fms_dgt.core.template import Template
from fms_dgt.core.yaml_file import read_text
from fms_dgt.errors import InputError, Problem, did_you_mean

COMMAND_LINE = "the command line"
QUESTION = "In two sentences: why is the sky blue?"
SAMPLING = ("temperature", "top_p", "max_tokens")
SPEAKERS = ("system", "user", "assistant")


@dataclass(frozen=True)
class Asking:
    """A request, and who is asked; `about` names the role, the stage and the template in words."""

    generator: BoundGenerator
    request: Request
    about: str
    problems: Sequence[Problem] = ()


def asking_of(options: argparse.Namespace, meant: Meant) -> Asking:
    """The request that the flags amount to. Raises InputError."""
    given = [
        flag
        for flag, said in (
            ("the prompt", options.prompt),
            ("--user and --assistant", options.turns),
            ("--messages", options.messages),
            ("--template", options.template),
            ("--stage", options.stage),
        )
        if said
    ]
    if len(given) > 1:
        raise _wrong(f"{given[0]} and {given[1]} say two things to ask", "leave one of them out")
    if options.stage or (options.task_paths and not given):
        return _of_task(options, meant)
    teacher, role = chosen_teacher(options, meant.teachers())
    if options.template:
        return _of_template(options, meant, teacher, role)
    if options.values:
        raise _wrong("--set fills in a template, and there is none", "name one with --template")
    request = Request(_chat(options), sampling_of(options, teacher.generator.sampling), seed=options.seed)
    return Asking(teacher.generator, request, role, teacher.problems)


def _wrong(what: str, mend: str, flag: str = "") -> InputError:
    return InputError([Problem(what, mend, f"{COMMAND_LINE}: {flag}" if flag else COMMAND_LINE)])


def chosen_teacher(options: argparse.Namespace, teachers: Sequence[Teacher]) -> tuple[Teacher, str]:
    """The model that plays the role, and the role in words."""
    played = [(teacher, role) for teacher in teachers for role in teacher.roles]
    wanted = options.role or "generator"
    # a teacher by itself plays any role
    fitting = [(teacher, role) for teacher, role in played if role.name == wanted or not role.builder]
    if not fitting:
        mend = did_you_mean(wanted, {role.name for _, role in played}, noun="roles with a model")
        raise _wrong(f"no model plays '{wanted}'", mend, "--role")
    teacher, role = fitting[0]
    if any(other.generator.backend.endpoint != teacher.generator.backend.endpoint for other, _ in fitting):
        builders = ", ".join(role.builder for _, role in fitting)
        raise _wrong(f"different models play '{wanted}'", f"name one of these with --builder: {builders}")
    return teacher, str(role)


def sampling_of(options: argparse.Namespace, *below: Mapping[str, Any]) -> Mapping[str, Any]:
    """Sampling options: of the block, the template and the stage, and then the flags."""
    said = {name: getattr(options, name) for name in SAMPLING if getattr(options, name) is not None}
    places = {
        name: Node(value, Place(COMMAND_LINE, None, f"--{name.replace('_', '-')}"))
        for name, value in said.items()
    }
    problems: list[Problem] = []
    flags = SamplingParams.from_node(Node(places, Place(COMMAND_LINE)), problems)
    if flags is None or problems:
        raise InputError(problems)
    merged: dict[str, Any] = {}
    for layer in (*below, flags):
        merged.update(layer)
    return {name: value for name, value in merged.items() if value is not None}


def _chat(options: argparse.Namespace) -> tuple[Message, ...]:
    system = [{"role": "system", "content": options.system}] if options.system else []
    if options.messages:
        return (*system, *_messages_in(Path(options.messages)))
    if options.turns:
        turns = [{"role": speaker, "content": text} for speaker, text in options.turns]
        if turns[-1]["role"] != "user":
            raise _wrong("the chat ends with --assistant", "add what is asked with --user")
        return (*system, *turns)
    return (*system, {"role": "user", "content": options.prompt or QUESTION})


def _messages_in(path: Path) -> Sequence[Message]:
    """A chat as a JSON file has it: a list of messages, or a mapping with one."""
    if not path.is_file():
        raise _wrong(f"there is no file '{path}'", "name a JSON file with a list of messages", "--messages")
    mend = 'write [{"role": "user", "content": "..."}]'
    try:
        said = loads(read_text(path, str(path), noun="a JSON file"))
    except ValueError as error:
        raise InputError([Problem(f"is not JSON: {error}", mend, str(path))]) from error
    said = said.get("messages") if isinstance(said, dict) else said
    if not isinstance(said, list) or not said or not all(_is_message(one) for one in said):
        raise InputError([Problem("is not a list of messages with 'role' and 'content'", mend, str(path))])
    return [{"role": one["role"], "content": one["content"]} for one in said]


def _is_message(one: Any) -> bool:
    return isinstance(one, dict) and one.get("role") in SPEAKERS and isinstance(one.get("content"), str)


def _of_template(options: argparse.Namespace, meant: Meant, teacher: Teacher, role: str) -> Asking:
    template = _template(options.template, meant)
    task = _bound(meant) if options.task_paths else None
    values = {**(_first_values(task) if task else {}), **_values(options.values)}
    count = values.pop("count", None)
    if count is not None and (not isinstance(count, int) or count < 1):
        raise _wrong(f"count: must be a whole number, 1 or more, not '{count}'", "", "--set")
    request = _filled(options, teacher.generator, template, values, count)
    return Asking(teacher.generator, request, f"{role}, template {template.name}", teacher.problems)


def _template(name: str, meant: Meant) -> Template:
    if Path(name).is_file():
        return Template.from_file(Path(name))
    known: dict[str, Path] = {}
    for builder in {} if meant.alone else {task.builder: None for task in meant.plan.tasks}:
        folder = meant.plugins.builder(builder).folder / "templates"
        known.update({path.stem: path for path in folder.glob("*.yaml")})
    if name not in known:
        mend = did_you_mean(name, known, noun="templates") if known else "name a template's file"
        raise _wrong(f"there is no template '{name}'", mend, "--template")
    return Template.from_file(known[name])


def _values(said: Sequence[str]) -> dict[str, Any]:
    """`name=value` pairs, read as far as they are JSON lists, mappings, whole numbers or quoted text."""
    values: dict[str, Any] = {}
    for pair in said:
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            raise _wrong(f"'{pair}' sets nothing", "write name=value", "--set")
        values[name] = _value(name, text)
    return values


def _value(name: str, text: str) -> Any:
    try:
        value = loads(text)
    except ValueError as error:
        if not text.startswith(("[", "{")):
            return text
        mend = "fix it, or put it in double quotes where it is text"
        raise _wrong(f"{name}: is not JSON: {error}", mend, "--set") from error
    # others (true, null, 1e5) would look different in a prompt
    return value if type(value) in (list, dict, int, str) else text


def _filled(
    options: argparse.Namespace,
    generator: BoundGenerator,
    template: Template,
    values: Mapping[str, Any],
    count: int | None,
    stage_params: Mapping[str, Any] | None = None,
) -> Request:
    _check_fits(options, generator, template, values)
    as_json = generator.backend.enforces_schema and template.reply.schema(count) is not None
    messages = () if template.plain else template.messages(values, count=count, as_json=as_json)
    if options.system:
        own = [message for message in messages if message["role"] != "system"]
        messages = ({"role": "system", "content": options.system}, *own)
    return Request(
        messages,
        sampling_of(options, generator.sampling, template.sampling(count), stage_params or {}),
        seed=options.seed,
        reply=template.reply,
        count=count,
        schema=template.reply.schema(count) if as_json else None,
        prompt=template.text(values, count=count, as_json=as_json) if template.plain else None,
    )


def _check_fits(
    options: argparse.Namespace, generator: BoundGenerator, template: Template, values: Mapping[str, Any]
) -> None:
    """Raises InputError where the template cannot be filled in, or sent."""
    missing = sorted(template.variables - values.keys())
    if missing:
        what = f"the template '{template.name}' needs {', '.join(missing)}"
        raise _wrong(what, " ".join(f"--set {name}=..." for name in missing))
    if options.system and template.plain:
        raise _wrong(
            f"the template '{template.name}' is plain, and has no system turn", "leave it out", "--system"
        )
    if template.plain and not generator.backend.completes:
        what = f"the template '{template.name}' is plain, and {generator.type} takes chat messages only"
        raise _wrong(what, "ask another generator", "--template")


@dataclass(frozen=True)
class _Ask:
    """A stage that asks with one template."""

    stage: Stage
    generator: BoundGenerator
    template: Template


def _of_task(options: argparse.Namespace, meant: Meant) -> Asking:
    """The prompt of a stage, filled in from the task's first unit."""
    task = _bound(meant)
    values = {**_first_values(task), **_values(options.values)}
    ask = _ask_of(task, options.stage, values)
    count, params = getattr(ask.stage, "count", None), getattr(ask.stage, "params", {})
    request = _filled(options, ask.generator, ask.template, values, count, params)
    about = f"{task.name}, stage {ask.stage.name}"
    if ask.template.name != ask.stage.name:
        about += f", template {ask.template.name}"
    return Asking(ask.generator, request, about)


def _bound(meant: Meant) -> BoundTask:
    """The first task that is named. Raises InputError."""
    # others of the same run may be wrong, and are none of our business
    plan = replace(meant.plan, tasks=meant.named_tasks[:1], whole=False)
    if not plan.tasks:
        raise _wrong("no task is named to fill it in from", "name one of the builder's: fms_dgt try TASK")
    return bind(plan, meant.plugins)[0]


def _first_values(task: BoundTask) -> Mapping[str, Any]:
    """What templates can use of the task at its first unit."""
    return {**task.columns, **task.first_values}


def _ask_of(task: BoundTask, name: str | None, values: Mapping[str, Any]) -> _Ask:
    """The stage of that name; without one, the first on the unit's way that needs no answer of another."""
    if name is None:
        found = list(_asks(task, _way(task.flow.stages, values)))
        found = [ask for ask in found if ask.template.variables <= values.keys()] or found
    else:
        found = [ask for ask in _asks(task, task.flow.walk()) if ask.stage.name == name]
    if found:
        return found[0]
    known = dict.fromkeys(ask.stage.name for ask in _asks(task, task.flow.walk()))
    what = f"no stage '{name}' of {task.name}" if name else f"no stage of {task.name}"
    raise _wrong(
        f"{what} asks with a template", did_you_mean(name or "", known, noun="stages that ask"), "--stage"
    )


def _way(stages: Sequence[Stage], values: Mapping[str, Any]) -> Iterator[Stage]:
    """The stages that a row with these values passes, as far as that is known."""
    for stage in stages:
        taken = stage.to.get(values.get(stage.on)) if isinstance(stage, Branch) else None
        yield from walk(stage) if taken is None else _way(taken.stages, values)


def _asks(task: BoundTask, stages: Iterable[Stage]) -> Iterator[_Ask]:
    for stage in stages:
        if isinstance(stage, Check):
            judges = list(task.validators[stage.validator].generators.values())
            if stage.template and judges:
                yield _Ask(stage, judges[0], task.templates[stage.template])
            continue
        for role, name in stage.asks():
            if name in task.templates:
                yield _Ask(stage, task.generators[role], task.templates[name])

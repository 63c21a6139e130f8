"""`fms_dgt try`: one prompt to a model, and what its reply is read as."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fms_dgt.binding.prices import model_of
from fms_dgt.cli.parser import Parser, number, whole_number
from fms_dgt.cli.task_words import names_task
from fms_dgt.cli.teachers import Meant, add_model_flags, tell, telling_what_for
from fms_dgt.cli.try_request import Asking, asking_of
from fms_dgt.core.generator import Completion
from fms_dgt.core.reply import Reading, TextReply
from fms_dgt.errors import InputError, Unreadable
from fms_dgt.runner.probe import Probe, Prober
from fms_dgt.safety.terminal import harmless

READ, NOT_READ, MENDABLE = 0, 1, 2
# of a second prompt
_SHOWN = 60

_USAGE = "fms_dgt try [PROMPT] [TASK] [--teacher TYPE[:MODEL]] [-c CONFIG] [flags]"
_ABOUT = "Ask a model one thing, and show the answer and what the reply contract reads from it."
_EXAMPLES = """\
examples:
  fms_dgt try "Name three rivers." --teacher openai:gpt-4o-mini
  fms_dgt try -c config.yaml --role validator --show-prompt
  fms_dgt try -c config.yaml --template my_template.yaml --set topic=rivers
  fms_dgt try task.yaml -c config.yaml --show-prompt

Nothing is kept. Exit code: 0 if the reply can be read, 1 if not, 2 for what you can fix."""


class _Turn(argparse.Action):
    """`--user` and `--assistant`, kept in the order in which they stand."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        namespace.turns = [*namespace.turns, (str(option_string).lstrip("-"), values)]


@dataclass(frozen=True)
class _Read:
    """What a contract made of an answer: a reading, or what was missing."""

    reading: Reading | None
    missing: str = ""

    @classmethod
    def of(cls, asking: Asking, completion: Completion) -> _Read:
        request = asking.request
        try:
            return cls(request.reply.reading(completion.text, finish=completion.finish, count=request.count))
        except Unreadable as error:
            return cls(None, str(error))


def main(argv: Sequence[str]) -> int:
    """Ask it. Raises InputError."""
    options = _parser().parse(argv)
    # plugins that print when they are imported would spoil the JSON
    with contextlib.redirect_stdout(sys.stderr):
        asking = asking_of(options, Meant.by(options))
        if asking.problems:
            raise InputError(asking.problems)
        probe = asyncio.run(_asked(asking, options.timeout))
    read = _Read.of(asking, probe.completion) if probe.completion else None
    if options.json:
        print(json.dumps(_as_json(asking, probe, read), indent=2, ensure_ascii=False))
        return _exit_code(probe, read)
    shown = [*(_prompt_lines(asking) if options.show_prompt else ()), *_lines(asking, probe, read)]
    if shown:
        print(harmless("\n".join(shown)))
    if probe.error:
        tell(f"error: {model_of(asking.generator)}: {probe.error}")
    return _exit_code(probe, read)


def _parser() -> Parser:
    parser = _Parser(prog="fms_dgt try", usage=_USAGE, description=_ABOUT, epilog=_EXAMPLES)
    _add_question(parser)
    add_sampling(parser)
    add_model_flags(parser, by_position=False)
    return parser


class _Parser(Parser):
    """Takes a prompt and tasks by position."""

    def tasks_of(self, options: argparse.Namespace) -> list[str]:
        tasks = [word for word in options.words if names_task(word)]
        prompts = [word for word in options.words if word not in tasks]
        if len(prompts) > 1:
            shown = prompts[1] if len(prompts[1]) <= _SHOWN else prompts[1][: _SHOWN - 3] + "..."
            self.error(f"'{shown}' is a second prompt, and no task; put a prompt of several words in quotes")
        options.prompt = prompts[0] if prompts else None
        return tasks


def _add_question(parser: Parser) -> None:
    group = parser.add_argument_group("what to ask")
    group.add_argument(
        "words",
        nargs="*",
        metavar="PROMPT|TASK",
        help="a question (default: one of ours), or a task: a file, a folder or a shipped one by name",
    )
    group.add_argument("--system", metavar="TEXT", help="the system turn")
    for speaker in ("user", "assistant"):
        group.add_argument(
            f"--{speaker}",
            dest="turns",
            action=_Turn,
            default=[],
            metavar="TEXT",
            help=f"a turn of the {speaker}'s; repeat them for a chat",
        )
    group.add_argument("--messages", metavar="FILE", help="a chat: a JSON file with a list of messages")
    group.add_argument("--template", metavar="NAME", help="a template of the builder, or a file")
    group.add_argument(
        "--set",
        dest="values",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a value for the template: text or JSON; 'count' is how many items are wanted",
    )
    group.add_argument(
        "--stage",
        metavar="NAME",
        help="what this stage asks; the first unit of the task fills it in (default: the first stage)",
    )
    group.add_argument("--role", metavar="NAME", help="whom to ask (default: generator)")
    group.add_argument("--show-prompt", action="store_true", help="show what is sent")


def add_sampling(parser: Parser) -> None:
    """The flags of `try` and `chat` that say how a model is asked."""
    group = parser.add_argument_group("how to ask, in place of what is configured")
    group.add_argument("--temperature", type=number, metavar="X", help="how freely it chooses its words")
    group.add_argument("--top-p", type=number, metavar="X", help="the share of likely words it chooses from")
    group.add_argument("--max-tokens", type=whole_number, metavar="N", help="how long the answer may be")
    group.add_argument(
        "--seed", type=whole_number, default=0, metavar="N", help="the request's seed (default: 0)"
    )


async def _asked(asking: Asking, seconds: float) -> Probe:
    prober = Prober(seconds, tell)
    try:
        async with telling_what_for(lambda: [model_of(asking.generator)]):
            return await prober.ask(asking.generator, asking.request)
    finally:
        await prober.close()


def _exit_code(probe: Probe, read: _Read | None) -> int:
    if read is None:
        return MENDABLE if probe.mendable else NOT_READ
    return READ if read.reading is not None else NOT_READ


# --- what is shown ---------------------------------------------------------------------------------


def _prompt_lines(asking: Asking) -> Iterator[str]:
    request = asking.request
    if request.prompt is not None:
        yield f"--- prompt, as it is sent\n{request.prompt}"
    for message in request.messages:
        yield f"--- {message['role']}\n{message['content']}"
    if request.params:
        yield "--- params\n" + ", ".join(f"{name}: {value}" for name, value in request.params.items())
    if request.schema is not None:
        yield f"--- schema\n{json.dumps(request.schema, ensure_ascii=False)}"


def _lines(asking: Asking, probe: Probe, read: _Read | None) -> Iterator[str]:
    done = probe.completion
    if done is None or read is None:
        return
    if done.extra.get("reasoning"):
        yield f"--- thinking\n{done.extra['reasoning']}"
    yield f"--- answer\n{done.text}"
    if read.reading is None:
        yield f"--- cannot be read\n{read.missing}"
    elif not isinstance(asking.request.reply, TextReply) or read.reading.value != done.text.strip():
        yield from _reading_lines(read.reading)
    yield "---"
    yield f"{model_of(asking.generator)} ({asking.about}): {_figures(asking, probe, done)}"
    if done.finish == "length":
        yield "the answer was cut off at the token limit; --max-tokens or max_tokens raises it"


def _reading_lines(reading: Reading) -> Iterator[str]:
    value = reading.value
    if isinstance(value, list):
        yield f"--- read as {len(value)} item{'' if len(value) == 1 else 's'}"
        yield from (f"{at}. {_shown(item)}" for at, item in enumerate(value, 1))
    else:
        yield f"--- read as\n{_shown(value)}"
    left = [
        f"{number} {name}"
        for name, number in (
            ("cut off", reading.cut),
            ("incomplete", reading.incomplete),
            ("more than asked for", reading.surplus),
        )
        if number
    ]
    if left:
        yield f"left out: {', '.join(left)}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _figures(asking: Asking, probe: Probe, done: Completion) -> str:
    figures = [f"{probe.seconds:.2f} s", f"{done.input_tokens} tokens in, {done.output_tokens} out"]
    cost = asking.generator.backend.options.price_of(done.input_tokens, done.output_tokens)
    if cost is not None:
        figures.append(f"costs {cost:.6f}")
    if probe.tries > 1:
        figures.append(f"at try {probe.tries}")
    return ", ".join(figures)


def _as_json(asking: Asking, probe: Probe, read: _Read | None) -> Mapping[str, Any]:
    request, done, reading = asking.request, probe.completion, read.reading if read else None
    backend = asking.generator.backend
    said: dict[str, Any] = {
        "exit_code": _exit_code(probe, read),
        "type": asking.generator.type,
        "model": backend.options.model_id_or_path,
        "endpoint": backend.endpoint,
        "asked": asking.about,
        "messages": list(request.messages),
        "prompt": request.prompt,
        "params": dict(request.params),
        "seed": request.seed,
        "schema": request.schema,
        "contract": dict(request.reply.describe()),
        "seconds": round(probe.seconds, 3),
        "tries": probe.tries,
        "error": probe.error,
    }
    if done is None:
        return said
    return {
        **said,
        "answer": done.text,
        "finish": done.finish,
        "thinking": done.extra.get("reasoning", ""),
        "input_tokens": done.input_tokens,
        "output_tokens": done.output_tokens,
        "cost": backend.options.price_of(done.input_tokens, done.output_tokens),
        "value": reading.value if reading else None,
        "cut": reading.cut if reading else 0,
        "incomplete": reading.incomplete if reading else 0,
        "surplus": reading.surplus if reading else 0,
        "unreadable": read.missing if read else "",
    }

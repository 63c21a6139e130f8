"""The flags of a run. Imports little beside argparse, so that `--help` is quick."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from fms_dgt.safety.environment import setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

RUN = "run"
COMMANDS = {
    "chat": "talk with a model, and save what was said as seed examples",
    "check-teachers": "send a test prompt to every configured model",
    "datasets": "make training sets of what runs made, and mix them",
    "draw": "draw the flow of a task as SVG, HTML or Mermaid, with a run's counts",
    "import-flow": "turn a flow of sdg_hub or instructlab/sdg into one for the builder 'pipeline'",
    "init": "write a commented first task and config",
    "models": "fetch, list and remove GGUF files for llama.cpp",
    "new": "write a task.yaml or a taxonomy's qna.yaml, by asking or from flags",
    "plugins": "list the plugins, or show the options of one with an example",
    RUN: "make data; the word itself may be left out",
    "runs": "list what an output folder holds",
    "serve": "serve a GGUF file to other programs, over the OpenAI protocol",
    "taxonomy": "check an InstructLab taxonomy, say what changed in it, list what is there",
    "trace": "show the prompts and answers that a record came from",
    "try": "ask a model one thing, and show how its reply is read",
}
# where a command's word cannot be a module's name
MODULES = {"try": "try_prompt"}

# where there is no terminal
_USUAL_COLUMNS = 80
# of a value that is not a number
_SHOWN = 80

_USAGE = "fms_dgt [run] TASK [TASK ...] [flags]\n       fms_dgt COMMAND [--help]"
_ABOUT = "Make training data for language models from tasks: seed examples in, checked records out."
_EXAMPLES = """\
examples:
  fms_dgt run instructlab/skills/writing/freeform/debate -c offline
  fms_dgt run task.yaml -c config.yaml -n 100
  fms_dgt run tasks/ --teacher openai:gpt-4o-mini --check

The same command again, without --restart, goes on where it stopped. Exit code: 0 if every task has what
was asked for, 1 if not, 2 for what you can fix, 130 if interrupted."""

_ONE_BY_ONE = "units are drawn one by one; the builder's options say how much a prompt asks for"
NOTED = {
    ("--seed-batch-size",): _ONE_BY_ONE,
    ("--machine-batch-size",): _ONE_BY_ONE,
    ("--max-gen-requests",): "a run ends by its target, its source or a stall; --max-calls bounds its calls",
    ("--include-namespaces", "--include-ns"): "every installed plugin is found; --include adds a Python file",
    ("--ray-address",): "a run is one process; --max-concurrency says how many calls it makes at once",
    ("--studio",): "there is no web interface; 'fms_dgt runs' lists what is there",
}
REFUSED = {
    ("--prompt-file-path",): "a config file names templates, below databuilders.NAME.stages.STAGE.template",
    ("--data-dir",): "write ${DGT_DATA_DIR} in files, or name the folder with --task-paths",
}


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal: by itself argparse would import much for that."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=columns() - 2)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        """All spellings of a flag, and what it takes once."""
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        takes = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {takes}"


def columns() -> int:
    """The width of the terminal, as `shutil.get_terminal_size` has it."""
    columns = setting("COLUMNS")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or _USUAL_COLUMNS  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        # no terminal, or none of ours
        return _USUAL_COLUMNS


class Parser(argparse.ArgumentParser):
    """argparse with this project's words for what is wrong, and no guessing of flags."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", _HelpFormatter)
        super().__init__(allow_abbrev=False, add_help=False, **settings)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message.removeprefix('argument ')}\n")

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """The flags in `argv`. Exits where one is unknown or malformed.

        Tasks may be named by position or by flag; all of them end up in `task_paths`.
        """
        options, rest = self.parse_known_args(argv)
        if hasattr(options, "words"):
            # argparse returns words after a flag here, if there were words before it
            options.words += [word for word in rest if not word.startswith("-")]
            rest = [word for word in rest if word.startswith("-")]
        if rest:
            self.error(self._stray(rest[0]))
        if hasattr(options, "words"):
            options.task_paths = [*self.tasks_of(options), *options.task_paths]
            self._check_taken(options)
        return options

    def tasks_of(self, options: argparse.Namespace) -> list[str]:
        """Those of the words by position that name tasks: all of them, unless a command has others, too."""
        return list(options.words)

    def _check_taken(self, options: argparse.Namespace) -> None:
        """Exits where a flag that takes several values has taken the only task."""
        for action in self._actions if not options.task_paths else ():
            if action.nargs not in ("+", "?") or not action.option_strings:
                continue
            given = getattr(options, action.dest, None) or ""
            last = given[-1] if isinstance(given, list) else given
            if last.endswith((".yaml", ".yml")):
                flag = action.option_strings[0]
                self.error(f"{flag} has taken '{last}' for a value of its own; name the task before {flag}")

    def _stray(self, word: str) -> str:
        if not word.startswith("-"):
            return f"'{word}' belongs to no flag; --help lists the flags"
        import difflib  # noqa: PLC0415 (seldom needed)

        flag = word.split("=", maxsplit=1)[0]
        shown = [
            option
            for action in self._actions
            if action.help != argparse.SUPPRESS
            for option in action.option_strings
        ]
        near = difflib.get_close_matches(flag, shown, n=1, cutoff=0.6)
        hint = f"did you mean '{near[0]}'? " if near else ""
        return f"unknown flag '{flag}'; {hint}--help lists the flags"


class _Noted(argparse.Action):
    """A flag of fms-dgt that does nothing here; `flag_notes` say so when the run ends."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        namespace.flag_notes = [*namespace.flag_notes, f"{option_string} has no effect: {self.const}"]


class _Refused(argparse.Action):
    """A flag of fms-dgt that can do nothing here, and says so."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        parser.error(f"{option_string}: has no effect here: {self.const}")


class _Version(argparse.Action):
    """Prints the version, which is looked up only then."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        from fms_dgt import __version__  # noqa: PLC0415

        print(f"fms_dgt {__version__}")
        parser.exit()


def parse_run(argv: Sequence[str]) -> argparse.Namespace:
    """The flags of a run. Exits where one is unknown or malformed."""
    return run_parser().parse(argv)


def run_parser() -> Parser:
    """The parser of a run's flags."""
    commands = "\n".join(f"  {name:<16}{text}" for name, text in COMMANDS.items())
    parser = Parser(
        prog="fms_dgt", usage=_USAGE, description=_ABOUT, epilog=f"commands:\n{commands}\n\n{_EXAMPLES}"
    )
    _add_what(parser)
    add_trust_flags(parser)
    _add_how_much(parser)
    _add_going_on(parser)
    _add_limits(parser)
    _add_face(parser)
    # in a group, which makes no formatter for each
    hidden = parser.add_argument_group()
    actions: tuple[tuple[Any, type[argparse.Action]], ...] = ((NOTED, _Noted), (REFUSED, _Refused))
    for flags, action in actions:
        for names, why in flags.items():
            hidden.add_argument(
                *names, action=action, nargs="*", const=why, dest=argparse.SUPPRESS, help=argparse.SUPPRESS
            )
    parser.set_defaults(flag_notes=[])
    return parser


def add_tasks(group: argparse._ArgumentGroup | Parser, *flags: str, help: str) -> None:  # noqa: A002
    """Tasks by position, or by the flag that fms-dgt has for them."""
    group.add_argument("words", nargs="*", metavar="TASK", help=help)
    add_task_flag(group, *flags)


def add_task_flag(group: argparse._ArgumentGroup | Parser, *names: str) -> None:
    """Tasks by a flag; `names` are others that it has."""
    _list(group, "--task-paths", *names, metavar="PATH", help="tasks, the same as TASK")


def add_config(group: argparse._ArgumentGroup | Parser, *, help: str) -> None:  # noqa: A002
    """The config file."""
    group.add_argument("-c", "--config-path", metavar="PATH", help=help)


def _add_what(parser: Parser) -> None:
    group = parser.add_argument_group("what to make, and with what")
    add_tasks(
        group,
        "--data-paths",
        help="task files, folders (every task.yaml below), taxonomies, globs, or shipped tasks by name",
    )
    _alias(group, "--task-path", "--data-path", dest="task_paths", nargs="+", action="extend")
    group.add_argument(
        "--changed",
        nargs="?",
        const="origin/main",
        metavar="REF",
        help="of taxonomies, only what differs from REF (default: origin/main), not committed files included",
    )
    _switch(group, "--strict", help="of taxonomies, let no file pass that InstructLab would refuse")
    group.add_argument(
        "--pipeline",
        metavar="NAME",
        help="simple: pairs in one call, few checks; full: all steps of the builder (default)",
    )
    add_config(group, help="a config file, or a shipped one by name ('offline' needs no model)")
    group.add_argument(
        "--teacher",
        metavar="TYPE[:MODEL][,NAME=VALUE]",
        help="the model to ask, in place of those of the config: openai:gpt-4o-mini, local, simulated, ...",
    )
    group.add_argument(
        "--flow",
        metavar="NAME",
        help="the flow of every 'pipeline' task: a YAML file, or one of a library by name",
    )
    _list(
        group,
        "--include",
        "--include-builder-paths",
        "--include-bp",
        metavar="PATH",
        help="Python files, or folders of them, with plugins in them",
    )
    group.add_argument(
        "-o",
        "--output-dir",
        metavar="DIR",
        help="where results go, a folder a task (default: $DGT_OUTPUT_DIR, else 'output')",
    )
    group.add_argument(
        "--build-id", metavar="ID", help="put the results into the folder ID of the output folder"
    )


def add_trust_flags(parser: Parser) -> None:
    """The flags that let tasks do what they may not do by themselves."""
    group = parser.add_argument_group("what tasks may do, where you trust them")
    _list(
        group,
        "--allow-env",
        metavar="NAME",
        help="environment variables that a task's paths may contain, besides DGT_DATA_DIR, DGT_OUTPUT_DIR "
        "and HOME; in a config, ones that only look like a secret",
    )
    _list(
        group,
        "--allow-path",
        metavar="PATH",
        help="files and folders outside of the task's and the working folder that tasks may read and write",
    )
    _list(
        group,
        "--allow-host",
        metavar="HOST",
        help="hosts without a public address that documents may be fetched from, for an intranet",
    )


def _add_how_much(parser: Parser) -> None:
    group = parser.add_argument_group("how much")
    _number(
        group,
        "-n",
        "--num-outputs-to-generate",
        help="records wanted of each task (default: all of a finite source; else 20, or what the folder was "
        "last run for, if that is more)",
    )
    _number(group, "--records-per-seed", help="records wanted for each seed example, in place of a total")
    _alias(group, "--num-outputs", dest="num_outputs_to_generate", type=whole_number)
    _number(group, "--num-prompt-instructions", help="seed examples in a prompt (default: the builder's)")
    _number(
        group,
        "--max-stalled-requests",
        help="units in a row without a record after which a task gives up (default: 50)",
    )
    _number(group, "--max-calls", help="stop when the output folder has cost this many calls")
    _number(group, "--max-tokens", help="stop when the output folder has cost this many tokens")
    group.add_argument(
        "--max-cost",
        type=number,
        metavar="X",
        help="stop when the output folder has cost this much, by the prices in the config",
    )
    _number(
        group,
        "--max-concurrency",
        help="calls in flight at once on each endpoint (default: what its generators allow)",
    )
    group.add_argument(
        "--startup-timeout",
        type=number,
        metavar="SECONDS",
        help="how long an endpoint may take to answer for the first time in this run (default: 20)",
    )
    _number(group, "--seed", help="the seed of all randomness (default: 0)")
    group.add_argument(
        "--judge-check",
        metavar="HOW",
        help="show judges rows of known quality first; warn: tell of a blind one; refuse: stop there",
    )
    _switch(
        group, "--save-formatted-output", help="also write formatted.jsonl, by the task's instruction_format"
    )


def _add_limits(parser: Parser) -> None:
    group = parser.add_argument_group("what strangers' files may take")
    group.add_argument(
        "--document-limits",
        type=number,
        metavar="N",
        default=argparse.SUPPRESS,
        help="let the conversion of each document take N times the usual time and memory",
    )


def _add_going_on(parser: Parser) -> None:
    group = parser.add_argument_group("going on with an output folder")
    _switch(
        group,
        "--accept-changes",
        help="go on although what the data was made from has changed; pays for what that changes",
    )
    group.add_argument(
        "--replay",
        metavar="RUN",
        help="take every answer from the journal of RUN, another output folder; ask nobody",
    )
    _switch(group, "--retry-failed", help="take up rows again whose calls failed for good")
    _switch(group, "--restart", "--restart-generation", help="begin anew; what is there is moved aside")


def _add_face(parser: Parser) -> None:
    group = parser.add_argument_group("what is shown")
    _switch(
        group, "--check", help="check everything, show the settings and where they come from, make no call"
    )
    _switch(
        group,
        "--estimate",
        help="work on a few units of each task, tell what the rest will cost and stop; the work is kept",
    )
    _switch(group, "--quiet", help="show nothing but errors")
    _switch(group, "--json", help="write the outcome to stdout as one JSON object, and show nothing else")
    _switch(group, "--debug", help="show tracebacks")
    group.add_argument("--version", action=_Version, nargs=0, help="show the version")
    group.add_argument("-h", "--help", action="help", help="show this")


def whole_number(text: str) -> int:
    """A flag's value as a number; its range is checked with the files'."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not the text '{text[:_SHOWN]}'") from None


def number(text: str) -> float:
    """A flag's value as a finite number that may have a fraction."""
    import math  # noqa: PLC0415 (a library to load, which few flags need)

    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, not the text '{text[:_SHOWN]}'") from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"must be a finite number, not {text[:_SHOWN]}")
    return value


def _list(
    group: argparse._ArgumentGroup | Parser,
    *names: str,
    metavar: str,
    help: str,  # noqa: A002
) -> None:
    group.add_argument(*names, nargs="+", action="extend", metavar=metavar, default=[], help=help)


def _number(group: argparse._ArgumentGroup, *names: str, help: str) -> None:  # noqa: A002
    group.add_argument(*names, type=whole_number, metavar="N", help=help)


def _switch(group: argparse._ArgumentGroup, *names: str, help: str) -> None:  # noqa: A002
    group.add_argument(*names, action="store_true", help=help)


def _alias(group: argparse._ArgumentGroup, *names: str, **settings: Any) -> None:
    """Spellings that fms-dgt's documents use and that nobody needs to learn."""
    group.add_argument(*names, default=argparse.SUPPRESS, help=argparse.SUPPRESS, **settings)

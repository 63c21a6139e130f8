"""`fms_dgt chat`: a conversation with a model, typed or from a file."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fms_dgt.binding.prices import model_of
from fms_dgt.cli.chat_answers import Answers
from fms_dgt.cli.chat_input import Turns
from fms_dgt.cli.conversation import Conversation
from fms_dgt.cli.interrupts import INTERRUPTED
from fms_dgt.cli.parser import Parser
from fms_dgt.cli.teachers import Meant, add_model_flags, tell
from fms_dgt.cli.try_prompt import add_sampling
from fms_dgt.cli.try_request import chosen_teacher, sampling_of
from fms_dgt.errors import FolderError, InputError, did_you_mean
from fms_dgt.runner.probe import Probe

DONE, FAILED, MISUSED = 0, 1, 2

_USAGE = "fms_dgt chat [TASK] [--teacher TYPE[:MODEL]] [-c CONFIG] [flags]"
_ABOUT = "Talk with a model: each turn is sent with all that was said before."
_COMMANDS = """\
/system TEXT    set the system turn; without a text, show it
/reset          forget the conversation; '/reset all' forgets the system turn, too
/save FILE      save it: .yaml is a task with the questions and answers as seed examples, .json the messages
/help           show this
/quit           end, as Ctrl-D does

A line that ends with \\ goes on in the next one; lines between two lines of \"\"\" are one turn.
A turn that begins with // is sent with one of them. Ctrl-C stops an answer; once more, it ends the chat."""
_EXAMPLES = f"""\
in the chat:
{_COMMANDS}

examples:
  fms_dgt chat --teacher openai:gpt-4o-mini
  fms_dgt chat -c config.yaml --role validator
  fms_dgt chat --teacher llama.cpp:model.gguf --system 'Answer in one sentence.' < questions.txt

Without a terminal each line is a turn, and the first call that fails ends the chat. Exit code: 0, 1 if a call
failed, 2 for what you can fix, 130 if interrupted."""


def main(argv: Sequence[str]) -> int:
    """Talk until the input ends. Raises InputError."""
    options = _parser().parse(argv)
    # plugins that print when they are imported would be taken for the model
    with contextlib.redirect_stdout(sys.stderr):
        teacher, role = chosen_teacher(options, Meant.by(options).teachers())
    if teacher.problems:
        raise InputError(teacher.problems)
    params = sampling_of(options, teacher.generator.sampling)
    turns = Turns()
    with _own_interrupts(), Answers(teacher.generator, params, options.seed, options.timeout) as answers:
        if turns.typed:
            tell(f"talking with {model_of(teacher.generator)} ({role}); /help lists the commands")
        return _Chat(Conversation(options.system or ""), turns, answers).run()


def _parser() -> Parser:
    parser = Parser(prog="fms_dgt chat", usage=_USAGE, description=_ABOUT, epilog=_EXAMPLES)
    group = parser.add_argument_group("whom to talk with")
    group.add_argument("--system", metavar="TEXT", help="the system turn")
    group.add_argument("--role", metavar="NAME", help="whom to ask (default: generator)")
    add_sampling(parser)
    add_model_flags(parser, as_json=False)
    parser.set_defaults(timeout=600.0)
    return parser


@contextlib.contextmanager
def _own_interrupts() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt each time, where it is not switched off."""
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _path(text: str) -> Path:
    """A path as somebody types it: with spaces, in quotation marks or not, and `~` for the home folder."""
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    path = Path(text[1:-1] if quoted else text)
    return path.expanduser() if path.parts[:1] == ("~",) else path


class _Chat:
    """The loop of turns."""

    def __init__(self, conversation: Conversation, turns: Turns, answers: Answers) -> None:
        self._conversation = conversation
        self._turns = turns
        self._answers = answers
        self._interrupted = False
        self._commands: dict[str, Callable[[str], None]] = {
            "/system": self._system,
            "/reset": self._reset,
            "/save": self._save,
            "/help": lambda _: tell(_COMMANDS),
        }

    def run(self) -> int:
        """Take turns until the input ends, and return the exit code."""
        while True:
            try:
                turn = self._turns.next()
            except KeyboardInterrupt:
                if self._interrupted:
                    return INTERRUPTED
                self._interrupted = True
                tell("\nCtrl-C again, or Ctrl-D, ends the chat")
                continue
            self._interrupted = False
            if turn is None:
                return DONE
            if turn.is_command:
                if turn.text.split()[0] == "/quit":
                    return DONE
                self._do(turn.text)
            elif turn.text.strip() and (code := self._answer(turn.text)) is not None:
                return code

    def _answer(self, text: str) -> int | None:
        """Ask, and show the answer; the exit code where the chat cannot go on."""
        probe = self._answers.ask(self._conversation.asking(text))
        if probe is None:
            self._interrupted = True
            tell("\nstopped; the question and this part of an answer are forgotten")
            return None if self._turns.typed else INTERRUPTED
        done = probe.completion
        if done is None:
            tell(f"error: {probe.error}")
            return None if self._turns.typed else self._exit_code(probe)
        if not done.text.strip():
            tell("the answer is empty; the question is forgotten")
            return None
        is_cut = done.finish == "length"
        self._conversation.add(text, done.text, is_cut=is_cut)
        if is_cut:
            tell("the answer was cut off at the token limit; --max-tokens raises it")
        return None

    @staticmethod
    def _exit_code(probe: Probe) -> int:
        return MISUSED if probe.mendable else FAILED

    def _do(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        if name not in self._commands:
            known = [*self._commands, "/quit"]
            tell(f"there is no command '{name}'; {did_you_mean(name, known, noun='commands')}")
            return
        self._commands[name](rest.strip())

    def _system(self, text: str) -> None:
        if text:
            self._conversation.system = text
        tell(f"system: {self._conversation.system}" if self._conversation.system else "no system turn")

    def _reset(self, text: str) -> None:
        if text not in ("", "all"):
            tell(f"/reset takes 'all' or nothing, not '{text}'")
            return
        self._conversation.forget(system=text == "all")
        tell("the conversation is forgotten")

    def _save(self, text: str) -> None:
        if not text:
            tell("/save needs the name of a file, ending in .yaml or .json")
            return
        try:
            tell(self._conversation.save(_path(text)))
        except (InputError, FolderError) as error:
            tell(f"error: {error}")

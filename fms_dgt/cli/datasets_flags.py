"""The flags of `fms_dgt datasets`."""

from __future__ import annotations

from argparse import Namespace

from fms_dgt.cli.parser import Parser, number, whole_number
from fms_dgt.datasets import RaftSettings

FOLDER, COMPLETIONS, CLOSED_BOOK = "training", "prompt-completion", "closed-book"
_RUNS = "output folders, folders of tasks, JSONL or Parquet files; several are merged"


def datasets_parser(usage: str, about: str, examples: str = "") -> Parser:
    """A parser of one action, with the flags that all of them have."""
    parser = Parser(
        prog=f"fms_dgt datasets {usage.split(' ', maxsplit=1)[0]}".rstrip(),
        description=about,
        epilog=examples,
    )
    parser.usage = f"fms_dgt datasets {usage or 'ACTION ...'} [flags]"
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("-h", "--help", action="help", help="show this")
    return parser


def add_runs(parser: Parser) -> None:
    """What is read, and where the files go."""
    parser.add_argument("runs", nargs="+", metavar="RUN", help=_RUNS)
    parser.add_argument("-o", "--output", metavar="DIR", default=FOLDER, help=f"where to (default: {FOLDER})")
    add_seed(parser)


def add_seed(parser: Parser) -> None:
    """The flags of all that is written."""
    parser.add_argument(
        "--seed", type=whole_number, metavar="N", default=0, help="of all that is drawn (default: 0)"
    )
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    parser.add_argument("--json", action="store_true", help="tell as JSON what was written")


def add_format(parser: Parser) -> None:
    """The format of the files."""
    parser.add_argument(
        "--format", choices=("jsonl", "parquet"), default="jsonl", help="of the files (default: jsonl)"
    )


def add_form(parser: Parser) -> None:
    """The form of the rows."""
    parser.add_argument(
        "--form",
        choices=("messages", COMPLETIONS),
        default="messages",
        help="whole conversations (default), or each answer after all that is before it, as TRL needs them",
    )


def add_columns(parser: Parser, **columns: str) -> None:
    """A flag for each column that a flow may call otherwise, with its help."""
    group = parser.add_argument_group("a flow's own columns")
    for name, text in columns.items():
        group.add_argument(f"--{name}", metavar="COLUMN", default="", help=text)


def add_raft(parser: Parser) -> None:
    """How the contexts of RAFT are made."""
    usual = RaftSettings()
    parser.add_argument(
        "--golden-share",
        type=number,
        metavar="P",
        default=usual.p,
        help=f"the share of contexts that have the answer's document (default: {usual.p:g})",
    )
    parser.add_argument(
        "--context-documents",
        type=whole_number,
        metavar="N",
        default=usual.size,
        help=f"documents in a context (default: {usual.size})",
    )
    parser.add_argument(
        "--distractors",
        choices=("documents", "chunks"),
        default=usual.distractors,
        help="the others are from other documents (default), or from other chunks of any document",
    )


def raft_settings(options: Namespace) -> RaftSettings:
    """How the flags want contexts made. Raises InputError."""
    settings = RaftSettings(options.golden_share, options.context_documents, options.distractors)
    settings.check()
    return settings

"""The command `scripts/prompts/run`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from asking import Settings, ask  # noqa: E402 (from this folder)
from cases import Case, all_cases  # noqa: E402
from recording import record  # noqa: E402
from report import tables  # noqa: E402

MAX_TOKENS = 120


def main() -> int:
    options = _options()
    cases = [case for case in all_cases() if _is_wanted(case, options.only)] if "only" in options else []
    if options.command == "record":
        return record(options.model, options.builders)
    if options.command == "report":
        print(tables([_read(path) for path in options.results], cases))
        return 0
    print(tables([_asked(cases, options)], cases))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/prompts/run", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    table = commands.add_parser("ask", help="ask a model with every prompt, and print the tables")
    table.add_argument("--model", required=True, type=Path, help="a GGUF file")
    table.add_argument("--label", required=True, help="what the tables call these results")
    table.add_argument("--out", required=True, type=Path, help="the file for the answers, JSON")
    table.add_argument("--folder", type=Path, help="for the runs' journals; an unfinished one goes on")
    table.add_argument("-n", type=int, default=3, help="tries of a prompt that writes (default %(default)s)")
    table.add_argument(
        "--max-tokens", type=int, default=MAX_TOKENS, help="of an answer (default %(default)s)"
    )
    table.add_argument("--only", nargs="*", help="builders, or BUILDER/PROMPT")
    report = commands.add_parser("report", help="print the tables of files that `ask` wrote, side by side")
    report.add_argument("results", nargs="+", type=Path)
    report.add_argument("--only", nargs="*", help="builders, or BUILDER/PROMPT")
    recording = commands.add_parser("record", help="record anew the answers that tests/real_model replays")
    recording.add_argument("--model", required=True, type=Path, help="SmolLM2-135M-Instruct, a GGUF file")
    recording.add_argument("builders", nargs="*", help="these alone")
    return parser.parse_args()


def _is_wanted(case: Case, only: list[str] | None) -> bool:
    return not only or case.builder in only or f"{case.builder}/{case.template}" in only


def _read(path: Path) -> dict[str, Any]:
    results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return results


def _asked(cases: list[Case], options: argparse.Namespace) -> dict[str, Any]:
    folder = options.folder or options.out.with_suffix("")
    teacher = {"type": "llama.cpp", "model": str(options.model.resolve()), "parallel": 1, "threads": 1}
    settings = Settings(teacher=teacher, tries=options.n, max_tokens=options.max_tokens, folder=folder)
    calls: dict[str, Any] = {}
    results = {
        "label": options.label,
        "model": options.model.name,
        "tries": options.n,
        "max_tokens": options.max_tokens,
        "calls": calls,
    }
    for name, answers in _each(cases, settings):
        calls[name] = answers
        options.out.write_text(json.dumps(results, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    return results


def _each(cases: list[Case], settings: Settings) -> Iterator[tuple[str, Any]]:
    for number, case in enumerate(cases, 1):
        name = f"{case.builder}/{case.template}"
        began = time.monotonic()
        calls = ask(case, settings)
        print(
            f"{number}/{len(cases)} {name}: {len(calls)} calls, {time.monotonic() - began:.0f} s",
            file=sys.stderr,
        )
        yield name, calls


if __name__ == "__main__":
    sys.exit(main())

"""`fms_dgt check-teachers`: every model that a config names is asked for a word, all at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from fms_dgt.binding.teachers import Teacher
from fms_dgt.cli.aligned import aligned
from fms_dgt.cli.check_judges import check_judges
from fms_dgt.cli.parser import Parser
from fms_dgt.cli.teachers import Meant, add_model_flags, shown_model, shown_roles, tell, telling_what_for
from fms_dgt.core.generator import Request
from fms_dgt.errors import InputError, Problem
from fms_dgt.runner.probe import Probe, Prober
from fms_dgt.safety.terminal import harmless

ANSWERED, UNANSWERED, MENDABLE = 0, 1, 2

QUESTION = "Reply with one word: ready"
# enough for the word, and little where a model thinks first; the block's own limit is less for some
MOST_TOKENS = 64

_ABOUT = """\
Ask every model that a config names for a word, before a long run begins with a wrong key.

Models are those of the builders that the config names, or of all builders where it speaks of every
builder ("*"). Each is asked once, however many roles it plays, with the sampling options of its block.

With --judge, each judge of the tasks is shown rows of known quality instead: seed examples as
they are, and made wrong (another one's answer, cut, nonsense, copied, empty), and the rows of 'calibrate'.

exit code: 0 if all answered (no judge is blind), 2 where something is wrong that you can fix, 1 else"""
COLUMNS = ("role", "model", "said in", "answer", "seconds", "tokens")


def main(argv: Sequence[str]) -> int:
    """Ask them. Raises InputError."""
    parser = Parser(prog="fms_dgt check-teachers", description=_ABOUT)
    add_model_flags(parser)
    group = parser.add_argument_group("judges")
    group.add_argument(
        "--judge", action="store_true", help="show each judge of the tasks rows of known quality instead"
    )
    options = parser.parse(argv)
    if options.judge:
        return check_judges(options)
    # plugins that print when they are imported would spoil the JSON
    with contextlib.redirect_stdout(sys.stderr):
        teachers = Meant.by(options).teachers()
        if not teachers:
            what = "no builder that is meant has a block with a model"
            raise InputError([Problem(what, "name another with --builder", "the command line")])
        probes = asyncio.run(_asked(teachers, options.timeout))
    code = _exit_code(probes)
    if options.json:
        found = [_as_json(teacher, probe) for teacher, probe in zip(teachers, probes, strict=True)]
        print(json.dumps({"exit_code": code, "teachers": found}, indent=2, ensure_ascii=False))
    else:
        _show(teachers, probes)
    return code


async def _asked(teachers: Sequence[Teacher], seconds: float) -> list[Probe]:
    prober = Prober(seconds, tell)
    waited_for = [shown_model(teacher) for teacher in teachers]

    async def asked(teacher: Teacher) -> Probe:
        try:
            return await _one(prober, teacher)
        finally:
            waited_for.remove(shown_model(teacher))

    try:
        async with telling_what_for(lambda: waited_for):
            return await asyncio.gather(*(asked(teacher) for teacher in teachers))
    finally:
        await prober.close()


async def _one(prober: Prober, teacher: Teacher) -> Probe:
    if teacher.problems:
        return Probe(error="\n".join(str(problem) for problem in teacher.problems), mendable=True)
    sampling = dict(teacher.generator.sampling)
    sampling["max_tokens"] = min(sampling.get("max_tokens", MOST_TOKENS), MOST_TOKENS)
    return await prober.ask(teacher.generator, Request(({"role": "user", "content": QUESTION},), sampling))


def _exit_code(probes: Sequence[Probe]) -> int:
    if any(probe.mendable for probe in probes):
        return MENDABLE
    return ANSWERED if all(probe.completion for probe in probes) else UNANSWERED


def _as_json(teacher: Teacher, probe: Probe) -> Mapping[str, Any]:
    done = probe.completion
    return {
        "roles": [str(role) for role in teacher.roles],
        "type": teacher.generator.type,
        "model": teacher.generator.backend.options.model_id_or_path,
        "endpoint": teacher.generator.backend.endpoint,
        "said": list(dict.fromkeys(role.said for role in teacher.roles)),
        "ok": done is not None,
        "error": probe.error,
        "mendable": probe.mendable,
        "answer": done.text if done else "",
        "seconds": round(probe.seconds, 3),
        "tries": probe.tries,
        "input_tokens": done.input_tokens if done else 0,
        "output_tokens": done.output_tokens if done else 0,
    }


def _show(teachers: Sequence[Teacher], probes: Sequence[Probe]) -> None:
    rows = [COLUMNS, *(_cells(teacher, probe) for teacher, probe in zip(teachers, probes, strict=True))]
    print("\n".join(aligned(rows)))
    # a server that is gone, or a key, concerns several
    errors: dict[str, list[Teacher]] = {}
    for teacher, probe in zip(teachers, probes, strict=True):
        if probe.error:
            errors.setdefault(probe.error, []).append(teacher)
    for error, concerned in errors.items():
        print(f"\n{'; '.join(map(shown_roles, concerned))}:")
        print("\n".join(f"  {line}" for line in harmless(error).splitlines()))


def _cells(teacher: Teacher, probe: Probe) -> tuple[str, ...]:
    done = probe.completion
    roles = shown_roles(teacher)
    said = ", ".join(dict.fromkeys(role.said for role in teacher.roles))
    seconds = f"{probe.seconds:.2f}" if probe.tries else "-"
    if done is None:
        return roles, shown_model(teacher), said, "none, see below", seconds, "-"
    again = f" at try {probe.tries}" if probe.tries > 1 else ""
    return (
        roles,
        shown_model(teacher),
        said,
        f"ok{again}",
        seconds,
        f"{done.input_tokens} + {done.output_tokens}",
    )

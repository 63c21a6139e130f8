"""Asks a model with a prompt as a run would, and reads from the run's journal what it answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from cases import Case

import fms_dgt
from fms_dgt.core.kit import Kit
from fms_dgt.core.reply import ScoreReply
from fms_dgt.core.row import Row
from fms_dgt.core.stages import Generate, Outcome, Prompt
from fms_dgt.core.template import Template
from fms_dgt.errors import Unreadable
from fms_dgt.journal import JournalReader

STAGE = "asked"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One call: what came back, and what the reply contract reads in it; `error` where it reads nothing."""

    quality: str
    text: str
    finish: str
    tokens_in: int
    tokens_out: int
    value: Any = None
    error: str = ""
    again: bool = False


@dataclass(frozen=True)
class Once(Generate):
    """Asks once with a template, for `count` items or, if that is 0, for as many as there are."""

    async def run(self, row: Row, kit: Kit) -> Outcome:
        await kit.ask(self.role, self.template, count=self.count or None, params=self.params)
        return row.with_(asked=True)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Which model is asked, how often, and how long an answer may be."""

    teacher: Mapping[str, Any]
    tries: int
    max_tokens: int
    folder: Path


def ask(case: Case, settings: Settings) -> list[dict[str, Any]]:
    """Every call of a case, in the order of its rows; a folder that has some of them already goes on."""
    template = Template.from_file(case.path, trusted=True)
    folder = settings.folder / case.builder / case.template
    is_score = isinstance(template.reply, ScoreReply)
    # a judge is asked once a row, for at temperature 0 the answer is the same each time
    tries = 1 if case.is_judge else settings.tries
    rows = [
        {**values, "row_quality": quality, "row_number": number}
        for quality, values in case.rows.items()
        for number in range(tries)
    ]
    own = template.sampling(case.count or None).get("max_tokens")
    limit = min(settings.max_tokens, own or settings.max_tokens)
    stage = Once(
        _prompt(case.path),
        into=STAGE,
        count=case.count,
        spread=False,
        params={**case.params, "max_tokens": limit},
    )
    fms_dgt.run(
        fms_dgt.Flow(stage),
        data=rows,
        generator={"temperature": 0.0 if is_score else 0.7, **settings.teacher},
        output_dir=folder,
        progress=False,
    )
    return [asdict(asked) for asked in _calls(folder, rows, template, case)]


def _prompt(path: Path) -> Prompt:
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Prompt(said.pop("prompt"), **said)


def _calls(folder: Path, rows: list[dict[str, Any]], template: Template, case: Case) -> Iterator[Asked]:
    (journal,) = folder.rglob("journal.sqlite")
    reader = JournalReader(journal.parent)
    task = reader.find_task(_only_task(journal.parent))
    assert task is not None
    for number, row in enumerate(rows):
        outcome = reader.outcome(task.id, number)
        if outcome is None:
            continue
        for nth, (_, _, body) in enumerate(reader.calls_of(task.id, outcome.key)):
            yield _asked(row["row_quality"], body["completion"], template, case.count or None, again=nth > 0)
    reader.close_reader()


def _only_task(folder: Path) -> str:
    names = [path.parent.name for path in folder.rglob("data.jsonl")]
    if len(names) != 1:
        raise SystemExit(f"{folder}: expected the files of one task, not of {len(names)}")
    return names[0]


def _asked(
    quality: str, completion: Mapping[str, Any], template: Template, count: int | None, *, again: bool
) -> Asked:
    text, finish = completion["text"], completion.get("finish", "stop")
    value, error = None, ""
    try:
        value = template.reply.reading(text, finish=finish, count=count).value
    except Unreadable as unreadable:
        error = str(unreadable)
    return Asked(
        quality=quality,
        text=text,
        finish=finish,
        tokens_in=completion.get("input_tokens", 0),
        tokens_out=completion.get("output_tokens", 0),
        value=value,
        error=error,
        again=again,
    )

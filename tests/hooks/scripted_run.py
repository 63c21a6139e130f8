"""A run that was never run: its events, in a believable order and pace.

As a script it plays them through `Display`, to look at the views:

    python tests/hooks/scripted_run.py [--tasks 2] [--seconds 20] [--display live] [--target 20]
        [--end interrupted] [--earlier 8] [--down 60] [--failed 3]
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from fms_dgt.core.events import (
    CallFinished,
    CallRetried,
    RecordKept,
    RowMoved,
    RowRejected,
    RunFinished,
    RunStarted,
    RunStopping,
    TaskFinished,
    TaskStarted,
    UnitFinished,
)
from fms_dgt.hooks.run_count import RunCount

STAGES = (
    "question_template_freeform",
    "filter_questions_template",
    "answer_template",
    "filter_qa_template",
    "dedup_questions",
)
NAMES = (
    "instructlab/skills/writing/freeform/debate",
    "instructlab/skills/writing/grounded/editing/grammar",
    "instructlab/skills/reasoning/word_problems",
    "instructlab/skills/extraction/named_entities/people",
    "instructlab/skills/extraction/named_entities/places",
    "instructlab/skills/coding/python/docstrings",
    "instructlab/skills/coding/sql/explain_the_query",
    "instructlab/skills/roleplay/interviews",
    "instructlab/skills/translation/idioms",
    "instructlab/skills/summaries/meeting_minutes",
    "instructlab/skills/writing/freeform/haiku",
    "instructlab/skills/stem/units_and_conversions",
    *(f"instructlab/skills/office/letters/{number:02}" for number in range(1, 89)),
)
DOWN = (
    "http://127.0.0.1:8080/v1/chat/completions answered 502: <html>\r\n<head><title>502 Bad Gateway</title>"
    "</head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n" + "<p>nginx</p>\r\n" * 200
)
WHY = {
    "reached": "",
    "exhausted": "the source had 12 units, which gave 6 records",
    "stalled": "50 units in a row gave no record; filter_qa_template rejected 61: score under 2; dedup_questions "
    "rejected 12: like an earlier record; for example: The answer names a date that the question does not ask "
    "for, and leaves out the reason that it does ask for; change the prompt, the threshold or the seeds, or "
    "raise --max-stalled-requests",
    "spent": "the budget of 60 calls is spent; raise --max-calls to continue",
    "interrupted": "interrupted; run the same command to continue",
    "stopped": "openai: no answer for 300 s; the last error: " + DOWN,
}
AT_START = "no number of records is given; making 20 (--num-outputs-to-generate)"
NOTE = "the data of this run is simulated: for trying things out, not for training"


class ScriptedTask:
    """Rows that wander through the stages; some are lost on the way."""

    def __init__(self, name: str, target: int, folder: Path, luck: random.Random) -> None:
        self.name = name
        self.target = target
        self.folder = folder / name
        self.luck = luck
        self.waiting = dict.fromkeys(STAGES, 0)
        self.kept = 0
        self.rejected = 0
        self.units = 0

    def start(self) -> TaskStarted:
        return TaskStarted(self.name, self.folder, STAGES, self.target)

    @property
    def done(self) -> bool:
        return self.kept >= self.target

    def finish(self, end: str = "reached", failed: int = 0) -> TaskFinished:
        files = {name: self.folder / name for name in ("data.jsonl", "rejected.jsonl")}
        return TaskFinished(self.name, end, self.kept, self.target, self.rejected, WHY[end], files, failed)

    def again(self, records: int) -> Iterator[object]:
        """What earlier runs had of it, told again."""
        for number in range(1, records + 1):
            self.kept += 1
            yield RecordKept(self.name, number, self._record(), again=True)
            if number % 3 == 0:
                self.rejected += 1
                yield RowRejected(self.name, STAGES[1], "score not 1", again=True)
            if number % 4 == 0:
                self.units += 1
                yield UnitFinished(self.name, self.units - 1, again=True)

    def step(self) -> Iterator[object]:
        """One call, and what follows from it."""
        busy = [stage for stage in STAGES if self.waiting[stage]]
        if not busy or self.luck.random() < 0.12:
            self.waiting[STAGES[0]] += 1
            yield RowMoved(self.name, STAGES[0])
            if self.waiting[STAGES[0]] > 1:
                self.units += 1
                yield UnitFinished(self.name, self.units - 1)
            return
        stage = self.luck.choice(busy)
        self.waiting[stage] -= 1
        at = STAGES.index(stage)
        if stage != STAGES[-1]:
            if self.luck.random() < 0.02:
                yield CallRetried(self.name, stage, "Overloaded: 429 Too Many Requests, try later", 1.5)
            yield CallFinished(
                self.name, stage, 0.4, self.luck.randrange(200, 900), self.luck.randrange(20, 400)
            )
        yield from self._pass(stage, at)

    def _pass(self, stage: str, at: int) -> Iterator[object]:
        if "template" in stage and "filter" in stage and self.luck.random() < 0.25:
            self.rejected += 1
            missed = "score not 1" if at == 1 else "score under 2"
            yield RowRejected(self.name, stage, missed)
        elif stage == STAGES[-1] and self.luck.random() < 0.3:
            self.rejected += 1
            if self.rejected % 2:
                # it had gone on, and was refused when its unit was committed
                yield RowMoved(self.name, "", stage)
            yield RowRejected(self.name, stage, "like an earlier record")
        elif stage == STAGES[-1]:
            self.kept += 1
            yield RowMoved(self.name, "", stage)
            yield RecordKept(self.name, self.kept, self._record())
        else:
            for _ in range(5 if at == 0 else 1):
                self.waiting[STAGES[at + 1]] += 1
                yield RowMoved(self.name, STAGES[at + 1], stage)

    def _record(self) -> dict[str, object]:
        return {
            "task_name": self.name,
            "taxonomy_path": self.name,
            "instruction": "word " * self.luck.randrange(8, 40),
            "response": "word " * self.luck.randrange(60, 300),
            "context": "",
            "question_score": 1.0,
            "question_reason": "clear",
            "pair_score": float(self.luck.choice((2, 3))),
        }


def events(
    tasks: int = 1,
    target: int = 20,
    display: str = "none",
    folder: Path = Path("out"),
    *,
    end: str = "reached",
    earlier: int = 0,
    failed: int = 0,
    down: int = 0,
) -> Iterator[object]:
    """All events of a run, in order. With another `end` than "reached" it ends half way.

    `down` tries fail before the first record of the last task is there; `failed` rows of each task may
    be taken up again.
    """
    luck = random.Random(7)
    scripted = [ScriptedTask(name, target, folder, luck) for name in NAMES[:tasks]]
    yield RunStarted(folder, [task.name for task in scripted], display, [AT_START, NOTE])
    calls = 0
    ended = []
    running: list[ScriptedTask] = []
    for task in scripted[:4]:
        yield task.start()
        yield from task.again(earlier)
        running.append(task)
    waiting = scripted[4:]
    while running:
        task = luck.choice(running)
        if task.kept >= target // 4:
            for _ in range(down):
                yield CallRetried(task.name, STAGES[1], DOWN, 30.0)
            down = 0
        if end != "reached" and task.kept >= target // 2:
            break
        for event in () if task.done else task.step():
            calls += isinstance(event, CallFinished)
            yield event
        if task.done:
            running.remove(task)
            ended.append(task.finish(failed=failed))
            yield ended[-1]
            if waiting:
                running.append(waiting.pop(0))
                yield running[-1].start()
                yield from running[-1].again(earlier)
    if end == "interrupted":
        yield RunStopping("interrupted", 5.0)
        # the calls in flight
        for task in running:
            yield from task.step()
    for task in running:
        ended.append(task.finish(end, failed))
        yield ended[-1]
    error = WHY[end] if end == "stopped" else ""
    notes = [AT_START, NOTE]
    if failed:
        notes += [f"{task.task}: {failed} rows failed; --retry-failed takes them up again" for task in ended]
    yield RunFinished(folder, ended, {}, 6.4, calls, 0, notes, error)


def tell(plugin: object, event: object) -> None:
    """Call the hook of an event."""
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(event).__name__).lstrip("_")
    hook = getattr(plugin, name, None)
    if hook is not None:
        hook(event)


def counted(script: Iterable[object]) -> RunCount:
    """The counters after some events, all at the time 0 but for the calls' rate."""
    count = RunCount([], 0.0)
    for event in script:
        match event:
            case RunStarted():
                count = RunCount(event.tasks, 0.0, event.notes)
            case TaskStarted():
                count.task(event.task).begin(event, 0.0)
            case TaskFinished():
                count.task(event.task).end(event, 6.0)
            case RowMoved():
                count.task(event.task).move(event)
            case RecordKept():
                count.task(event.task).keep(event)
            case RowRejected():
                count.task(event.task).reject(event)
            case UnitFinished():
                count.unit(event, 0.0)
            case RunStopping():
                count.stop(event, 4.0)
            case CallFinished():
                count.call(event, 6.0)
            case CallRetried():
                count.retry(event, 6.0)
    count.sample(6.0)
    return count


def main() -> None:
    from fms_dgt.hooks.display import Display

    options = argparse.ArgumentParser()
    options.add_argument("--tasks", type=int, default=1)
    options.add_argument("--target", type=int, default=20)
    options.add_argument("--seconds", type=float, default=15.0)
    options.add_argument("--display", default="live")
    options.add_argument("--end", default="reached", choices=WHY)
    options.add_argument("--earlier", type=int, default=0)
    options.add_argument("--failed", type=int, default=0)
    options.add_argument("--down", type=int, default=0, help="so many tries that fail, one a second")
    given = options.parse_args()
    story = {"end": given.end, "earlier": given.earlier, "failed": given.failed, "down": given.down}
    script = list(events(given.tasks, given.target, given.display, **story))
    display = Display()
    for event in script:
        tell(display, event)
        down = given.down and isinstance(event, CallRetried) and event.error == DOWN
        slowly = 3.0 if isinstance(event, RunStopping) else 1.0 if down else 0.0
        time.sleep(slowly or given.seconds / len(script))


if __name__ == "__main__":
    main()

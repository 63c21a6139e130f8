"""One frame of the live view: the counters as lines that fit the terminal. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from fms_dgt.hooks.run_count import RunCount, Total
from fms_dgt.hooks.task_count import Step, TaskCount
from fms_dgt.hooks.wording import duration, how_it_stops, kept_of, pace, plural, short_number

NARROW = 60
MAX_BAR = 40
LONG_NUMBER = 100_000
ERROR_SHOWN = 15.0
ERROR_LINES = 2
# Lines of a screen on which several tasks have a total.
TOTAL_FROM = 10
IN, OUT, REJECTED, RATE = 7, 10, 10, 10
FUNNEL_BAR = "blue"
FUNNEL_REJECTED = "red"


@dataclass(frozen=True, slots=True)
class Screen:
    """What there is to draw on. `ascii` where box characters cannot be written."""

    width: int
    height: int
    ascii: bool = False
    colours: bool = True

    def bar(self, parts: Iterable[tuple[int, str]], width: int = 0) -> Text:
        """Lengths in their styles, then a faint line up to `width` cells."""
        full = "#" if self.ascii else "━"
        text = Text()
        for cells, style in parts:
            text.append(full * cells, style=style)
        # without colours the rest would look like the bar itself
        rest = full if self.colours and not self.ascii else " "
        return text.append(rest * (width - len(text)), style="bright_black")

    def join(self, parts: Sequence[Text]) -> list[Text]:
        """The parts in as few lines as the width allows."""
        between = Text(" | " if self.ascii else " · ", style="bright_black")
        lines: list[Text] = []
        for part in parts:
            if lines and lines[-1].cell_len + 3 + part.cell_len <= self.width:
                lines[-1] = lines[-1] + between + part
            else:
                lines.append(part)
        return lines


@dataclass(frozen=True, slots=True)
class Frame:
    """A run on a screen. `names` are the short names of its tasks."""

    count: RunCount
    names: Mapping[str, str]
    screen: Screen
    now: float

    def draw(self) -> Text:
        """All lines, and never more than the screen has."""
        footer = self._footer()
        total = self._has_total
        room = self.screen.height - 3 - len(footer) - total
        shown, folded = _fold(list(self.count.tasks.values()), max(1, room))
        room -= len(shown) + bool(folded)
        funnels = _funnels(shown, room)
        width = self._name_width(shown, funnels)
        lines = [_head(width)]
        airy = room - sum(map(len, funnels.values())) > len(funnels)
        for task in shown:
            lines.append(self._task(task, width))
            lines += self._steps(funnels.get(task.name, []), width)
            lines += [Text()] * (airy and task.name in funnels and task is not shown[-1])
        if folded:
            lines.append(_folded(folded))
        if total:
            lines.append(self._total(width))
        spare = self.screen.height - 1 - len(lines) - len(footer)
        return self._cut(lines + [Text()] * (spare > 0) + footer)

    @property
    def _has_total(self) -> bool:
        """Whether there are several tasks, and room for more than one of them."""
        return len(self.count.tasks) > 1 and self.screen.height >= TOTAL_FROM

    def _total(self, width: int) -> Text:
        total = self.count.total(self.now)
        text = Text(set_cell_size(_done(total), width), style="bold")
        kept = kept_of(total.kept, total.target)
        if len(kept) >= OUT and total.target is not None:
            kept = f"{short_number(total.kept)}/{short_number(total.target)}"
        text.append(f"{_number(total.drawn):>{IN}}{kept:>{OUT}}{_number(total.rejected):>{REJECTED}}  ")
        bar = self._bar_width(width)
        text.append_text(self.screen.bar([(int(bar * total.share), "cyan")], bar))
        return text.append(f"{pace(total.records_per_second):>{RATE}}", style="dim")

    def _cut(self, lines: list[Text]) -> Text:
        for line in lines:
            if self.screen.ascii and not line.plain.isascii():
                line.plain = line.plain.encode("ascii", "replace").decode()
            line.truncate(self.screen.width)
        fitting = lines[: max(1, self.screen.height - 1)]
        return Text("\n", no_wrap=True, overflow="crop", end="").join(fitting)

    def _name_width(self, shown: Sequence[TaskCount], funnels: Mapping[str, Sequence[Step]]) -> int:
        wide = [cell_len(self.names.get(task.name, task.name)) for task in shown]
        wide += [cell_len(step.name) + 2 for steps in funnels.values() for step in steps]
        wide += [len(_done(self.count.total(self.now)))] * self._has_total
        return max(8, min(max(wide, default=8), self.screen.width * 2 // 5))

    def _bar_width(self, name_width: int) -> int:
        if self.screen.width < NARROW:
            return 0
        return max(0, min(MAX_BAR, self.screen.width - name_width - IN - OUT - REJECTED - RATE - 2))

    def _task(self, task: TaskCount, width: int) -> Text:
        waiting, running = task.started is None and task.finished is None, not task.is_over
        name = _cut_left(self.names.get(task.name, task.name), width)
        text = Text.assemble((name, "dim" if waiting else "bold" if running else ""))
        bar = self._bar_width(width)
        if waiting:
            return text.append(f"{'waiting':>{IN + OUT + REJECTED + 2 + bar + RATE}}", style="dim")
        units = (
            _number(task.drawn) if task.units is None else f"{_number(task.done)}/{short_number(task.units)}"
        )
        text.append(f"{units:>{IN}}")
        text.append(f"{kept_of(task.kept, task.target):>{OUT}}{_number(task.rejected):>{REJECTED}}  ")
        done, total = task.progress or (0, 0)
        text.append_text(self.screen.bar([(bar * done // total if total else 0, _style(task, "cyan"))], bar))
        return text.append_text(_pace_or_end(task, self.now))

    def _steps(self, steps: Sequence[Step], width: int) -> list[Text]:
        most = max((step.reached for step in steps), default=0)
        bar = self._bar_width(width)
        return [self._step(step, width, bar / most if most else 0.0) for step in steps]

    def _step(self, step: Step, width: int, cells_a_row: float) -> Text:
        counts = (step.reached, IN), (step.gone_on, OUT), (step.rejected, REJECTED)
        numbers = "".join(_number(count).rjust(cells) for count, cells in counts) + "  "
        name = set_cell_size(f"  {step.name}", width)
        text = Text.assemble((name + numbers, "" if step.active else "dim"))
        length = round(step.reached * cells_a_row)
        lost = min(length, round(step.rejected * cells_a_row))
        return text.append_text(self.screen.bar([(length - lost, FUNNEL_BAR), (lost, FUNNEL_REJECTED)]))

    def _footer(self) -> list[Text]:
        count = self.count
        left = count.left(self.now)
        about = "" if left is None else f"{'at least' if left.at_least else 'about'} {duration(left.seconds)}"
        parts = [
            _said(duration(self.now - count.started), "elapsed"),
            _said(about, "left"),
            _said(f"{count.calls_per_second():,.1f}", "calls/s"),
            _said(f"{count.calls:,}", "call" if count.calls == 1 else "calls"),
            _said(short_number(count.input_tokens), "tokens in"),
            _said(short_number(count.output_tokens), "out"),
            _said(count.replayed and f"{count.replayed:,}", "replayed"),
            _said(
                count.retries and f"{count.retries:,}", "retry" if count.retries == 1 else "retries", "yellow"
            ),
            _said(count.failed and f"{count.failed:,}", "failed", "red"),
        ]
        lines = self._stopping() + self.screen.join([part for part in parts if part])
        return lines + self._trouble()

    def _trouble(self) -> list[Text]:
        error, when = self.count.last_error
        said = self.count.trouble(self.now)
        if not said and self.now - when < ERROR_SHOWN:
            said = f"last error: {error}"
        wide = max(1, self.screen.width)
        # the reason often stands behind a long address
        parts = textwrap.wrap(said, wide, max_lines=ERROR_LINES, placeholder="..." if wide > 3 else "")
        return [Text(part, style="yellow") for part in parts]

    def _stopping(self) -> list[Text]:
        if self.count.stopping is None:
            return []
        event, since = self.count.stopping
        said = how_it_stops(event, event.seconds - (self.now - since))
        return self.screen.join([Text(part, style="yellow") for part in said])


def _said(number: str | int, label: str, style: str = "") -> Text:
    return Text.assemble((str(number), style), (f" {label}", "dim")) if number else Text()


def _head(width: int) -> Text:
    return Text(f"{'':{width}}{'in':>{IN}}{'out/kept':>{OUT}}{'rejected':>{REJECTED}}", style="dim")


def _pace_or_end(task: TaskCount, now: float) -> Text:
    if not task.is_over:
        return Text(f"{pace(task.records_per_second(now)):>{RATE}}", style="dim")
    end = task.finished
    said = "done" if end is None or end.complete else end.end.replace("interrupted", "stopped")
    return Text(f"{said:>{RATE}}", style=_style(task, ""))


def _style(task: TaskCount, under_way: str) -> str:
    if not task.is_over:
        return under_way
    return "green" if task.finished is None or task.finished.complete else "yellow"


def _done(total: Total) -> str:
    return f"{total.done:,}/{total.tasks:,} tasks done"


def _number(count: int) -> str:
    return f"{count:,}" if count < LONG_NUMBER else short_number(count)


def _cut_left(name: str, width: int) -> str:
    while cell_len(name) > width:
        name = "..." + name[4:]
    return set_cell_size(name, width)


def _fold(tasks: Sequence[TaskCount], room: int) -> tuple[Sequence[TaskCount], Sequence[TaskCount]]:
    """The tasks that get a line, running ones first to be chosen, and those that share one."""
    running = [task for task in tasks if _urgency(task) == 0]
    # done and waiting tasks give way to one funnel
    funnel = sum(step.active for step in running[0].funnel()) if running else 0
    number = max(min(len(running), room - 1), room - 1 - funnel)
    if len(tasks) + funnel <= room or number < len(tasks) <= number + 1 <= room:
        return tasks, ()
    chosen = {task.name for task in sorted(tasks, key=_urgency)[:number]}
    return [t for t in tasks if t.name in chosen], [t for t in tasks if t.name not in chosen]


def _urgency(task: TaskCount) -> int:
    if task.is_over:
        return 2
    return 1 if task.started is None else 0


def _folded(tasks: Sequence[TaskCount]) -> Text:
    done = sum(task.is_over for task in tasks)
    waiting = sum(not task.is_over and task.started is None for task in tasks)
    states = ((done, "done"), (len(tasks) - done - waiting, "running"), (waiting, "waiting"))
    said = ", ".join(f"{number} {state}" for number, state in states if number)
    return Text(f"and {plural(len(tasks), 'more task')}: {said}", style="dim")


def _funnels(shown: Sequence[TaskCount], room: int) -> dict[str, list[Step]]:
    """The stages to show by task: all of them where they fit, else the active ones of the first tasks."""
    running = [task for task in shown if task.started is not None and not task.is_over]
    whole = {task.name: task.funnel() for task in running or shown if task.started is not None}
    if sum(len(steps) for steps in whole.values()) <= room:
        return whole
    chosen: dict[str, list[Step]] = {}
    for name, steps in whole.items():
        active = [step for step in steps if step.active]
        if len(active) > room:
            # a funnel that is cut is better than none
            return chosen or {name: active[: max(0, room)]}
        chosen[name] = active
        room -= len(active)
    return chosen

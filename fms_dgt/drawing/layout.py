"""Where everything of a figure stands: boxes below one another, branches side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fms_dgt.drawing.figure import Figure, Lane, Step, rows_said
from fms_dgt.drawing.words import cells, wrapped

CELL = 7.3  # the width of a character of 12 px; fonts differ a little, and this is the widest in use
LINE = 17.0
PAD = 12.0
GAP = 34.0  # between boxes: an arrow and its label
BETWEEN = 28.0  # between lanes
ROOM = 40  # characters in a line of a box
MOST = 6  # lines that one text may take
WIDTH = ROOM * CELL + 2 * PAD
MARGIN = 24.0


@dataclass(frozen=True)
class Line:
    """A line of text in a box; `full` is what it says where it is shortened."""

    text: str
    style: str
    full: str


@dataclass(frozen=True)
class Box:
    """A rectangle with text in it. The title stands in every box's own `<title>`."""

    x: float
    y: float
    width: float
    height: float
    style: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Arrow:
    """A line through points, with a head if it ends at a box, and a label at its side."""

    points: tuple[tuple[float, float], ...]
    head: bool = True
    label: str = ""
    at: tuple[float, float] = (0.0, 0.0)
    full: str = ""


@dataclass
class Drawing:
    """Boxes (those around others first) and arrows."""

    width: float = 0.0
    height: float = 0.0
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)


def laid_out(figure: Figure) -> Drawing:
    """Place everything."""
    layout = _Layout()
    width = max(WIDTH, *(layout.width(step) for step in figure.steps), 0.0)
    middle = MARGIN + width / 2
    y = MARGIN
    title = _texts([(figure.title, "name"), (figure.about, "kind"), (figure.counted, "text")], 60)
    head = Box(MARGIN, y, max(width, 60 * CELL + 2 * PAD), _height(title), "head", figure.title, title)
    layout.drawing.boxes.append(head)
    y = head.y + head.height + 8
    middle = max(middle, MARGIN + WIDTH / 2)
    y = layout.end(figure.source, middle, y, "end")
    y = layout.sequence(figure.steps, middle, y)
    label = "" if figure.kept is None else f"{figure.kept:,} records"
    layout.arrow_down(middle, y, label)
    y = layout.end(figure.records, middle, y + GAP, "end")
    if figure.roles:
        lines = _texts([("Who plays what", "name"), *((role, "text") for role in figure.roles)], ROOM)
        box = Box(middle - WIDTH / 2, y + 20, WIDTH, _height(lines), "head", "Who plays what", lines)
        layout.drawing.boxes.append(box)
        y = box.y + box.height
    drawing = layout.drawing
    drawing.width = max(box.x + box.width for box in drawing.boxes) + MARGIN
    drawing.height = y + MARGIN
    return drawing


def _texts(texts: Sequence[tuple[str, str]], room: int) -> tuple[Line, ...]:
    """Texts with their styles, wrapped."""
    found: list[Line] = []
    for text, style in texts:
        most = 2 if style == "name" else MOST
        found.extend(Line(line, style, text) for line in wrapped(text, room, most) if line)
    return tuple(found)


def _height(lines: Sequence[Line]) -> float:
    return len(lines) * LINE + 2 * PAD - 4


class _Layout:
    def __init__(self) -> None:
        self.drawing = Drawing()

    # --- how large -----------------------------------------------------------------------------

    def width(self, step: Step) -> float:
        """How wide a step is, with what is inside or below it."""
        if not step.lanes:
            return WIDTH
        if step.shape == "some":
            return max(map(self._lane_width, step.lanes)) + 2 * PAD
        inner = sum(self._lane_width(lane) for lane in step.lanes) + BETWEEN * (len(step.lanes) - 1)
        return max(WIDTH, inner if step.shape == "branch" else inner + 2 * PAD)

    def _lane_width(self, lane: Lane) -> float:
        return max([WIDTH, *(self.width(step) for step in lane.steps)])

    # --- where ---------------------------------------------------------------------------------

    def sequence(self, steps: Sequence[Step], middle: float, y: float) -> float:
        """Steps below one another, each with its arrow; gives where they end."""
        for step in steps:
            self.arrow_down(middle, y, "" if step.rows is None else rows_said(step.rows))
            y = self._step(step, middle, y + GAP)
        return y

    def arrow_down(self, x: float, y: float, label: str) -> None:
        """An arrow from one box to the next."""
        self.drawing.arrows.append(Arrow(((x, y), (x, y + GAP)), True, label, (x + 9, y + GAP / 2 + 2)))

    def end(self, texts: Sequence[str], middle: float, y: float, style: str) -> float:
        """The box of the source or the records."""
        first, *others = texts
        lines = _texts([(first, "name"), *((text, "text") for text in others)], ROOM)
        box = Box(middle - WIDTH / 2, y, WIDTH, _height(lines), style, first, lines)
        self.drawing.boxes.append(box)
        return y + box.height

    def _step(self, step: Step, middle: float, y: float) -> float:
        if step.shape in ("together", "each", "some"):
            return self._nest(step, middle, y)
        lines = self._lines(step)
        box = Box(middle - WIDTH / 2, y, WIDTH, _height(lines), _style(step), step.name, lines)
        self.drawing.boxes.append(box)
        y += box.height
        return self._ways(step, middle, y) if step.shape == "branch" else y

    def _lines(self, step: Step) -> tuple[Line, ...]:
        said = [(step.name, "name"), (step.kind, "kind"), *((text, "text") for text in step.lines)]
        return _texts([*said, *((text, "lost") for text in step.lost)], ROOM)

    def _nest(self, step: Step, middle: float, y: float) -> float:
        lines, width = self._lines(step), self.width(step)
        top = y + _height(lines)
        # the frame is drawn below what is in it, and its height is known only afterwards
        at = len(self.drawing.boxes)
        inside = self._below_one_another if step.shape == "some" else self._side_by_side
        bottom = inside(step.lanes, middle, width - 2 * PAD, top)
        frame = Box(middle - width / 2, y, width, bottom + PAD - y, "nest", step.name, lines)
        self.drawing.boxes.insert(at, frame)
        return frame.y + frame.height

    def _side_by_side(self, lanes: Sequence[Lane], middle: float, room: float, top: float) -> float:
        spare = room - sum(map(self._lane_width, lanes)) - BETWEEN * (len(lanes) - 1)
        x, bottom = middle - room / 2 + max(0.0, spare / 2), top
        for lane in lanes:
            width = self._lane_width(lane)
            bottom = max(bottom, self._inner(lane.steps, x + width / 2, top))
            x += width + BETWEEN
        return bottom

    def _below_one_another(self, lanes: Sequence[Lane], middle: float, _: float, y: float) -> float:
        for number, lane in enumerate(lanes):
            y = self._inner(lane.steps, middle, y + (PAD if number else 0))
        return y

    def _inner(self, steps: Sequence[Step], middle: float, y: float) -> float:
        for number, step in enumerate(steps):
            if number:
                self.arrow_down(middle, y, "")
                y += GAP
            y = self._step(step, middle, y)
        return y

    def _ways(self, step: Step, middle: float, y: float) -> float:
        total = sum(map(self._lane_width, step.lanes)) + BETWEEN * (len(step.lanes) - 1)
        x, ends = middle - total / 2, []
        for lane in step.lanes:
            width = self._lane_width(lane)
            centre = x + width / 2
            # the first arrow of a way begins at the branch, and is labelled where it is on its own
            turn = y + 14
            label = _short(_label(lane), width)
            points = ((middle, y), (middle, turn), (centre, turn), (centre, turn + GAP))
            at = (centre + 9, turn + GAP / 2 + 2)
            self.drawing.arrows.append(Arrow(points, bool(lane.steps), label, at, _label(lane)))
            ends.append((centre, self._lane(lane, centre, turn + GAP)))
            x += width + BETWEEN
        join = max(end for _, end in ends) + 16
        for centre, end in ends:
            self.drawing.arrows.append(Arrow(((centre, end), (centre, join), (middle, join)), False))
        return join

    def _lane(self, lane: Lane, middle: float, y: float) -> float:
        if not lane.steps:
            return y
        first, *others = lane.steps
        return self.sequence(others, middle, self._step(first, middle, y))


def _label(lane: Lane) -> str:
    """The value of the way, and how many rows took it."""
    rows = lane.steps[0].rows if lane.steps else None
    return lane.label if rows is None else f"{lane.label}, {rows_said(rows)}"


def _short(label: str, width: float) -> str:
    room = int((width / 2 - 16) / CELL)
    if cells(label) > room:
        # the branch's own box says by which column: the value is what tells one way from another
        label = label.split(": ", 1)[-1]
    return wrapped(label, room, 1)[0] if cells(label) > room else label


def _style(step: Step) -> str:
    return {"generate": "asks", "judge": "judges", "check": "judges", "branch": "turns"}.get(
        step.kind, "step"
    )

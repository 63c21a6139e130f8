"""Errors in one's own Python: what a run from Python tells of them, and what it never shows."""

from __future__ import annotations

import datetime
import decimal
import io
import logging
import traceback
import uuid
import warnings
from pathlib import Path
from typing import Any

import pytest
from engine import listening
from heard import TWO, Heard, line_of, run

import fms_dgt
from fms_dgt import (
    Check,
    EachOf,
    Flow,
    Generate,
    Map,
    Prompt,
    Together,
    stage,
)
from fms_dgt.core.events import CodeFailed, RunStarted
from fms_dgt.errors import InputError, RunError, UserError
from fms_dgt.hooks.display import Display
from fms_dgt.hooks.log import RunLog
from fms_dgt.plugins.code_place import CodePlace, own_line

HERE = Path(__file__).name


def failing(row):
    return {"y": 1 / (row["x"] - row["x"])}


def test_from_python_the_first_row_tells_text_file_and_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outcome, heard = run(tmp_path, Map(failing, makes=["y"]))
    at = line_of(__file__, 'return {"y": 1 /')
    first, last = [record.getMessage() for record in caplog.records if record.name == "fms_dgt"]
    assert first.splitlines()[0] == "error: the stage 'failing': ZeroDivisionError: division by zero"
    assert f"{HERE}:{at}: return" in first
    assert last.startswith("2 errors in the stage 'failing': ZeroDivisionError")
    assert [(event.file, event.line) for event in heard.failed] == [(__file__, at)] * 2
    assert not outcome.complete


def test_the_line_is_the_plugins_own_where_a_library_raises(tmp_path: Path) -> None:
    import yaml

    def reads(row):
        return {"y": yaml.safe_load("a: [")}

    outcome, heard = run(tmp_path, Map(reads, makes=["y"]))
    [row, _] = outcome.rejections
    assert (
        row["evidence"]["at"]
        == f"{HERE}:{line_of(__file__, 'return {' + chr(34) + 'y' + chr(34) + ': yaml')}"
    )


@pytest.mark.parametrize(
    ("value", "mend"),
    [
        (datetime.date(2026, 1, 1), "holds a date, which JSON cannot hold; write its .isoformat()"),
        ({1, 2}, "holds a set, which JSON cannot hold; write it as a list"),
        (b"x", "holds a bytes, which JSON cannot hold; write it as text"),
        (decimal.Decimal(1), "holds a Decimal, which JSON cannot hold; write it as a number"),
        (uuid.UUID(int=1), "holds a UUID, which JSON cannot hold; write it as text"),
        ([{"at": object()}], "holds a object, which JSON cannot hold; write text, numbers"),
    ],
)
def test_a_value_that_json_cannot_hold_names_column_type_stage_and_fix(
    tmp_path: Path, value: Any, mend: str
) -> None:
    def stamp(row):
        return {"y": value}

    outcome, heard = run(tmp_path, Map(stamp, makes=["y"]), Map(lambda row: {}, name="after"))
    assert outcome.counts == {"records": 0, "rejected": 2, "calls": 0, "replayed": 0}
    assert not outcome.complete
    assert outcome.finished.exit_code == 1
    first = heard.failed[0]
    assert first.part == "the stage 'stamp'"
    assert first.text.startswith(f"the column 'y' {mend}")
    assert (first.file, first.line) == (__file__, line_of(__file__, "def stamp(row):"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("nan"), "the column 'y' is not JSON: Out of range float"),
        ([[[]] * 120_000], "the column 'y' holds more than"),
    ],
)
def test_a_value_of_a_known_type_that_json_cannot_hold_says_why(
    tmp_path: Path, value: Any, text: str
) -> None:
    _, heard = run(tmp_path, Map(lambda row: {"y": value}, makes=["y"]))
    assert heard.failed[0].text.startswith(text)


def test_a_map_may_give_the_whole_row(tmp_path: Path) -> None:
    outcome, _ = run(tmp_path, Map(lambda row: row.with_(y=1), makes=["y"]))
    assert [record["y"] for record in outcome.records] == [1, 1]


def test_of_a_project_with_its_libraries_below_it_the_projects_own_line_is_named() -> None:
    engine = CodePlace(str(Path(fms_dgt.__file__).parent / "core/stages.py"), 1)
    own, helper = CodePlace("/home/me/work/plug.py", 3), CodePlace("/home/me/work/lib/words.py", 5)
    library = CodePlace("/home/me/work/.venv/lib/python3.11/site-packages/yaml/loader.py", 7)
    assert own_line([engine, own, helper, library]) == helper
    packed = CodePlace("/x/lib/python3.11/site-packages/plug/a.py", 1)
    inner = CodePlace("/x/lib/python3.11/site-packages/plug/sub/b.py", 2)
    other = CodePlace("/x/lib/python3.11/site-packages/requests/api.py", 3)
    assert own_line([engine, packed, inner, other]) == inner
    assert own_line([engine]) is None
    built_in = CodePlace(str(Path(fms_dgt.__file__).parent / "builders/pipeline/steps.py"), 1)
    assert own_line([built_in, engine, own]) == own
    assert own_line([built_in, packed]) == built_in


def test_a_run_of_which_no_record_can_be_written_stops_before_it_costs_much(tmp_path: Path) -> None:
    def dated(row):
        return {"y": datetime.datetime(2026, 1, 1)}  # noqa: DTZ001

    with pytest.raises(
        RunError, match=r"fails on every row: the column 'y' holds a datetime.*\(test_own_code"
    ):
        run(tmp_path, Map(dated, makes=["y"]), rows=[{"x": n} for n in range(400)])
    assert len((tmp_path / "flow" / "rejected.jsonl").read_text().splitlines()) < 400


def test_what_is_not_json_may_pass_between_stages(tmp_path: Path) -> None:
    dated = Map(lambda row: {"y": datetime.date(2026, 1, row["x"])}, makes=["y"], name="dated")
    text = Map(lambda row: {"y": row["y"].isoformat()}, makes=["y"], name="text")
    outcome, heard = run(tmp_path, dated, text)
    assert [record["y"] for record in outcome.records] == ["2026-01-01", "2026-01-02"]
    assert heard.failed == []


async def louder(text):
    return text


@stage(makes={"y"})
async def in_a_column(row, kit):
    return row.with_(y=louder("a"))


@stage(makes={"y"})
async def in_a_list(row, kit):
    return row.with_(y=[louder("a"), louder("b")])


@stage(makes={"y"})
async def whole(row, kit):
    return louder("a")


@stage(makes={"y"})
async def attribute(row, kit):
    asked = louder("a")
    try:
        return row.with_(y=asked.value)
    finally:
        asked.close()


@pytest.mark.parametrize("each", [in_a_column, in_a_list, whole, attribute], ids=lambda each: each.name)
def test_a_forgotten_await_is_called_that(tmp_path: Path, each: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome, heard = run(tmp_path, each)
    assert all("'await' is missing" in event.text for event in heard.failed)
    assert len(heard.failed) == 2
    assert not outcome.complete


def test_a_stage_may_make_what_it_declares_alone(tmp_path: Path) -> None:
    @stage(makes={"y"})
    async def several(row, kit):
        return [row.with_(y=1), row.with_(y=2, z=3)]

    @stage(makes={"y"})
    async def overwrites(row, kit):
        return row.with_(y=1, x=2)

    for each, column in ((several, "z"), (overwrites, "x"), (Together(several.named("in")), "z")):
        text = f"made columns that it does not declare: {column}; add them to its makes=... .*{HERE}:"
        with pytest.raises(UserError, match=text):
            run(tmp_path / each.name, each)


def test_undeclared_columns_cost_no_row_and_no_call_twice(tmp_path: Path) -> None:
    def made(columns: set[str]) -> Any:
        ask = Generate(Prompt("Say {{ x }}"), into="y", name="ask")

        @stage(needs={"y"}, makes=columns)
        async def counts(row, kit):
            return row.with_(z=len(row["y"]))

        return ask, counts

    settings = {"rows": [{"x": n} for n in range(20)], "generator": "simulated", "max_concurrency": 1}
    with pytest.raises(UserError):
        run(tmp_path, *made({"y"}), **settings)
    outcome, _ = run(tmp_path, *made({"z"}), accept_changes=True, **settings)
    assert outcome.counts["records"] == 20
    assert outcome.counts["calls"] + outcome.counts["replayed"] == 20
    assert outcome.counts["replayed"] >= 1


def test_what_a_decorator_can_refuse_it_refuses() -> None:
    with pytest.raises(
        TypeError, match="@stage: plain.. is not async; write 'async def plain'; or use a Map"
    ):

        @stage()
        def plain(row, kit):
            return row

    with pytest.raises(TypeError, match="has a 'yield'; collect the values in a list"):

        @stage()
        async def many(row, kit):
            yield row

    with pytest.raises(TypeError, match="Map takes a plain function, and louder.. is async; use @stage"):
        Map(louder)


def up(row):
    return {"y": 1}


async def two(row):
    return row


SLIPS_IN_FLOWS = {
    "a function": (
        lambda: Flow(up),
        "Flow takes stages, not up; put @stage(...) above it, or write Map(function",
    ),
    "a list": (lambda: Flow([Map(up)]), "Flow takes stages, not a list of them; write Flow(*stages)"),
    "a class": (lambda: Together(Map), "Together takes stages, not Map; write Map(...)"),
    "text for columns": (
        lambda: Map(up, makes="y"),
        "makes takes several columns, not text; write makes=['y']",
    ),
    "text for needs": (lambda: stage(needs="x"), "needs takes several columns, not text; write needs=['x']"),
    "no function": (lambda: Map("up"), "'up' is not a function"),
    "other arguments": (
        lambda: Map(lambda row, kit: {}),
        "<lambda>() is called with row: missing a required",
    ),
    "too few arguments": (lambda: stage()(two), "two() is called with row, kit: too many positional"),
    "no brackets": (lambda: stage(two), "write @stage(needs={...}, makes={...})"),
    "a bare keep": (lambda: Check("v", on="x", keep=2), "keep is one of at_least(...)"),
    "text as items": (
        lambda: EachOf("abc"),
        "EachOf takes a list, or the Path of a file, not text; write ['abc']",
    ),
}


@pytest.mark.parametrize("slip", SLIPS_IN_FLOWS)
def test_a_flow_of_what_is_no_stage_is_refused_as_it_is_made(slip: str) -> None:
    make, text = SLIPS_IN_FLOWS[slip]
    with pytest.raises(TypeError) as caught:
        make()
    assert text in str(caught.value)


def test_a_return_that_is_missing_is_asked_for(tmp_path: Path) -> None:
    @stage()
    async def forgets(row, kit):
        row.with_()

    _, heard = run(tmp_path, forgets)
    assert (
        heard.failed[0].text == "a stage gives a Row or a list of them, not NoneType; is a 'return' missing?"
    )


PLUGIN = """
from dataclasses import dataclass
from fms_dgt import *

@dataclass(frozen=True)
class Words(Record):
    x: int

class OddValidator(Validator):
    def __init__(self, options):
        1 / 0

    async def validate(self, row, kit):
        return Verdict(1.0)

class OddBuilder(DataBuilder):
    record = Words
    defaults = {"blocks": [{"name": "v", "type": "odd"}]}

    def source(self, task):
        return EachOf([{"x": 1}])

    def flow(self, task):
        return Flow(Check("v", on="x"))
"""


def test_a_constructor_that_raises_is_the_plugins_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("odd.py").write_text(PLUGIN)
    task = {"task_name": "t", "task_description": "d", "created_by": "m", "data_builder": "odd"}
    with pytest.raises(
        InputError, match=r"code of odd.py raised ZeroDivisionError: division by zero .odd.py:11"
    ):
        fms_dgt.run(task, include=["odd.py"], output_dir="out")


def test_a_function_that_only_a_call_shows_to_be_synchronous(tmp_path: Path) -> None:
    class Callable:
        def __call__(self, row, kit):
            return row

    outcome, heard = run(tmp_path, stage()(Callable()))
    assert heard.failed[0].text == "stage() is not async; write 'async def'"
    assert heard.failed[0].line == line_of(__file__, "def __call__(self, row, kit):")


SECRET = "sk-abcdefghijklmnop"


def test_secrets_and_escapes_of_an_error_are_not_shown(tmp_path: Path) -> None:
    def leaks(row):
        raise ValueError(f"key {SECRET} \x1b[2J\u202e" + "x" * 5_000)

    stream = io.StringIO()
    display = Display(stream)
    heard = Heard()
    with listening(heard):
        fms_dgt.run(Flow(Map(leaks)), data=TWO, output_dir=tmp_path, progress=False)
    logging.getLogger("fms_dgt").setLevel(logging.DEBUG)
    try:
        display.run_started(RunStarted(tmp_path, ["flow"], "plain"))
        for event in heard.failed:
            display.code_failed(event)
    finally:
        logging.getLogger("fms_dgt").setLevel(logging.NOTSET)
    shown = stream.getvalue()
    assert "Traceback" in shown
    assert shown.count("ValueError: key ***") == 2
    assert SECRET not in shown
    assert shown.replace("\n", "").isprintable()
    assert len(shown) < 5_000


def test_the_log_has_kind_and_line_and_no_words_of_a_row(tmp_path: Path) -> None:
    def tells(row):
        raise ValueError("the whole answer")

    log = RunLog()
    with listening(log):
        fms_dgt.run(Flow(Map(tells)), data=TWO, output_dir=tmp_path, progress=False)
    text = (tmp_path / "run.log").read_text()
    assert "code error: flow, the stage 'tells': ValueError " in text
    assert f"{HERE}:{line_of(__file__, 'raise ValueError(' + chr(34) + 'the whole')}" in text
    assert "the whole answer" not in text


def test_on_a_terminal_it_stands_above_the_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    terminal = Terminal()
    display = Display(terminal)
    display.run_started(RunStarted(tmp_path, ["flow"], "live"))
    display.code_failed(CodeFailed("flow", "s", "the stage 's'", "KeyError: 'x'", str(tmp_path / "p.py"), 3))
    display.code_failed(CodeFailed("flow", "s", "the stage 's'", "KeyError: 'y'", str(tmp_path / "p.py"), 3))
    display.run_started(RunStarted(tmp_path, ["flow"], "none"))
    assert terminal.getvalue().count("error: the stage 's': KeyError: 'x'") == 1
    assert "KeyError: 'y'" not in terminal.getvalue()
    assert "p.py:3" in terminal.getvalue()


# --- a slip of the caller --------------------------------------------------------------------------

SLIPS = {
    "no such task": lambda: fms_dgt.run("no_such_task.yaml"),
    "no such builder": lambda: fms_dgt.run(
        {"task_name": "t", "task_description": "d", "created_by": "m"}, builder="x"
    ),
    "no such setting": lambda: fms_dgt.run("x", num_outputs=3),
    "no such generator": lambda: fms_dgt.run(
        Flow(Generate(Prompt("a"), into="y")), data=TWO, generator="opnai"
    ),
    "no such file": lambda: fms_dgt.run("x", include=["no_such_file.py"]),
    "no data": lambda: fms_dgt.run(Flow(Map(failing, makes=["y"]))),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_the_caller_shows_one_short_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slip: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        SLIPS[slip]()
    text = "".join(traceback.format_exception(caught.value))
    assert text.count("Traceback (most recent call last)") == 1
    assert "RuntimeError" not in text
    assert text.count("/fms_dgt/") == 1


def test_a_key_in_an_error_is_in_no_file(tmp_path: Path) -> None:
    @stage(needs={"x"}, makes={"x"})
    async def leaks(row: Any, kit: Any) -> Any:
        raise ValueError("no access with sk-supersecretvalue123456 at https://u:pw123456@host/x")

    fms_dgt.run(Flow(leaks), data=TWO, output_dir=tmp_path, progress=False)
    kept = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert any(b"no access with ***" in content for content in kept)
    assert not any(b"supersecret" in content or b"pw123456" in content for content in kept)

"""`fms_dgt.run` and `arun`: the same runs from Python."""

from __future__ import annotations

import asyncio
import ast
import inspect
import json
from dataclasses import dataclass
from pathlib import Path

import fms_dgt
import pandas as pd
import pytest
from fms_dgt import (
    DataBuilder,
    EachOf,
    Flow,
    Generate,
    Record,
    Task,
)

TOYS = Path(__file__).parents[1] / "toys"
SIMULATED = {"type": "simulated"}
JOKES = {
    "task_name": "jokes",
    "task_description": "Jokes about tools.",
    "created_by": "me",
    "data_builder": "skills_sdg",
    "seed_examples": [{"question": "Tell me a joke about a saw.", "answer": "I saw it."}],
}


@dataclass(frozen=True)
class Poem(Record):
    subject: str
    text: str


class PoemsBuilder(DataBuilder[Task]):
    """Defined in the running program; its templates stand beside this file."""

    record = Poem

    def source(self, task: Task) -> EachOf:
        return EachOf(["tides", "moss"], into="subject")

    def flow(self, task: Task) -> Flow:
        return Flow(Generate("write_poem", into="text"))


def test_a_mapping_and_a_generator_by_name(tmp_path: Path) -> None:
    outcome = fms_dgt.run(JOKES, generator="simulated", output_dir=tmp_path, num_outputs_to_generate=6)
    assert outcome.complete
    assert outcome.counts["records"] == 6
    assert len(list(outcome.records)) == 6
    assert set(outcome.to_pandas().columns) >= {"instruction", "response"}
    assert outcome.counts["rejected"] == len(list(outcome.rejections))
    assert outcome.tasks["jokes"].files["data.jsonl"] == tmp_path / "jokes" / "data.jsonl"


def test_a_generator_with_options(tmp_path: Path) -> None:
    generator = {"type": "simulated", "model": "parrot", "temperature": 0.2}
    outcome = fms_dgt.run(JOKES, generator=generator, output_dir=tmp_path, num_outputs_to_generate=2)
    blocks = outcome.finished.report["jokes"]["config"]["blocks"]
    assert blocks["generator"]["model_id_or_path"] == "parrot"
    assert blocks["validator"]["lm_config"]["temperature"] == 0.2


def test_a_shipped_task_by_name(tmp_path: Path) -> None:
    name = "instructlab/skills/writing/freeform/debate"
    outcome = fms_dgt.run(name, config="offline", output_dir=tmp_path, num_outputs_to_generate=3)
    assert [record["task_name"] for record in outcome.records] == [name] * 3


@pytest.mark.parametrize("kind", ["list", "frame"])
def test_data_takes_the_place_of_the_tasks_rows(tmp_path: Path, kind: str) -> None:
    rows = [{"question": f"Name {n} tools.", "answer": "A saw."} for n in range(4)]
    data = rows if kind == "list" else pd.DataFrame(rows)
    task = {key: value for key, value in JOKES.items() if key != "seed_examples"}
    outcome = fms_dgt.run(task, data=data, generator="simulated", output_dir=tmp_path)
    assert outcome.counts["records"] == 20


def test_a_task_object_and_a_builder_class(tmp_path: Path) -> None:
    task = Task(task_name="poems", task_description="Poems.", created_by="me")
    outcome = fms_dgt.run(task, builder=PoemsBuilder, generator=SIMULATED, output_dir=tmp_path)
    assert [record["subject"] for record in outcome.records] == ["tides", "moss"]


def test_a_task_object_needs_its_builder(tmp_path: Path) -> None:
    task = Task(task_name="poems", task_description="Poems.", created_by="me")
    with pytest.raises(fms_dgt.UserError, match="a Task needs its builder; pass builder="):
        fms_dgt.run(task, output_dir=tmp_path)


def test_inside_a_running_event_loop(tmp_path: Path) -> None:
    async def notebook() -> fms_dgt.Outcome:
        return fms_dgt.run(JOKES, generator="simulated", output_dir=tmp_path, num_outputs_to_generate=2)

    assert asyncio.run(notebook()).complete


async def test_arun_runs_on_the_callers_loop(tmp_path: Path) -> None:
    outcome = await fms_dgt.arun(JOKES, generator="simulated", output_dir=tmp_path, num_outputs_to_generate=2)
    assert outcome.complete


async def test_a_cancelled_arun_is_resumable(tmp_path: Path) -> None:
    slow = {"type": "simulated", "latency": 0.4}
    running = asyncio.ensure_future(
        fms_dgt.arun(JOKES, generator=slow, output_dir=tmp_path, num_outputs_to_generate=40)
    )
    await asyncio.sleep(0.6)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    [report] = tmp_path.rglob("run.json")
    said = json.loads(report.read_text())
    assert (said["end"], said["why"]) == ("interrupted", "interrupted; run the same command to continue")
    outcome = await fms_dgt.arun(
        JOKES, generator="simulated", output_dir=tmp_path, num_outputs_to_generate=40
    )
    assert outcome.complete
    assert outcome.counts["records"] == 40


def test_mistakes_are_user_errors_that_name_the_caller(tmp_path: Path) -> None:
    with pytest.raises(fms_dgt.UserError, match="fms_dgt.run: max_concurrency: is 0; it must be 1 or more"):
        fms_dgt.run(JOKES, generator="simulated", output_dir=tmp_path, max_concurrency=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"num_output": 3},
            "fms_dgt.run: there is no setting 'num_output'; did you mean 'num_outputs_to_generate'? "
            "settings: accept_changes, allow_env, allow_host, allow_path, build_id, builder, changed, config, ",
        ),
        ({"teacher": "simulated"}, "fms_dgt.run: there is no setting 'teacher'; pass generator=..."),
        (
            {"data": "a.jsonl"},
            "fms_dgt.run: data: cannot be 'a.jsonl' (str); pass a list of rows, or a frame",
        ),
        ({"generator": ":m"}, "fms_dgt.run: generator: ':m' names no teacher; write TYPE or TYPE:MODEL, "),
        ({"generator": 3}, "fms_dgt.run: generator: '3' names no teacher; write TYPE or TYPE:MODEL, "),
        ({"output_dir": ""}, "fms_dgt.run: output_dir: is empty; name a folder"),
        ({"config": "ofline"}, "fms_dgt.run: config: there is no file or shipped config 'ofline'; "),
    ],
)
def test_wrong_arguments_are_told_by_their_names(changes: dict[str, object], message: str) -> None:
    with pytest.raises(fms_dgt.UserError) as caught:
        fms_dgt.run(JOKES, **{"generator": "simulated", **changes})  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)
    assert "--" not in str(caught.value)


@pytest.mark.parametrize("task", [3, None, ["task.yaml"]])
def test_what_a_task_may_be_is_said(task: object) -> None:
    expected = f"fms_dgt.run: task: cannot be {task} ({type(task).__name__}); pass a path, the name of a "
    expected += "shipped task, a mapping of what a task file says, a Task or a Flow"
    with pytest.raises(fms_dgt.UserError) as caught:
        fms_dgt.run(task)  # type: ignore[arg-type]
    assert str(caught.value).replace('"', "'") == expected


def test_flags_in_mends_are_arguments(tmp_path: Path) -> None:
    task = {**JOKES, "runner_config": {"max_calls": 3}}
    with pytest.raises(fms_dgt.UserError, match="or use max_calls$"):
        fms_dgt.run(task, generator="simulated", output_dir=tmp_path)


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    task = {**JOKES, "runner_config": {"sede": 3}, "data_builder": "skils"}
    with pytest.raises(fms_dgt.UserError) as caught:
        fms_dgt.run(task, data=[], generator="simulated", output_dir=tmp_path)
    assert ["sede" in str(caught.value), "unknown builder 'skils'" in str(caught.value)] == [True, True]


def test_an_outcome_is_shown_in_a_line(tmp_path: Path) -> None:
    outcome = fms_dgt.run(JOKES, generator="simulated", output_dir=tmp_path, num_outputs_to_generate=2)
    assert repr(outcome) == f"Outcome(jokes: 2 of 2 records, reached; in {tmp_path})"


def test_a_run_prints_nothing_without_a_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fms_dgt.run(JOKES, generator="simulated", output_dir=tmp_path, num_outputs_to_generate=2)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


# --- the public names ----------------------------------------------------------------------------


def test_every_public_name_is_there_and_sorted() -> None:
    assert fms_dgt.__all__ == sorted(fms_dgt.__all__)
    assert all(getattr(fms_dgt, name) is not None for name in fms_dgt.__all__)


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(inspect.getsource(fms_dgt))
    imported = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert imported - {"annotations", "Any"} == set(fms_dgt.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'runn'"):
        fms_dgt.runn  # noqa: B018

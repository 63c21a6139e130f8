"""What a run costs: the figures of a run and of its folder, counted at the server; a budget in money."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fms_dgt
import pytest
from engine import SIEVE, TOYS, sieve
from fms_dgt.errors import UserError
from fms_dgt.testing import Answer, ModelServer, echo_answers, prompt_of

DEBATE = "instructlab/skills/writing/freeform/debate"
IN, OUT = 2.0, 10.0
# 7 tokens in and 3 out, as the toy's generator says
CALL = (7 * 1000 + 3 * 2000) / 1e6


def report(folder: Path, task: str = "sieve") -> dict[str, Any]:
    return json.loads((folder / task / "run.json").read_text())


def priced(folder: Path, percent: int = 100, delay: float = 0.0, **settings: Any) -> fms_dgt.Outcome:
    """The sieve, at prices that make a call cost `CALL`."""
    block = {"name": "generator", "delay": delay, "input_price": 1000, "output_price": 2000}
    config = {"databuilders": {"sieve": {"percent": percent, "blocks": [block]}}}
    settings = {"num_outputs_to_generate": 20, "max_stalled_requests": 10_000, **settings}
    return fms_dgt.run(SIEVE, config=config, include=[TOYS / "sieve.py"], output_dir=folder, **settings)


def teacher(server: ModelServer, **more: Any) -> dict[str, Any]:
    return {"type": "openai", "model": "stand-in", "base_url": server.base_url, "api_key": "none", **more}


def counting(body: Mapping[str, Any]) -> Answer:
    """The stand-in's own answer; a token is a letter."""
    text = str(echo_answers(body))
    counted.append((len(prompt_of(body)), len(text)))
    return Answer(text, "stop", *counted[-1])


counted: list[tuple[int, int]] = []


def test_figures_are_the_servers_by_stage_and_role(tmp_path: Path) -> None:
    counted.clear()
    with ModelServer(counting).in_thread() as server:
        said = teacher(server, input_price=IN, output_price=OUT)
        blocks = [
            {"name": "generator", **said},
            {"name": "validator", "lm_config": {**said, "output_price": 2 * OUT}},
        ]
        outcome = fms_dgt.run(
            DEBATE,
            config={"databuilders": {"*": {"blocks": blocks}}},
            output_dir=tmp_path,
            num_outputs_to_generate=10,
        )
        asked = len(server.requests)
    made = report(tmp_path, DEBATE)
    mine = made["spending"]["this_run"]
    assert (mine["calls"], mine["input_tokens"], mine["output_tokens"]) == (
        asked,
        sum(one for one, _ in counted),
        sum(two for _, two in counted),
    )
    assert mine == {**made["spending"]["folder"], "by_stage": mine["by_stage"]}
    lines = {(line["stage"], line["role"]): line for line in mine["by_stage"]}
    assert {role for _, role in lines} == {"generator", "validator"}
    assert lines["filter_qa_template", "validator"]["model"] == "openai:stand-in"
    for (_, role), line in lines.items():
        out = OUT if role == "generator" else 2 * OUT
        tokens = line["input_tokens"] * IN + line["output_tokens"] * out
        assert line["cost"] == pytest.approx(tokens / 1e6)
    assert mine["cost"] == pytest.approx(sum(line["cost"] for line in lines.values()))
    assert outcome.finished.cost == pytest.approx(mine["cost"])
    assert outcome.finished.input_tokens == mine["input_tokens"]
    assert made["this_run"]["cost"] == made["folder"]["cost"] == mine["cost"]


def test_without_prices_no_cost_is_told(tmp_path: Path) -> None:
    outcome = sieve(tmp_path, num_outputs_to_generate=3)
    assert outcome.finished.cost is None
    made = report(tmp_path)
    assert made["folder"]["cost"] is None
    assert made["spending"]["this_run"]["by_stage"][0]["cost"] is None
    assert made["spending"]["this_run"]["input_tokens"] == 6 * 7


def test_replayed_answers_cost_nothing_and_belong_to_the_folder(tmp_path: Path) -> None:
    priced(tmp_path, num_outputs_to_generate=5)
    (tmp_path / "sieve" / "data.jsonl").unlink()
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.execute("DELETE FROM outcomes")
    again = priced(tmp_path, num_outputs_to_generate=5)
    assert again.counts["replayed"] == 10
    assert again.finished.cost == 0
    made = report(tmp_path)
    assert [line["replayed"] for line in made["spending"]["this_run"]["by_stage"]] == [5, 5]
    assert made["spending"]["folder"]["cost"] == pytest.approx(10 * CALL)


def test_prices_that_come_later_hold_for_what_was_asked_before(tmp_path: Path) -> None:
    sieve(tmp_path, num_outputs_to_generate=5)
    priced(tmp_path, num_outputs_to_generate=8)
    assert report(tmp_path)["folder"]["cost"] == pytest.approx(16 * CALL)
    sieve(tmp_path, num_outputs_to_generate=10)
    made = report(tmp_path)["folder"]
    # what was paid at a price stays paid
    assert made["cost"] == pytest.approx(6 * CALL)


def test_a_restart_forgets_no_cost(tmp_path: Path) -> None:
    priced(tmp_path, num_outputs_to_generate=5)
    priced(tmp_path, num_outputs_to_generate=5, restart=True)
    spent = report(tmp_path)["spending"]
    assert spent["this_run"]["calls"] == 10
    assert spent["folder"]["calls"] == 20
    assert spent["folder"]["cost"] == pytest.approx(20 * CALL)


def test_a_journal_of_before_is_read_and_its_calls_stand_in_the_totals(tmp_path: Path) -> None:
    priced(tmp_path, num_outputs_to_generate=5)
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.execute("DROP TABLE spent")
    priced(tmp_path, num_outputs_to_generate=8)
    made = report(tmp_path)
    assert (made["folder"]["calls"], made["folder"]["input_tokens"]) == (16, 16 * 7)
    assert made["folder"]["cost"] == pytest.approx(6 * CALL)
    assert made["folder"]["calls_without_price"] == 10
    assert made["spending"]["folder"]["calls"] == 6


def test_a_budget_in_money_stops_and_goes_on(tmp_path: Path) -> None:
    first = priced(tmp_path, max_cost=10 * CALL, max_concurrency=4)
    assert first.tasks["sieve"].end == "spent"
    assert "raise --max-cost" in first.tasks["sieve"].why
    assert report(tmp_path)["folder"]["calls"] == 10
    # spent on units that are finished, not on many that are not
    assert first.counts["records"] == 5
    assert priced(tmp_path, max_cost=10 * CALL).counts["calls"] == 0
    more = priced(tmp_path, max_cost=1)
    assert more.complete
    assert report(tmp_path)["folder"]["cost"] == pytest.approx(40 * CALL)


@pytest.mark.parametrize("budget", [0.03, 0.1])
def test_a_budget_in_money_holds_within_few_calls_at_any_width(tmp_path: Path, budget: float) -> None:
    outcome = priced(tmp_path, delay=0.003, max_cost=budget, max_concurrency=64)
    assert outcome.tasks["sieve"].end == "spent"
    assert outcome.finished.cost is not None
    assert outcome.finished.cost < budget + CALL


def test_calls_that_no_price_was_noted_for_do_not_count_as_free(tmp_path: Path) -> None:
    priced(tmp_path, delay=0.003, max_calls=4)
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        # as a journal from before prices were noted
        db.execute("DROP TABLE spent")
    outcome = priced(
        tmp_path, delay=0.003, max_cost=CALL / 2, max_concurrency=64, num_outputs_to_generate=200
    )
    assert outcome.tasks["sieve"].end == "spent"
    assert outcome.counts["calls"] == 1


def test_prices_change_no_answer_and_no_fingerprint(tmp_path: Path) -> None:
    sieve(tmp_path, num_outputs_to_generate=5)
    again = priced(tmp_path, num_outputs_to_generate=5)
    assert again.counts["calls"] == 0


def test_a_budget_in_money_needs_every_price(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="max_cost is a budget in money; give input_price") as caught:
        sieve(tmp_path, max_cost=1)
    assert "databuilders.sieve.blocks, generator" in str(caught.value)
    assert not (tmp_path / "journal.sqlite").exists()


def test_half_a_price_is_none(tmp_path: Path) -> None:
    config = {"databuilders": {"sieve": {"blocks": [{"name": "generator", "input_price": 1}]}}}
    with pytest.raises(UserError, match="has an input_price alone; give both"):
        fms_dgt.run(SIEVE, config=config, include=[TOYS / "sieve.py"], output_dir=tmp_path)


def test_answers_without_a_count_of_tokens_are_told(tmp_path: Path) -> None:
    answers = iter([Answer("x", "stop", 0, 0)])
    with ModelServer(lambda _: next(answers, Answer("y", "stop", 5, 5))).in_thread() as server:
        outcome = fms_dgt.run(
            SIEVE,
            generator=teacher(server, input_price=IN, output_price=OUT),
            include=[TOYS / "sieve.py"],
            output_dir=tmp_path,
            num_outputs_to_generate=3,
        )
    assert any(note.startswith("answers without a count of tokens: 1;") for note in outcome.finished.notes)


@pytest.mark.parametrize(
    ("prices", "budget", "told"),
    [
        ({"input_price": IN, "output_price": OUT}, {"max_cost": 1}, True),
        ({"input_price": 0, "output_price": 0}, {"max_cost": 1}, False),
        ({"input_price": 0, "output_price": 0}, {"max_tokens": 1000}, True),
        ({}, {"max_calls": 9}, False),
    ],
)
def test_a_server_that_never_counts_tokens_is_told_where_they_matter(
    tmp_path: Path, prices: dict[str, float], budget: dict[str, Any], told: bool
) -> None:
    with ModelServer(lambda _: Answer("y", "stop", 0, 0)).in_thread() as server:
        outcome = fms_dgt.run(
            SIEVE,
            generator=teacher(server, **prices),
            include=[TOYS / "sieve.py"],
            output_dir=tmp_path,
            num_outputs_to_generate=3,
            **budget,
        )
    said = [
        note for note in outcome.finished.notes if note.startswith("answers without a count of tokens: 6;")
    ]
    assert bool(said) == told


@pytest.mark.parametrize("votes", [1, 5])
@pytest.mark.parametrize("budget", [{"max_tokens": 400_000}, {"max_calls": 240}])
def test_a_budget_at_full_width_gives_records_where_calls_differ(
    tmp_path: Path, votes: int, budget: dict[str, int]
) -> None:
    counted.clear()
    with ModelServer(counting, service=0.01).in_thread() as server:
        lm = teacher(server, temperature=0.5)
        blocks = [{"name": "generator", **lm}, {"name": "validator", "votes": votes, "lm_config": lm}]
        outcome = fms_dgt.run(
            DEBATE,
            config={"databuilders": {"*": {"blocks": blocks}}},
            output_dir=tmp_path,
            num_outputs_to_generate=500,
            **budget,
        )
    assert outcome.tasks[DEBATE].end == "spent"
    assert outcome.counts["records"] > 0
    tokens = [said + given for said, given in counted]
    assert sum(tokens) <= budget.get("max_tokens", 1 << 40) + max(tokens)
    assert len(tokens) <= budget.get("max_calls", 1 << 40)


def test_a_budget_in_money_is_spent_on_units_that_are_finished_where_calls_differ(tmp_path: Path) -> None:
    lm = {"type": "simulated", "input_price": 0.15, "output_price": 0.6}
    blocks = [
        {"name": "generator", **lm},
        {"name": "validator", "lm_config": {**lm, "input_price": 1, "output_price": 2}},
    ]
    config = {"databuilders": {"*": {"blocks": blocks}}}
    settings: dict[str, Any] = {"config": config, "output_dir": tmp_path, "num_outputs_to_generate": 500}
    outcome = fms_dgt.run(DEBATE, max_cost=0.05, **settings)
    assert outcome.tasks[DEBATE].end == "spent"
    # twelve units, of which the last one or two are not through
    assert outcome.counts["records"] >= 20

from __future__ import annotations

from itertools import pairwise

import pytest
from deadly_spot import DeadlySpot
from qna_samples import knowledge, skill, written

from fms_dgt.taxonomy import CheckOptions, check_file, check_files, find_spots
from fms_dgt.taxonomy import check as check_module

NODES = 240
LEVELS = "abcdefghijklmnopqr"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n" for before, name in pairwise(LEVELS)
)


@pytest.fixture
def many(taxonomy):
    """More than two hundred nodes, and every sort of file that is none."""
    root = taxonomy({f"compositional_skills/n{number:03}": skill() for number in range(NODES)})
    taxonomy(
        {
            "knowledge/bomb": BOMB,
            "knowledge/binary": b"\0\1\2" * 1000,
            "knowledge/deep": "[" * 5000,
            "knowledge/large": "x: y\n" * 300_000,
            "knowledge/rivers": knowledge(),
        }
    )
    giant = taxonomy({"knowledge/giant": ""}) / "knowledge/giant/qna.yaml"
    with giant.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    (root / "knowledge/folder/qna.yaml").mkdir(parents=True)
    (root / "knowledge/gone").mkdir()
    (root / "knowledge/gone/qna.yaml").symlink_to("nowhere")
    return root


def test_side_by_side_gives_what_one_after_the_other_gives(many):
    spots = find_spots(many)
    ticks: list[int] = []
    reports = check_files(spots, CheckOptions(), processes=2, tick=ticks.append)
    assert sum(ticks) == len(spots) == NODES + 7
    assert reports == [check_file(spot, CheckOptions()) for spot in spots]
    wrong = {report.path: report.findings[0].what for report in reports if not report.valid}
    assert wrong == {
        "knowledge/bomb": "unfolds to more than 1,000,000 values",
        "knowledge/binary": "is binary, not text",
        "knowledge/deep": "values are nested more than 100 deep",
        "knowledge/giant": "has 100 MB; a qna.yaml may have 1 MB",
        "knowledge/large": "has 1 MB; a qna.yaml may have 1 MB",
        "knowledge/gone": "there is no such file",
    }


def test_a_process_that_dies_takes_nothing_with_it(many):
    spots = find_spots(many)[:210]
    deadly = DeadlySpot(spots[100].file, "compositional_skills/deadly", "compositional")
    spots[100] = deadly
    ticks: list[int] = []
    reports = check_files(spots, CheckOptions(), processes=2, tick=ticks.append)
    assert sum(ticks) == 210
    assert [report.path for report in reports if not report.valid] == ["compositional_skills/deadly"]
    assert reports[100].findings[0].what == "checking it ended the process that did"


def test_a_fault_of_ours_costs_one_file(taxonomy, monkeypatch):
    root = taxonomy({"compositional_skills/a": skill(), "compositional_skills/b": skill(created_by="b")})

    def fail(text: str, shown: str):
        if "created_by: b" in text:
            raise RuntimeError("oh")
        return parse(text, shown)

    parse = check_module.parse_yaml
    monkeypatch.setattr(check_module, "parse_yaml", fail)
    reports = check_files(find_spots(root), CheckOptions())
    assert [report.valid for report in reports] == [True, False]
    assert str(reports[1].findings[0].problem) == (
        "compositional_skills/b/qna.yaml: a fault in fms_dgt: RuntimeError: oh; report it"
    )


def test_what_takes_time_with_the_square_of_the_seeds_is_left_out(taxonomy, monkeypatch):
    seeds = [{"question": f"q{number}", "answer": "a"} for number in range(10_000)]
    (spot,) = find_spots(taxonomy({"compositional_skills/a": written(skill(seed_examples=seeds))}))
    monkeypatch.setattr("fms_dgt.taxonomy.schema._validator", None)
    assert check_file(spot, CheckOptions()).valid

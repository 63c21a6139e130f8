"""Must-show 10: strangers' packages beside the built wheel, in an environment of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
THIRD_PARTY = ROOT / "tests" / "thirdparty"
ACME_TASK = THIRD_PARTY / "acme_dgt" / "tasks" / "tips" / "task.yaml"
DEBATE = "instructlab/skills/writing/freeform/debate"
CONTESTED = (
    "the name is taken by acme-dgt 1.2.0 and broken-name-taken 0.5; switch one off with "
    "FMS_DGT_DISABLE_PLUGINS=acme-dgt or FMS_DGT_DISABLE_PLUGINS=broken-name-taken"
)
# (group, name, distribution): (version, how the reason begins)
BROKEN = {
    ("builders", "broken_attribute", "broken-no-attribute"): (
        "0.3",
        "module broken_attribute has no 'TipBuilder'; did you mean 'TipsBuilder'?",
    ),
    ("generators", "broken_import", "broken-import-error"): (
        "0.1",
        "importing broken_import failed: ModuleNotFoundError: No module named 'a_package_that_nobody_has' (",
    ),
    ("generators", "simulated", "broken-name-taken"): (
        "0.5",
        "the name belongs to fms_dgt itself; give the entry point another name",
    ),
    ("validators", "acme_spare", "acme-dgt"): ("1.2.0", CONTESTED),
    ("validators", "acme_spare", "broken-name-taken"): ("0.5", CONTESTED),
    ("validators", "broken_base", "broken-wrong-base"): (
        "0.2",
        "Length is not a validator; derive it from fms_dgt.Validator or fms_dgt.OrderedValidator",
    ),
    ("hooks", "broken_hook", "broken-misspelt-hook"): (
        "0.4",
        "record_kep() is not a hook; did you mean 'record_kept'?",
    ),
}
WORKING = {
    ("builders", "acme_tips", "acme-dgt"),
    ("generators", "acme_parrot", "acme-dgt"),
    ("generators", "broken_name_mute", "broken-name-taken"),
    ("hooks", "acme_diary", "acme-dgt"),
    ("validators", "acme_length", "acme-dgt"),
}
TASK = "created_by: us\ntask_description: Tips.\ndata_builder: {builder}\ntopics: [moles in the garden]\n"
BLOCK = "databuilders: {{acme_tips: {{blocks: [{{name: {block}, type: {type}}}]}}}}\n"


@dataclass(frozen=True)
class Venv:
    """A fresh environment, without the checkout on its path."""

    path: Path

    @property
    def environ(self) -> dict[str, str]:
        ours = ("PYTHONPATH", "FMS_DGT_DISABLE_PLUGINS", "DGT_OUTPUT_DIR", "ACME_DGT_IMPORTS")
        return {name: value for name, value in os.environ.items() if name not in ours}

    def python(self, *argv: str) -> None:
        command = [str(self.path / "bin" / "python"), *argv]
        done = subprocess.run(command, env=self.environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@dataclass(frozen=True)
class Place:
    """An empty folder to run commands of the environment in."""

    venv: Venv
    path: Path

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """`fms_dgt ARGV`."""
        return self._run("fms_dgt", *argv)

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        """`python -c CODE`."""
        return self._run("python", "-c", code)

    def _run(self, program: str, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.venv.path / "bin" / program), *argv],
            cwd=self.path,
            env={**self.venv.environ, "ACME_DGT_IMPORTS": str(self.path / "imports")},
            capture_output=True,
            text=True,
            timeout=120,
        )

    @property
    def imported(self) -> list[str]:
        """The modules of acme-dgt that were imported since the folder was made."""
        file = self.path / "imports"
        return file.read_text().split() if file.exists() else []

    def lines(self, name: str) -> list:
        """A JSONL file of the output folder."""
        return [json.loads(line) for line in (self.path / "output" / name).read_text().splitlines()]


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """fms_dgt's wheel with what it needs, acme-dgt, and the five broken packages."""
    folder = tmp_path_factory.mktemp("third_party")
    made = Venv(folder / "venv")
    subprocess.run([sys.executable, "-m", "venv", str(made.path)], check=True)
    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check")
    made.python(*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    wheels = [str(path) for path in folder.glob("fms_dgt-*.whl")]
    # hatchling builds the others without an environment for each
    made.python(*pip, "install", *wheels, "hatchling")
    others = [str(THIRD_PARTY / "acme_dgt"), *(str(path) for path in (THIRD_PARTY / "broken").iterdir())]
    made.python(*pip, "install", "--no-deps", "--no-build-isolation", *others)
    return made


@pytest.fixture
def place(venv: Venv, tmp_path: Path) -> Place:
    return Place(venv, tmp_path)


Asked = Callable[[str, str], str]


@pytest.fixture
def refused(place: Place) -> Asked:
    """Ask for a plugin by name in a task or its config; the message with which that is refused."""

    def ask(group: str, name: str) -> str:
        builder = name if group == "builders" else "acme_tips"
        (place.path / "task.yaml").write_text(TASK.format(builder=builder))
        argv = ["--task-paths", "task.yaml"]
        if group != "builders":
            block = {"generators": "generator", "validators": "length"}[group]
            (place.path / "config.yaml").write_text(BLOCK.format(block=block, type=name))
            argv += ["--config-path", "config.yaml"]
        done = place.run(*argv)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    return ask


@pytest.fixture(scope="module")
def listing(venv: Venv, tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str, str], dict]:
    """What `fms_dgt plugins --json` says, by group, name and distribution."""
    done = Place(venv, tmp_path_factory.mktemp("listing")).run("plugins", "--json")
    assert done.returncode == 0, done.stderr
    return {(e["group"], e["name"], e["distribution"]): e for e in json.loads(done.stdout)}


def test_it_is_the_wheel_that_runs(place: Place) -> None:
    done = place.python("import fms_dgt; print(fms_dgt.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(place.venv.path)


@pytest.mark.parametrize("kind", ["configs", "tasks", "templates"])
def test_the_wheel_carries_what_is_shipped(venv: Venv, kind: str) -> None:
    (carried,) = venv.path.glob(f"lib/python*/site-packages/fms_dgt/shipped/{kind}")
    files = {path.relative_to(ROOT / kind) for path in (ROOT / kind).rglob("*") if path.is_file()}
    assert files
    assert {path.relative_to(carried) for path in carried.rglob("*") if path.is_file()} == files


def test_exactly_the_broken_ones_are_listed_as_broken(listing: Mapping) -> None:
    assert {key for key, entry in listing.items() if entry["status"] == "broken"} == set(BROKEN)
    assert {key for key in WORKING if listing[key]["status"] == "ok"} == WORKING


@pytest.mark.parametrize("key", BROKEN, ids=lambda key: f"{key[1]} of {key[2]}")
def test_a_broken_one_is_listed_with_version_and_reason(listing: Mapping, key: tuple[str, str, str]) -> None:
    version, begins = BROKEN[key]
    assert listing[key]["version"] == version
    assert listing[key]["reason"].startswith(begins)


@pytest.mark.parametrize(
    "key", [key for key in BROKEN if key[0] != "hooks" and key[1] != "simulated"], ids=lambda key: key[1]
)
def test_asking_for_a_broken_one_says_the_same(
    refused: Asked, listing: Mapping, key: tuple[str, str, str]
) -> None:
    group, name, distribution = key
    said = refused(group, name)
    assert listing[key]["reason"] in said
    assert f"{distribution} {BROKEN[key][0]}" in said
    assert f"'{name}'" in said


def test_a_run_of_a_strangers_builder_generator_and_validator(place: Place) -> None:
    done = place.run("--task-paths", str(ACME_TASK))
    assert done.returncode == 0, done.stderr
    assert place.lines("tips/data.jsonl") == [
        {"topic": "watering tomatoes", "tip": "As for watering tomatoes", "tip_score": 4},
        {"topic": "pruning old apple trees", "tip": "As for pruning old apple trees", "tip_score": 6},
    ]
    (rejected,) = place.lines("tips/rejected.jsonl")
    assert (rejected["stage"], rejected["reason"]) == ("length", "score under 4")
    assert rejected["evidence"] == {"score": 3, "reason": "3 words"}


def test_a_strangers_hook_is_told(place: Place) -> None:
    place.run("--task-paths", str(ACME_TASK))
    told = place.lines("acme_diary.jsonl")
    assert told[0] == ["run_started", ["tips"]]
    assert [what["topic"] for hook, what in told if hook == "record_kept"] == [
        "watering tomatoes",
        "pruning old apple trees",
    ]
    assert ["row_rejected", ["length", "score under 4"]] in told
    assert told[-1] == ["run_finished", 3]


def test_run_json_names_the_strangers_version(place: Place) -> None:
    place.run("--task-paths", str(ACME_TASK))
    report = json.loads((place.path / "output" / "tips" / "run.json").read_text())
    assert report["versions"]["acme-dgt"] == "1.2.0"
    assert report["config"]["blocks"]["generator"]["type"] == "acme_parrot"


def test_shipped_names_work_in_an_empty_folder(place: Place) -> None:
    argv = ("--task-paths", DEBATE, "--config-path", "offline", "--num-outputs-to-generate", "5")
    done = place.run(*argv)
    assert done.returncode == 0, done.stderr
    records = place.lines(f"{DEBATE}/data.jsonl")
    assert len(records) == 5
    assert all(record["instruction"] and record["response"] for record in records)


def test_a_name_of_ours_stays_ours(place: Place) -> None:
    (place.path / "config.yaml").write_text(BLOCK.format(block="generator", type="simulated"))
    done = place.run("--task-paths", str(ACME_TASK), "--config-path", "config.yaml")
    assert done.returncode == 0, done.stderr
    report = json.loads((place.path / "output" / "tips" / "run.json").read_text())
    assert report["config"]["blocks"]["generator"]["type"] == "simulated"
    assert not report["for_training"]


def test_switching_the_rival_off_frees_a_contested_name(place: Place) -> None:
    code = (
        "from fms_dgt.plugins import Plugins;"
        "print(Plugins.discover(disabled='broken-name-taken').validator('acme_spare').distribution)"
    )
    assert place.python(code).stdout.strip() == "acme-dgt"


def test_help_and_discovery_import_nothing_of_a_plugin(place: Place) -> None:
    assert place.run("--help").returncode == 0
    code = "from fms_dgt.plugins import Plugins; print('acme_tips' in Plugins.discover().known('builders'))"
    assert place.python(code).stdout.strip() == "True"
    assert place.imported == []


def test_a_run_that_does_not_name_it_imports_a_strangers_hook_alone(place: Place) -> None:
    place.run("--task-paths", DEBATE, "--config-path", "offline", "--num-outputs-to-generate", "1")
    assert place.imported == ["acme_dgt", "acme_dgt.diary"]


def test_a_run_says_which_hook_is_left_out(place: Place) -> None:
    done = place.run("--task-paths", str(ACME_TASK))
    assert "hook plugin 'broken_hook' of broken-misspelt-hook 0.4 is left out: record_kep()" in done.stderr

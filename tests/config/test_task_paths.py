from __future__ import annotations

import pytest

TASK = "data_builder: haiku\n"


def names(plan):
    return [task.name for task in plan.tasks]


def test_a_file_by_its_bare_name(plan_of, tmp_path):
    assert names(plan_of({"task.yaml": TASK}, "task.yaml")) == [tmp_path.name]


def test_a_folder_means_every_task_file_below_it_in_order(plan_of):
    files = {
        f"tasks/{name}": TASK for name in ("b/task.yaml", "a/x/task.yaml", "a/task.yml", ".old/task.yaml")
    }
    files["tasks/a/notes.yaml"] = "not: a task"
    assert names(plan_of(files, "tasks")) == ["a", "a/x", "b"]


def test_a_glob_means_the_yaml_files_and_folders_that_it_matches(plan_of):
    files = {"tasks/a/task.yaml": TASK, "tasks/b/task.yaml": TASK, "tasks/c/task.txt": TASK}
    assert names(plan_of(files, "tasks/*/task.*")) == ["a", "b"]
    assert names(plan_of({}, "tasks/[ab]")) == ["a", "b"]


def test_the_same_file_twice_counts_once(plan_of, tmp_path):
    plan = plan_of({"tasks/a/task.yaml": TASK}, "tasks", "tasks/a/task.yaml", str(tmp_path / "tasks/*"))
    assert names(plan) == ["a"]


def test_tasks_come_in_the_order_in_which_they_are_named(plan_of):
    files = {"tasks/a/task.yaml": TASK, "tasks/b/task.yaml": TASK}
    assert names(plan_of(files, "tasks/b", "tasks")) == ["b", "a"]


@pytest.mark.parametrize("installed", [False, True])
@pytest.mark.parametrize(
    "said",
    [
        "skills/writing/debate",
        "skills/writing/debate/",
        "skills/writing/debate/task.yaml",
        "tasks/skills/writing/debate",
        "./tasks/skills/writing/debate/task.yaml",
        "./tasks/watsonx/skills/writing/debate/task.yaml",
        "skills",
    ],
)
def test_a_shipped_task_by_its_name(plan_of, ship, said, installed):
    ship("tasks/skills/writing/debate/task.yaml", "tasks/knowledge/cars/task.yaml", installed=installed)
    assert names(plan_of({}, said)) == ["skills/writing/debate"]


def test_the_file_system_goes_before_what_is_shipped(plan_of, ship):
    ship("tasks/skills/debate/task.yaml")
    files = {"skills/debate/task.yaml": "task_name: mine\ndata_builder: haiku\n"}
    assert names(plan_of(files, "skills/debate")) == ["mine"]


def test_a_folder_without_tasks_does_not_hide_a_shipped_name(plan_of, ship):
    ship("tasks/skills/debate/task.yaml")
    assert names(plan_of({"skills/readme.txt": "x"}, "skills")) == ["skills/debate"]


@pytest.mark.parametrize("said", ["offline", "offline.yaml", "configs/offline.yaml", "./configs/offline.yml"])
def test_a_shipped_config_by_its_name(plan_of, ship, said):
    base = ship("tasks/a/task.yaml", "configs/offline.yaml")
    (base / "configs/offline.yaml").write_text("databuilders: {haiku: {size: 3}}")
    (task,) = plan_of({}, "a", config=said).tasks
    assert [(node.plain(), wildcard) for node, wildcard in task.builder_layers] == [({"size": 3}, False)]


def test_a_name_that_nothing_has_gets_the_nearest(problems_of, ship):
    ship("tasks/skills/writing/debate/task.yaml", "tasks/cars/task.yaml", "configs/offline.yaml")
    names = "shipped tasks: cars, skills/writing/debate"
    place = "the command line: there is no file, folder or shipped task"
    config = "the command line: --config-path: there is no file or shipped config"
    assert problems_of({}, "debat", "skils/writing", "zzz", config="ofline") == [
        f"{config} 'ofline'; did you mean 'offline'? shipped configs: offline",
        f"{place} 'debat'; did you mean 'skills/writing/debate'? {names}",
        f"{place} 'skils/writing'; did you mean 'skills/writing'? {names}",
        f"{place} 'zzz'; {names}",
    ]


@pytest.mark.parametrize("said", ["x" * 5000, "a\0b", "~nobody_here/x"])
def test_names_that_no_file_can_have(problems_of, ship, said):
    ship()
    (problem,) = problems_of({}, said)
    assert problem.endswith(f"there is no file, folder or shipped task '{said}'; shipped tasks: none")


def test_a_package_without_anything_shipped(problems_of, ship):
    ship()
    assert problems_of({}, "a", config="b")[0].endswith("shipped configs: none")

from __future__ import annotations

from pathlib import Path

import pytest

from fms_dgt.config.names import MAX_BYTES, default_name, fault_of, path_below_tasks

TASK = "data_builder: haiku\n"


@pytest.mark.parametrize(
    ("file", "below", "name"),
    [
        (
            "/x/tasks/instructlab/skills/debate/task.yaml",
            "instructlab/skills/debate",
            "instructlab/skills/debate",
        ),
        ("/tasks/old/tasks/a/task.yml", "a", "a"),
        ("/tasks/a/qna.yaml", "a", "a"),
        ("/tasks/a/cats.yaml", "a/cats", "a/cats"),
        ("/home/me/haiku/task.yaml", "", "haiku"),
        ("/tasks/task.yaml", "", "tasks"),
        ("/task.yaml", "", ""),
        ("/home/me/haiku/out/../task.yaml", "", "haiku"),
        ("/x/tasks/a/../b/task.yaml", "b", "b"),
    ],
)
def test_default_names(file, below, name):
    assert path_below_tasks(Path(file)) == below
    assert default_name(Path(file)) == name


@pytest.mark.parametrize("name", ["a", "a/b", "Größe 1", ".a", "a..b", "é" * (MAX_BYTES // 2)])
def test_names_that_can_be_folders(name):
    assert fault_of(name) == ""


@pytest.mark.parametrize(
    "name",
    ["", "/a", "a//b", "a/", "..", "a/../b", "./a", " a", "a\nb", "a\0", "a\\b", "é" * MAX_BYTES, "\ud800"],
)
def test_names_that_cannot(name):
    assert fault_of(name)


def test_a_task_in_the_working_directory_below_tasks(project, plan_of, monkeypatch):
    made = project({"tasks/poems/haiku/task.yaml": TASK})
    monkeypatch.chdir(made.path / "tasks" / "poems" / "haiku")
    from fms_dgt.config import PlanRequest, load_plan

    (task,) = load_plan(PlanRequest(tasks=["task.yaml"])).tasks
    assert task.name == "poems/haiku"


def test_the_name_that_a_task_says_goes_first(plan_of, tmp_path):
    (task,) = plan_of({"tasks/a/task.yaml": f"task_name: other\n{TASK}"}, "tasks").tasks
    assert (task.name, task.folder) == ("other", tmp_path / "output/other")
    assert task.said.plain() == {"task_name": "other", "taxonomy_path": "a"}


def test_a_task_without_a_tasks_folder_has_no_place_in_a_taxonomy(plan_of):
    (task,) = plan_of({"mine/task.yaml": TASK}, "mine").tasks
    assert task.said.plain() == {"task_name": "mine", "taxonomy_path": ""}


def test_a_taxonomy_path_that_is_said_stays(plan_of):
    (task,) = plan_of({"tasks/a/task.yaml": f"taxonomy_path: x->y\n{TASK}"}, "tasks").tasks
    assert task.said.plain()["taxonomy_path"] == "x->y"


def test_two_tasks_with_one_name(problems_of):
    files = {
        "a/task.yaml": f"task_name: same\n{TASK}",
        "b/task.yaml": f"created_by: me\ntask_name: Same\n{TASK}",
    }
    assert problems_of(files, "a", "b") == [
        "b/task.yaml:2: task_name: the task 'Same' is in a/task.yaml, too; give one of them another 'task_name'"
    ]

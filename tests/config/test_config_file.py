from __future__ import annotations

import pytest

HEAD = "data_builder: haiku\n"
T = f"task_name: t\n{HEAD}"


def only(plan):
    (task,) = plan.tasks
    return task


def test_layers_of_a_builder_lowest_first(plan_of):
    config = {"databuilders": {"haiku": {"a": 1}, "*": {"a": 2}, "limerick": {"a": 3}, "sonnet": {}}}
    plan = plan_of({"task.yaml": T}, "task.yaml", config=config)
    assert [(node.plain(), wildcard) for node, wildcard in only(plan).builder_layers] == [
        ({"a": 2}, True),
        ({"a": 1}, False),
    ]
    assert sorted(plan.other_builders) == ["limerick", "sonnet"]
    assert str(plan.other_builders["limerick"].place) == "the given config: databuilders.limerick"


def test_no_config(plan_of):
    plan = plan_of({"task.yaml": T}, "task.yaml")
    assert (only(plan).builder_layers, plan.other_builders) == ((), {})


def test_what_a_config_says_of_a_task_lies_over_its_file(plan_of):
    files = {
        "task.yaml": f"{T}a: {{x: 1, y: 1}}\nb: [1, 2]\nc: 1\n",
        "c.yaml": "tasks: {t: {a: {x: 2}, b: [3], c: null, data_builder: sonnet}}\n",
    }
    task = only(plan_of(files, "task.yaml", config="c.yaml"))
    assert task.said.plain() == {"task_name": "t", "a": {"x": 2, "y": 1}, "b": [3], "taxonomy_path": ""}
    assert task.builder == "sonnet"
    assert str(task.place) == "c.yaml:1: tasks.t.data_builder"


def test_tasks_may_be_a_list(plan_of):
    config = {"tasks": [{"task_name": "t", "a": 2}, {"task_name": "new", "data_builder": "sonnet"}]}
    plan = plan_of({"task.yaml": f"{T}a: 1\n"}, "task.yaml", config=config)
    assert [(task.name, task.builder, task.said.plain().get("a")) for task in plan.tasks] == [
        ("t", "haiku", 2),
        ("new", "sonnet", None),
    ]


def test_a_task_that_only_the_config_knows(plan_of):
    config = {"tasks": {"a/b": {"data_builder": "haiku", "runner_config": {"seed": 3}, "x": 1}}}
    task = only(plan_of({}, config=config))
    assert (task.name, task.builder, task.settings.seed) == ("a/b", "haiku", 3)
    assert task.said.plain() == {"task_name": "a/b", "taxonomy_path": "", "x": 1}


def test_a_configs_paths_start_at_the_config(plan_of):
    files = {
        "conf/c.yaml": "task_files: [t.yaml]\ntasks: {t: {include: {text: t.txt}}}\n",
        "conf/t.yaml": T,
        "conf/t.txt": "hi",
    }
    assert only(plan_of(files, config="conf/c.yaml")).said.plain()["text"] == "hi"


def test_or_at_the_working_directory(plan_of):
    files = {"conf/c.yaml": "task_files: ./tasks/t\n", "tasks/t/task.yaml": T}
    assert only(plan_of(files, config="conf/c.yaml")).name == "t"


def test_task_files_may_be_shipped(plan_of, ship):
    ship("tasks/skills/debate/task.yaml")
    assert only(plan_of({}, config={"task_files": ["skills"]})).name == "skills/debate"


def test_a_builder_that_only_the_config_names(plan_of):
    config = {"tasks": {"t": {"data_builder": "haiku"}}}
    assert only(plan_of({"task.yaml": "task_name: t\n"}, "task.yaml", config=config)).builder == "haiku"


FAULTS = {
    "a list": (
        "- a\n",
        "c.yaml:1: a config must be a mapping, not a list; begin with 'databuilders:', 'tasks:', 'task_files:' or 'runner_config:'",
    ),
    "an unknown key": (
        "databuilder: {}\n",
        "c.yaml:1: databuilder: unknown key 'databuilder'; did you mean 'databuilders'? known keys: databuilders, runner_config, task_files, tasks",
    ),
    "builders as a list": (
        "databuilders: [a]\n",
        "c.yaml:1: databuilders: must be a mapping of builder names, not a list; write 'skills_sdg:' and its blocks below it, say",
    ),
    "an empty builder": (
        "databuilders:\n  haiku:\n",
        "c.yaml:2: databuilders.haiku: must be a mapping, not nothing; write 'blocks:' below it, say, or remove it",
    ),
    "blocks as text": (
        "databuilders: {haiku: {blocks: x}}\n",
        "c.yaml:1: databuilders.haiku.blocks: must be a list of blocks, not text; begin each with '- name: ...'",
    ),
    "a block as text": (
        "databuilders: {haiku: {blocks: [x]}}\n",
        "c.yaml:1: databuilders.haiku.blocks[0]: a block must be a mapping, not text; write 'name: ...' and 'type: ...'",
    ),
    "a block without a name": (
        "databuilders: {haiku: {blocks: [{type: x}]}}\n",
        "c.yaml:1: databuilders.haiku.blocks[0]: a block has no name; add 'name: generator', say",
    ),
    "a block called 3": (
        "databuilders: {haiku: {blocks: [{name: 3}]}}\n",
        "c.yaml:1: databuilders.haiku.blocks[0].name: must be text, not a number; put it in quotes",
    ),
    "a block twice": (
        "databuilders:\n  haiku:\n    blocks:\n    - name: g\n    - name: g\n",
        "c.yaml:5: databuilders.haiku.blocks[1].name: duplicate block 'g'; remove one",
    ),
    "a type that is not text": (
        "databuilders: {haiku: {blocks: {g: {type: [a]}}}}\n",
        "c.yaml:1: databuilders.haiku.blocks.g.type: must be text, not a list; name a generator or a validator",
    ),
    "tasks as text": (
        "tasks: a\n",
        "c.yaml:1: tasks: must be a mapping or a list of tasks, not text; write each task's name with what it says below it",
    ),
    "a task as text": (
        "tasks: {t: a}\n",
        "c.yaml:1: tasks.t: must be a mapping, not text; write 'key: value' below it",
    ),
    "a task with another name": (
        "tasks: {t: {task_name: u}}\n",
        "c.yaml:1: tasks.t.task_name: is not 't', its key; remove it",
    ),
    "a listed task without a name": (
        "tasks: [{a: 1}]\n",
        "c.yaml:1: tasks[0]: a task in a list needs its name; add 'task_name: ...'",
    ),
    "a listed task twice": (
        "tasks: [{task_name: t}, {task_name: t}]\n",
        "c.yaml:1: tasks[1].task_name: duplicate task 't'; remove one",
    ),
    "an unknown task": (
        "tasks: {tt: {a: 1}}\n",
        "c.yaml:1: tasks.tt: no task of this run is called 'tt'; add its 'data_builder' to make it one; did you mean 't'? tasks: t",
    ),
    "a new task with a bad name": (
        "tasks: {../x: {data_builder: a}}\n",
        "c.yaml:1: tasks.../x: the task's name '../x' has a part that is empty, '.', '..' or padded with spaces; choose another",
    ),
    "a path that is none": (
        "task_files: [3]\n",
        "c.yaml:1: task_files[0]: must be a path, not a number; name a task file",
    ),
    "a file that is not there": (
        "task_files: [x.yaml]\n",
        "c.yaml:1: task_files[0]: there is no file, folder or shipped task 'x.yaml'; shipped tasks: none",
    ),
    "settings as a list": (
        "runner_config: [a]\n",
        "c.yaml:1: runner_config: must be a mapping, not a list; write 'key: value' below it",
    ),
}


@pytest.mark.parametrize(("text", "expected"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_with_a_config(problems_of, ship, text, expected):
    ship()
    assert problems_of({"task.yaml": T, "c.yaml": text}, "task.yaml", config="c.yaml") == [expected]


def test_everything_that_is_wrong_is_said_at_once(problems_of):
    files = {
        "a/task.yaml": "- list\n",
        "b/task.yaml": "a: [1\n",
        "c/task.yaml": f"{HEAD}runner_config: {{num_outputs: x, sede: 1}}\n",
        "d/task.yaml": "created_by: me\n",
        "c.yaml": "databuilders: 3\nother: 1\n",
    }
    assert [
        problem.split(": ")[0]
        for problem in problems_of(files, "a", "b", "c", "d", config="c.yaml", max_calls=0)
    ] == [
        "c.yaml:2",
        "c.yaml:1",
        "a/task.yaml:1",
        "b/task.yaml:1",
        "c/task.yaml:2",
        "c/task.yaml:2",
        "d/task.yaml:1",
        "the command line",
    ]


def test_a_config_that_cannot_be_read_does_not_make_more_faults(problems_of):
    files = {"task.yaml": "task_name: t\n", "c.yaml": "tasks: {t: {data_builder: a}\n"}
    (problem,) = problems_of(files, "task.yaml", config="c.yaml")
    assert problem.startswith("c.yaml:1: is not valid YAML")


def test_a_task_given_as_data(plan_of, problems_of):
    task = only(plan_of({"s.txt": "hi"}, {"data_builder": "haiku", "include": {"seeds": "s.txt"}, "a": [1]}))
    assert task.said.plain() == {"task_name": "task", "taxonomy_path": "", "a": [1], "seeds": "hi"}
    assert problems_of({}, {"data_builder": 3}) == [
        "the given task: data_builder: must be the name of a builder, not a number; put it in quotes"
    ]

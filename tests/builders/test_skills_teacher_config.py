from __future__ import annotations

import pytest
from skills_samples import ROOT, builder, decoded

from fms_dgt.builders.skills_sdg.builder import SkillsOptions
from fms_dgt.builders.skills_sdg.teacher import shipped_files
from fms_dgt.core.template import Template
from fms_dgt.core.typed import encode


def options(path, origin="config.yaml"):
    return decoded(SkillsOptions, {"teacher_config": str(path)}, str(origin))


@pytest.fixture
def own(tmp_path):
    """A teacher config of one's own in the folder `mine`."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "short.yaml").write_text("prompt: Answer {{ instruction }}\n")

    def write(text: str):
        path = folder / "teacher.yaml"
        path.write_text(text)
        return path

    return write


def test_the_builders_own_templates_are_the_default():
    assert builder().template_files() == shipped_files()
    assert {path.stem for path in shipped_files().values()} == set(shipped_files())


def test_a_users_file_replaces_what_it_names_relative_to_itself(own):
    path = own("answer_template: short.yaml\n")
    value, problems = options(path)
    assert not problems
    files = value.teacher_config.files
    assert files == {**shipped_files(), "answer_template": path.parent / "short.yaml"}


def test_its_path_is_relative_to_the_file_that_says_it(own, tmp_path):
    own("answer_template: short.yaml\n")
    value, problems = options("mine/teacher.yaml", tmp_path / "config.yaml")
    assert not problems
    assert value.teacher_config.files["answer_template"] == tmp_path / "mine/short.yaml"


def test_its_path_may_be_relative_to_the_working_directory(own, tmp_path, monkeypatch):
    own("answer_template: short.yaml\n")
    monkeypatch.chdir(tmp_path)
    _, problems = options("mine/teacher.yaml", "the command line")
    assert not problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("anser_template: short.yaml", "1: anser_template: unknown template 'anser_template'; did you mean"),
        ("\nanswer_template: nope.yaml", "2: answer_template: there is no file 'nope.yaml'; give its path"),
        ("answer_template: 3", "1: answer_template: must be a path; give its path"),
        ("- short.yaml", "1: must be a mapping of templates to files, not a list; write 'answer_template"),
        ("answer_template: [", "1: is not valid YAML"),
        ("", " the file is empty; write at least one key"),
    ],
)
def test_mistakes_in_it_are_named_with_their_line(own, text, problem):
    path = own(text)
    value, problems = options(path)
    assert value is None
    assert problems[0].startswith(f"{path}:{problem}")


def test_all_its_mistakes_are_named_at_once(own):
    _, problems = options(own("anser_template: a\ncontext_tmplate: b\nanswer_template: nope.yaml\n"))
    assert len(problems) == 3


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("nowhere.yaml", "config.yaml: teacher_config: there is no file 'nowhere.yaml'; give its path"),
        (["a"], "config.yaml: teacher_config: must be a path, not a list; name a YAML file"),
    ],
)
def test_a_path_that_leads_nowhere_is_named(said, problem):
    _, problems = decoded(SkillsOptions, {"teacher_config": said}, "config.yaml")
    assert problems[0].startswith(problem)


def test_where_the_templates_stand_does_not_shape_the_data(own):
    value, _ = options(own("answer_template: short.yaml\n"))
    assert "teacher_config" not in encode(value, shaping_only=True)


def test_the_example_of_the_top_folder_loads(monkeypatch):
    monkeypatch.chdir(ROOT)
    value, problems = options("templates/teacher_config.yaml")
    assert not problems
    path = value.teacher_config.files["answer_template"]
    assert path.parent.resolve() == ROOT / "templates"
    replaced = Template.from_file(path)
    original = Template.from_file(shipped_files()["answer_template"])
    assert replaced.variables <= original.variables
    assert replaced.reply.describe() == original.reply.describe()

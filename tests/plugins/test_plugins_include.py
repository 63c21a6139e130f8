from __future__ import annotations

import sys
import typing
from collections.abc import Callable
from pathlib import Path

import pytest

from fms_dgt.core.events import CallFinished
from fms_dgt.errors import PluginError
from fms_dgt.plugins import Plugins

from plugin_sources import BUILDER, GENERATOR, HOOK, VALIDATOR, Package

PythonFile = Callable[[str, str], Path]
CALL = CallFinished("task", "stage", 0.0)

pytestmark = pytest.mark.usefixtures("site")


def refused(*paths: Path, disabled: str = "") -> str:
    with pytest.raises(PluginError) as caught:
        Plugins.discover(paths, disabled)
    return str(caught.value)


def test_a_file_serves_without_packaging(python_file: PythonFile) -> None:
    path = python_file("my haiku.py", BUILDER)
    plugins = Plugins.discover([path])
    found = plugins.builder("haiku")
    assert (found.name, found.distribution, found.folder) == ("haiku", "my haiku.py", path.parent)
    assert found.cls.__module__ == "fms_dgt_include_my_haiku"
    (info,) = [i for i in plugins.listing() if i.name == "haiku"]
    assert (info.status, info.version) == ("include", found.version)


def test_its_types_can_be_looked_up(python_file: PythonFile) -> None:
    text = """
        from __future__ import annotations
        from dataclasses import dataclass
        from fms_dgt.core.generator import Generator, GeneratorOptions, Completion

        @dataclass(frozen=True)
        class Inner:
            a: int

        class Deep(Generator):
            @dataclass(frozen=True, kw_only=True)
            class Options(GeneratorOptions):
                inner: Inner | None = None

            async def generate(self, request):
                return Completion("")
    """
    cls = Plugins.discover([python_file("deep.py", text)]).generator("deep").cls
    assert typing.get_type_hints(cls.Options)["inner"] == sys.modules[cls.__module__].Inner | None


NAMES = [
    ("HaikuBuilder", "", "haiku"),
    ("XMJudge", "", "xm_judge"),
    ("HTTPEchoGenerator", "", "http_echo"),
    ("Is2ShortValidator", "", "is2_short"),
    ("Generator2", "", "generator2"),
    ("Builder", "", "builder"),
    ("Anything", 'name = "given"', "given"),
    ("Odd", "name = 3", "odd"),
]


@pytest.mark.parametrize(("cls", "body", "name"), NAMES)
def test_names_of_classes(python_file: PythonFile, cls: str, body: str, name: str) -> None:
    text = VALIDATOR.replace("class Short(Validator):", f"class {cls}(Validator):\n        {body}")
    assert name in Plugins.discover([python_file("named.py", text)]).known("validators")


def test_what_is_no_plugin_of_the_file(python_file: PythonFile, package: Package) -> None:
    package("lib", {}, lib_g=GENERATOR)
    text = """
        from fms_dgt.core.generator import Completion, Generator
        from lib_g import Echo

        class Base(Generator): ...
        class _Hidden(Echo): ...
        Alias = _Hidden
        class Mine(Base):
            async def generate(self, request): return Completion("")
        AlsoMine = Mine
    """
    plugins = Plugins.discover([python_file("mine.py", text)])
    assert [i.name for i in plugins.listing() if i.distribution == "mine.py"] == ["mine"]


def test_an_unfinished_class_says_so(python_file: PythonFile) -> None:
    text = "from fms_dgt.core.generator import Generator\nclass Half(Generator): ...\n"
    path = python_file("half.py", text)
    plugins = Plugins.discover([path])
    with pytest.raises(PluginError) as caught:
        plugins.generator("half")
    reason = "Half leaves unimplemented: generate()"
    assert str(caught.value) == f"the generator 'half' of {path} is broken: {reason}"
    assert [i.reason for i in plugins.listing() if i.name == "half"] == [reason]


def test_a_folder_serves_with_all_its_files(python_file: PythonFile) -> None:
    python_file("echo.py", GENERATOR)
    python_file("short.py", VALIDATOR)
    python_file("helper.py", "x = 1")
    folder = python_file("_private.py", "1 / 0").parent
    plugins = Plugins.discover([folder, folder / "echo.py", folder / ".." / "included"])
    listed = [(i.group, i.name) for i in plugins.listing() if i.status == "include"]
    assert listed == [("generators", "echo"), ("validators", "near"), ("validators", "short")]


def test_an_edited_file_is_read_again_and_an_unchanged_one_is_not(python_file: PythonFile) -> None:
    path = python_file("echo.py", GENERATOR)
    first = Plugins.discover([path]).generator("echo")
    assert Plugins.discover([path]).generator("echo").cls is first.cls
    python_file("echo.py", GENERATOR.replace("Echo", "Ecco"))
    second = Plugins.discover([path]).generator("ecco")
    assert second.cls.__module__ == first.cls.__module__
    assert second.version != first.version
    assert not list(path.parent.rglob("*.pyc"))


def test_files_of_one_name_are_told_apart(python_file: PythonFile) -> None:
    one = python_file("a/same.py", GENERATOR)
    two = python_file("b/same.py", VALIDATOR)
    plugins = Plugins.discover([one, two])
    modules = {plugins.generator("echo").cls.__module__, plugins.validator("near").cls.__module__}
    assert len(modules) == 2


FAILING = {
    "name error": (
        "\n\nclass Haiku(DataBuilder): ...\n",
        "{path}:3: cannot be included: NameError: name 'DataBuilder' is not defined; fix it there",
    ),
    "syntax error": (
        "x = (\n",
        "{path}:1: cannot be included: SyntaxError: '(' was never closed; fix it there",
    ),
    "exit": ("import sys\nsys.exit(1)\n", "{path}:2: cannot be included: SystemExit: 1; fix it there"),
    "missing package": (
        "import nosuch_xyz\n",
        "{path}:1: cannot be included: ModuleNotFoundError: No module named 'nosuch_xyz'; "
        "install what it imports",
    ),
    "sibling": (
        "import beside\n",
        "{path}:1: cannot be included: ModuleNotFoundError: No module named 'beside'; "
        "an included file cannot import its neighbours: move what it needs into it, or make a package",
    ),
    "relative import": (
        "from . import beside\n",
        "{path}:1: cannot be included: ImportError: attempted relative import with no known parent package; "
        "an included file cannot import its neighbours: move what it needs into it, or make a package",
    ),
    "written for fms-dgt": (
        "from fms_dgt.base.registry import register_data_builder\n",
        "{path}:1: cannot be included: ModuleNotFoundError: No module named 'fms_dgt.base'; "
        "fms_dgt has no such thing; a builder written for fms-dgt must be ported, see docs/",
    ),
    "error beyond the file": (
        "import far_off\n\nfar_off.fail()\n",
        "{path}:3: cannot be included: ValueError: far ({site}/far_off.py:2); fix it there",
    ),
    "nothing in it": (
        "x = 1\n",
        "{path}: holds no plugin: classes that it only imports, and names with a leading '_', do not count; "
        "derive a class from fms_dgt.DataBuilder, Generator, Validator or OrderedValidator, "
        "or mark functions with @fms_dgt.hookimpl",
    ),
}


@pytest.mark.parametrize(("text", "expected"), FAILING.values(), ids=FAILING)
def test_a_file_that_cannot_serve(
    python_file: PythonFile, package: Package, site: Path, text: str, expected: str
) -> None:
    package("lib", {}, far_off="def fail():\n    raise ValueError('far')\n")
    python_file("beside.py", "")
    path = python_file("bad.py", text)
    assert refused(path) == expected.format(path=path, site=site)


def test_a_file_that_failed_leaves_nothing_and_may_be_mended(python_file: PythonFile) -> None:
    refused(python_file("bad.py", "1 / 0"))
    assert not [name for name in sys.modules if name.startswith("fms_dgt_include_bad")]
    assert "echo" in Plugins.discover([python_file("bad.py", GENERATOR)]).known("generators")


def test_ctrl_c_passes(python_file: PythonFile) -> None:
    with pytest.raises(KeyboardInterrupt):
        Plugins.discover([python_file("slow.py", "raise KeyboardInterrupt")])


def test_paths_that_hold_no_python(python_file: PythonFile, tmp_path: Path) -> None:
    assert refused(tmp_path / "nosuch.py") == (
        f"{tmp_path}/nosuch.py: there is no such file or folder; check the path"
    )
    yaml = python_file("haiku.yaml", "name: haiku")
    assert refused(yaml) == f"{yaml}: is not a Python file; include a .py file or a folder of them"
    assert refused(yaml.parent) == (
        f"{yaml.parent}: holds no Python file; include a .py file or a folder of them"
    )


def test_a_folder_of_fms_dgt_builders_is_refused_with_a_word(python_file: PythonFile) -> None:
    folder = python_file("geography/generate.py", "").parent.parent
    assert refused(folder) == (
        f"{folder}: holds builders written for fms-dgt (NAME/generate.py), which do not run here as they are; "
        "port each to a DataBuilder, see docs/, and include its file"
    )


def test_a_name_that_a_package_has_is_refused(python_file: PythonFile, package: Package) -> None:
    package("echo-pkg", {"generators": {"echo": "echo_pkg:Echo"}}, echo_pkg=GENERATOR)
    path = python_file("echo.py", GENERATOR)
    assert refused(path) == (
        f"the generator name 'echo' is taken by {path} and echo-pkg 1.0; "
        "set another 'name' in the class, or FMS_DGT_DISABLE_PLUGINS=echo-pkg"
    )
    assert Plugins.discover([path], "echo-pkg").generator("echo").distribution == "echo.py"


def test_a_name_that_two_files_have_is_refused(python_file: PythonFile) -> None:
    one = python_file("one.py", GENERATOR)
    two = python_file("two.py", GENERATOR)
    assert refused(one, two) == (
        f"the generator name 'echo' is taken by {two} and {one}; set 'name' in one of the classes"
    )
    twice = python_file("twice.py", GENERATOR + '\n    class Other(Echo):\n        name = "echo"\n')
    assert "and a second time in it; set 'name'" in refused(twice)


def test_hooks_of_a_file_listen(python_file: PythonFile) -> None:
    text = (
        HOOK + "\n    seen = []\n\n    @hookimpl\n    def call_finished(event):\n        seen.append(event)\n"
    )
    path = python_file("watch.py", text)
    plugins = Plugins.discover([path])
    assert plugins.known("hooks")[-2:] == ["count", "watch"] or {"count", "watch"} <= set(
        plugins.known("hooks")
    )
    plugins.hooks().call_finished(CALL)
    assert sys.modules["fms_dgt_include_watch"].seen == [CALL]


def test_a_broken_hook_in_a_file_is_an_error_since_the_user_named_it(python_file: PythonFile) -> None:
    text = "from fms_dgt.plugins import hookimpl\n@hookimpl\ndef call_finnished(event): ...\n"
    path = python_file("watch.py", text)
    plugins = Plugins.discover([path])
    with pytest.raises(PluginError) as caught:
        plugins.hooks()
    assert str(caught.value).startswith(
        f"the hook plugin 'watch' of {path} is broken: "
        "call_finnished() is not a hook; did you mean 'call_finished'? hooks: "
    )
    assert [i.status for i in plugins.listing() if i.name == "watch"] == ["broken"]

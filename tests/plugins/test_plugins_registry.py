from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.validator import OrderedValidator
from fms_dgt.errors import PluginError
from fms_dgt.plugins import GROUPS, Plugins

from plugin_sources import BUILDER, GENERATOR, HOOK, VALIDATOR, Package


def info_of(plugins: Plugins, name: str, distribution: str | None = None):
    found = [i for i in plugins.listing() if i.name == name and distribution in (None, i.distribution)]
    assert len(found) == 1, found
    return found[0]


def message(plugins: Plugins, name: str, group: str = "generators") -> str:
    with pytest.raises(PluginError) as caught:
        getattr(plugins, group.removesuffix("s"))(name)
    return str(caught.value)


@pytest.fixture
def whole(package: Package) -> None:
    package(
        "whole",
        {
            "builders": {"x_haiku": "whole_b:HaikuBuilder"},
            "generators": {"x_echo": "whole_g:Echo"},
            "validators": {"x_short": "whole_v:Short", "x_near": "whole_v:Near"},
            "hooks": {"x_count": "whole_h:Count"},
        },
        version="2.1",
        whole_b=BUILDER,
        whole_g=GENERATOR,
        whole_v=VALIDATOR,
        whole_h=HOOK,
    )


def test_discovery_imports_nothing(whole: None) -> None:
    plugins = Plugins.discover()
    assert "x_haiku" in plugins.known("builders")
    assert not [name for name in sys.modules if name.startswith("whole_")]


def test_a_name_imports_its_own_module_only(whole: None, site: Path) -> None:
    found = Plugins.discover().builder("x_haiku")
    assert (found.name, found.distribution, found.version, found.folder) == ("x_haiku", "whole", "2.1", site)
    assert issubclass(found.cls, DataBuilder)
    assert [name for name in sys.modules if name.startswith("whole_")] == ["whole_b"]


def test_both_kinds_of_validator_serve(whole: None) -> None:
    plugins = Plugins.discover()
    assert plugins.validator("x_short").cls.__name__ == "Short"
    assert issubclass(plugins.validator("x_near").cls, OrderedValidator)


def test_a_whole_package_is_listed_as_ok(whole: None) -> None:
    listed = [i for i in Plugins.discover().listing() if i.distribution == "whole"]
    assert [(i.group, i.name) for i in listed] == [
        ("builders", "x_haiku"),
        ("generators", "x_echo"),
        ("validators", "x_near"),
        ("validators", "x_short"),
        ("hooks", "x_count"),
    ]
    assert {(i.version, i.status, i.reason) for i in listed} == {("2.1", "ok", "")}


def test_the_folder_is_that_of_the_class_not_of_the_entry_point(package: Package, site: Path) -> None:
    package("deep", {"generators": {"deep": "deep_face:Echo"}}, deep_face="from deep_pkg.inner import Echo\n")
    (site / "deep_pkg").mkdir()
    (site / "deep_pkg" / "inner.py").write_text("from echo_src import Echo as Base\nclass Echo(Base): ...\n")
    package("src", {}, echo_src=GENERATOR)
    assert Plugins.discover().generator("deep").folder == site / "deep_pkg"


def test_unknown_names_come_with_the_nearest(whole: None) -> None:
    text = message(Plugins.discover(), "x_ecko")
    assert text.startswith("unknown generator 'x_ecko'; did you mean 'x_echo'? known generators: ")


def test_an_unknown_name_that_another_group_has(whole: None) -> None:
    assert "; 'x_short' is a validator" in message(Plugins.discover(), "x_short")


BROKEN = {
    "no module": (
        "b_nosuch:A",
        "",
        "importing b_nosuch failed: ModuleNotFoundError: No module named 'b_nosuch'",
    ),
    "import error": (
        "b_mod:A",
        "import os\nimport nosuch_xyz\n",
        "importing b_mod failed: ModuleNotFoundError: No module named 'nosuch_xyz' ({site}/b_mod.py:2)",
    ),
    "any error": (
        "b_mod:A",
        "\n1 / 0\n",
        "importing b_mod failed: ZeroDivisionError: division by zero ({site}/b_mod.py:2)",
    ),
    "error in the standard library": (
        "b_mod:A",
        "import json\n\njson.loads('{')\n",
        "importing b_mod failed: JSONDecodeError: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1) ({site}/b_mod.py:3)",
    ),
    "syntax error": (
        "b_mod:A",
        "x = 1\ndef f(:\n",
        "importing b_mod failed: SyntaxError: invalid syntax ({site}/b_mod.py:2)",
    ),
    "exit": ("b_mod:A", "raise SystemExit(3)\n", "importing b_mod failed: SystemExit: 3 ({site}/b_mod.py:1)"),
    "error without words": (
        "b_mod:A",
        "class Mute(BaseException):\n    def __str__(self): raise ValueError\nraise Mute\n",
        "importing b_mod failed: Mute ({site}/b_mod.py:3)",
    ),
    "no attribute": (
        "b_mod:Ecko",
        "class Echo: ...\nclass _Private: ...\n",
        "module b_mod has no 'Ecko'; did you mean 'Echo'? it has: Echo",
    ),
    "no inner attribute": ("b_mod:A.B", "class A: ...\n", "A has no 'B'; it has: none"),
    "attribute that raises": (
        "b_mod:A",
        "def __getattr__(name):\n    raise RuntimeError(name)\n",
        "reading 'A' of module b_mod failed: RuntimeError: A ({site}/b_mod.py:2)",
    ),
    "no class": ("b_mod:A", "def A(): ...\n", "A is not a class but a function"),
    "wrong base": ("b_mod:A", "class A: ...\n", "A is not a generator; derive it from fms_dgt.Generator"),
    "wrong group": (
        "b_mod:Short",
        VALIDATOR,
        "Short is not a generator but a validator; declare it under 'fms_dgt.validators'",
    ),
    "abstract": (
        "b_mod:A",
        "from fms_dgt.core.generator import Generator\nclass A(Generator): ...\n",
        "A leaves unimplemented: generate()",
    ),
    "options of another kind": (
        "b_mod:A",
        GENERATOR + "\n    class A(Echo):\n        Options = dict\n",
        "A.Options is not derived from fms_dgt.GeneratorOptions",
    ),
    "options without @dataclass": (
        "b_mod:A",
        GENERATOR
        + "    from fms_dgt.core.generator import GeneratorOptions\n"
        + "    class A(Echo):\n        class Options(GeneratorOptions):\n            url: str = ''\n",
        "A.Options is not a dataclass; put @dataclass(frozen=True, kw_only=True) above it",
    ),
    "a method that is not async": (
        "b_mod:A",
        GENERATOR + "\n    class A(Echo):\n        def generate(self, request):\n            return 1\n",
        "A: generate() is not async; write 'async def generate'",
    ),
    "a method that yields": (
        "b_mod:A",
        GENERATOR + "\n    class A(Echo):\n        async def generate(self, request):\n            yield 1\n",
        "A: generate() has a 'yield'; collect the values in a list and return that",
    ),
    "a method that is declared to give text": (
        "b_mod:A",
        GENERATOR
        + "\n    class A(Echo):\n        async def generate(self, request) -> str:\n            return ''\n",
        "A: generate() is declared to give str, and must give a Completion; give a Completion",
    ),
    "no colon": (
        "b_mod.A",
        "",
        "malformed entry point 'x_bad = b_mod.A'; under [fms_dgt.generators], write x_bad = \"module:Class\"",
    ),
    "no value": (
        "",
        "",
        "malformed entry point 'x_bad ='; under [fms_dgt.generators], write x_bad = \"module:Class\"",
    ),
    "nonsense": (
        "b mod/A::",
        "",
        "malformed entry point 'x_bad = b mod/A::'; under [fms_dgt.generators], write x_bad = \"module:Class\"",
    ),
}


@pytest.mark.parametrize(("value", "source", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin(
    package: Package, whole: None, site: Path, value: str, source: str, reason: str
) -> None:
    package("bad", {"generators": {"x_bad": value}}, b_mod=source)
    plugins = Plugins.discover()
    info = info_of(plugins, "x_bad")
    assert (info.status, info.reason) == ("broken", reason.format(site=site))
    assert message(plugins, "x_bad") == f"the generator 'x_bad' of bad 1.0 is broken: {info.reason}"
    assert plugins.generator("x_echo").name == "x_echo"
    assert plugins.builder("x_haiku").name == "x_haiku"


BUILDERS = {
    "HalfBuilder": (
        "class HalfBuilder(DataBuilder):\n        record = Haiku",
        "HalfBuilder leaves unimplemented: flow(), source()",
    ),
    "NoRecord": (
        "class NoRecord(HaikuBuilder):\n        record = None",
        "NoRecord has no record; set 'record' to a frozen dataclass derived from fms_dgt.Record",
    ),
    "OddRecord": (
        "class OddRecord(HaikuBuilder):\n        record = dict",
        "OddRecord has a record that is not a record type; "
        "set 'record' to a frozen dataclass derived from fms_dgt.Record",
    ),
    "Undecorated": (
        "class Verse(Record):\n        verse: str\n\n    class Undecorated(HaikuBuilder):\n        record = Verse",
        "Verse is not a dataclass; put @dataclass(frozen=True) above it",
    ),
    "BelowUndecorated": (
        "class Verse(Record):\n        verse: str\n\n    @dataclass(frozen=True)\n    class Rhyme(Verse):\n"
        "        rhyme: str\n\n    class BelowUndecorated(HaikuBuilder):\n        record = Rhyme",
        "Verse is not a dataclass; put @dataclass(frozen=True) above it",
    ),
    "TaskUndecorated": (
        "from fms_dgt import Task\n    class Poem(Task):\n        subject: str\n\n"
        "    class TaskUndecorated(DataBuilder[Poem]):\n        record = Haiku\n"
        "        source = HaikuBuilder.source\n        flow = HaikuBuilder.flow",
        "Poem is not a dataclass; put @dataclass(frozen=True) above it",
    ),
}
VALIDATORS = {
    "validate(self, row, kit) -> bool": "validate() is declared to give bool, and must give a Verdict; "
    "write Verdict(float(passed), passed=passed)",
    "validate(self, row, kit) -> 'float'": "validate() is declared to give float, and must give a Verdict; "
    "write Verdict(float(passed), passed=passed)",
}


@pytest.mark.parametrize(("cls", "case"), BUILDERS.items(), ids=BUILDERS)
def test_a_builder_that_is_not_finished(package: Package, cls: str, case: tuple[str, str]) -> None:
    source, reason = case
    package("bad", {"builders": {"x_bad": f"b_mod:{cls}"}}, b_mod=f"{BUILDER}\n    {source}\n")
    assert info_of(Plugins.discover(), "x_bad").reason == reason
    assert message(Plugins.discover(), "x_bad", "builders").endswith(reason)


@pytest.mark.parametrize(("head", "reason"), VALIDATORS.items(), ids=VALIDATORS)
def test_a_validator_that_is_declared_to_give_no_verdict(package: Package, head: str, reason: str) -> None:
    source = f"from fms_dgt import Validator\nclass Odd(Validator):\n    async def {head}: ...\n"
    package("bad", {"validators": {"x_bad": "b_mod:Odd"}}, b_mod=source)
    assert info_of(Plugins.discover(), "x_bad").reason == f"Odd: {reason}"


def test_what_is_right_is_no_fault(package: Package) -> None:
    source = """
    from __future__ import annotations
    import functools
    from fms_dgt import Completion, Generator, Validator, Verdict

    def wrapped(function):
        @functools.wraps(function)
        def call(*args):
            return function(*args)
        return call

    class Plain(Validator):
        async def validate(self, row, kit) -> Verdict: ...

    class Wrapped(Generator):
        @wrapped
        async def generate(self, request) -> Completion: ...
    """
    package("good", {"validators": {"p": "g_mod:Plain"}, "generators": {"w": "g_mod:Wrapped"}}, g_mod=source)
    assert {info_of(Plugins.discover(), name, "good").status for name in "pw"} == {"ok"}


def test_the_cause_stays_with_the_error(package: Package) -> None:
    package("bad", {"generators": {"x_bad": "b_mod:A"}}, b_mod="1 / 0")
    plugins = Plugins.discover()
    for _ in range(2):
        with pytest.raises(PluginError) as caught:
            plugins.generator("x_bad")
        assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_ctrl_c_passes(package: Package) -> None:
    package("bad", {"generators": {"x_bad": "b_mod:A"}}, b_mod="raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        Plugins.discover().generator("x_bad")


def test_extras_in_a_value_are_no_fault(package: Package) -> None:
    package("extra", {"generators": {"x_extra": "extra_g:Echo [fast]"}}, extra_g=GENERATOR)
    assert Plugins.discover().generator("x_extra").cls.__name__ == "Echo"


def test_a_group_that_does_not_exist_is_listed(package: Package) -> None:
    package("bad", {"generator": {"x_bad": "b_mod:A"}})
    info = info_of(Plugins.discover(), "x_bad")
    assert (info.group, info.status) == ("fms_dgt.generator", "broken")
    assert "did you mean 'fms_dgt.generators'?" in info.reason


@pytest.mark.parametrize("damage", [b"no equals sign", b"= nameless:A", b"\xff\xfe"])
def test_damaged_entry_points_harm_nobody(package: Package, whole: None, damage: bytes) -> None:
    file = package("bad", {"generators": {}}) / "entry_points.txt"
    file.write_bytes(b"[console_scripts]\nfoo\n[fms_dgt.generators]\n" + damage + b"\n")
    plugins = Plugins.discover()
    assert all(i.status == "broken" for i in plugins.listing() if i.distribution == "bad")
    assert plugins.generator("x_echo").distribution == "whole"


def test_damaged_metadata_harms_nobody(package: Package, whole: None) -> None:
    (package("bad", {"generators": {"x_bad": "whole_g:Echo"}}) / "METADATA").unlink()
    plugins = Plugins.discover()
    assert info_of(plugins, "x_bad").distribution == "(a distribution without a name)"
    assert plugins.generator("x_echo").distribution == "whole"


def test_listing_has_every_group_in_order(whole: None) -> None:
    groups = [info.group for info in Plugins.discover().listing()]
    assert groups == sorted(groups, key=GROUPS.index)


def test_says_where_its_own_plugins_are_if_not_installed(whole: None) -> None:
    plugins = Plugins([entry for entry in Plugins.discover()._entries if not entry.is_ours])
    assert "fms_dgt's own are missing, since it is not installed" in message(plugins, "openai")


def test_our_own_plugins_are_entry_points_that_load(ours: Mapping[str, Mapping[str, str]]) -> None:
    listed = [info for info in Plugins.discover().listing() if info.distribution == "fms-dgt"]
    assert {(f"fms_dgt.{i.group}", i.name) for i in listed} == {
        (g, n) for g in ours if g != "fms_dgt.converters" for n in ours[g]
    }
    assert [(info.name, info.reason) for info in listed if info.status != "ok"] == []


def test_a_stranger_cannot_take_our_name(ours: Mapping[str, Mapping[str, str]], package: Package) -> None:
    package("taker", {"generators": {"openai": "taker_g:Echo"}}, taker_g=GENERATOR)
    plugins = Plugins.discover()
    assert info_of(plugins, "openai", "taker").reason.startswith("the name belongs to fms_dgt itself")
    assert info_of(plugins, "openai", "fms-dgt").reason != info_of(plugins, "openai", "taker").reason
    assert "openai" in plugins.known("generators")

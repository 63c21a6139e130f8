from __future__ import annotations

import inspect
import logging

import pytest

import fms_dgt.core.events as events_module
from fms_dgt.core.events import CallFinished
from fms_dgt.errors import PluginError
from fms_dgt.plugins import Hooks, HookSpecs, Plugins, hookimpl
from fms_dgt.plugins.hookspecs import HOOK_NAMES

from plugin_sources import HOOK, Package

CALL = CallFinished("task", "stage", 0.5)


class Recorder:
    def __init__(self) -> None:
        self.seen: list[object] = []

    @hookimpl
    def call_finished(self, event: CallFinished) -> None:
        self.seen.append(event)


class Raises(Recorder):
    error: BaseException = ValueError("boom")

    @hookimpl
    def call_finished(self, event: CallFinished) -> None:
        super().call_finished(event)
        raise self.error


def hooks_of(**plugins: object) -> Hooks:
    hooks = Hooks()
    for name, plugin in plugins.items():
        hooks.add(plugin, name=name, origin=f"{name}-pkg 1.0")
    return hooks


def test_every_event_has_a_hook_with_one_argument_of_its_type() -> None:
    types = {
        n: c
        for n, c in vars(events_module).items()
        if inspect.isclass(c) and c.__module__ == events_module.__name__
    }
    assert {"".join(part.title() for part in name.split("_")) for name in HOOK_NAMES} == set(types)
    for name in HOOK_NAMES:
        signature = inspect.signature(getattr(HookSpecs, name), eval_str=True)
        assert list(signature.parameters) == ["self", "event"]
        assert signature.parameters["event"].annotation.__name__ == "".join(
            p.title() for p in name.split("_")
        )
        assert name in Hooks.__annotations__


@pytest.mark.parametrize("name", HOOK_NAMES)
def test_every_hook_reaches_its_listener(name: str) -> None:
    seen: list[object] = []
    plugin = type("Plugin", (), {name: hookimpl(lambda self, event: seen.append(event))})()
    event = object()
    hooks = hooks_of(one=plugin)
    for other in HOOK_NAMES:
        getattr(hooks, other)(event if other == name else None)
    assert seen == [event]


def test_without_plugins_events_go_nowhere() -> None:
    hooks = Hooks.none()
    hooks.call_finished(CALL)
    assert hooks.call_finished is hooks.run_started
    assert (hooks.warnings, hooks.notes, hooks.broken) == ([], [], [])


def test_a_listener_of_one_event_costs_the_others_nothing() -> None:
    hooks = hooks_of(one=Recorder())
    assert hooks.run_started is Hooks.none().run_started
    assert hooks.call_finished is not Hooks.none().call_finished


def test_an_implementation_may_leave_the_event_out() -> None:
    class Counts:
        count = 0

        @hookimpl
        def call_finished(self) -> None:
            self.count += 1

    counts = Counts()
    hooks_of(one=counts).call_finished(CALL)
    assert counts.count == 1


def test_an_argument_with_a_default_gets_the_event_too() -> None:
    seen = []

    class Default:
        @hookimpl
        def call_finished(self, event: object = None) -> None:
            seen.append(event)

    hooks_of(one=Default()).call_finished(CALL)
    assert seen == [CALL]


def test_order_is_pluggys() -> None:
    order = []

    class Last(Recorder):
        @hookimpl(trylast=True)
        def call_finished(self, event: object) -> None:
            order.append("last")

    class First(Recorder):
        @hookimpl(tryfirst=True)
        def call_finished(self, event: object) -> None:
            order.append("first")

    class Plain(Recorder):
        @hookimpl
        def call_finished(self, event: object) -> None:
            order.append("plain")

    hooks_of(first=First(), last=Last(), plain=Plain()).call_finished(CALL)
    assert order == ["first", "plain", "last"]


def raised_here() -> str:
    line = inspect.getsourcelines(Raises)[1] + inspect.getsource(Raises).splitlines().index(
        "        raise self.error"
    )
    return f"{__file__}:{line}"


@pytest.mark.parametrize("error", [ValueError("boom"), SystemExit("boom")])
def test_one_that_raises_is_switched_off_once_and_loudly(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    before, bad, after = Recorder(), Raises(), Recorder()
    bad.error = error
    hooks = hooks_of(before=before, bad=bad, after=after)
    told = hooks.call_finished
    for _ in range(3):
        told(CALL)
    warning = (
        "hook plugin 'bad' of bad-pkg 1.0 is switched off for the rest of the run: its call_finished() raised "
        f"{type(error).__name__}: boom ({raised_here()})"
    )
    assert (len(before.seen), len(bad.seen), len(after.seen)) == (3, 1, 3)
    assert hooks.warnings == [warning]
    assert [(r.name, r.levelno, r.message) for r in caplog.records] == [("fms_dgt", logging.WARNING, warning)]


def test_it_is_switched_off_in_all_its_hooks() -> None:
    seen = []

    class Bad(Raises):
        @hookimpl
        def run_finished(self, event: object) -> None:
            seen.append(event)

    hooks = hooks_of(bad=Bad())
    hooks.call_finished(CALL)
    hooks.run_finished(object())
    assert not seen


def test_ctrl_c_passes_through_a_hook() -> None:
    bad = Raises()
    bad.error = KeyboardInterrupt()
    hooks = hooks_of(bad=bad)
    with pytest.raises(KeyboardInterrupt):
        hooks.call_finished(CALL)
    assert not hooks.warnings


def faulty() -> dict[str, tuple[object, str]]:
    class Misspelt:
        @hookimpl
        def call_finnished(self, event): ...

    class OtherArgument:
        @hookimpl
        def call_finished(self, call): ...

    class TwoArguments:
        @hookimpl
        def call_finished(self, event, run): ...

    class KeywordOnly:
        @hookimpl
        def call_finished(self, *, event): ...

    class Async:
        @hookimpl
        async def call_finished(self, event): ...

    class Wrapper:
        @hookimpl(wrapper=True)
        def call_finished(self, event):
            yield

    class Unmarked:
        def run_started(self, event): ...

    class Overridden(Recorder):
        def call_finished(self, event): ...

    class Empty:
        call_finished = None

    class Needy(Recorder):
        def __init__(self, url): ...

    class Explosive:
        def __init__(self):
            raise RuntimeError("bang")

    hooks = ", ".join(HOOK_NAMES)
    return {
        "misspelt": (Misspelt, "call_finnished() is not a hook; did you mean 'call_finished'? hooks: "),
        "argument": (OtherArgument, "call_finished(call): a hook takes one argument, 'event', or none"),
        "two arguments": (
            TwoArguments,
            "call_finished(event, run): a hook takes one argument, 'event', or none",
        ),
        "keyword": (KeywordOnly, "call_finished(*, event): a hook takes one argument, 'event', or none"),
        "async": (
            Async,
            "call_finished() is async, but nobody awaits a hook; write a plain 'def' that returns",
        ),
        "wrapper": (Wrapper, "call_finished() has a 'yield', but hooks wrap nothing; write a plain 'def'"),
        "unmarked": (Unmarked, "run_started() is not marked; put @fms_dgt.hookimpl above it"),
        "overridden": (Overridden, "call_finished() is not marked; put @fms_dgt.hookimpl above it"),
        "empty": (Empty, f"it implements no hook; hooks: {hooks}"),
        "none": (None, f"it implements no hook; hooks: {hooks}"),
        "needy": (Needy, "Needy() failed; hook classes are made without arguments: TypeError: "),
        "explosive": (
            Explosive,
            "Explosive() failed; hook classes are made without arguments: RuntimeError: bang (",
        ),
    }


@pytest.mark.parametrize("case", faulty())
def test_what_is_no_hook_plugin(case: str) -> None:
    plugin, reason = faulty()[case]
    good = Recorder()
    hooks = hooks_of(good=good)
    with pytest.raises(PluginError) as caught:
        hooks.add(plugin, name="bad")
    assert str(caught.value).startswith(reason)
    hooks.call_finished(CALL)
    assert good.seen == [CALL]


def test_an_optional_hook_may_be_unknown() -> None:
    class Newer(Recorder):
        @hookimpl(optionalhook=True)
        def run_paused(self, event): ...

    newer = Newer()
    hooks_of(newer=newer).call_finished(CALL)
    assert newer.seen == [CALL]


def test_the_same_object_listens_once() -> None:
    one = Recorder()
    hooks = hooks_of(one=one)
    with pytest.raises(PluginError, match="listens already"):
        hooks.add(one, name="two")


def test_installed_hooks_are_loaded_and_broken_ones_are_noted(package: Package) -> None:
    package(
        "good", {"hooks": {"x_count": "h_good:Count", "x_module": "h_module"}}, h_good=HOOK, h_module=MODULE
    )
    package("bad", {"hooks": {"x_bad": "h_bad:Nothing", "x_worse": "h_worse:A"}}, h_bad=HOOK, h_worse="1 / 0")
    plugins = Plugins.discover()
    hooks = plugins.hooks()
    broken = {info.name: info for info in hooks.broken if info.distribution == "bad"}
    assert set(broken) == {"x_bad", "x_worse"}
    assert broken["x_bad"].reason.startswith("module h_bad has no 'Nothing'; it has: ")
    assert any(note.startswith("hook plugin 'x_worse' of bad 1.0 is left out: ") for note in hooks.notes)
    import h_module

    hooks.call_finished(CALL)
    assert h_module.seen == [CALL]
    statuses = {i.name: i.status for i in plugins.listing() if i.name.startswith("x_")}
    assert statuses == {"x_count": "ok", "x_module": "ok", "x_bad": "broken", "x_worse": "broken"}


def test_each_run_has_its_own_hook_objects(package: Package) -> None:
    package("good", {"hooks": {"x_count": "h_own:Count"}}, h_own=HOOK + "        made = []\n")
    plugins = Plugins.discover()
    first, second = plugins.hooks(), plugins.hooks()
    objects = [
        next(p for p in hooks._manager.get_plugins() if type(p).__module__ == "h_own")
        for hooks in (first, second)
    ]
    first.call_finished(CALL)
    assert [plugin.calls for plugin in objects] == [1, 0]


MODULE = """
    from fms_dgt.plugins import hookimpl

    seen = []

    @hookimpl
    def call_finished(event):
        seen.append(event)
"""

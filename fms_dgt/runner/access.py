"""What a run of a task reads, fetches, asks and writes, as `--check` prints it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fms_dgt.binding.bound import BoundGenerator, BoundTask
from fms_dgt.config.plan import RunPlan
from fms_dgt.core.generator import Generator
from fms_dgt.core.node import Expanded, Node
from fms_dgt.core.typed import without_credentials
from fms_dgt.safety.permissions import Uses
from fms_dgt.safety.working_folder import shown

LISTED = 20

_PACKAGE = Path(__file__).parents[1]
_KEY_OF_BUILDER = re.compile(r"databuilders\.(?P<name>[^.\[]+)")


@dataclass(frozen=True, kw_only=True)
class TaskAccess:
    """Files that a task reads, what it fetches (`pending` is not in the cache), the folders it writes to.

    Files outside of the working folder come first. `asks` are the models and where they are, `variables` the
    names of environment variables that are used.
    """

    reads: Sequence[str] = ()
    fetches: Sequence[str] = ()
    pending: Sequence[str] = ()
    writes: Sequence[str] = ()
    asks: Sequence[str] = ()
    variables: Sequence[str] = ()


def access_of(task: BoundTask, plan: RunPlan) -> TaskAccess:
    """The access of a task that could be bound."""
    uses = task.permissions.uses
    generators = [*task.generators.values()]
    generators += [each for bound in task.validators.values() for each in bound.generators.values()]
    by_backend = [name for each in generators for name in each.backend.variables]
    return TaskAccess(
        reads=files_of(uses),
        fetches=list(uses.fetches),
        pending=list(uses.pending),
        writes=[shown(task.folder), f"{shown(plan.settings.output_dir)} (journal and log)"],
        asks=_asks(generators, task, plan),
        variables=sorted({*uses.variables, *_of_config(plan, task.builder_name), *by_backend}),
    )


def lines_of(access: TaskAccess) -> Iterator[str]:
    """A line or more for each kind of access."""
    fetched = [f"{name} (not in the cache)" if name in access.pending else name for name in access.fetches]
    # one elsewhere must not hide behind others
    elsewhere = sum(not _is_here(name) for name in access.reads)
    yield from _listed("reads", access.reads, elsewhere)
    yield from _listed("fetches", fetched)
    yield from _listed("writes to", access.writes)
    yield from _listed("asks", access.asks)
    yield from _listed("variables", [", ".join(access.variables)] if access.variables else [])


def _listed(name: str, entries: Sequence[str], always: int = 0) -> Iterator[str]:
    listed = max(LISTED, always)
    for number, entry in enumerate(entries[:listed]):
        yield f"  {'' if number else name:<10}  {entry}"
    if len(entries) > listed:
        yield f"  {'':<10}  and {len(entries) - listed} more (--json lists all)"


def files_of(uses: Uses) -> list[str]:
    """The files that are read, those elsewhere first; what comes with the package is no news."""
    own = [name for name in uses.files if not _is_ours(Path(name))]
    return sorted(dict.fromkeys(shown(Path(name)) for name in own), key=_is_here)


def _is_here(name: str) -> bool:
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _is_ours(path: Path) -> bool:
    full = path.absolute()
    return full.is_relative_to(_PACKAGE) and not full.is_relative_to(_PACKAGE / "shipped")


def _asks(generators: Sequence[BoundGenerator], task: BoundTask, plan: RunPlan) -> list[str]:
    if plan.settings.replay is not None:
        return []
    written = sorted(_written(task.config), key=lambda pair: len(pair[0]), reverse=True)
    return list(dict.fromkeys(_model(each.type, each.backend, written) for each in generators))


def _model(kind: str, backend: Generator[Any], written: Sequence[tuple[str, str]]) -> str:
    """Which model and where, with the names of variables in place of their values."""
    # a backend that is at no particular place goes by its class
    if type(backend).endpoint is Generator.endpoint:
        return kind
    place = backend.endpoint
    for text, with_names in written:
        place = place.replace(text, with_names)
    return f"{kind} at {place}"


def _written(node: Node) -> Iterator[tuple[str, str]]:
    """Texts with variables put in, as an endpoint may have them, and as the file has them."""
    for leaf in node.leaves():
        if isinstance(leaf.value, Expanded):
            texts = {str(leaf.value), without_credentials(str(leaf.value)), _as_url(str(leaf.value))}
            stripped = (text.rstrip("/") for text in texts)
            yield from ((text, leaf.value.written.rstrip("/")) for text in stripped if text)


def _as_url(text: str) -> str:
    from yarl import URL  # noqa: PLC0415 (where no backend has it, no URL is looked at)

    try:
        url = URL(text.rstrip("/"))
        return str(url.with_user(None).with_query(None).with_fragment(None)) if url.absolute else ""
    except ValueError:
        return ""


def _of_config(plan: RunPlan, builder: str) -> Iterator[str]:
    """The variables in what the config says of a builder, and of the run."""
    for name, place in plan.variables:
        match = _KEY_OF_BUILDER.match(place.key)
        if match is not None and match["name"] in ("*", builder):
            yield name
    if plan.origins.get("output_dir", "").startswith("$"):
        yield plan.origins["output_dir"].removeprefix("$")

"""What the tasks of a command may read and write, and from which hosts they may have documents.

A task reads below its own folder, the working folder and the checkout around it, the folders that allowed
variables name, and what --allow-path adds; it writes below the working folder. A home folder is none of
these, and neither is `/` or one like /tmp: a task or a command there does not open all that is kept in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fms_dgt.config.flags import PlanRequest, flag_place
from fms_dgt.config.paths import at
from fms_dgt.errors import Problem
from fms_dgt.safety.environment import IN_TASKS, looks_secret
from fms_dgt.safety.installed import installed_folders
from fms_dgt.safety.permissions import Permissions, is_shared, resolved

_PACKAGE = Path(__file__).parents[1]


def permissions_of(request: PlanRequest, problems: list[Problem]) -> Permissions:
    """The permissions that all tasks of a command have, before each task's own folder."""
    flags = request.flags
    variables = frozenset(map(str, flags.allow_env))
    given = [at(request.cwd, str(path)) for path in flags.allow_path]
    # what the user says in so many words may be any folder
    told = [resolved(path) for path in given]
    cwd, homes = resolved(request.cwd), _homes(request.environ)
    own = [folder for folder in (cwd, *_checkout(cwd)) if not is_shared(folder, homes)]
    named = [
        resolved(Path(value))
        for name in sorted({*IN_TASKS, *variables} - {"HOME"})
        if not looks_secret(name)
        and (value := request.environ.get(name, ""))
        and Path(value).is_absolute()
        and not is_shared(resolved(Path(value)), homes)
    ]
    shipped = [_PACKAGE.parent / name for name in ("tasks", "configs", "templates")]
    readable = (*told, *own, *named, *map(resolved, (*installed_folders(), *shipped)))
    problems.extend(_flag_problems(request))
    return Permissions(
        folders=tuple(dict.fromkeys(readable)),
        writable=tuple(dict.fromkeys((*told, *own, *named, *([cwd] if cwd != Path(cwd.anchor) else [])))),
        variables=variables,
        hosts=frozenset(map(str, flags.allow_host)),
        homes=homes,
    )


def _checkout(cwd: Path) -> list[Path]:
    """The checkout that the working folder is in."""
    return [folder for folder in (cwd, *cwd.parents) if (folder / ".git").exists()][:1]


def _homes(environ: Mapping[str, str]) -> tuple[Path, ...]:
    return tuple({resolved(Path(home)) for home in (environ.get("HOME", ""), _home()) if home})


def _home() -> str:
    try:
        return str(Path.home())
    except RuntimeError:
        return ""


def _flag_problems(request: PlanRequest) -> list[Problem]:
    where = str(flag_place(request.origin, "allow_env"))
    return [
        Problem(f"'{name}' looks like a secret, which no task gets", "leave it out", where)
        for name in request.flags.allow_env
        # a config may have a variable that only looks like one
        if looks_secret(str(name), request.environ.get(str(name), "")) and request.config is None
    ]

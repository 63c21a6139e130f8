"""`--include PATH`: a Python file, or a folder of them, that serves without packaging."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from fms_dgt.core.canonical import hexdigest
from fms_dgt.errors import PluginError, Problem
from fms_dgt.plugins.entry import Entry
from fms_dgt.plugins.faults import isolated, line_in, place, summary
from fms_dgt.plugins.offered import offered
from fms_dgt.safety.working_folder import shown

MODULE = "fms_dgt_include_"
_modules: dict[Path, tuple[bytes, ModuleType]] = {}


@dataclass(frozen=True)
class _File:
    shown: Path
    real: Path


class _Loader(SourceFileLoader):
    """Uses no .pyc, which would hide an edit made within the same second."""

    def get_code(self, fullname: str) -> CodeType:
        data = self.get_data(self.get_filename(fullname))
        code: CodeType = self.source_to_code(data, self.get_filename(fullname))
        return code


def included(paths: Sequence[Path]) -> list[Entry]:
    """The plugins in files and folders that the user named. Raises PluginError."""
    entries: list[Entry] = []
    seen: set[Path] = set()
    for path in paths:
        new = [file for file in _files(path) if file.real not in seen]
        seen.update(file.real for file in new)
        found = [entry for file in new for entry in _entries(file)]
        if new and not found:
            raise PluginError(str(_nothing_in(path)))
        entries.extend(found)
    return entries


def _nothing_in(path: Path) -> Problem:
    what = "holds no plugin: classes that it only imports, and names with a leading '_', do not count"
    mend = (
        "derive a class from fms_dgt.DataBuilder, Generator, Validator or OrderedValidator, "
        "or mark functions with @fms_dgt.hookimpl"
    )
    return Problem(what, mend, shown(path))


def _files(path: Path) -> list[_File]:
    if path.is_dir():
        # names with a leading underscore are a folder's own affairs: __init__.py, helpers
        files = sorted(file for file in path.glob("*.py") if not file.name.startswith("_"))
        if not files:
            raise PluginError(str(_empty(path)))
        return [_File(file, file.resolve()) for file in files]
    if not path.exists():
        raise PluginError(str(Problem("there is no such file or folder", "check the path", shown(path))))
    if path.suffix != ".py":
        mend = "include a .py file or a folder of them"
        raise PluginError(str(Problem("is not a Python file", mend, shown(path))))
    return [_File(path, path.resolve())]


def _empty(folder: Path) -> Problem:
    if any(folder.glob("*/generate.py")):
        what = "holds builders written for fms-dgt (NAME/generate.py), which do not run here as they are"
        return Problem(what, "port each to a DataBuilder, see docs/, and include its file", str(folder))
    return Problem("holds no Python file", "include a .py file or a folder of them", str(folder))


def _entries(file: _File) -> Iterator[Entry]:
    data = _read(file)
    module = _module(file, data)
    version = hexdigest(data.decode("utf-8", "replace"))[:12]
    with isolated(f"{file.shown}: reading its classes failed"):
        offers = list(offered(module))
    for offer in offers:
        yield Entry(
            offer.group,
            offer.name,
            file.shown.name,
            version,
            held=offer.held,
            path=file.shown,
            status="broken" if offer.fault else "include",
            reason=offer.fault,
        )


def _read(file: _File) -> bytes:
    try:
        return file.real.read_bytes()
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise PluginError(str(Problem(what, "check its permissions", str(file.shown)))) from error


def _module(file: _File, data: bytes) -> ModuleType:
    """The file as a module; made anew only where its text has changed, so that its classes stay the same."""
    known = _modules.get(file.real)
    if known and known[0] == data and sys.modules.get(known[1].__name__) is known[1]:
        return known[1]
    name = known[1].__name__ if known else _free_name(file.real.stem)
    spec = spec_from_file_location(name, file.real, loader=_Loader(name, str(file.real)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    # dataclasses and typing.get_type_hints look their module up there
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in an included file must not end the host
        del sys.modules[name]
        raise PluginError(str(_problem(file, error))) from error
    _modules[file.real] = (data, module)
    return module


def _free_name(stem: str) -> str:
    """A module name without a path in it: names of stages' code are part of what a folder remembers."""
    base = MODULE + "".join(c if c.isalnum() else "_" for c in stem)
    taken: Iterable[str] = {module.__name__ for _, module in _modules.values()}
    count = 1
    while (name := base if count == 1 else f"{base}_{count}") in taken:
        count += 1
    return name


def _problem(file: _File, error: BaseException) -> Problem:
    line = line_in(error, str(file.real))
    raised = place(error)
    beyond = f" ({raised})" if raised and not raised.startswith(f"{file.real}:") else ""
    where = f"{shown(file.shown)}:{line}" if line else shown(file.shown)
    return Problem(f"cannot be included: {summary(error)}{beyond}", _mend(file, error), where)


def _mend(file: _File, error: BaseException) -> str:
    if not isinstance(error, ImportError):
        return "fix it there"
    missing = (error.name or "").split(".")[0]
    if missing == "fms_dgt":
        return "fms_dgt has no such thing; a builder written for fms-dgt must be ported, see docs/"
    if "relative import" in str(error) or (missing and (file.real.parent / f"{missing}.py").exists()):
        return "an included file cannot import its neighbours: move what it needs into it, or make a package"
    return "install what it imports"

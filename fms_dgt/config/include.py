"""`include`: parts of a task that stand in other files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fms_dgt.config.expand import Expander
from fms_dgt.config.paths import at, fixed_part, is_file, is_folder, is_pattern, shown
from fms_dgt.core.node import Node, Place
from fms_dgt.core.strict_json import loads
from fms_dgt.core.yaml_file import MAX_DIGITS, parse_yaml, read_text
from fms_dgt.errors import InputError, Problem
from fms_dgt.safety.folders import matching
from fms_dgt.safety.permissions import Permissions, allow_path, outside

MAX_BYTES = 64 * 1024 * 1024

# The key below which names stay names: documents may be many, large and no text, and are read by their
# builder, one by one.
DOCUMENTS = "documents"


class Includes:
    """Resolves the includes of one task. Paths are relative to the file that says them, else to `cwd`.

    What goes wrong is added to `problems`; the rest of the task is read all the same.
    """

    def __init__(
        self, cwd: Path, expander: Expander, permissions: Permissions, problems: list[Problem]
    ) -> None:
        self._cwd = cwd
        self._expander = expander
        self._problems = problems
        self.permissions = permissions

    def task(self, node: Node, folder: Path, permissions: Permissions, chain: tuple[Path, ...] = ()) -> Node:
        """A task's mapping with its includes below its own keys.

        A list of files is merged into the task; a mapping gives each key the content of its file. What
        stands under `documents` stays the names of files. `permissions` say which files may be read.
        """
        before = len(self._expander.used)
        reading = _OfTask(self._cwd, self._expander, permissions, self._problems)
        result = reading.task(node, folder, chain)
        permissions.uses.variables.update(dict.fromkeys(name for name, _ in self._expander.used[before:]))
        return result


class _OfTask:
    """The includes of one task."""

    def __init__(
        self, cwd: Path, expander: Expander, permissions: Permissions, problems: list[Problem]
    ) -> None:
        self._cwd = cwd
        self._expander = expander
        self._permissions = permissions
        self._problems = problems

    def task(self, node: Node, folder: Path, chain: tuple[Path, ...]) -> Node:
        """The mapping with its includes below its own keys."""
        own = self._expander.in_task(node.without("include"))
        said = node.get("include")
        if said is None:
            return own
        reading = self._by_key if said.is_mapping else self._merged
        below = reading(said, folder, chain)
        return Node(below.merged(own).value, node.place)

    def _by_key(self, said: Node, folder: Path, chain: tuple[Path, ...]) -> Node:
        """Each key with the content of its file; documents as they are named."""
        documents = said.get(DOCUMENTS)
        below = self._content(said.without(DOCUMENTS), folder, chain) or Node({}, said.place)
        return below if documents is None else below.with_(**{DOCUMENTS: self._names(documents)})

    def _names(self, said: Node) -> Node:
        """Paths with their variables put in."""
        if said.is_mapping:
            return Node({key: self._names(child) for key, child in said.items()}, said.place)
        if said.is_list:
            return Node([self._names(child) for child in said.value], said.place)
        return self._expander.path_in_task(said, bare=True)

    def _merged(self, said: Node, folder: Path, chain: tuple[Path, ...]) -> Node:
        result = Node({}, said.place)
        for entry in said.value if said.is_list else [said]:
            for part in self._parts(entry, folder, chain):
                if part.is_mapping:
                    result = result.merged(part)
                else:
                    mend = "write 'KEY: PATH' below 'include' to put it under a key"
                    self._problems.append(entry.problem(f"holds {part.kind()}, not a mapping", mend))
        return result

    def _parts(self, entry: Node, folder: Path, chain: tuple[Path, ...]) -> list[Node]:
        if isinstance(entry.value, str):
            return self._read_all(entry, folder, chain, as_task=True)
        if entry.is_mapping:
            return [self._by_key(entry, folder, chain)]
        content = self._content(entry, folder, chain)
        return [] if content is None else [content]

    def _content(self, said: Node, folder: Path, chain: tuple[Path, ...]) -> Node | None:
        """The same shape with each path replaced by what is in its file."""
        if said.is_mapping:
            entries = {key: self._content(child, folder, chain) for key, child in said.items()}
            return Node({key: child for key, child in entries.items() if child is not None}, said.place)
        if said.is_list:
            items = [(child, self._content(child, folder, chain)) for child in said.value]
            return _joined([(child, item) for child, item in items if item is not None], said.place)
        if not isinstance(said.value, str):
            self._problems.append(said.problem(f"must be a path, not {said.kind()}", "name a file"))
            return None
        parts = self._read_all(said, folder, chain, as_task=False)
        if len(parts) == 1 and not is_pattern(said.value):
            return parts[0]
        return _joined([(said, part) for part in parts], said.place) if parts else None

    def _read_all(self, said: Node, folder: Path, chain: tuple[Path, ...], *, as_task: bool) -> list[Node]:
        result = []
        for path in self._found(said, folder):
            if path.resolve() in chain:
                self._problems.append(said.problem("includes itself", "take this include out"))
                continue
            try:
                node = self._read(path)
            except InputError as error:
                self._problems.extend(error.problems)
                continue
            if node.is_mapping and (as_task or node.get("include")):
                node = self.task(node, path.parent, (*chain, path.resolve()))
            result.append(node)
        return result

    def _found(self, said: Node, folder: Path) -> Sequence[Path]:
        before = len(self._problems)
        node = self._expander.path_in_task(said, bare=True)
        if len(self._problems) > before:
            return []
        text = str(node.value)
        refused = None
        try:
            for base in (folder, self._cwd):
                path = at(base, text)
                if not self._permissions.may_read(fixed_part(path)):
                    refused = refused or fixed_part(path)
                elif is_file(path):
                    return self._allowed([path], said)
                elif is_pattern(text) and (files := [match for match in matching(path) if match.is_file()]):
                    return self._allowed(files, said)
        except InputError as error:
            self._problems.extend(said.problem(problem.what, problem.mend) for problem in error.problems)
            return []
        self._problems.append(_refused(said, refused) if refused else self._missing(node, folder))
        return []

    def _allowed(self, files: Sequence[Path], said: Node) -> Sequence[Path]:
        """The files, all of which the task may read; the first one it may not is a problem."""
        for path in files:
            if not self._permissions.may_read(path):
                self._problems.append(_refused(said, path))
                return []
        return files

    def _missing(self, said: Node, folder: Path) -> Problem:
        text = str(said.written)
        if is_folder(at(folder, str(said.value))):
            return said.problem(f"'{text}' is a folder", f"write '{text.rstrip('/')}/*', say")
        what = f"no file matches '{text}'" if is_pattern(text) else f"there is no file '{text}'"
        unset = "DGT_DATA_DIR" in text and text.startswith("$")
        mend = "set DGT_DATA_DIR ('data' where it is not set), or " if unset else ""
        return said.problem(what, f"{mend}give its path from {shown(folder, self._cwd)}")

    def _read(self, path: Path) -> Node:
        name = shown(path, self._cwd)
        self._permissions.read(path, name)
        suffix = path.suffix.lower()
        if suffix in (".yaml", ".yml"):
            return parse_yaml(read_text(path, name), name)
        text = read_text(path, name, noun="an included file", limit=MAX_BYTES)
        if suffix == ".json":
            return Node.of(_json(text, name, 0), Place(name))
        if suffix == ".jsonl":
            lines = ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())
            rows = [Node.of(_json(line, name, number), Place(name, number)) for number, line in lines]
            return Node(rows, Place(name))
        return Node(text, Place(name))


def _refused(said: Node, path: Path) -> Problem:
    return said.problem(outside(str(said.written)), allow_path(path))


def _joined(parts: Sequence[tuple[Node, Node]], place: Place) -> Node:
    """Several contents as one list; the lists that files hold are strung together."""
    items: list[Node] = []
    for said, content in parts:
        if content.is_list and isinstance(said.value, str):
            items.extend(content.value)
        else:
            items.append(content)
    return Node(items, place)


def _json(text: str, name: str, line: int) -> Any:
    try:
        return loads(text)
    except json.JSONDecodeError as error:
        where = f"{name}:{line or error.lineno}"
        mend = "write one JSON value a line" if line else "fix it there"
        raise InputError([Problem(f"is not JSON: {error.msg}", mend, where)]) from error
    except (ValueError, RecursionError) as error:
        why = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        if "int_max_str_digits" in why:
            why = f"it has a number of more than {MAX_DIGITS:,} digits"
        where = f"{name}:{line}" if line else name
        raise InputError([Problem(f"is not JSON: {why}", "fix it there", where)]) from error

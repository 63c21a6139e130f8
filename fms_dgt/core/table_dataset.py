"""A Hugging Face dataset: one on the Hub by its name, or a folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fms_dgt.core.canonical import hexdigest
from fms_dgt.core.source import file_digest
from fms_dgt.core.table_file import Numbered
from fms_dgt.core.table_folder import (
    README,
    SETTINGS,
    TEMPORARY,
    UnsafeSettings,
    checked_settings,
    files_of,
    opened,
)
from fms_dgt.errors import InputError, Problem, SetupError, did_you_mean
from fms_dgt.safety.permissions import NotFetched, current


@dataclass(frozen=True)
class Dataset:
    """What names a dataset; `where` is the place that says so. Rows come one by one, in its own order."""

    name: str | Path
    subset: str = ""
    split: str = ""
    revision: str = ""
    where: str = ""

    def rows(self, columns: Sequence[str] | None = None) -> Iterator[Numbered]:
        """Its rows from 1 on. Raises InputError, SetupError."""
        with contextlib.ExitStack() as stack:
            yield from self._numbered(_undecoded(self._split(self._loaded(stack))), columns)

    def _numbered(self, data: Any, columns: Sequence[str] | None) -> Iterator[Numbered]:
        names = data.column_names
        known = [name for name in columns or () if names is None or name in names]
        if known:
            # what is not read is not decoded, either
            data = data.select_columns(known)
        rows = iter(data)
        number = 0
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except Exception as error:
                raise self._problem(f"cannot be read after row {number}: {_first_line(error)}") from error
            number += 1
            yield number, row

    def fingerprint(self) -> str:
        """The content of a folder's files; of a dataset on the Hub, the commit."""
        if isinstance(self.name, Path):
            files = sorted(path for path in files_of(self.name, hidden=True) if _counts(path))
            content: Any = [[path.relative_to(self.name).as_posix(), file_digest(path)] for path in files]
        else:
            content = [self.name, self._commit]
        return hexdigest([content, self.subset, self.split])

    @cached_property
    def _commit(self) -> str:
        """What the revision stands for now. All rows of a run are read from this commit."""
        permissions = current()
        shown = f"dataset {self.name}{f' {self.revision}' if self.revision else ''}"
        permissions.uses.fetches[shown] = None
        if not permissions.requests:
            permissions.uses.pending[shown] = None
            raise NotFetched(f"the rows of the dataset '{self.name}' are known once it is fetched")
        try:
            from huggingface_hub import HfApi  # noqa: PLC0415 (comes with datasets)
        except ImportError as error:
            raise _missing(error) from error
        try:
            found = HfApi().dataset_info(str(self.name), revision=self.revision or None).sha
        except Exception as error:
            what = f"the dataset '{self.name}' is not found on the Hub: {_first_line(error)}"
            mend = "check the name and the network; a private one needs HF_TOKEN; a folder must be there"
            raise InputError([Problem(what, mend, self.where)]) from error
        return str(found)

    def _loaded(self, stack: contextlib.ExitStack) -> Any:
        if not current().requests and not isinstance(self.name, Path):
            # asked first, since then there is nothing to load
            return self._commit
        try:
            import datasets  # noqa: PLC0415 (an extra)
        except ImportError as error:
            raise _missing(error) from error
        try:
            if isinstance(self.name, Path):
                return stack.enter_context(opened(self.name, self.subset))
            subset, commit = self.subset or None, self._commit
            checked_settings(*(self._text_on_hub(name, commit) for name in (README, SETTINGS)))
            return datasets.load_dataset(self.name, subset, revision=commit, streaming=True)
        except UnsafeSettings as error:
            raise self._problem(str(error)) from error
        except (InputError, NotFetched):
            raise
        except Exception as error:
            raise self._problem(f"cannot be opened: {_first_line(error)}") from error

    def _text_on_hub(self, file: str, commit: str) -> str:
        """A file of the dataset at a commit; empty where there is none."""
        from huggingface_hub import hf_hub_download  # noqa: PLC0415 (comes with datasets)
        from huggingface_hub.errors import RemoteEntryNotFoundError  # noqa: PLC0415

        try:
            path = hf_hub_download(str(self.name), file, repo_type="dataset", revision=commit)
        except RemoteEntryNotFoundError:
            return ""
        return Path(path).read_text(encoding="utf-8", errors="replace")

    def _split(self, data: Any) -> Any:
        """The split that is meant. Raises InputError where that is not clear."""
        if not isinstance(data, dict):
            data = {str(data.split): data} if self.split else {"": data}
        splits = list(data)
        if self.split in data or (len(splits) == 1 and not self.split):
            return data[self.split or splits[0]]
        if self.split:
            mend = did_you_mean(self.split, splits, noun="splits")
            raise self._problem(f"has no split '{self.split}'", mend)
        listed = ", ".join(splits)
        raise self._problem(f"has several splits: {listed}", f"say which: 'split: {splits[0]}'")

    def _problem(self, what: str, mend: str = "") -> InputError:
        return InputError([Problem(f"the dataset '{self.name}' {what}", mend, self.where)])


def _undecoded(data: Any) -> Any:
    """The same rows with images, sounds and the like not opened: a row may name any file or address."""
    from datasets.features.features import require_decoding  # noqa: PLC0415 (an extra)

    if not data.features or not any(map(require_decoding, data.features.values())):
        return data
    rows = data.to_iterable_dataset() if hasattr(data, "to_iterable_dataset") else data
    return rows.decode(False)


def _missing(error: ImportError) -> SetupError:
    what = f"Hugging Face datasets need the package datasets ({error})"
    return SetupError(f"{what}; pip install 'fms-dgt[datasets]', or use JSONL")


def _counts(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts[-2:])


def _first_line(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}".split("\n", maxsplit=1)[0]
    return TEMPORARY.sub("the folder", text)

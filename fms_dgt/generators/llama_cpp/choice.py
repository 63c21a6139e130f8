"""Which file of a repository someone means who names the repository, or a quantisation of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fms_dgt.errors import InputError, Problem, UserError
from fms_dgt.generators.llama_cpp.hub import Offered, gguf_files
from fms_dgt.generators.llama_cpp.hub_blob import size_text
from fms_dgt.generators.llama_cpp.model import parts_of
from fms_dgt.generators.llama_cpp.quantisation import quantisation_in

_NAME = re.compile(r"([\w.-]+/[\w.-]+)(?::(.+))?")
# what stands beside models and is none: eyes and ears of one, and measurements for quantising
_NO_MODEL = re.compile(r"(^|/|[-._])(mmproj|imatrix)([-._]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ChosenFile:
    """A file of a repository; of a model in parts, the first. `size` is that of all, where it is known."""

    repo: str
    file: str
    size: int | None = None


def chosen_file(given: str) -> ChosenFile:
    """The file that REPO, REPO:FILE or REPO:QUANTISATION means. Raises UserError."""
    match = _NAME.fullmatch(given)
    if match is None:
        mend = "write REPO or REPO:FILE, such as ibm-granite/granite-3.3-8b-instruct-GGUF:Q4_K_M"
        raise InputError([Problem(f"'{given}' is not a model of a hub", mend)])
    repo, file = match[1], match[2] or ""
    if file.lower().endswith(".gguf"):
        return ChosenFile(repo, file)
    sizes = _sizes(gguf_files(repo))
    models = [name for name in sizes if not _NO_MODEL.search(name)]
    fitting = [name for name in models if not file or quantisation_in(name) == file.upper()]
    if len(fitting) != 1:
        raise UserError(_unclear(repo, file, fitting or models, sizes, found=bool(fitting)))
    return ChosenFile(repo, fitting[0], sizes[fitting[0]])


def _sizes(offered: Sequence[Offered]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for each in offered:
        first = parts_of(each.file)[0]
        sizes[first] = sizes.get(first, 0) + each.size
    return sizes


def _unclear(repo: str, file: str, names: Sequence[str], sizes: Mapping[str, int], *, found: bool) -> str:
    if not names:
        return f"'{repo}' has no GGUF files; many models have another repository with them, named '...-GGUF'"
    what = f"'{repo}' has {len(names)} models"
    if file:
        what = f"{what} in {file}" if found else f"'{repo}' has no model in {file}"
    return "\n".join([f"{what}; name one:", *(f"{repo}:{name}  {size_text(sizes[name])}" for name in names)])

"""InstructLab taxonomies: read, check, compare.

`read_taxonomy` gives nodes and `task_mapping` makes a task of one; `check_files` says everything that
is wrong with files, and `changes_since` which files changed.
"""

from __future__ import annotations

from fms_dgt.taxonomy.changes import DEFAULT_BASE, EMPTY, Change, Changes, changes_since
from fms_dgt.taxonomy.check import CheckOptions, check_file
from fms_dgt.taxonomy.finding import FileReport, Finding
from fms_dgt.taxonomy.layout import Kind, Spot, find_spots, is_meant, is_taxonomy, spot_of, task_names
from fms_dgt.taxonomy.many import check_files
from fms_dgt.taxonomy.read import Pair, Reading, Seed, TaxonomyNode, read_of, read_spots, read_taxonomy
from fms_dgt.taxonomy.task import task_mapping

__all__ = [
    "DEFAULT_BASE",
    "EMPTY",
    "Change",
    "Changes",
    "CheckOptions",
    "FileReport",
    "Finding",
    "Kind",
    "Pair",
    "Reading",
    "Seed",
    "Spot",
    "TaxonomyNode",
    "changes_since",
    "check_file",
    "check_files",
    "find_spots",
    "is_meant",
    "is_taxonomy",
    "read_of",
    "read_spots",
    "read_taxonomy",
    "spot_of",
    "task_mapping",
    "task_names",
]

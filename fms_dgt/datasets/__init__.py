"""Training sets from what runs made: for InstructLab's trainer, TRL, and whatever else reads `messages`."""

from __future__ import annotations

from fms_dgt.datasets.closed_book import create_closed_book_pairs_ds, create_closed_book_text_ds
from fms_dgt.datasets.completions import write_completions
from fms_dgt.datasets.instructlab import Layout, write_instructlab
from fms_dgt.datasets.knowledge import create_knowledge_pretraining_ds, create_knowledge_regular_ds
from fms_dgt.datasets.mix import mix
from fms_dgt.datasets.preference import PreferenceColumns, create_preference_ds
from fms_dgt.datasets.raft import RaftSettings
from fms_dgt.datasets.recipe import Ingredient, Recipe, read_recipe
from fms_dgt.datasets.skills import SkillsColumns, create_skills_ds
from fms_dgt.datasets.training_set import TrainingSet, Written

__all__ = [
    "Ingredient",
    "Layout",
    "PreferenceColumns",
    "RaftSettings",
    "Recipe",
    "SkillsColumns",
    "TrainingSet",
    "Written",
    "create_closed_book_pairs_ds",
    "create_closed_book_text_ds",
    "create_knowledge_pretraining_ds",
    "create_knowledge_regular_ds",
    "create_preference_ds",
    "create_skills_ds",
    "mix",
    "read_recipe",
    "write_completions",
    "write_instructlab",
]

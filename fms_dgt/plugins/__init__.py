"""Names to plugins: what is installed or included, found by name, imported on first use.

A plugin that is broken neither breaks anything else nor vanishes: it is listed with the reason, and
asking for it by name says the same.
"""

from __future__ import annotations

from fms_dgt.plugins.about import About
from fms_dgt.plugins.code_place import CodePlace, is_in_package, own_place
from fms_dgt.plugins.entry import GROUPS, Found, Group, PluginInfo
from fms_dgt.plugins.faults import (
    described,
    full_text,
    must_pass,
    shown,
    summary,
    text_of,
)
from fms_dgt.plugins.hooks import Hooks
from fms_dgt.plugins.hookspecs import HookSpecs, hookimpl, hookspec
from fms_dgt.plugins.include import MODULE as INCLUDED
from fms_dgt.plugins.registry import AnyValidator, Plugins

__all__ = [
    "GROUPS",
    "INCLUDED",
    "About",
    "AnyValidator",
    "CodePlace",
    "Found",
    "Group",
    "HookSpecs",
    "Hooks",
    "PluginInfo",
    "Plugins",
    "described",
    "full_text",
    "hookimpl",
    "hookspec",
    "is_in_package",
    "must_pass",
    "own_place",
    "shown",
    "summary",
    "text_of",
]

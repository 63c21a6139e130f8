"""The entry point names `TipBuilder`."""

from __future__ import annotations


class TipsBuilder:
    """Spelt with an s."""

"""A file over which a worker process dies."""

from __future__ import annotations

import os

from fms_dgt.taxonomy import Spot


class DeadlySpot(Spot):
    @property
    def shown(self) -> str:
        # children inherit a list of variables, and this is not on it
        if "PYTEST_CURRENT_TEST" not in os.environ:
            os._exit(9)
        return "deadly"

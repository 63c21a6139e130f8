"""A file over which a worker process dies."""

from __future__ import annotations

import multiprocessing
import os

from fms_dgt.taxonomy import Spot


class DeadlySpot(Spot):
    @property
    def shown(self) -> str:
        if multiprocessing.parent_process() is not None:
            os._exit(9)
        return "deadly"

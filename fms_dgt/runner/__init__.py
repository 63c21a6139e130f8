"""The engine: bind, schedule, call, commit."""

from fms_dgt.runner.check import CheckReport, check
from fms_dgt.runner.execute import execute

__all__ = ["CheckReport", "check", "execute"]

"""Sources of small plugins, for packages and files made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Package = Callable[..., Path]

GENERATOR = """
    from fms_dgt.core.generator import Completion, Generator

    class Echo(Generator):
        async def generate(self, request):
            return Completion(request.messages[-1]["content"])
"""
BUILDER = """
    from dataclasses import dataclass
    from fms_dgt.core.builder import DataBuilder
    from fms_dgt.core.composed import Flow
    from fms_dgt.core.record import Record
    from fms_dgt.core.source import EachOf

    @dataclass(frozen=True)
    class Haiku(Record):
        haiku: str

    class HaikuBuilder(DataBuilder):
        record = Haiku

        def source(self, task):
            return EachOf(["a"], into="subject")

        def flow(self, task):
            return Flow()
"""
VALIDATOR = """
    from fms_dgt.core.validator import OrderedValidator, Validator, Verdict

    class Short(Validator):
        async def validate(self, row, kit):
            return Verdict(1.0)

    class Near(OrderedValidator):
        def memory(self, keep):
            raise NotImplementedError
"""
HOOK = """
    from fms_dgt.plugins import hookimpl

    class Count:
        def __init__(self):
            self.calls = 0

        @hookimpl
        def call_finished(self, event):
            self.calls += 1
"""

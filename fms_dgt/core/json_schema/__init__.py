"""JSON Schema as people have it: read, checked within bounds, described to a model.

Own code and no library: `jsonschema` searches patterns with Python's `re` and has no bounds for work or
depth, which a stranger's schema needs; and its messages are not written for a model that is asked again.
"""

from fms_dgt.core.json_schema.check import Checker, checker_of
from fms_dgt.core.json_schema.read import schema_problems, unchecked_formats

__all__ = ["Checker", "checker_of", "schema_problems", "unchecked_formats"]

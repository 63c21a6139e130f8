"""Whether a value fits a schema, in bounded time and depth; and a sentence about what does not."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from fms_dgt.core.json_schema import inner, refs, values
from fms_dgt.core.json_schema.equal import key_of
from fms_dgt.core.json_schema.fault import Fault
from fms_dgt.core.json_schema.step import DEEPEST, MOST_STEPS, Step, TooMuch

# In the order in which faults are reported. The first ones are all that a schema could have at the beginning:
# their messages must not change, for they are part of what a model is asked.
_STEPS: Final[Sequence[tuple[frozenset[str], Step]]] = (
    (frozenset({"type"}), values.type_step),
    (frozenset({"enum"}), values.enum_step),
    (frozenset({"const"}), values.const_step),
    (frozenset({"required", "additionalProperties"}), values.missing_step),
    (frozenset({"minLength", "maxLength"}), values.length_step),
    (frozenset({"minItems", "maxItems"}), values.count_step),
    (frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}), values.bounds_step),
    (frozenset({"multipleOf"}), values.multiple_step),
    (frozenset({"pattern"}), values.pattern_step),
    (frozenset({"format"}), values.format_step),
    (frozenset({"minProperties", "maxProperties", "propertyNames"}), inner.names_step),
    (frozenset({"dependentRequired", "dependentSchemas"}), inner.dependent_step),
    (frozenset({"properties"}), inner.properties_step),
    (frozenset({"additionalProperties", "patternProperties"}), inner.other_properties_step),
    (frozenset({"items", "prefixItems"}), inner.entries_step),
    (frozenset({"uniqueItems"}), inner.unique_step),
    (frozenset({"contains"}), inner.contains_step),
    (frozenset({"$ref"}), inner.ref_step),
    (frozenset({"allOf"}), inner.all_of_step),
    (frozenset({"anyOf"}), inner.any_of_step),
    (frozenset({"oneOf"}), inner.one_of_step),
    (frozenset({"not"}), inner.not_step),
    (frozenset({"if"}), inner.if_step),
)
_COMBINING: Final = frozenset({"$ref", "allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas"})


class Checker:
    """One schema, ready to check values. The schema must not be changed afterwards."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self._steps: dict[int, tuple[Step, ...]] = {}
        self._targets: dict[str, Any] = {}
        self._choices: dict[int, frozenset[Hashable]] = {}

    def problem(self, value: Any) -> str | None:
        """A sentence about the first thing that does not fit; None where all does."""
        try:
            fault = _Check(self).fault(value, self.schema)
        except (TooMuch, RecursionError) as error:
            return f"The JSON cannot be checked: {error if isinstance(error, TooMuch) else _TOO_DEEP}."
        if fault is None:
            return None
        return f"In the JSON, {fault.path.removeprefix('.') or 'the top level'} {fault.text}."

    def steps(self, schema: Mapping[str, Any]) -> tuple[Step, ...]:
        """What is to be looked at for a schema, in a fixed order."""
        found = self._steps.get(id(schema))
        if found is None:
            found = tuple(dict.fromkeys(step for keys, step in _STEPS if not keys.isdisjoint(schema)))
            self._steps[id(schema)] = found
        return found

    def target(self, ref: str) -> Any:
        """The schema that a `$ref` names."""
        if ref not in self._targets:
            self._targets[ref] = refs.target(self.schema, ref)
        return self._targets[ref]

    def choices(self, schema: Mapping[str, Any]) -> frozenset[Hashable]:
        """The values of an `enum`, for looking them up."""
        found = self._choices.get(id(schema))
        if found is None:
            found = self._choices[id(schema)] = frozenset(map(key_of, schema["enum"]))
        return found


_TOO_DEEP = "it is nested too deeply"


class _Same:
    """A schema, the same as itself alone: to be looked up without being read."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.schema is self.schema


def checker_of(schema: Mapping[str, Any]) -> Checker:
    """The checker of a schema; that of one that is asked for again is kept."""
    return _kept(_Same(schema))


@lru_cache(maxsize=16)
def _kept(same: _Same) -> Checker:
    return Checker(same.schema)


class _Check:
    """One check of one value, counted and remembered."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._left = MOST_STEPS
        self._depth = 0
        self.target = checker.target
        self.choices = checker.choices
        # what is known of a value and a schema: choices within choices ask for it again and again
        self._known: dict[tuple[int, int], Fault | None] = {}

    def spend(self, steps: int) -> None:
        """Count work. Raises TooMuch."""
        self._left -= steps
        if self._left < 0:
            raise TooMuch("that would take too long")

    def fault(self, value: Any, schema: Any) -> Fault | None:
        """The first thing in a value that does not fit a schema."""
        while isinstance(schema, Mapping) and len(schema) == 1 and "$ref" in schema:
            self.spend(1)
            schema = self.target(schema["$ref"])
        if isinstance(schema, bool):
            return None if schema else Fault(what="is not allowed")
        self.spend(1)
        remembered = not _COMBINING.isdisjoint(schema)
        pair = (id(value), id(schema))
        if remembered and pair in self._known:
            return self._known[pair]
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooMuch(_TOO_DEEP)
        found = None
        for step in self._checker.steps(schema):
            found = step(self, value, schema)
            if found is not None:
                break
        self._depth -= 1
        if remembered:
            self._known[pair] = found
        return found

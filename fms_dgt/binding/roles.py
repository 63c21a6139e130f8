"""Blocks of a builder's config become the generators and validators that play its roles."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fms_dgt.binding.bound import BoundGenerator, BoundValidator
from fms_dgt.binding.check_options import OwnOptions, option_problems
from fms_dgt.binding.no_teacher import DefaultTeacher
from fms_dgt.binding.sampling import refused_in_block
from fms_dgt.core.canonical import hexdigest
from fms_dgt.core.generator import Generator, GeneratorSpec
from fms_dgt.core.node import Node, Place
from fms_dgt.core.typed import decode, encode, field_names
from fms_dgt.errors import PluginError, Problem, did_you_mean
from fms_dgt.plugins import Plugins
from fms_dgt.safety.installed import is_installed


class Backends:
    """The backends of a run: roles with equal options share one.

    With `asked=False` none of them will be asked anything, and a missing key is no fault.
    """

    def __init__(self, plugins: Plugins, *, asked: bool = True) -> None:
        self._plugins = plugins
        self._asked = asked
        self._made: dict[str, Generator[Any]] = {}
        self._checked: set[int] = set()
        # what is wrong with generators that only a builder's own YAML names
        self.defaults: dict[str, DefaultTeacher] = {}
        # whether a block that somebody wrote names one
        self.any_named = False

    def bind(self, spec: GeneratorSpec, problems: list[Problem], role: str = "") -> BoundGenerator | None:
        """The generator that a block or an `lm_config` names; `role` is what it plays."""
        try:
            found = self._plugins.generator(spec.type)
        except PluginError as error:
            problems.append(Problem(str(error), where=str(spec.options.place)))
            return None
        options = decode(found.cls.Options, spec.options, problems)
        if options is None:
            return None
        key = hexdigest([found.name, repr(sorted(encode(options, secrets=True).items()))])
        if key not in self._made:
            self._made[key] = found.cls(options)
        backend = self._made[key]
        problems.extend(refused_in_block(found.name, backend, spec.options))
        if self._asked:
            self._check(found.name, backend, spec.options.place, problems, role)
        version = f"{found.distribution} {found.version}"
        return BoundGenerator(found.name, backend, version, _has_chosen_limit(spec.options))

    def _check(
        self, kind: str, backend: Generator[Any], place: Place, problems: list[Problem], role: str
    ) -> None:
        """What would keep every call from working; problems of defaults are collected."""
        default = _is_default(place)
        self.any_named = self.any_named or not default
        if default and (missing := backend.check()):
            self.defaults.setdefault(kind, DefaultTeacher(kind)).add(role, missing)
        elif not default and id(backend) not in self._checked:
            self._checked.add(id(backend))
            found = backend.check()
            problems.extend(dataclasses.replace(p, where=p.where or str(place)) for p in found)


class Roles:
    """The blocks of one builder, by name, made when a stage asks for them."""

    def __init__(
        self, blocks: Node | None, plugins: Plugins, backends: Backends, teacher: Node | None = None
    ) -> None:
        self._plugins = plugins
        self._backends = backends
        self._teacher = teacher
        self._blocks = _by_name(blocks)

    def generator(self, role: str, where: str, problems: list[Problem]) -> BoundGenerator | None:
        """The generator that plays a role."""
        # a teacher plays every generator's role, those that no block speaks of included
        block = self._blocks.get(role) or self._teacher or self._block(role, where, problems)
        spec = GeneratorSpec.from_node(block, problems) if block else None
        if spec is None:
            return None
        if spec.type in self._plugins.known("validators") and spec.type not in self._plugins.known(
            "generators"
        ):
            what = f"the block '{role}' must be a generator; '{spec.type}' is a validator"
            problems.append(Problem(what, "", str(spec.options.place)))
            return None
        return self._backends.bind(spec, problems, role)

    def validator(
        self, role: str, where: str, problems: list[Problem], own: OwnOptions | None = None
    ) -> BoundValidator | None:
        """The validator that plays a role, with the generators that its options name.

        `own` are options of the one check that has the role.
        """
        role = own.validator if own else role
        block = self._named(role, where) or self._block(role, where, problems)
        spec = GeneratorSpec.from_node(block, problems) if block else None
        if spec is None:
            return None
        try:
            found = self._plugins.validator(spec.type)
        except PluginError as error:
            problems.append(Problem(str(error), where=str(spec.options.place)))
            return None
        if own is not None:
            wrong = option_problems(own, found.cls.Options)
            problems.extend(wrong)
            if wrong:
                return None
            spec = GeneratorSpec(spec.type, spec.options.merged(own.options))
        options = decode(found.cls.Options, spec.options, problems)
        if options is None:
            return None
        asked = {
            field.name.removesuffix("_config"): getattr(options, field.name)
            for field in dataclasses.fields(options)
            if isinstance(getattr(options, field.name), GeneratorSpec)
        }
        bound = {
            name: self._backends.bind(self._meant(lm, problems), problems, role) for name, lm in asked.items()
        }
        generators = {name: generator for name, generator in bound.items() if generator is not None}
        # an included file has a digest for a version, which would tell of comments, too
        version = "" if found.distribution.endswith(".py") else f"{found.distribution} {found.version}"
        return BoundValidator(found.name, found.cls(options), version, generators)

    def _meant(self, spec: GeneratorSpec, problems: list[Problem]) -> GeneratorSpec:
        """A model as an option names it: a generator's type, or the name of another block."""
        block = self._blocks.get(spec.type)
        if block is None or spec.type in self._plugins.known("generators"):
            return spec
        named = GeneratorSpec.from_node(block, problems)
        if named is None:
            return spec
        return GeneratorSpec(named.type, named.options.merged(spec.options))

    def _named(self, role: str, where: str) -> Node | None:
        """A validator's block; where there is none, or none that says a type, a validator of that name."""
        block = self._blocks.get(role)
        if (block is not None and block.get("type")) or role not in self._plugins.known("validators"):
            return block
        block = (block or Node.of({}, where)).with_(type=Node.of(role, where))
        return block.with_(lm_config=self._teacher) if self._judges(role) and self._teacher else block

    def _judges(self, name: str) -> bool:
        """Whether a validator asks a generator of its own."""
        try:
            return "lm_config" in field_names(self._plugins.validator(name).cls.Options)
        except PluginError:
            return False

    def _block(self, role: str, where: str, problems: list[Problem]) -> Node | None:
        block = self._blocks.get(role)
        if block is None:
            mend = f"add a block of that name ({did_you_mean(role, self._blocks, noun='blocks')})"
            problems.append(Problem(f"no block plays '{role}'", mend, where))
        return block


def _is_default(place: Place) -> bool:
    """Whether a block comes from the YAML of an installed builder, unchanged by any config."""
    path = Path(place.origin)
    return path.is_absolute() and is_installed(path)


def _has_chosen_limit(options: Node) -> bool:
    """Whether somebody, and not a builder's own YAML, says how many tokens an answer may have."""
    limits = (child for name, child in options.items() if name in ("max_tokens", "max_new_tokens"))
    return any(not is_installed(Path(limit.place.origin)) for limit in limits)


def block_names(config: Node) -> list[str]:
    """The names of the blocks of a builder's config."""
    return list(_by_name(config.get("blocks")))


def _by_name(blocks: Node | None) -> Mapping[str, Node]:
    result: dict[str, Node] = {}
    for block in blocks.value if blocks is not None and blocks.is_list else []:
        name = block.get("name")
        if name is not None and isinstance(name.value, str):
            result[name.value] = block
    return result

"""Names become things: every task of a plan, resolved and checked, or everything that is wrong."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from fms_dgt.binding import postprocessors
from fms_dgt.binding.bound import BoundTask, first_unit
from fms_dgt.binding.builder_config import (
    TEACHER,
    merged_config,
    own_config,
    with_generator_format,
    with_generator_model,
    with_teacher,
)
from fms_dgt.binding.check_options import OwnOptions, own_roles
from fms_dgt.binding.content import without_content
from fms_dgt.binding.fingerprint import Made, fingerprint
from fms_dgt.binding.judges import calibration_problems, judges_of
from fms_dgt.binding.package_data import missing_package_data
from fms_dgt.binding.placeholders import placeholder_problems
from fms_dgt.binding.players import (
    Players,
    plain_problems,
    players_of,
    with_brought,
    with_keeps,
    with_own_roles,
)
from fms_dgt.binding.postprocessors import Postprocessors
from fms_dgt.binding.prices import price_problems
from fms_dgt.binding.prompts import fill_problems, templates_of
from fms_dgt.binding.reply_columns import column_problems
from fms_dgt.binding.roles import Backends, Roles, block_names
from fms_dgt.binding.sampling import refused_in_flow
from fms_dgt.binding.stage_config import StageConfigs
from fms_dgt.binding.task_paths import TaskPaths
from fms_dgt.binding.wiring import Wiring
from fms_dgt.config.blocks import teacher_node, wildcard_problems
from fms_dgt.config.expand import Expander
from fms_dgt.config.flags import in_words_of
from fms_dgt.config.ibm_tasks import is_unknown_there
from fms_dgt.config.plan import DEFAULT_RECORDS, RunPlan, TaskPlan, TaskSettings
from fms_dgt.config.tasks import known_keys
from fms_dgt.core.builder import DataBuilder
from fms_dgt.core.composed import Flow
from fms_dgt.core.node import Node, Place
from fms_dgt.core.record import Columns, Record
from fms_dgt.core.source import Source
from fms_dgt.core.task import Task
from fms_dgt.core.template import Template, names_in
from fms_dgt.core.typed import decode, encode, field_names
from fms_dgt.core.wrong_result import kind_of
from fms_dgt.errors import FmsDgtError, InputError, PluginError, Problem, did_you_mean
from fms_dgt.plugins import Found, Plugins, described
from fms_dgt.safety.permissions import NotFetched, under

_logger = logging.getLogger("fms_dgt")

A = TypeVar("A")

# Each level of stages inside stages takes its part of Python's call stack.
DEEPEST_FLOW = 50
# Keys of a builder's YAML that are not options of its class.
_OWN_KEYS = ("name", "blocks", "stages", "postprocessors", "metadata")


def bind(
    plan: RunPlan,
    plugins: Plugins,
    notes: list[str] | None = None,
    unfetched: list[TaskPlan] | None = None,
) -> list[BoundTask]:
    """Every task of the plan, ready to run. Raises InputError with all that is wrong, at once.

    A spare task whose own file is wrong is left out where others are not; `notes` is told why. A task whose
    rows are not known before something is fetched goes into `unfetched`, where nothing is to be fetched.
    """
    problems = list(plan.problems)
    left_out: list[Problem] = []
    backends = Backends(plugins, asked=plan.settings.replay is None)
    bound = []
    for name, node in plan.other_builders.items():
        if name not in plugins.known("builders"):
            mend = did_you_mean(name, plugins.known("builders"), noun="known builders")
            problems.append(node.problem(f"there is no builder '{name}'", mend))
    if plan.whole:
        problems.extend(_wildcard_problems(plan, plugins))
    for task in plan.tasks:
        found: list[Problem] = []
        try:
            made = _bound(task, plan, plugins, backends, _Problems(problems, found))
        except NotFetched:
            if unfetched is None:
                raise
            unfetched.append(task)
            continue
        bound.extend([] if made is None else [made])
        (left_out if task.spare and _is_its_own(task, found) else problems).extend(found)
    problems.extend(price_problems(bound, plan.settings))
    defaults = backends.defaults.values()
    problems.extend(default.problem(plan.origin, alone=not backends.any_named) for default in defaults)
    if problems or not (bound or unfetched):
        told = [*problems, *left_out]
        raise InputError(dataclasses.replace(p, mend=in_words_of(plan.origin, p.mend)) for p in told)
    if notes is not None:
        notes.extend(f"left out: {problem}" for problem in left_out)
    return bound


@dataclasses.dataclass(frozen=True)
class _Problems:
    """Where problems go: those that any task may bring, and those of the task at hand."""

    of_all: list[Problem]
    of_task: list[Problem]


def _bound(
    task: TaskPlan, plan: RunPlan, plugins: Plugins, backends: Backends, problems: _Problems
) -> BoundTask | None:
    """One task, ready to run; None, and entries in `problems`, where something is wrong with it."""
    found = problems.of_task
    binding = None
    try:
        fields = field_names(plugins.builder(task.builder).cls.task_type())
        said = known_keys(task.said, fields, problems.of_all)
        binding = _Binding(dataclasses.replace(task, said=said), plan, plugins, backends, found)
        if not task.doubtful:
            # what a task or its builder reads has its own permissions below
            with under(binding.permissions.of_config()):
                return binding.bind()
        binding._task()  # noqa: SLF001 (of this module)
    except InputError as error:
        found.extend(error.problems)
    except PluginError as error:
        found.append(_unknown_builder(task, error))
    except FmsDgtError:
        raise
    except (Exception, SystemExit) as error:
        fault = plugins.fault_in_plugin(error)
        if not fault:
            raise
        if _logger.isEnabledFor(logging.DEBUG):
            _logger.warning("%s", fault, exc_info=error)
        found.append(Problem(fault, where=str(task.place)))
    finally:
        if binding is not None:
            found[:] = [binding.shown(problem) for problem in found]
    return None


def _is_its_own(task: TaskPlan, found: Sequence[Problem]) -> bool:
    """Whether all that is wrong stands in the task's own file."""
    return all(problem.where.startswith(task.said.place.origin) for problem in found)


def _wildcard_problems(plan: RunPlan, plugins: Plugins) -> list[Problem]:
    """Blocks said of every builder that no builder of the run has."""
    configs = []
    for name in {task.builder for task in plan.tasks} & set(plugins.known("builders")):
        try:
            configs.append(own_config(plugins.builder(name)))
        except (PluginError, InputError):
            # told where the task is bound, and then this is not known
            return []
    layers = [layer for task in plan.tasks for layer in task.builder_layers]
    return wildcard_problems(configs, layers)


def _unknown_builder(task: TaskPlan, error: PluginError) -> Problem:
    if is_unknown_there(task.builder):
        what = f"'{task.builder}' of fms-dgt has no counterpart here"
        mend = "write its steps as a flow of the builder 'pipeline', or name another builder"
        return Problem(what, mend, str(task.place))
    return Problem(str(error), where=str(task.place))


class _Binding:
    """The binding of one task. Its steps go on past problems as far as they make sense."""

    def __init__(
        self, plan: TaskPlan, run: RunPlan, plugins: Plugins, backends: Backends, problems: list[Problem]
    ) -> None:
        self._plan = plan
        self._run = run
        self._plugins = plugins
        self._backends = backends
        self._problems = problems
        self._where = plan.said.place.origin
        self._found: Found[DataBuilder[Any]] = plugins.builder(plan.builder)
        # the builder's own files, which its code reads
        self.permissions = plan.permissions.with_folders(self._found.folder)
        self._expander = Expander(run.environ, problems, plan.permissions.variables)
        self._paths = TaskPaths(self._expander, self.permissions, problems)

    def shown(self, problem: Problem) -> Problem:
        """A problem without the content of files elsewhere, and with the names of variables."""
        return without_content(self._paths.shown(problem), self.permissions)

    def bind(self) -> BoundTask:
        """The task. Raises InputError once it cannot go on; lesser problems are only noted."""
        shipped = own_config(self._found)
        config = merged_config(shipped, self._plan.builder_layers, self._run.settings.teacher, self._plugins)
        builder = self._builder(config)
        task, formatted = self._task()
        self._stop_here()
        if builder is None or task is None:
            raise InputError([])
        self._note(self._asked("check", builder.check, task, list))
        self._stop_here()
        source = self._asked("source", builder.source, task, Source)
        stages = StageConfigs.read(config.get("stages"), self._problems)
        folder = self._found.folder / "templates"
        post = Postprocessors.read(config.get(postprocessors.KEY), self._problems)
        config = self._taught(post.with_blocks(config))
        flow = self._configured(post.appended(self._asked("flow", builder.flow, task, Flow)), stages)
        roles = Roles(config.get("blocks"), self._plugins, self._backends, self._teacher())
        own = own_roles(flow)
        flow = with_own_roles(flow)
        players = players_of(flow, own, roles, self._found.name, self._problems)
        self._check_blocks(shipped, config, {*players.generators, *players.validators, *_named_by(own)})
        files = builder.template_files()
        templates = templates_of(flow, folder, files, stages, self._problems)
        if self._problems:
            self._problems.extend(missing_package_data(self._found))
        flow = with_brought(flow, players, templates, self._problems)
        self._check_asks(flow, players, templates)
        flow = with_keeps(flow, players, templates, stages, self._problems)
        columns = self._asked("columns", builder.columns, task, Mapping)
        output = self._output(builder, task)
        wiring = Wiring(f"the builder '{self._found.name}'", templates, players.ordered(flow), self._problems)
        first = {**columns, **self._first_columns(source)}
        self._check_wiring(wiring, flow, first, builder.record, output or ())
        self._problems.extend(fill_problems(flow, templates, first))
        judges = judges_of(flow, templates, players.validators)
        self._note(list(calibration_problems(task.calibrate, judges, columns)))
        self._stop_here()
        settings, notes = self._settings(source, task)
        made = Made(self._found, builder, task, source, flow, templates, players, settings.seed, output)
        with under(self.permissions):
            digests = fingerprint(made)
        return BoundTask(
            name=self._plan.name,
            builder_name=self._found.name,
            builder=builder,
            task=task,
            settings=settings,
            source=source,
            flow=flow,
            record=builder.record,
            columns=columns,
            templates=templates,
            generators=players.generators,
            validators=players.validators,
            fingerprint=digests,
            config=config,
            resolved=_resolved(self._found.name, builder, players),
            folder=self._plan.folder,
            instruction_format=formatted,
            output=output,
            notes=(*notes, *self._told(builder, task), *self._of_replies(templates)),
            permissions=self.permissions,
            target_is_default=settings.num_outputs_to_generate != self._plan.settings.num_outputs_to_generate
            and settings.records_per_seed is None,
        )

    def _check_asks(self, flow: Flow, players: Players, templates: Mapping[str, Template]) -> None:
        """Whether every generator can be asked as its stages and templates want."""
        self._problems.extend(plain_problems(flow, players, templates, self._plugins, self._where))
        asked = refused_in_flow(flow, templates, players.generators, players.validators, self._where)
        self._problems.extend(asked)
        self._problems.extend(column_problems(flow, templates, self._where))

    def _check_wiring(
        self,
        wiring: Wiring,
        flow: Flow,
        first: Mapping[str, Any],
        record: type[Record],
        output: Sequence[str],
    ) -> None:
        """Whether every column is there where it is needed. Raises InputError where one is not."""
        available = wiring.flow(flow, frozenset(first))
        wiring.record(record, available)
        wiring.output(output, available)
        self._stop_here()

    def _configured(self, flow: Flow, stages: StageConfigs) -> Flow:
        """The flow with its stages as the config wants them."""
        # stages are named after templates, so these are what the builder's other flows may have
        elsewhere = {path.stem for path in (self._found.folder / "templates").glob("*.yaml")}
        flow = stages.applied(flow, elsewhere, self._problems)
        self._check_names(flow)
        if flow.depth() > DEEPEST_FLOW:
            text = f"the builder '{self._found.name}' has stages inside stages, more than {DEEPEST_FLOW} deep"
            self._note([Problem(text, "let them follow one another")])
            self._stop_here()
        return flow

    def _first_columns(self, source: Source) -> Mapping[str, Any]:
        """What rows begin with. Raises InputError where that is not known: nothing can be said of it then."""
        begun = self._first_values(source)
        if begun is None:
            raise InputError([])
        return begun

    def _told(self, builder: DataBuilder[Any], task: Task) -> Iterator[str]:
        told = self._asked("notes", lambda task: list(builder.notes(task)), task, list)
        return (f"{self._plan.name}: {note}" for note in told)

    def _of_replies(self, templates: Mapping[str, Template]) -> Iterator[str]:
        """What is to be known of the replies that templates ask for."""
        notes = ((name, note) for name, template in templates.items() for note in template.reply.notes())
        return (f"{self._plan.name}: the reply to '{name}': {note}" for name, note in notes)

    def _output(self, builder: DataBuilder[Any], task: Task) -> tuple[str, ...] | None:
        if builder.record is not Columns:
            return None
        return tuple(self._asked("output", lambda task: list(builder.output(task) or ()), task, list)) or None

    def _stop_here(self) -> None:
        if self._problems:
            raise InputError([])

    def _asked(self, method: str, call: Callable[[Any], A], task: Task, wanted: Any) -> A:
        """What a builder's method gives; its author's mistakes are told with their place."""
        name = f"the builder '{self._found.name}': {method}()"
        try:
            with under(self.permissions):
                given = call(task)
        except FmsDgtError:
            raise
        except Exception as error:
            raise PluginError(f"{name} raised {described(error)}") from error
        if not isinstance(given, wanted):
            raise PluginError(f"{name} must give a {wanted.__name__}, not {kind_of(given)}")
        return given

    def _note(self, problems: Sequence[Problem]) -> None:
        """Keep problems; those without a place stand in the task's file."""
        self._problems.extend(dataclasses.replace(p, where=p.where or self._where) for p in problems)

    # --- configuration -------------------------------------------------------------------------

    def _taught(self, config: Node) -> Node:
        """The config with the teacher's part played in what postprocessors brought, too."""
        teacher = self._run.settings.teacher
        return with_teacher(config, teacher, self._plugins) if teacher else config

    def _teacher(self) -> Node | None:
        teacher = self._run.settings.teacher
        return teacher_node(teacher, TEACHER) if teacher else None

    def _builder(self, config: Node) -> DataBuilder[Any] | None:
        cls = self._found.cls
        node = config.without(*_OWN_KEYS)
        examples = self._plan.settings.num_prompt_instructions
        if examples is not None and "num_prompt_instructions" in field_names(cls.Options):
            node = node.with_(num_prompt_instructions=Node(examples, Place("the settings")))
        elif examples is not None:
            what = f"the builder '{self._found.name}' puts no examples into prompts"
            self._problems.append(Problem(what, "leave num_prompt_instructions out", self._where))
        node = with_generator_model(node, cls.Options, config, self._teacher())
        node = with_generator_format(node, cls.Options, config, self._teacher(), self._plugins)
        wanted = self._plan.settings.pipeline
        if wanted is not None and "simple" in field_names(cls.Options):
            node = node.with_(simple=Node(wanted == "simple", Place("the settings")))
        elif wanted == "simple":
            what = f"the builder '{self._found.name}' has no simple form"
            self._problems.append(Problem(what, "leave 'pipeline' out", self._where))
        options = decode(cls.Options, node, self._problems)
        return None if options is None else cls(options)

    def _task(self) -> tuple[Task | None, Mapping[str, str]]:
        said = self._plan.said
        wanted = said.get("instruction_format")
        flag = said.get("save_formatted_output")
        saves = self._plan.settings.save_formatted_output or (flag is not None and flag.value is True)
        formatted: Mapping[str, str] = {}
        if wanted is not None:
            formatted = self._formats(wanted)
        elif saves:
            mend = "add 'instruction_format: {field: \"{{ response }}\"}'"
            self._problems.append(said.problem("save_formatted_output needs an instruction_format", mend))
        node = said.without("instruction_format", "save_formatted_output")
        self._problems.extend(placeholder_problems(node))
        cls = self._found.cls.task_type()
        before = len(self._problems)
        node = self._paths.read(node, cls)
        self.permissions.uses.variables.update(dict.fromkeys(name for name, _ in self._expander.used))
        if len(self._problems) > before:
            return None, {}
        with under(self.permissions):
            task = decode(cls, node, self._problems)
        return task, formatted if saves else {}

    def _formats(self, wanted: Node) -> Mapping[str, str]:
        """An `instruction_format`: template texts over the fields of the record."""
        if not wanted.is_mapping or not wanted.value:
            self._problems.append(wanted.problem("must be a mapping from fields to template texts"))
            return {}
        known = self._found.cls.record.__dataclass_fields__
        for child in wanted.value.values():
            try:
                unknown = names_in(str(child.value)) - known.keys()
            except InputError as error:
                self._problems.append(child.problem(error.problems[0].what, error.problems[0].mend))
                continue
            # the columns of such records are not known yet; a name that is none costs that line alone
            for name in sorted(unknown) if self._found.cls.record is not Columns else ():
                mend = did_you_mean(name, known, noun="fields of a record")
                self._problems.append(child.problem(f"'{name}' is not a field of the record", mend))
        return {name: str(child.value) for name, child in wanted.items()}

    def _settings(self, source: Source, task: Task) -> tuple[TaskSettings, tuple[str, ...]]:
        settings = self._plan.settings
        each, total = settings.records_per_seed, settings.num_outputs_to_generate
        if each is not None and total is None and source.endless:
            seeds = getattr(task, task.data_field, None)
            total = each * max(1, len(seeds) if isinstance(seeds, Sequence) else 0)
            return dataclasses.replace(settings, num_outputs_to_generate=total), ()
        if each is not None:
            why = "a number of records is said, too" if total else "the task has an end of its own"
            return settings, (f"{self._plan.name}: records_per_seed has no effect: {why}",)
        if total is not None or not source.endless:
            return settings, ()
        return dataclasses.replace(settings, num_outputs_to_generate=DEFAULT_RECORDS), ()

    # --- checks --------------------------------------------------------------------------------

    def _check_names(self, flow: Flow) -> None:
        names = [stage.name for stage in flow.walk()]
        for name in sorted({name for name in names if names.count(name) > 1}):
            what = f"the builder '{self._found.name}' has two stages named '{name}'"
            self._problems.append(Problem(what, "give one another name: stage.named('...')", self._where))

    def _check_blocks(self, own: Node, config: Node, asked: AbstractSet[str]) -> None:
        """A block that the builder does not have, and that nobody asks for, is a slip of the pen."""
        known = {*block_names(own), *asked}
        blocks = config.get("blocks")
        for block in blocks.value if blocks is not None and blocks.is_list else []:
            name = block.get("name")
            if name is not None and name.value not in known:
                what = f"the builder '{self._found.name}' has no block '{name.value}'"
                self._problems.append(name.problem(what, did_you_mean(name.value, known, noun="blocks")))

    def _first_values(self, source: Source) -> Mapping[str, Any] | None:
        """What the first unit's row begins with; None where that is a problem."""
        try:
            with under(self.permissions):
                unit = first_unit(source, self._plan.settings.seed)
        except (InputError, NotFetched):
            raise
        except Exception as error:  # noqa: BLE001 (a stranger's source, or rows no JSON can hold)
            what = f"the source fails at its first unit: {type(error).__name__}: {error}"
            self._note([Problem(what, "fix the data, or the builder's source()")])
            return None
        if unit is None:
            what = "the source has no units: there is nothing to make data from"
            self._note([Problem(what, "add seed examples or items")])
        return unit.values if unit is not None else None


def _named_by(own: Mapping[str, OwnOptions]) -> AbstractSet[str]:
    """The blocks or validators that checks with options of their own name."""
    return {each.validator for each in own.values()}


def _resolved(name: str, builder: DataBuilder[Any], players: Players) -> dict[str, Any]:
    """The configuration that came out, without secrets."""
    blocks: dict[str, Any] = {}
    for role, generator in players.generators.items():
        blocks[role] = {"type": generator.type, **encode(generator.backend.options)}
    for role, validator in players.validators.items():
        options = encode(validator.validator.options)
        for asked, bound in validator.generators.items():
            options[f"{asked}_config"] = {"type": bound.type, **encode(bound.backend.options)}
        blocks[role] = {"type": validator.type, **options}
    return {"builder": name, "options": encode(builder.options), "blocks": blocks}

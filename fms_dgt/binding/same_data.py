"""Edits of built-in builders that leave the data as it was: folders made before them go on unasked.

An edit is noted as what it put in the place of what. Undone in the module's text, it gives the text that
older folders were made with, and its digest with whatever Python is running. Any other change of the module
shows as before. The newest edits of a module come first: folders may be from between two of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Edit: TypeAlias = tuple[str, str]

_BUILDERS = "the code of fms_dgt.builders."
_VALIDATORS = "the code of fms_dgt.validators."

# `not_a_seed` of a flow is a check by now; a flow that has it shows by its stage
_NOT_A_SEED = """@dataclass(frozen=True)
class NotASeed(Stage):
    on: str
    known: frozenset[str] = field(default=frozenset(), repr=False)

    def needs(self) -> frozenset[str]:
        return frozenset([self.on])

    async def run(self, row: Row, kit: Kit) -> Outcome:
        if normal(row[self.on]) in self.known:
            raise Rejected("same as a seed example", row[self.on])
        return row


def normal(value: Any) -> str:
    return " ".join(str(value).casefold().split()).rstrip(" .?!")


"""
# `exact` and `rouge` compare the texts of records to come more closely; those that are there stay
_EXACT_NORMAL = """def normal(value: Any) -> str:
    folded = unicodedata.normalize("NFKC", as_text(value)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


"""
_EXACT_COMPARED = """def _compared(value: Any) -> str:
    return normal(value) if isinstance(value, str) else as_text(value).casefold()


"""
_TEXT_HELPERS = '''\
def told_apart(rows: Sequence[Row | Rejected], columns: Iterable[str]) -> list[Row | Rejected]:
    """The rows of one reply, less those that have the words of an earlier one."""
    seen: set[str] = set()
    told: list[Row | Rejected] = []
    for row in rows:
        if isinstance(row, Row):
            said = canonical([_normal(row[name]) for name in sorted(columns)]).decode()
            told.append(Rejected("like another item of the same reply", said) if said in seen else row)
            seen.add(said)
    return told


def _normal(value: Any) -> Any:
    return normal(value) if isinstance(value, str) else value


def _has_words(task: TextGenerationTask) -> bool:
    """Whether prompts have words of their own that an answer could hand back."""
    pieces = [*fixed_pieces(task.prompt), *fixed_pieces(task.system)]
    return any(True for piece in pieces for _ in runs(words(piece)))


'''
_TEXT_RUN = """    async def run(self, row: Row, kit: Kit) -> Outcome:
        made = await super().run(row, kit)
        return told_apart(made, self.makes()) if isinstance(made, list) else made

"""

EDITS: Mapping[str, Sequence[Edit]] = {
    # schemas of replies may be in files of their own, and checks may have options
    f"{_BUILDERS}pipeline.reading": (
        (
            """        if "reply" in said:
            said["reply"] = with_schema(said["reply"], self.problems)
""",
            "",
        ),
        ("from fms_dgt.core.reply.schema_file import with_schema\n", ""),
        (
            """        has_options = kind in WITH_OPTIONS and said.is_mapping
        options = said.without(*field_names(KINDS[kind])).value if has_options else ()
        spec = decode(KINDS[kind], said.without(*options) if options else said, self.problems)
""",
            """        spec = decode(KINDS[kind], said, self.problems)
""",
        ),
        ("import decode, field_names\n", "import decode\n"),
        ('WITH_OPTIONS = frozenset({"check", "judge"})\n', ""),
    ),
    f"{_BUILDERS}pipeline.asking": (
        ("        options = dict(node.without(*field_names(type(self))).items())\n", ""),
        (
            """        return Check(
            self.validator,
            self.on,
            template,
            keep,
            self.into,
            self.within,
            self.params,
            options=options,
            name=name,
        )
""",
            (
                "        return Check(self.validator, self.on, template, keep, self.into, self.within, "
                "self.params, name=name)\n"
            ),
        ),
        ("import field_names, option\n", "import option\n"),
    ),
    f"{_BUILDERS}text_generation.task": (
        (
            """        return self.contract.keys if isinstance(self.contract, JsonReply) else ()
""",
            """        if not isinstance(self.contract, JsonReply):
            return ()
        schema = self.contract.json_schema
        return tuple(schema.get("items", schema).get("properties", ()))
""",
        ),
        ("return self.contract.several", 'return self.contract.json_schema.get("type") == "array"'),
        ("        node = with_schema(node, problems)\n", ""),
        ("from fms_dgt.core.reply.schema_file import with_schema\n", ""),
    ),
    # patterns are searched in bounded time, and mean what they did
    f"{_BUILDERS}pipeline.sifting": (
        ("from collections.abc import Callable", "import re\nfrom collections.abc import Callable"),
        ("from fms_dgt.core.text_pattern import find_all\n", ""),
        ("found = await self._by_pattern", "found = self._by_pattern"),
        ("    async def _by_pattern", "    def _by_pattern"),
        (
            "return [tuple(map(self._clean, parts)) for parts in await find_all(self.pattern, text)]",
            """matches = re.finditer(self.pattern, text, re.DOTALL)
        return [tuple(map(self._clean, match.groups(default="") or (match[0],))) for match in matches]""",
        ),
    ),
    f"{_BUILDERS}pipeline.specs": (
        ("from collections.abc import Mapping", "import re\nfrom collections.abc import Mapping"),
        ("from fms_dgt.core.text_pattern import group_count\n", ""),
        ("group_count(self.pattern)", "re.compile(self.pattern, re.DOTALL).groups"),
        ("except ValueError as error", "except re.error as error"),
        ("    Pick,\n", "    NotASeed,\n    Pick,\n"),
        ("    Spread,\n)", "    Spread,\n    normal,\n)"),
        ("import Check, Stage\n", "import Stage\n"),
        (
            """    validator: str = option("copies", nonempty=True, help="the block that says what a copy is")
""",
            "",
        ),
        (
            """        known = [seed[column] for seed in seeds if seed.get(column)]
        return Check(self.validator, on=self.on, name=name or f"not_a_seed_{self.on}", known=known)
""",
            """        known = frozenset(normal(seed[column]) for seed in seeds if seed.get(column))
        return NotASeed(self.on, known - {""}, name=name or f"not_a_seed_{self.on}")
""",
        ),
    ),
    # templates are filled in without keeping the event loop waiting
    f"{_BUILDERS}pipeline.steps": (
        ("import arender, names_in\n", "import names_in, render\n"),
        ("await arender(text, row)", "render(text, row)"),
        ("from dataclasses import dataclass\n", "from dataclasses import dataclass, field\n"),
        (
            "@dataclass(frozen=True)\nclass ChooseFlow",
            f"{_NOT_A_SEED}@dataclass(frozen=True)\nclass ChooseFlow",
        ),
    ),
    f"{_VALIDATORS}exact": (
        ("from fms_dgt.core.plain_words import normal\n", ""),
        ("import annotations\n\nfrom array", "import annotations\n\nimport unicodedata\nfrom array"),
        (_EXACT_COMPARED, _EXACT_NORMAL),
        ("digest(_compared(value))", "digest(normal(value))"),
    ),
    f"{_VALIDATORS}rouge": (
        (
            """from fms_dgt.core.expressions import Expressions, differ, expressions
""",
            """""",
        ),
        (
            """_NONE = Expressions()
""",
            """""",
        ),
        (
            """        # by position, of the few texts that have some
        self._expressions: dict[int, Expressions] = {}
""",
            """""",
        ),
        (
            """        if (arithmetic := expressions(text)).found:
            self._expressions[position] = arithmetic
""",
            """""",
        ),
        (
            """        text = as_text(value)
        words, arithmetic = tokens(unnumbered(text)), expressions(text)
""",
            """        words = tokens(unnumbered(as_text(value)))
""",
        ),
        (
            """            theirs = self._expressions.get(position, _NONE)
            if score >= self._limit and not differ(arithmetic, theirs, same_words=score == 1):
""",
            """            if score >= self._limit:
""",
        ),
        ("from fms_dgt.core.plain_words import unnumbered\n", ""),
        ("tokens(unnumbered(text))", "tokens(text)"),
        ("tokens(unnumbered(as_text(value)))", "tokens(as_text(value))"),
    ),
    # a task whose prompt has no words of its own has no check for copies of them
    f"{_BUILDERS}text_generation.builder": (
        (
            """from fms_dgt.core.overlap import RUN
""",
            """from fms_dgt.core.overlap import runs
""",
        ),
        (
            """        checked = columns if _has_words(task) else ()
""",
            "",
        ),
        ("for name in checked]", "for name in columns if _has_words(task)]"),
        (
            """    return any(len(words(piece)) >= RUN for piece in pieces)
""",
            """    return any(True for piece in pieces for _ in runs(words(piece)))
""",
        ),
        ("import Iterable, Iterator, Mapping, Sequence\n", "import Iterator, Mapping\n"),
        ("from fms_dgt.core.canonical import canonical\n", ""),
        ("from fms_dgt.core.fixed_text import fixed_pieces\n", ""),
        ("from fms_dgt.core.overlap import runs\n", ""),
        ("from fms_dgt.core.plain_words import normal, words\n", ""),
        ("import Check, Generate, Map,", "import Generate, Map,"),
        (
            """        made = _into(task)
        columns = [made] if isinstance(made, str) else made
        copies = [Check("copies", on=name, name=f"{name}_copies") for name in columns if _has_words(task)]
""",
            "",
        ),
        ("                into=made,\n", "                into=_into(task),\n"),
        ("            *copies,\n", ""),
        (_TEXT_HELPERS, ""),
        (_TEXT_RUN, ""),
    ),
    # patterns of paths are looked for within bounds
    f"{_BUILDERS}knowledge_sdg.origins": (
        ("from fms_dgt.safety.folders import matches, matching\n", ""),
        (
            "return matching(root / pattern) or",
            "return [Path(hit) for hit in sorted(glob.glob(str(root / pattern), recursive=True))] or",
        ),
        (
            "next(matches(path), None)",
            "next(glob.iglob(str(path), recursive=True), None)",
        ),
    ),
    # what an imported flow lacks is told, and changes nothing
    f"{_BUILDERS}pipeline.flow_file": (
        (
            """    missing: list[str] = option(
        default_factory=list, help="parts without a counterpart, of a flow that was imported"
    )
""",
            "",
        ),
        ("    missing: Sequence[str] = ()\n", ""),
        (", said.missing)", ")"),
    ),
    f"{_BUILDERS}pipeline.builder": (
        (
            '        missing = [f"not imported with the flow: {part}" for part in task.flow.missing]\n',
            "",
        ),
        (", *missing] if unread else missing", "] if unread else []"),
    ),
    f"{_BUILDERS}knowledge_sdg.stages": (
        (
            """from typing import Any, ClassVar, Self
""",
            """from typing import Any, Self
""",
        ),
        (
            """    shown: ClassVar[str] = "claim"

""",
            """""",
        ),
        (
            "evidence = {self.shown: row[self.shown],",
            'evidence = {"claim": row["claim"],',
        ),
        (
            """class ClaimsCheck(ClaimCheck):
""",
            """class ClaimsCheck(Check):
""",
        ),
        (
            """    shown: ClassVar[str] = "claims"
""",
            """    async def run(self, row: Row, kit: Kit) -> Outcome:
        verdict = await kit.measure(self, row)
        if not (self.keep or equal(1))(verdict.score):
            evidence = {"claims": row["claims"], "score": verdict.score, "reason": verdict.reason}
            raise Rejected(UNSUPPORTED, evidence)
        return row
""",
        ),
    ),
}


def texts_before(name: str, text: str) -> Iterator[str]:
    """A module's text less its edits, one after the other."""
    for now, before in EDITS.get(name, ()):
        text = text.replace(now, before)
        yield text

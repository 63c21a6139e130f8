"""Templates of strangers: whatever they calculate, they take bounded time and memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fms_dgt.core.template_text import LIMITS, TemplateText, compiled, examined
from fms_dgt.runner import dataset
from fms_dgt.runner.decide import Decision
from fms_dgt.runner.open_files import OpenFiles
from fms_dgt.safety.files import OutputFolder

TASK = """
task_name: t
task_description: Rows.
created_by: the tests
data_builder: pipeline
seed_examples: [{topic: tides}, {topic: winds}]
"""
PROMPT = TASK + "flow:\n  - generate: {prompt: '%s', into: answer}\n"
TEXT = TASK + "flow:\n  - text: {answer: '%s'}\n"

HOSTILE = {
    "a power": ("{{ 10**(10**9) }}", "took longer than 5 seconds"),
    "a long text": ('{{ "a" * 2000000000 }}', "took more than 512 MB of memory"),
    "a longer column": ("{{ topic * 300000000 }}", "took more than 512 MB of memory"),
    "loops in loops": (
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "took longer than 5 seconds",
    ),
    "loops over literals": (
        "{% for a in [0,0,0,0,0,0,0,0,0,0] %}" * 12 + "{% endfor %}" * 12,
        "took longer than 5 seconds",
    ),
    "a doubling of lists": (
        "{% set a = [topic] %}{% set b = [topic] %}"
        + "{% set a = [a, a] %}{% set b = [b, b] %}" * 40
        + "{{ a == b }}",
        "took longer than 5 seconds",
    ),
    "a wide filter": ('{{ "a" | center(2000000000) }}', "took more than 512 MB of memory"),
    "a format": ('{{ "%2000000000d" % 1 }}', "took more than 512 MB of memory"),
    "a doubling": (
        "{% set x = topic %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}",
        "took more than 512 MB of memory",
    ),
    "a text over the limit": ("{{ topic * 5000000 }}", "made more than 16 MB of text"),
    "a power in a block": (
        "{% autoescape 10**(10**9) %}{{ topic }}{% endautoescape %}",
        "took longer than 5 seconds",
    ),
}


def run(folder, *argv: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process that may take 3 GB and two minutes."""
    return subprocess.run(
        [sys.executable, "-m", "fms_dgt", "--task-paths", "task.yaml", "--config-path", "offline", *argv],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000, 3_000_000_000)),
    )


@pytest.mark.parametrize(("template", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_check_says_which_limit_a_prompt_is_over(tmp_path, template, message) -> None:
    (tmp_path / "task.yaml").write_text(PROMPT % template)
    result = run(tmp_path, "--check")
    assert result.returncode == 2
    assert f"cannot be filled in: {message} (with the first row)" in result.stderr


def test_a_row_whose_text_takes_too_long_is_rejected(tmp_path) -> None:
    text = '{% if topic == "winds" %}{{ (topic | length) ** (10**9) }}{% endif %}a'
    (tmp_path / "task.yaml").write_text(TEXT % text)
    result = run(tmp_path, "--quiet")
    assert result.returncode == 1, result.stderr
    assert "the stage 'text_answer': TemplateOverLimit: took longer than 5 seconds" in result.stderr
    (record,) = (tmp_path / "output/t/data.jsonl").read_text().splitlines()
    assert json.loads(record)["answer"] == "a"
    assert "took longer than 5 seconds" in (tmp_path / "output/t/rejected.jsonl").read_text()


def test_a_format_of_records_that_takes_too_long_costs_its_lines_alone(tmp_path) -> None:
    formats = "instruction_format: {x: '{{ 10**(10**9) }}'}\nsave_formatted_output: true\n"
    (tmp_path / "task.yaml").write_text(TEXT % "{{ topic }}" + formats)
    result = run(tmp_path, "--json")
    assert "2 records have no formatted line; the first: TemplateOverLimit: took longer" in result.stdout
    assert len((tmp_path / "output/t/data.jsonl").read_text().splitlines()) == 2
    assert not (tmp_path / "output/t/formatted.jsonl").read_text()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "is nested too deeply"),
        ("{{ " + "9" * 20_000 + " }}", "Exceeds the limit (4300 digits)"),
        ("{# " + "a" * 5_000_000 + " #}", "has more than 4 MB"),
    ],
)
def test_a_text_that_cannot_be_parsed(text, fault) -> None:
    assert examined(text).fault.startswith(fault)


# --- what is filled in without a worker ---------------------------------------------------------------

PLAIN = [
    "{{ topic }}",
    "{% for e in examples %}Q: {{ e.q | trim }}\nA: {{ e.a }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for k, v in table.items() %}{{ loop.index ~ '. ' ~ k }}: {{ v }}{% endfor %}",
    "{% for e in examples %}{% for p in e.parts %}{{ p }}{% endfor %}{% endfor %}",
    "{{ names | join(', ') }} {{ names | length }} {{ topic | default('none') | upper }}",
    "{% if topic in ['a', 'b'] and count > 1 %}{{ topic[0] }}{% else %}{{ table | tojson }}{% endif %}",
    "{% for i in range(count) %}{{ examples[i].q }}{% endfor %}",
    "{% set first = examples[0] %}{{ first.q }}{{ topic.strip().lower() }}{{ examples | map(attribute='q') | list }}",
]
# loops are bounded by a clock in this process: what goes round too often is begun anew in the worker
ROUNDS = [
    HOSTILE["loops in loops"][0],
    HOSTILE["loops over literals"][0],
    "{% for a in names.zz | default(big) %}{% for b in big %}{% for c in big %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in big %}{% for b in big %}{% if a != big != (big | list) %}{% endif %}{% endfor %}{% endfor %}",
    "{% for a in big %}{% for b in big %}{% set c = big | string | upper %}{% endfor %}{% endfor %}",
]
SAFE_IN_LOOPS = [
    "{% for a in names %}{% for b in names %}{{ a }}{% endfor %}{% endfor %}",
    "{% for a in names %}{{ topic | trim }}{% endfor %}",
    "{% for e in examples if e.kind == 'a' and e.q %}{{ e.q }}{% endfor %}",
    "{% for e in examples if e.kind in ['a', 'b'] %}{{ e.q }}{% endfor %}",
]
DOUBTFUL = [
    *(text for kind, (text, _) in HOSTILE.items() if not kind.startswith("loops")),
    # texts that one call makes
    "{{ topic | tojson | tojson }}",
    "{% set x = topic | tojson %}{{ x | tojson }}",
    "{{ table | tojson(indent=16) }}",
    "{{ topic | replace('a', topic) }}",
    "{{ topic | replace('', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') }}",
    "{{ topic | indent(1000000) }}",
    "{{ topic | indent(topic) }}",
    "{{ topic | center(99) }}",
    "{{ topic | wordwrap(1) }}",
    "{{ topic | wordwrap(9, true, topic) }}",
    "{{ names | batch(1000000000, topic) | list }}",
    "{{ names | slice(1000000000) | list }}",
    "{{ '%1000000000s' | format(topic) }}",
    "{{ '%*s' | format(count, topic) }}",
    "{{ '{:>1000000000}'.format(topic) }}",
    "{{ '{:>1000000000}'.format_map(table) }}",
    "{{ topic.ljust(10 ** 9) }}",
    "{{ topic.ljust(1000000000) }}",
    "{{ topic.zfill(1000000000) }}",
    "{{ topic.center(1000000000) }}",
    "{{ topic.expandtabs(1000000000) }}",
    "{{ topic.replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') }}",
    "{{ topic.translate(table) }}",
    "{{ topic.join(names) }}",
    "{{ count.to_bytes(1000000000) }}",
    "{{ 5 | round(-1000000000) }}",
    "{{ names | map('center', 1000000000) | list }}",
    "{{ names | map('replace', 'a', topic) | list }}",
    "{{ names | join(topic) }}",
    "{{ names | sum(start=names) }}",
    "{{ range(100000) | list }}",
    "{{ range(100000) | join('aaaaaaaaaaaaaaaa') }}",
    "{% for a in names | map('join', topic) %}{% endfor %}",
    "{{ lipsum(n=1000000) }}",
    "{{ names | list | string | list | string | list | string }}",
    "{{ topic | list ~ '' }}{% set x = topic | list ~ '' %}{% set x = x | list ~ '' %}{% set x = x | list ~ '' %}",
    "{{ (topic | safe + topic | e) + topic | e }}",
    # values that hold the same one many times, or variables that add up
    "{% set a = [topic, topic] %}" + "{% set a = [a, a] %}" * 30 + "{{ a }}",
    "{% set a = (topic, topic) %}" + "{% set a = (a, a) %}" * 30 + "{% if a == a %}{% endif %}",
    "{% set a = {1: topic, 2: topic} %}" + "{% set a = {1: a, 2: a} %}" * 30 + "{{ a }}",
    "{% set a = names + names %}" + "{% set a = a + a %}" * 30 + "{{ a }}",
    "{{ "
    + "[" * 40
    + "topic, topic"
    + "]" * 40
    + " }}{% set a = [topic, [topic, [topic, topic]]] %}{{ [a, a, a] }}",
    "{% for a in [[topic, topic], [topic, topic]] %}{% for b in [a, a] %}{% for c in [b, b] %}{{ c }}{% endfor %}{% endfor %}{% endfor %}",
    "".join(f"{{% set a{i} = topic | upper %}}" for i in range(1000)),
    "{% if topic.upper() == 'a' " + "or topic.upper() == 'a' " * 1000 + "%}{% endif %}",
    "{% if topic %}" + "{% elif topic.upper() == 'a' %}" * 1000 + "{% endif %}",
    "{% for a in names if topic.upper() == a %}{% endfor %}",
    "{% for a in names if topic in names %}{% endfor %}",
    "{% for a in names if names != topic %}{% endfor %}",
    "{% for a in names if 'a' in names %}{% endfor %}",
    # accumulators and calls
    "{% set n = namespace(x=topic) %}{% for a in names %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "{% set c = cycler(topic, topic) %}{{ c.next() }}",
    "{{ joiner(topic)() }}",
    "{{ dict(a=topic, b=topic) }}",
    "{% for a in names %}{{ loop.cycle(topic, topic) }}{% endfor %}",
    "{% for a in names %}{{ loop.changed(topic) }}{% endfor %}",
    "{% set a %}{{ topic }}{% endset %}",
    "{% filter upper %}{{ topic }}{% endfilter %}",
    "{% with a = topic %}{{ a }}{% endwith %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ n() }}{{ n() }}{% endmacro %}{% macro n() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}{% call m() %}{{ topic }}{% endcall %}",
    "{% for a in tree recursive %}{{ loop(a.below) }}{% endfor %}",
    "{% block a %}{{ self.a() }}{% endblock %}",
    "{% block upper %}{{ self.upper() }}{% endblock %}",
    "{% include topic %}",
    "{% import topic as x %}{{ x.a }}",
    "{% from topic import x %}{{ x() }}",
    "{% extends topic %}",
]


@pytest.mark.parametrize("text", [*PLAIN, *SAFE_IN_LOOPS])
def test_usual_templates_need_no_worker(text) -> None:
    assert examined(text).bounded


@pytest.mark.parametrize("text", DOUBTFUL)
def test_what_is_not_sure_to_be_cheap_goes_to_the_worker(text) -> None:
    assert not examined(text).bounded


@pytest.mark.parametrize("text", [*PLAIN, "{{ 2 * count }}|{{ pair }}|{{ table }}|{{ topic.upper() * 2 }}"])
def test_the_worker_writes_what_this_process_would(text) -> None:
    values = {
        "topic": "tides \ud83c é",
        "count": 2,
        "names": ["a", "b"],
        "examples": [{"q": " one ", "a": 1.5, "parts": ["x"]}, {"q": "two", "a": None, "parts": []}],
        "table": {"k": "<v>", "n": [1]},
        "pair": (1, "a"),
    }
    # a calculation makes it a text for the worker
    elsewhere = TemplateText(text + "{{ 1 * 1 }}").render(values)
    assert elsewhere == compiled(text, plain=False).render(values) + "1"


NAMES = ("topic", "names", "examples", "table", "e", "p", "loop")
_expression = st.recursive(
    st.sampled_from([*NAMES, "'ab'", "3", "1000000", "e.parts", "e.q", "p.x", "loop.index", "table.k"]),
    lambda inner: st.one_of(
        st.tuples(
            inner,
            st.sampled_from(
                "upper trim tojson e list string length first join(',') join(topic) replace('a','bcd') sort"
                " indent(4) indent(99) center(999) batch(3) default('x') map('upper') wordcount".split()
            ),
        ).map(lambda pair: f"{pair[0]}|{pair[1]}"),
        st.tuples(inner, st.sampled_from(["~", "+", "*", "**", "%", "==", "in", "and"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        inner.map(lambda text: f"{text}.strip()"),
    ),
    max_leaves=4,
)
_body = st.recursive(
    st.one_of(st.just("t"), _expression.map(lambda text: f"{{{{ {text} }}}}")),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["e", "p"]), _expression, inner).map(
            lambda parts: f"{{% for {parts[0]} in {parts[1]} %}}{parts[2]}{{% endfor %}}"
        ),
        st.tuples(_expression, inner).map(lambda parts: f"{{% if {parts[0]} %}}{parts[1]}{{% endif %}}"),
        st.tuples(st.sampled_from(["e", "p", "x"]), _expression).map(
            lambda parts: f"{{% set {parts[0]} = {parts[1]} %}}"
        ),
        st.lists(inner, min_size=2, max_size=3).map("".join),
    ),
    max_leaves=6,
)


class Counted(str):
    """Text that counts the work done on it since the last statement, in characters."""

    work = 0

    def strip(self, *given):  # type: ignore[no-untyped-def]
        Counted.work += len(self)
        return super().strip(*given)

    def upper(self):  # type: ignore[no-untyped-def]
        Counted.work += len(self)
        return super().upper()

    def __str__(self) -> str:
        Counted.work += len(self)
        return super().__str__()


@settings(max_examples=1000)
@given(_body)
def test_statements_that_are_admitted_work_and_write_in_proportion(text) -> None:
    if not examined(text).bounded:
        return
    size = 200
    long = Counted("a" * size)
    parts = [Counted("b" * size) for _ in range(size // 10)]
    values = {
        "topic": long,
        "names": parts,
        "examples": [{"q": part, "parts": parts[:3], "x": part} for part in parts],
        "table": {"k": long, "n": parts},
    }
    total = 4 * size * size
    Counted.work = 0
    try:
        for at, piece in enumerate(
            compiled(text, plain=False, ticks=True).root_render_func(
                compiled(text, plain=False, ticks=True).new_context(values)
            )
        ):
            # one piece, whatever it is made of, is a small multiple of all there is
            assert len(piece) <= 100 * total
            assert Counted.work <= 20 * total
            Counted.work = 0
            if at > 10_000:
                break
    except Exception as error:
        assert not isinstance(error, AssertionError | MemoryError)


@pytest.mark.parametrize("text", ROUNDS)
def test_loops_that_go_round_too_often_are_given_up_here(text) -> None:
    template = TemplateText(text)
    assert examined(text).bounded
    assert template._rendered_here({"names": {}, "big": ["a"] * 4000}) is None


@pytest.mark.parametrize(
    "text", [*PLAIN, *SAFE_IN_LOOPS, "{% if topic %}\n a\n{% else %}\nb\n{% endif %}\n  c\n"]
)
@pytest.mark.parametrize("plain", [True, False])
def test_ticks_change_no_text(text, plain) -> None:
    values = {
        "topic": " tides",
        "count": 2,
        "names": ["a", "b"],
        "examples": [
            {"q": "1", "a": 1.5, "kind": "a", "parts": ["x"]},
            {"q": "2", "a": 3, "kind": "c", "parts": []},
        ],
        "table": {"k": "<v>"},
    }
    ticking = compiled(text, plain=plain, ticks=True).render(values)
    assert ticking == compiled(text, plain=plain).render(values)


def test_what_a_loop_repeats_is_cut_off() -> None:
    with pytest.raises(ValueError, match="made more than 16 MB of text"):
        TemplateText("{% for a in names %}{{ topic }}{% endfor %}").render(
            {"names": list(range(10_000)), "topic": "a" * (LIMITS.output // 1000)}
        )


def test_a_format_that_holds_up_the_run_is_given_up(tmp_path, monkeypatch) -> None:
    # every rendering is over what all may take together
    monkeypatch.setattr(dataset, "_USUAL_SECONDS", 0.0)
    monkeypatch.setattr(dataset, "_MORE_SECONDS", 0.0)
    written = dataset.Dataset(
        OutputFolder(tmp_path), {"x": "{{ 1 * count }}"}, OpenFiles(8), keep_places=False
    )
    written.add(Decision(records=[{"count": 1}, {"count": 2}, {"count": 3}]))
    written.publish()
    written.close()
    assert (tmp_path / "formatted.jsonl").read_text() == '{"x": "1"}\n'
    assert written.unformatted == 2
    assert "takes too long" in written.format_error

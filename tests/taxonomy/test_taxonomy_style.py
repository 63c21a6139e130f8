from __future__ import annotations

import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qna_samples import STYLE, written, skill
from yamllint import linter
from yamllint.config import YamlLintConfig

from fms_dgt.core.yaml_file import parse_yaml
from fms_dgt.taxonomy import CheckOptions, check_file, find_spots
from fms_dgt.taxonomy import style as style_module
from fms_dgt.taxonomy.mend import fixed
from fms_dgt.taxonomy.style import CONFIG, style_findings
from fms_dgt.taxonomy.tidy import is_tidy
from fms_dgt.taxonomy.write import as_yaml
from fms_dgt.errors import InputError

# what is there -> what --fix makes of it
FIXES = {
    "spaces at the end": ("a: 1 \nb: 2\t\n", "a: 1\nb: 2\n"),
    "comments stay": ("# one \na: 1  # two \n", "# one\na: 1  # two\n"),
    "line ends": ("a: 1\r\nb: |\r\n  x\r\n", "a: 1\nb: |\n  x\n"),
    "no line break at the end": ("a: 1", "a: 1\n"),
    "nor after a text": ("a: |\n  x", "a: |-\n  x\n"),
    "nor after a folded text": ("a: >  # c\n  x", "a: >-  # c\n  x\n"),
    "nor after a text with its own indentation": ("a: |2+\n  x", "a: |2-\n  x\n"),
    "nor after a text that is stripped": ("a: |-\n  x", "a: |-\n  x\n"),
    "nor after a text of a list": ("a:\n  - b: |\n      x", "a:\n  - b: |-\n      x\n"),
    "nor after letters of other alphabets": ("ä: ü\na: |\n  \U0001d11e x", "ä: ü\na: |-\n  \U0001d11e x\n"),
    "blank lines": ("\n\na: 1\n\n\n\n\nb: 2\n\n\n", "a: 1\n\n\nb: 2\n"),
    "blank lines with spaces in them": ("a: 1\n  \n  \n  \nb: 2\n  \n", "a: 1\n\n\nb: 2\n"),
    "blank lines after a text": ("a: |\n  x\n\n\n", "a: |\n  x\n"),
    "blank lines of a text": ("a: |\n  x\n  \n \n  y\n", "a: |\n  x\n\n\n  y\n"),
    "a folded quote": ("a: 'x \n  y'\n", "a: 'x\n  y'\n"),
    "several, all but one": ("a: 1 \nb: |\n  x \n", "a: 1\nb: |\n  x \n"),
}
KEPT = {
    "spaces in a text": "a: |\n  x  \n  y\n",
    "spaces in a folded text": "a: >\n  x  \n  y\n",
    "a blank line of a text that has more spaces": "a: |\n  x\n    \n  y\n",
    "blank lines of a text that keeps them": "a: |+\n  x\n\n\n",
    "many blank lines of a text": "a: |\n  x\n\n\n\n\n  y\n",
    "an escaped space": 'a: "x\\ \n  y"\n',
    "what cannot be read": "a: [1 \n",
    "tidy": "a: 1\n\n\n# c\nb: 2\n",
    "other style": "a:   1\nb:\n      c: [ 1,2 ]\n",
}


@pytest.mark.parametrize(("text", "mended"), FIXES.values(), ids=FIXES)
def test_what_is_only_style_is_mended(text, mended):
    assert fixed(text) == mended


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_is_more_than_style_stays(text):
    assert fixed(text) == text


PARTS = st.sampled_from(
    ["a: 1", "b: |", "c: >-", "  x", "    y", " ", "  ", "", "\t", "- d", "  - e: f", "g:", "'h", "i'", "# j"]
)


@settings(max_examples=400)
@given(st.lists(PARTS, max_size=9), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_mending_changes_nothing_that_is_said(parts, ended, line_end):
    text = line_end.join(parts) + line_end * ended
    mended = fixed(text)
    assert fixed(mended) == mended
    try:
        said = parse_yaml(text, "").plain()
    except InputError:
        return
    assert parse_yaml(mended, "").plain() == said


def lint(text: str) -> list[str]:
    found = linter.run(text, YamlLintConfig(CONFIG))
    return [problem.rule for problem in found if problem.rule and problem.rule != "key-duplicates"]


def data(depth: int):
    scalar = st.sampled_from(["x", "x\ny\n", "", "1", "a: b", "é", "x \ny", " z"])
    if not depth:
        return scalar
    inner = data(depth - 1)
    return st.one_of(
        scalar,
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.sampled_from("abcd"), inner, min_size=1, max_size=3),
    )


@settings(max_examples=400)
@given(
    st.dictionaries(st.sampled_from("abcd"), data(3), min_size=1),
    st.lists(st.tuples(st.integers(0, 400), PARTS), max_size=2),
)
def test_the_short_cut_agrees_with_yamllint(said, marks):
    text = as_yaml(said)
    for at, mark in marks:
        text = text[: at % len(text)] + mark + text[at % len(text) :]
    try:
        parse_yaml(text, "")
    except InputError:
        return
    assert not (is_tidy(text) and lint(text))


def test_the_short_cut_is_taken():
    assert is_tidy(written(skill()))
    assert is_tidy(as_yaml({"a": [{"b": "c\nd", "e": ["f"]}], "g": {"h": "i"}}))


@pytest.mark.parametrize("case", STYLE[:5], ids=lambda case: case.name)
def test_without_yamllint_what_can_be_mended_is_found_all_the_same(case, monkeypatch):
    monkeypatch.setattr(style_module, "is_installed", lambda: False)
    (finding,) = style_findings(case.text, "f", "warning")
    assert case.says.removeprefix("qna.yaml:2: ") in f"{finding.what}; {finding.mend}"


def test_fix_writes_the_file_and_keeps_its_mode_and_its_mark(taxonomy):
    text = written(skill())
    root = taxonomy(
        {"compositional_skills/a": b"\xef\xbb\xbf" + text.replace("someone", "someone  # me ").encode()}
    )
    file = root / "compositional_skills/a/qna.yaml"
    file.chmod(0o640)
    (spot,) = find_spots(root)
    report = check_file(spot, CheckOptions(fix=True))
    assert (report.fixed, report.findings) == (True, ())
    assert file.read_bytes() == b"\xef\xbb\xbf" + text.replace("someone", "someone  # me").encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(path.name for path in file.parent.iterdir()) == ["attribution.txt", "qna.yaml"]


def test_fix_leaves_tidy_files_alone(taxonomy):
    root = taxonomy({"compositional_skills/a": skill(), "compositional_skills/b": "a: [1 \n"})
    before = [spot.file.stat().st_mtime_ns for spot in find_spots(root)]
    reports = [check_file(spot, CheckOptions(fix=True)) for spot in find_spots(root)]
    assert [report.fixed for report in reports] == [False, False]
    assert [spot.file.stat().st_mtime_ns for spot in find_spots(root)] == before


def test_fix_follows_a_link(taxonomy):
    root = taxonomy({"compositional_skills/a": f"{written(skill())}\n"})
    link = root / "compositional_skills/b/qna.yaml"
    link.parent.mkdir()
    link.symlink_to("../a/qna.yaml")
    (spot,) = find_spots(link)
    assert check_file(spot, CheckOptions(fix=True)).fixed
    assert link.is_symlink()
    assert (root / "compositional_skills/a/qna.yaml").read_text() == written(skill())


def test_what_cannot_be_written_is_said(taxonomy, monkeypatch):
    root = taxonomy({"compositional_skills/a": f"{written(skill())}\n"})

    def refuse(*args, **settings):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    (spot,) = find_spots(root)
    report = check_file(spot, CheckOptions(fix=True))
    assert [str(one.problem) for one in report.errors] == [
        "compositional_skills/a/qna.yaml: cannot be fixed: Permission denied; check its permissions"
    ]
    assert (report.fixed, spot.file.read_text()) == (False, f"{written(skill())}\n")


def test_lines_are_those_of_the_mended_file(taxonomy):
    text = "\n\n\n" + written(skill()).replace("version: 3", "version: 3\nx: 1")
    (spot,) = find_spots(taxonomy({"compositional_skills/a": text}))
    assert [one.line for one in check_file(spot, CheckOptions(fix=True)).findings] == [2]

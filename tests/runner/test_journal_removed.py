"""The journal removed or replaced in mid-run: the run stops, and nothing that was paid for is lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from fms_dgt.errors import UserError
from tampering import ROWS, Rows

AT = "if 'number 30.' in prompt:\n    path = OUT / 'journal.sqlite'\n    "
CONCURRENCY = 4


@pytest.mark.parametrize(
    "deed",
    ["path.unlink()", "[p.unlink() for p in OUT.glob('journal.sqlite*')]"],
    ids=["the file", "with all that belongs to it"],
)
def test_a_journal_that_is_removed_is_put_back(tmp_path: Path, deed: str) -> None:
    rows = Rows(tmp_path, AT + deed)
    with pytest.raises(UserError, match=r"journal\.sqlite: was removed .* it is put back with every answer"):
        rows.run(max_concurrency=CONCURRENCY)
    assert len(rows.asked) < ROWS
    assert rows.journal.stat().st_mode & 0o777 == 0o600
    rows.does("pass")
    outcome = rows.run()
    assert [record["number"] for record in outcome.records] == list(range(ROWS))
    assert set(Counter(rows.asked).values()) == {1}


def test_a_journal_that_is_replaced_stops_the_run_and_stays(tmp_path: Path) -> None:
    rows = Rows(
        tmp_path, AT + "path.with_name('x').write_text('mine'); os.replace(path.with_name('x'), path)"
    )
    with pytest.raises(UserError, match=r"journal\.sqlite: was replaced .* put it back to continue"):
        rows.run(max_concurrency=CONCURRENCY)
    assert len(rows.asked) < ROWS
    assert rows.journal.read_text() == "mine"


def test_a_journal_that_is_removed_while_nothing_comes_in_is_noticed(tmp_path: Path) -> None:
    """No answer is on its way to the disk, yet no further call begins."""
    rows = Rows(
        tmp_path,
        "import time\nif 'number 5.' in prompt:\n    (OUT / 'journal.sqlite').unlink(); time.sleep(1.5)",
    )
    with pytest.raises(UserError, match=r"journal\.sqlite: was removed"):
        rows.run(max_concurrency=1)
    assert len(rows.asked) <= 7


def test_a_folder_that_is_removed_stops_the_run(tmp_path: Path) -> None:
    rows = Rows(tmp_path, "if 'number 30.' in prompt:\n    shutil.rmtree(OUT)")
    with pytest.raises(UserError, match=r"was removed "):
        rows.run(max_concurrency=CONCURRENCY)
    assert len(rows.asked) < ROWS

"""What is put into the cache appears whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fms_dgt.errors import SetupError
from fms_dgt.safety.cache import put_file


def test_a_file_is_there_and_nothing_beside_it(tmp_path):
    put_file(tmp_path / "a" / "b", b"text")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    assert (tmp_path / "a" / "b").read_bytes() == b"text"


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch, fails):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if fails == "fsync" else (Path, "replace")), full)
    with pytest.raises(SetupError, match="No space left on device"):
        put_file(tmp_path / "b", b"text")
    assert list(tmp_path.iterdir()) == []

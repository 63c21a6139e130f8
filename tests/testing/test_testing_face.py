from __future__ import annotations

import subprocess
import sys

import pytest

import fms_dgt.testing


def test_every_public_name_is_there():
    assert fms_dgt.testing.__all__ == sorted(fms_dgt.testing.__all__)
    assert fms_dgt.testing.__all__ == dir(fms_dgt.testing)
    for name in fms_dgt.testing.__all__:
        assert getattr(fms_dgt.testing, name).__name__ == name


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = fms_dgt.testing.Nothing


def test_contracts_need_no_web_server():
    code = "import sys; from fms_dgt.testing import GeneratorContract; print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

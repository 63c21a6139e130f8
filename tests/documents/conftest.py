"""Servers of these tests are on this machine, which documents of tasks may not reach."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fms_dgt.safety.permissions import Permissions, under


@pytest.fixture(autouse=True)
def allowed_hosts() -> Iterator[None]:
    with under(Permissions(hosts=frozenset({"127.0.0.1", "localhost"}))):
        yield

"""A toy hook that raises."""

from fms_dgt import hookimpl


@hookimpl
def record_kept(event):
    raise RuntimeError("butterfingers")

"""The stand-in model server by its program's name: `python -m fms_dgt.testing.server --help`."""

from __future__ import annotations

import sys

from fms_dgt.testing.model_server import ModelServer, main

__all__ = ["ModelServer", "main"]

if __name__ == "__main__":
    sys.exit(main())

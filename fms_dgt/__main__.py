"""`python -m fms_dgt`."""

from __future__ import annotations

import sys

from fms_dgt.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

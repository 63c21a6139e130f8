"""A process that checks files for another one: `python -P -m fms_dgt.taxonomy.worker`.

It says that it is ready, then reads batches of files and options from its input and writes their reports to
its output. It ends when its input does.
"""

from __future__ import annotations

import os
import sys
from typing import Final

from fms_dgt.safety.pipe import receive, send
from fms_dgt.taxonomy.check import check_file

READY: Final = "ready"


def main() -> None:
    """Check what comes until nothing does."""
    with os.fdopen(os.dup(1), "wb") as output:
        # what a library prints must not come between the reports
        os.dup2(2, 1)
        send(output, READY)
        while True:
            try:
                spots, options = receive(sys.stdin.buffer)
            except EOFError:
                return
            send(output, [check_file(spot, options) for spot in spots])


if __name__ == "__main__":
    main()

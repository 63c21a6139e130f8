"""Where the command `fms_dgt`, and `python -m fms_dgt`, begin.

Ctrl-C has to be handled, and the working folder to be off the import path, before anything else is imported.
"""

import sys


def main() -> int:
    """Run the command line and give its exit code."""
    from fms_dgt.cli.interrupts import (  # noqa: PLC0415 (the path comes first)
        INTERRUPTED,
        Interrupts,
        bound_threads,
        finish,
    )

    interrupts = Interrupts()
    interrupts.catch()
    code = INTERRUPTED
    try:
        interrupts.unwinding = True
        from fms_dgt.cli.main import main as run_command  # noqa: PLC0415

        code = run_command()
        interrupts.unwinding = False
    except KeyboardInterrupt:
        pass
    if interrupts.came or code == INTERRUPTED:
        finish()
    bound_threads(code)
    return code


def leave_working_folder() -> None:
    """Take the working folder off the import path, where `python -m` has put it: it may be a stranger's."""
    if not sys.flags.safe_path:
        del sys.path[0]


if __name__ == "__main__":
    leave_working_folder()
    sys.exit(main())

"""`python -m fms_dgt.research`: an older spelling of `python -m fms_dgt`."""

import sys

from fms_dgt.__main__ import leave_working_folder, main

if __name__ == "__main__":
    leave_working_folder()
    sys.exit(main())

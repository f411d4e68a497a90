"""Without the right to write what may not be written, which root has and ivrd's user has not.

The environment's IVRD_PROGRAM names the module that is then run as ivrd.
"""

from __future__ import annotations

import os
import sys

PROGRAM = "IVRD_PROGRAM"
SETPRIV = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")

if __name__ == "__main__":
    ivrd = [sys.executable, "-m", os.environ.get(PROGRAM, "ivrd.cli"), *sys.argv[1:]]
    argv = [*SETPRIV, *ivrd] if os.geteuid() == 0 else ivrd
    os.execvp(argv[0], argv)

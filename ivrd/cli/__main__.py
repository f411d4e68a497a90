"""`python -m ivrd.cli` is the command `ivrd`."""

import sys

from ivrd.cli.main import main

sys.exit(main())

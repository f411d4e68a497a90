"""ivrd with one defence taken away, for the controls: each module here is run as ivrd.

A module puts something else in the place of one part of ivrd; its docstring says what is missing
then.
"""

from __future__ import annotations

import sys

from ivrd.cli import main


def replace(owner: object, name: str, by: object) -> None:
    """Put `by` in the place of a part of ivrd.  Raises AttributeError when there is no such part:
    a control must not go on with nothing taken away."""
    getattr(owner, name)
    setattr(owner, name, by)


def run() -> None:
    """Run the command `ivrd`, and end."""
    sys.exit(main.main())

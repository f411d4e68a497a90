"""Without the news that a call is cut off: all that comes is that its channel hung up."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.asterisk import translate as t
from ivrd.calls.tracker import CallTracker


def ignored(_tracker: CallTracker, _fact: t.CallCut) -> None:
    """Nothing follows from it."""


if __name__ == "__main__":
    replace(CallTracker, "_cut", ignored)
    run()

"""Without the news that a call is cut off: all that comes is that its channel hung up."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.calls.tracker import CallTracker
from ivrd.core.call_events import End, HungUp

_ended = CallTracker._ended


def hung_up_only(tracker: CallTracker, call_id: str, why: str, event: End) -> None:
    """Nothing follows from it."""
    if isinstance(event, HungUp):
        _ended(tracker, call_id, why, event)


if __name__ == "__main__":
    replace(CallTracker, "_ended", hung_up_only)
    run()

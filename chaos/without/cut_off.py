"""Without the news that a call is cut off: all that comes is that its channel hung up."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.calls.fact_handler import FactHandler
from ivrd.core.call_events import End, HungUp

_ended = FactHandler._ended


def hung_up_only(handler: FactHandler, call_id: str, why: str, event: End) -> None:
    """Nothing follows from it."""
    if isinstance(event, HungUp):
        _ended(handler, call_id, why, event)


if __name__ == "__main__":
    replace(FactHandler, "_ended", hung_up_only)
    run()

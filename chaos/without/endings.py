"""Without an end of sessions: what is pending for a caller who is gone never fails."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.asterisk.async_agi import Session


def end(_session: Session, _why: str) -> None:
    """Tells nobody, and stops nothing."""


if __name__ == "__main__":
    replace(Session, "end", end)
    run()

"""Without a last resort: where all seats rest, nobody is rung."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.asterisk import queue_members


def nobody(*_facts: object) -> set[str]:
    """Names no seat."""
    return set()


if __name__ == "__main__":
    replace(queue_members, "seats_of_last_resort", nobody)
    run()

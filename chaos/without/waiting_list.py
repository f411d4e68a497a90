"""Without a list of what waits: what is decided while the store is down is dropped."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.store import WriteBehind

went = WriteBehind._went


def and_drop(keeper: WriteBehind, why: str) -> None:
    """Reports the store as gone, and keeps nothing for it."""
    went(keeper, why)
    waiting = keeper._pending
    waiting.written(waiting.batch(len(waiting)))


if __name__ == "__main__":
    replace(WriteBehind, "_went", and_drop)
    run()

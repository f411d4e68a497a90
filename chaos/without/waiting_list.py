"""Without a list of what waits: what is decided while the store is down is dropped."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.store import WriteBehind

went = WriteBehind._went


def and_drop(write_behind: WriteBehind, why: str) -> None:
    """Reports the store as gone, and keeps nothing for it."""
    went(write_behind, why)
    waiting = write_behind._pending
    waiting.written(waiting.batch(len(waiting)))


if __name__ == "__main__":
    replace(WriteBehind, "_went", and_drop)
    run()

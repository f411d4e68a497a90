"""Without a list of what waits: what is decided while the store is down is dropped."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.store import WriteBehind

failed = WriteBehind._failed


def and_drop(write_behind: WriteBehind, why: str) -> None:
    """Reports the store as gone, and keeps nothing for it."""
    failed(write_behind, why)
    waiting = write_behind._pending
    waiting.written(waiting.batch(len(waiting)))


if __name__ == "__main__":
    replace(WriteBehind, "_failed", and_drop)
    run()

"""Without a second try: what the store does not take at once is gone."""

from __future__ import annotations

from collections.abc import Callable

from chaos.without import replace, run
from ivrd.store.write_behind import BATCH, WriteBehind

write = WriteBehind._write


async def write_once(write_behind: WriteBehind, recovered: Callable[[], None]) -> None:
    """Write one batch, or lose it."""
    changes = write_behind._pending.batch(BATCH)
    await write(write_behind, recovered)
    write_behind._pending.written(changes)


if __name__ == "__main__":
    replace(WriteBehind, "_write", write_once)
    run()

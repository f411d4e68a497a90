"""Without a second try: what the store does not take at once is gone."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.store.write_behind import BATCH, Keeper

write = Keeper._write


async def write_once(keeper: Keeper) -> None:
    """Write one batch, or lose it."""
    changes = keeper._pending.batch(BATCH)
    await write(keeper)
    keeper._pending.written(changes)


if __name__ == "__main__":
    replace(Keeper, "_write", write_once)
    run()

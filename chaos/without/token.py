"""Without Asterisk's token: who leads goes on until Redis forbids it."""

from __future__ import annotations

from math import inf

from chaos.without import replace, run
from ivrd.ha.election import Election


async def position(leading: Election) -> None:
    """Keeps the lease, and asks nobody else."""
    leading._guard.allow(inf)
    await leading._keep_lease()


if __name__ == "__main__":
    replace(Election, "_stay", position)
    run()

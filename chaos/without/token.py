"""Without the leader token in Asterisk: the leader goes on until Redis forbids it."""

from __future__ import annotations

from math import inf

from chaos.without import replace, run
from ivrd.ha.election import Election
from ivrd.store import Lease


async def stay(election: Election, lease: Lease) -> None:
    """Keeps the lease, and asks nobody else."""
    election._guard.allow(inf)
    election._keep_lease(lease)


if __name__ == "__main__":
    replace(Election, "_stay", stay)
    run()

"""Without writing again: what a store had before it was away counts as kept."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.ha.failover import Failover
from ivrd.store.pending import RecentWrites

if __name__ == "__main__":
    replace(RecentWrites, "changes", lambda _recent: [])
    replace(Failover, "_write_all", lambda _continuity: None)
    run()

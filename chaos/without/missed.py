"""Without an end for calls that Asterisk no longer has: nobody said that they ended."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.without import replace, run
from ivrd.core.ledger import Ledger
from ivrd.core.queue_log_replay import EntryType, QueueLogEntry, QueueLogReplay, ReplayedCall

take = QueueLogReplay.take


def missing(_ledger: Ledger, _present: Iterable[str]) -> list[str]:
    """None is."""
    return []


def without_restarts(
    record: QueueLogReplay[object], line: QueueLogEntry, mark: object = None
) -> tuple[ReplayedCall, ...]:
    """Fold one line, but for the one with which a new Asterisk begins."""
    return () if line.entry_type is EntryType.RESTARTED else take(record, line, mark)


if __name__ == "__main__":
    replace(Ledger, "missing", missing)
    replace(QueueLogReplay, "take", without_restarts)
    run()

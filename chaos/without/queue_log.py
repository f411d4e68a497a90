"""Without queue_log: what nobody saw is recorded as if there were none."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.asterisk.queue_log import QueueLogReader


def start(_reader: QueueLogReader, _mark: object) -> None:
    """Opens nothing: there is nothing to read then."""


if __name__ == "__main__":
    replace(QueueLogReader, "start", start)
    replace(QueueLogReader, "_open", lambda _reader: False)
    run()

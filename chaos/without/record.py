"""Without Asterisk's own record: what nobody saw is booked as if there were none."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.asterisk.queue_log import Reader


def start(_reader: Reader, _mark: object) -> None:
    """Opens nothing: there is nothing to read then."""


if __name__ == "__main__":
    replace(Reader, "start", start)
    replace(Reader, "_open", lambda _reader: False)
    run()

"""No line repeated in a storm: the first few of a kind, then how many more there were."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

FIRST_LINES = 5  # of a kind that go through in a window
WINDOW_SECONDS = 10.0
KINDS_AT_MOST = 1_000  # kinds of lines that are distinguished in a window


@dataclass
class _Window:
    """What has come of one kind until `ends`."""

    ends: float
    passed: int = 0
    held: int = 0


MessageKey = tuple[str, int, str]  # logger, level, the words before anything is filled in


class RateLimit:
    """Lets the first few records of a kind through in a window, and counts the others."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.windows: dict[MessageKey, _Window] = {}
        self._clock = clock

    def admit(self, record: logging.LogRecord) -> list[logging.LogRecord]:
        """What is to be written now that `record` came: it or not, and how many were held back."""
        if getattr(record, "always", False):
            return [record]
        words = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        kind = (record.name, record.levelno, words)
        if kind not in self.windows and len(self.windows) >= KINDS_AT_MOST:
            kind = (record.name, record.levelno, "")
        now, summary = self._clock(), []
        window = self.windows.get(kind)
        if window is None or now >= window.ends:
            summary = self._close(kind)
            window = self.windows[kind] = _Window(now + WINDOW_SECONDS)
        if window.passed < FIRST_LINES:
            window.passed += 1
            return [*summary, record]
        window.held += 1
        return summary

    def over(self, *, all_of_them: bool = False) -> list[logging.LogRecord]:
        """Close the windows that are over; the summaries of what they held back."""
        now = self._clock()
        ended = [kind for kind in list(self.windows) if now >= self.windows[kind].ends]
        kinds = list(self.windows) if all_of_them else ended
        return [record for kind in kinds for record in self._close(kind)]

    def _close(self, kind: MessageKey) -> list[logging.LogRecord]:
        window = self.windows.pop(kind, None)
        return [] if window is None or not window.held else [_summary(kind, window.held)]


def _summary(kind: MessageKey, held: int) -> logging.LogRecord:
    name, level, words = kind
    record = logging.LogRecord(name, level, "", 0, words or "other lines", None, None)
    record.fields = {"suppressed": held, "window_seconds": WINDOW_SECONDS}
    record.spoken = f"… and {held:,} more like this in {WINDOW_SECONDS:g} s"
    return record

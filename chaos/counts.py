"""ivrd's own count of the calls of one run: the day's ledger, and its metrics beside it."""

from __future__ import annotations

from lab.comparison import ENDS, Row, Scrape, Tally, of_day, of_scrape
from lab.hotline import Lab


class Counts:
    """What ivrd has recorded.  The day's ledger outlives ivrd; the metrics count from its start."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._first = lab.ivrd.pid

    def now(self) -> Tally:
        """The day's ledger.  Raises LabError when ivrd cannot add it up."""
        return of_day(self._lab.ivrd.get("day", day=""))

    def metrics(self, day: Tally) -> list[Row]:
        """The metrics beside the day's ledger; once ivrd was started anew, beside themselves."""
        scrape = self._lab.ivrd.scrape()
        return metrics_rows(scrape, day if self._lab.ivrd.pid == self._first else None)


def metrics_rows(scrape: Scrape, day: Tally | None) -> list[Row]:
    """How the metrics agree with the day; `None`: whether they add up."""
    counted = of_scrape(scrape)
    if day is None:
        sums = counted.ended.total() + counted.in_progress
        return [Row("ended or here / received, by the metrics", sums, counted.received)]
    return [
        Row("received, by the day / the metrics", day.received, counted.received),
        *(Row(f"{w}, by the day / the metrics", day.ended[w], counted.ended[w]) for w in ENDS),
    ]

"""ivrd's count of the calls, over all the starts of ivrd in one run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lab.hotline import Lab, LabError
from lab.reckoning import Scrape


@dataclass(frozen=True)
class Counts:
    """Calls by ivrd's books."""

    received: int
    answered: int
    unanswered: int  # ended in any other way
    in_progress: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.received + other.received,
            self.answered + other.answered,
            self.unanswered + other.unanswered,
            self.in_progress + other.in_progress,
        )


NOTHING = Counts(0, 0, 0, 0)


def of_day(day: Any) -> Counts:
    """The counts of `ivrd report day --json`."""
    ended = {True: 0, False: 0}
    for row in day["rows"]:
        ended[row["outcome"] == "answered"] += row["calls"]
    here = day["in_progress"]
    now = sum(here.values()) if isinstance(here, dict) else here
    return Counts(ended[True] + ended[False] + now, ended[True], ended[False], now)


def of_scrape(scrape: Scrape, adopted: int = 0) -> Counts:
    """The counts of one ivrd since its start; `adopted`: calls that were there before it."""
    answered = scrape.ended("answered")
    return Counts(
        scrape.total("ivrd_calls_received_total") - adopted,
        answered,
        scrape.total("ivrd_calls_total") - answered,
        scrape.in_progress,
    )


class Books:
    """The day's ledger where ivrd has one; else the counts of each start, added up.

    Such a sum has a gap at each `kill -9`: what ended after the last look is in no count.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._past = NOTHING
        self._adopted = 0
        self.exact = self._day() is not None

    def ends(self) -> None:
        """ivrd is about to be ended."""
        if not self.exact:
            now = self._since_start()
            self._past += Counts(now.received, now.answered, now.unanswered, 0)

    def begun(self) -> None:
        """ivrd has been started anew: whom it found here, an earlier one had received."""
        if not self.exact:
            self._adopted = int(self._lab.status()["calls"]["adopted"])

    def now(self) -> Counts:
        """All counts of the run."""
        return self._day() or self._past + self._since_start()

    def _day(self) -> Counts | None:
        try:
            return of_day(json.loads(self._lab.ivrd_once("report", "day", "--json")))
        except LabError:
            return None

    def _since_start(self) -> Counts:
        return of_scrape(Scrape(self._lab.http("/metrics")), self._adopted)

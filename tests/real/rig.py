"""A hotline with what tests ask of it again and again."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from lab.agents import Agents, Talk
from lab.callers import Caller, Callers, Ledger
from lab.comparison import Row, Scrape, compare
from lab.hotline import Lab, Plan
from lab.lag import Lag

SETTLE_SECONDS = 240.0  # only a machine that is stuck takes so long
WAIT = 400.0  # seconds until the last caller has gone: only a hotline that is stuck takes so long


def final_ledger(
    site: Agents, on_the_phone: Sequence[str] = ("ringing", "talking")
) -> tuple[Talk, ...]:
    """What its people tell of their calls, once all have ended: callers hear of that first."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while any(site.progress()[what] for what in on_the_phone):
        assert time.monotonic() < deadline, "a call there does not end"
        time.sleep(0.05)
    return site.ledger()


class Watched(Lab):
    """A lab that knows how far behind the machine was."""

    def __init__(self, plan: Plan, **more: Any) -> None:
        super().__init__(plan, **more)
        self.lag = Lag(self.pids)

    def start(self) -> None:
        super().start()
        self.lag.start()

    def stop(self) -> None:
        super().stop()
        self.lag.stop()

    def nobody_was_in_silence(self, ledger: Ledger, seconds: float) -> bool:
        """Whether no caller heard nothing for longer than that, on a machine as busy as this."""
        return ledger.longest_silence().silence < self.lag.stretched(seconds)

    def talks(self) -> tuple[Talk, ...]:
        """What agents tell of their calls, once no one talks: callers hear of an end first."""
        return final_ledger(self.agents, ("talking",))

    def calling(self, people: Sequence[Caller], rate: float, name: str = "callers") -> Callers:
        """Callers who dial; each wave needs a `name` of its own."""
        calling = Callers(self.sip, people, folder=self.folder / name, rate=rate)
        calling.start()
        return calling


class Hotline(Watched):
    """One ivrd; what a test asks of it again and again."""

    tolerated: tuple[str, ...] = ()  # what Asterisk may say of strangers' packets

    def until(self, what: str, true: Callable[[Any], bool], seconds: float = SETTLE_SECONDS) -> Any:
        """The first status for which `true` holds; fails after `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = self.ivrd.status()
            if true(status):
                return status
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds:g} s: {what}; {status}")

    def restart_asterisk(self, crashes: bool = False) -> None:
        """It ends in good order, or at once; its words to whoever calls meanwhile are harmless."""
        self.tolerated = ("Asterisk is shutting down", "Refusing due to active shutdown")
        if crashes:
            self.asterisk.kill()
        else:
            self.asterisk.stop()
        self.asterisk.start()

    def settled(self) -> Scrape:
        """The first scrape with nothing in progress."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while (scrape := self.ivrd.scrape()).in_progress:
            assert time.monotonic() < deadline, "calls are still in progress"
            time.sleep(0.1)
        return scrape

    def over(self) -> Scrape:
        """The first scrape when all is over for ivrd and for the agents, too."""
        scrape = self.settled()
        self.talks()
        return scrape

    def rows(self, people: Sequence[Caller], ledger: Ledger) -> list[Row]:
        scrape = self.over()
        talks, connected = self.agents.ledger(), self.asterisk.connected()
        return compare(people, ledger.entries, talks, scrape, connected)

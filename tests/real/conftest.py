"""A real hotline for each test: Asterisk, ivrd, SIPp callers and agents."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from lab.callers import Caller, Callers, Ledger
from lab.detour import Detour
from lab.hotline import Lab, Plan
from lab.reckoning import Row, Scrape, compare

SETTLE_SECONDS = 15.0
MOST_SECONDS = 500


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Calls last as long as people talk and wait: these tests may take longer than others."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(MOST_SECONDS))


class Hotline(Lab):
    """A lab with what tests ask of it again and again."""

    tolerated: tuple[str, ...] = ()  # what Asterisk may say of strangers' packets

    def until(self, what: str, true: Callable[[Any], bool], seconds: float = 30.0) -> Any:
        """The first status for which `true` holds; fails after `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = self.ivrd.status()
            if true(status):
                return status
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds:g} s: {what}; {status}")

    def restart_asterisk(self, crashes: bool = False) -> None:
        """It ends in good order, or at once; its words to whoever calls meanwhile are harmless."""
        self.tolerated = ("Asterisk is shutting down", "Refusing due to active shutdown")
        if crashes:
            self.asterisk.kill()
        else:
            self.asterisk.stop()
        self.asterisk.start()

    def calling(self, people: Sequence[Caller], rate: float) -> Callers:
        calling = Callers(self.sip, people, folder=self.folder / "callers", rate=rate)
        calling.start()
        return calling

    def settled(self) -> Scrape:
        """The first scrape with nothing in progress."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while (scrape := self.ivrd.scrape()).in_progress:
            assert time.monotonic() < deadline, "calls are still in progress"
            time.sleep(0.1)
        return scrape

    def rows(self, people: Sequence[Caller], ledger: Ledger) -> list[Row]:
        return compare(people, ledger.entries, self.agents.ledger(), self.settled())


@pytest.fixture
def hotline(tmp_path: Path) -> Iterator[Callable[..., Hotline]]:
    """Starts a hotline by plan; at the end no part may have complained or lost its mind."""
    labs: list[Hotline] = []

    def start(via: Detour | None = None, **plan: Any) -> Hotline:
        lab = Hotline(Plan(tmp_path / f"lab{len(labs)}", **plan))
        if via:
            via.target = lab.ami_port
        lab.start()
        labs.append(lab)
        return lab

    yield start
    for lab in labs:
        lab.stop()
    for lab in labs:
        assert "Traceback" not in lab.ivrd.log_text()
        assert lab.asterisk.complaints(lab.tolerated) == []


@pytest.fixture
def detour() -> Iterator[Detour]:
    """A relay for ivrd's link to Asterisk."""
    relay = Detour()
    yield relay
    relay.close()

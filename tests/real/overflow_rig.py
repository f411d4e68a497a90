"""What the tests of overflow share: partners' entries, callers, sites, what ivrd says of them."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from lab.agents import Choice, Manner
from lab.callers import Caller, Keys
from lab.partners import PartnerSite, shown_callers
from lab.running import LabError
from tests.real.rig import SETTLE_SECONDS, Hotline

DEAD = "127.0.0.2:9"  # nobody listens
Row = dict[str, Any]


class Sites:
    """Partners' call centres, each started when it is asked for; all end together."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._all: list[PartnerSite] = []

    def __call__(self, name: str, manner: Manner | Choice, **more: Any) -> PartnerSite:
        site = PartnerSite(self._folder / name, manner, **more)
        site.start()
        self._all.append(site)
        return site

    def stop(self) -> None:
        for site in self._all:
            site.stop()


def partner(trunk: str | dict[str, object], pledged: int = 10, **more: object) -> dict[str, object]:
    """An entry of partners.yaml.  Where the trunk is an address, its people see who calls."""
    return {
        "name": {"th": "คู่สาย", "en": "Call centre"},
        "trunk": shown_callers(trunk) if isinstance(trunk, str) else trunk,
        "pledged": pledged,
        "cap": pledged + 2,
        "hours": "always",
        "topics": "all",
        "state": "active",
        **more,
    }


def with_partners(
    partners: dict[str, dict[str, object]], **overflow: float
) -> Callable[[str, dict[str, Any]], None]:
    """Plan.change that has these partners, and decides on short talks in a short time."""

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "partners.yaml":
            settings["partners"] = partners
        if name == "ivrd.yaml":
            usual = {"drain_seconds": 15, "hold_seconds": 8, "expected_talk_seconds": 8}
            settings["overflow"] = {**usual, **overflow}

    return change


def calls(first: int, count: int) -> list[Caller]:
    """Callers who want a person, and wait until one answers."""
    return [Caller(n, "key 0", (Keys("0"),)) for n in range(first, first + count)]


def drill(lab: Hotline, name: str) -> None:
    """A drill that is confirmed; at first Asterisk may not have asked the trunk yet."""
    deadline = time.monotonic() + SETTLE_SECONDS
    said = "its trunk does not answer"
    while "its trunk does not answer" in said:
        assert time.monotonic() < deadline
        try:
            said = lab.ivrd.once("partner", "drill", name)
        except LabError as error:
            said = str(error)
    assert "verified on" in said


def rows(lab: Hotline) -> dict[str, Row]:
    """Partners as `ivrd partner list --json` has them."""
    return {row["id"]: row for row in lab.ivrd.get("partners")["partners"]}


def until(
    lab: Hotline,
    what: str,
    true: Callable[[dict[str, Row]], object],
    seconds: float = SETTLE_SECONDS,
) -> dict[str, Row]:
    """The partners when `true` holds of them; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not true(found := rows(lab)):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}; {found}"
        time.sleep(0.1)
    return found


def members(lab: Hotline, name: str) -> set[str]:
    """A partner's seats in the queues, as Asterisk itself says."""
    lines = lab.asterisk.cli("queue show").splitlines()
    seats = (line.split()[0] for line in lines if f"@partner-{name}" in line)
    return set(seats)


def gaps(sites: Iterable[PartnerSite]) -> list[float]:
    """Seconds from each refused call to the next that came for the same caller, in order."""
    came = defaultdict(list)
    for site in sites:
        for talk in site.ledger():
            came[talk.case].append((talk.rung_at, talk.ended == "refused"))
    return sorted(
        after - at
        for of in came.values()
        for (at, refused), (after, _) in pairwise(sorted(of))
        if refused
    )

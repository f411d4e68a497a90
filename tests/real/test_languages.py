"""Thai, English and Burmese callers, and people for each: only who understands is ever rung.

A caller's number says the language, and each phone's own ledger which numbers it was shown.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from lab.agents import Talk
from lab.called import CalledPeople, comes
from lab.callers import Caller, Hear, Keys, Quiet
from lab.partners import takes
from tests.real.overflow_rig import Sites, drill, partner, with_partners
from tests.real.rig import WAIT, final_ledger
from tests.real.test_callback import booked, until

# A language's callers: how their numbers begin, and the first key that they press for it.
CALLERS = {"th": ("081", "1"), "en": ("082", "2"), "my": ("083", "3")}
SPEAKS = {"thai-01": "th", "english-01": "en", "burmese-01": "my"}
OFFERED = (Hear(), Quiet(0.5))


def three(name: str, settings: dict[str, Any]) -> None:
    """A pool with one seat for each of three languages."""
    if name == "ivrd.yaml":
        settings["languages"] = [*CALLERS]
    if name == "menus.yaml":
        keys = settings["menus"]["language"]["keys"]
        keys["3"] = {"language": "my", "menu": "main"}
    if name == "queues.yaml":
        settings["pools"] = {
            seat.partition("-")[0]: {
                "seats": 1,
                "open": True,
                "queues": "all",
                "languages": [language],
            }
            for seat, language in SPEAKS.items()
        }


def call(language: str, n: int, *then: Any, **more: Any) -> Caller:
    """A caller who asks for a person in a language."""
    number, key = CALLERS[language]
    return Caller(n, language, (Keys(f"{key}0"), *then), number=f"{number}2345{n:03}", **more)


def spoken(talk: Talk) -> str:
    """The language of the caller whom a phone was shown."""
    number = talk.number.replace("+66", "0")
    return next(of for of, (begins, _key) in CALLERS.items() if number.startswith(begins))


def strangers(talks: Iterable[Talk], speaks: str = "") -> list[Talk]:
    """Rings for a caller whose language is not spoken there, answered or not."""
    return [talk for talk in talks if spoken(talk) != (speaks or SPEAKS[talk.seat])]


def burmese_away(name: str, settings: dict[str, Any]) -> None:
    three(name, settings)
    if name == "queues.yaml":
        settings["pools"]["burmese"]["open"] = False


@pytest.mark.verify
@pytest.mark.lasts(20)
def test_whom_nobody_understands_is_offered_a_call_back_or_thai_and_else_waits(
    hotline, tmp_path
) -> None:
    thai, waits = (call("my", n, *OFFERED, Keys(f"{n}")) for n in (2, 3))
    books = call("my", 1, *OFFERED, Keys("1"), *OFFERED, Keys("1"))
    dialled = f"+66{books.number[1:]}"
    with CalledPeople(tmp_path / "people", {dialled: comes()}) as people:

        def change(name: str, settings: dict[str, Any]) -> None:
            burmese_away(name, settings)
            people.change(name, settings)

        lab = hotline(talk=1.5, ring=0.2, change=change)
        calling = lab.calling([books, thai, waits, call("en", 4)], rate=4.0)
        booked(lab, 1)
        lab.until(
            "two are answered, one waits",
            lambda s: s["outcomes"]["answered"] == 2 and s["calls"]["queue"] == 1,
        )
        before = lab.agents.ledger()
        lab.ivrd.once("seats", "open", "burmese")
        until(lab, {"reached": 1})
        calling.wait(WAIT)
        lab.settled()
        after = lab.agents.ledger()[len(before) :]
        shown = {(talk.seat, talk.number) for talk in before}
        assert shown == {("thai-01", thai.number), ("english-01", call("en", 4).number)}
        assert {talk.seat for talk in after} == {"burmese-01"}
        assert {spoken(talk) for talk in after} == {"my"}
        assert dict(people.reached()) == {dialled: 1}


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Sites]:
    sites = Sites(tmp_path)
    yield sites
    sites.stop()


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_over_redial_overflow_and_restart_nobody_comes_to_who_does_not_understand(
    hotline, sites
) -> None:
    site = {of: sites(of, takes(ring=0.2, talk=4.0)) for of in CALLERS}
    entries = {f"bank-{of}": partner(site[of].trunk, 2, languages=[of]) for of in CALLERS}

    def change(name: str, settings: dict[str, Any]) -> None:
        three(name, settings)
        with_partners(entries)(name, settings)

    lab = hotline(talk=3.0, ring=0.2, change=change)
    for name in entries:
        drill(lab, name)
    # More callers in each language than seats of ours: partners who speak it help.  One in each
    # gives up, and dials again when ivrd has died meanwhile.
    people = [call(of, n) for n, of in enumerate([*CALLERS] * 5, 1)]
    hasty = [call(of, n, hangs_up_after=1.2) for n, of in enumerate(CALLERS, 41)]
    calling = lab.calling([*people, *hasty], rate=6.0)
    everybody = len(people) + len(hasty)
    lab.until(
        "all have chosen",
        lambda s: s["calls"]["received"] == everybody and not s["calls"]["menu"],
    )
    lab.ivrd.kill()
    # Nobody asks these for a language: they are with those who speak Thai.
    late = [call("th", n) for n in (61, 62)]
    unattended = lab.calling(late, rate=4.0, name="unattended")
    lab.ivrd.start()
    lab.until("ivrd is back", lambda s: s["asterisk"]["up"])
    again = [call(of, n) for n, of in enumerate(CALLERS, 41)]
    redialling = lab.calling(again, rate=4.0, name="again")
    for wave in (calling, unattended, redialling):
        wave.wait(WAIT)
    lab.settled()
    ours = lab.agents.ledger()
    theirs = {
        of: [talk for talk in final_ledger(site[of]) if talk.number.startswith("08")]
        for of in CALLERS
    }
    assert strangers(ours) == []
    for of, talks in theirs.items():
        assert talks, f"the partner whose people speak {of} has helped nobody"
        assert strangers(talks, of) == []
    helped = [talk for talk in chain(ours, *theirs.values()) if talk.talked is not None]
    assert {talk.number for talk in helped} >= {one.number for one in (*people, *again, *late)}

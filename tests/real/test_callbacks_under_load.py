"""A hundred people are called back while others call, and what ivrd rests on breaks meanwhile.

The leader is killed, Redis fails over, the store is down for ten seconds, both ivrd are killed at
once.  The people's phones, the callers and the agents each have a ledger of their own.
"""

import os
import time
from collections import Counter
from contextlib import ExitStack, suppress

import pytest

from lab.called import CalledPeople
from lab.callers import Caller, Keys, Quiet
from lab.changes import long_lease
from lab.comparison import talked_to
from lab.running import LabError
from tests.real.pair_rig import Two, settled, two
from tests.real.rig import WAIT
from tests.real.test_callback import BOOKS, calls_begin, mixed, never_two_at_once, number
from tests.real.test_callback_counts import adds_up

PEOPLE = int(os.environ.get("IVRD_TEST_PEOPLE", "100"))
AGENTS = 10
DOWN_SECONDS = 10.0
IN_VAIN = ("", "busy", "no_key", "hung_up", "no_answer", "failed")  # by the manner, see `mixed`


def others(count: int) -> list[Caller]:
    """Callers who want a person, whatever else they are offered, and wait for one."""
    return [Caller(1000 + n, "waits", (Keys("0"), Quiet(180))) for n in range(count)]


def bookings(lab: Two, **which: str) -> list[dict]:
    rows: list[dict] = lab.of_leader(lambda ivrd: ivrd.get("callbacks", **which)["callbacks"])
    return rows


def asked(lab: Two) -> int:
    """Who has booked, or was told that it cannot be written down now and waits on.

    None at all while a new leader has not read the bookings: on a busy machine one takes over.
    """
    with suppress(LabError):
        status = lab.of_leader(lambda ivrd: ivrd.status())
        return len(bookings(lab)) + int(status["calls"]["queue"])
    return 0


def reached(lab: Two) -> bool:
    """Whether everybody is, as ivrd has it."""
    with suppress(LabError):
        return {row["state"] for row in bookings(lab, all="yes")} == {"reached"}
    return False


def take_over(lab: Two) -> None:
    leader = lab.leader()
    leader.kill()
    lab.until("the other leads", lambda: lab.other(leader).is_leader)
    leader.start(ready=False)
    lab.wait_for_standby()


def fail_over(lab: Two) -> None:
    """The Redis that is written to is killed, and the sentinel has the other one written to."""
    servers = lab.fail_over
    assert servers is not None
    servers.master.kill()
    servers.take_over()
    servers.restore()
    lab.until("the new one is written to", lambda: up(lab))
    lab.wait_for_standby()


def up(lab: Two) -> bool:
    return lab.of_leader(lambda ivrd: ivrd.scrape().total("ivrd_store_up")) == 1


def store_down(lab: Two) -> None:
    """The only Redis that there is stands still."""
    servers = lab.fail_over
    assert servers is not None
    servers.replica.kill()
    servers.master.freeze()
    time.sleep(DOWN_SECONDS)  # the time for which the store is down
    servers.master.thaw()
    servers.restore()
    lab.until("the store is in order again", lambda: up(lab))
    lab.wait_for_standby()


def kill_both(lab: Two) -> None:
    for ivrd in lab.both:
        ivrd.kill()
    for ivrd in lab.both:
        ivrd.start(ready=False)
    lab.wait_for_standby()


@pytest.mark.verify
@pytest.mark.lasts(280)
def test_each_person_is_reached_once_and_all_is_counted_whatever_breaks(tmp_path):
    at_home = mixed(PEOPLE)
    with ExitStack() as ends:
        people = ends.enter_context(CalledPeople(tmp_path / "people", at_home))

        def change(name, settings) -> None:
            people.change(name, settings, at_once=10, per_minute=600)
            long_lease(name, settings)  # so that a busy machine brings nobody to the queue instead
            if name == "queues.yaml":
                settings["pools"]["base"]["open"] = False

        lab = two(
            tmp_path / "pair", sentinel=True, agents=AGENTS, talk=2.0, ring=0.2, change=change
        )
        ends.callback(lab.stop)
        lab.start()
        callers = [Caller(n, "books", BOOKS, number=number(n)[0]) for n in range(PEOPLE)]
        booking = lab.calling(callers, rate=2.0, name="book")
        lab.until("all have asked", lambda: asked(lab) == PEOPLE, seconds=WAIT)
        booked = len(bookings(lab))
        assert booked > 0.8 * PEOPLE
        lab.of_leader(lambda ivrd: ivrd.once("seats", "open", "base"))
        load = others(PEOPLE)
        calling = lab.calling(load, rate=1.0, name="load")
        for share, strike in (
            (0.1, take_over),
            (0.4, fail_over),
            (0.7, store_down),
            (1.0, kill_both),
            (1.2, take_over),
        ):
            calls_begin(people, round(share * PEOPLE))
            strike(lab)
        lab.until("everybody is reached", lambda: reached(lab), seconds=WAIT)
        told, heard = booking.wait(WAIT).entries, calling.wait(WAIT).entries
        report = lab.of_leader(settled)
        made = report["callbacks"]
        tell(lab, people, report)
        # the callers' own ledger
        assert {entry.ended for entry in told} == {"network"}  # the hotline said goodbye
        back = {number(entry.id)[1] for entry in told if entry.person is None}
        waited = len(told) - booked
        assert len(back) == booked
        assert {entry.person for entry in heard} == {"inhouse"}
        assert report["received"] == len(told) + len(heard)
        outcomes = {(row["outcome"], row["calls"]) for row in by_outcome(report)}
        assert outcomes == {("callback", booked), ("answered", len(load) + waited)}
        # the people's own
        assert dict(people.reached()) == dict.fromkeys(back, 1)
        assert never_two_at_once(people)
        assert made["dialled"] == len(people.ledger())
        assert {k: n for k, n in made["results"].items() if n} == in_their_words(people)
        everybody = len(told) + len(heard)
        assert (made["in_progress"], made["people"], made["people_helped"]) == (
            0,
            booked,
            everybody,
        )
        assert (report["people"]["answered"], report["people"]["withheld_calls"]) == (everybody, 0)
        scrape = lab.of_leader(lambda ivrd: ivrd.scrape())
        assert scrape.total("ivrd_people", state="answered") == everybody
        # the agents' own
        assert talked_to(lab.agents.ledger()) == len(load) + PEOPLE
        assert lab.of_leader(lambda ivrd: adds_up(ivrd.scrape()))
    assert lab.complaints() == []


def by_outcome(report: dict) -> list[dict]:
    """The day's rows, one for each outcome."""
    calls: Counter[str] = Counter()
    for row in report["rows"]:
        calls[row["outcome"]] += row["calls"]
    return [{"outcome": outcome, "calls": count} for outcome, count in calls.items()]


def in_their_words(people: CalledPeople) -> dict[str, int]:
    """What each call came to, by what each phone did."""
    found: Counter[str] = Counter()
    for talk in people.ledger():
        kind = IN_VAIN[int(talk.seat[-2:]) % len(IN_VAIN)]
        found["reached" if talk.heard_person else kind] += 1
    return dict(found)


def tell(lab: Two, people: CalledPeople, report: dict) -> None:
    """The figures of the run, for docs/decisions/0034."""
    attempts = Counter(
        attempt["result"] for row in bookings(lab, all="yes") for attempt in row["attempts"]
    )
    print(
        f"\n{PEOPLE} asked, {len(bookings(lab, all='yes'))} booked; "
        f"{len(people.ledger())} calls to them, {in_their_words(people)}; "
        f"by ivrd: {report['callbacks']}; attempts {dict(attempts)}; "
        f"received {report['received']}, {by_outcome(report)}; "
        f"agents had {talked_to(lab.agents.ledger())}"
    )

"""Callers who open the menu while they wait: nobody loses the place, an answer, or a key."""

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from lab.ami_events import AmiEvents, Event
from lab.callers import Caller, Callers, HangUp, Keys, Wait
from lab.callers.script import Step
from lab.changes import long_lease
from lab.comparison import Scrape
from lab.hotline import Lab
from lab.ivrd import Ivrd
from tests.real.pair_rig import two
from tests.real.rig import WAIT, Hotline

KEY = "9"
INTO_QUEUE = Keys("0")
OPEN, PLACE, GO_ON = Keys(KEY), Keys("1"), Keys("3")
STAYS = tuple(step for _ in range(60) for step in (Wait(2), PLACE))


def with_menu(name, settings) -> None:
    """The menu is there, and its key is told often."""
    if name == "ivrd.yaml":
        settings["waiting"] = {"menu_key": KEY, "menu_key_seconds": 20}


def closed(name, settings) -> None:
    """And no seat takes calls until somebody opens it."""
    with_menu(name, settings)
    if name == "queues.yaml":
        settings["pools"]["base"]["open"] = False


def closed_with_a_long_lease(name, settings) -> None:
    """And nobody's lease runs out while ivrd starts."""
    closed(name, settings)
    long_lease(name, settings)


class Line:
    """Callers who wait one behind the other, and what each does meanwhile.

    `ivrd()`: the one that leads.
    """

    def __init__(self, lab: Lab, ivrd: Callable[[], Ivrd], *scripts: Sequence[Step]) -> None:
        self.lab = lab
        self.ivrd = ivrd
        self.people = [
            Caller(n, "waits", (INTO_QUEUE, *script)) for n, script in enumerate(scripts, 1)
        ]
        self.calls: list[Callers] = []
        for caller in self.people:
            self.calls.append(lab.calling([caller], rate=5.0, name=f"caller{caller.id}"))
            self.until("one more waits", lambda n=caller.id: self.here() >= n)

    def until(self, what: str, true: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
            time.sleep(0.1)

    def here(self) -> int:
        """How many are in the queue or with a person."""
        calls = self.ivrd().status()["calls"]
        return calls["queue"] + calls["talk"]

    def in_menus(self, count: int) -> None:
        """Wait until so many are in the menu."""
        self.until(
            f"{count} in the menu",
            lambda: self.ivrd().scrape().total("ivrd_queue_menu_callers") == count,
        )

    def answered(self) -> list[int]:
        """The callers in the order in which an agent took them."""
        self.entries = [entry for call in self.calls for entry in call.wait(WAIT).entries]
        by_number = {caller.shown: caller.id for caller in self.people}
        talks = sorted(self.lab.talks(), key=lambda talk: talk.rung_at)
        return [by_number[talk.number] for talk in talks]


def in_order(answered: list[int], expected: list[int], until_the_turn: set[int]) -> bool:
    """Whether callers were answered in their order.

    Each of those who are in the menu until the turn comes may have been passed by one: by whoever
    stands behind in Asterisk's line and looks in the moment in which the seat becomes free.
    """
    at = {caller: place for place, caller in enumerate(answered)}
    passed = {
        caller: sum(at[behind] < at[caller] for behind in expected[place + 1 :])
        for place, caller in enumerate(expected)
    }
    return sorted(answered) == sorted(expected) and all(
        by <= (caller in until_the_turn) for caller, by in passed.items()
    )


def line(lab: Hotline, *scripts: Sequence[Step]) -> Line:
    return Line(lab, lambda: lab.ivrd, *scripts)


def first_call(ivrd: Ivrd) -> str:
    """The id of the call that came first."""
    return re.findall("call received call=(\\S+)", ivrd.log_text())[0]


def opened(ivrd: Ivrd, call_id: str) -> bool:
    """Whether that caller has been in the menu."""
    return f"call opened the menu while waiting call={call_id} " in ivrd.log_text()


def counts(scrape: Scrape, answered: int, abandoned: int = 0) -> None:
    """Each call is offered once, ends once, and no event surprised anybody."""
    assert scrape.ended("answered") == answered
    assert scrape.ended("abandoned") == abandoned
    assert scrape.total("ivrd_calls_offered_total") == answered + abandoned
    assert scrape.total("ivrd_events_refused_total") == 0


@pytest.mark.lasts(40)
def test_who_opens_the_menu_keeps_the_place_and_leaves_it_when_the_turn_comes(hotline):
    """One goes on waiting, one presses keys without end, one is in the menu until the turn comes,
    and some hang up there, or before it has opened.
    """
    lab = hotline(agents=1, talk=3.0, ring=0.2, change=closed)
    queue = line(
        lab,
        (Wait(6), OPEN, *STAYS),
        (Wait(4), OPEN, Wait(2), GO_ON),
        (Wait(3), OPEN, Wait(1), HangUp()),
        (Keys((KEY + "3") * 40),),
        (Wait(1), OPEN, *STAYS),
        (Wait(2), OPEN, HangUp()),
        (),
    )
    # Most of the others have by then; when exactly is nothing to the order.
    queue.until("the first has opened it", lambda: opened(lab.ivrd, first_call(lab.ivrd)))
    lab.ivrd.once("seats", "open", "base")
    assert in_order(queue.answered(), [1, 2, 4, 5, 7], until_the_turn={1, 4, 5})
    counts(lab.settled(), answered=5, abandoned=2)


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_opened_again_and_again_it_costs_nobody_the_place(hotline):
    lab = hotline(agents=1, talk=2.0, ring=0.2, change=closed)
    fifty = tuple(step for _ in range(50) for step in (OPEN, Wait(0.4), GO_ON, Wait(0.4)))
    queue = line(lab, (), fifty, fifty, ())
    log = lab.asterisk.queue_log
    queue.until("fifty times", lambda: log.read_text("utf-8").count("|WITHDRAW|") >= 50, 120.0)
    lab.ivrd.once("seats", "open", "base")
    assert in_order(queue.answered(), [1, 2, 3, 4], until_the_turn={2, 3})
    counts(lab.settled(), answered=4)


@pytest.mark.verify
@pytest.mark.lasts(90)
def test_after_a_kill_9_another_ivrd_goes_on_in_the_menu(hotline):
    lab = hotline(agents=1, talk=2.0, ring=0.2, change=closed_with_a_long_lease)
    queue = line(lab, (), (Wait(3), OPEN, *STAYS), (), (Wait(1), OPEN, *STAYS), ())
    queue.in_menus(2)
    lab.ivrd.kill()
    lab.ivrd.start()
    queue.in_menus(2)
    lab.ivrd.once("seats", "open", "base")
    assert in_order(queue.answered(), [1, 2, 3, 4, 5], until_the_turn={2, 4})
    # In the menu by both: the second goes on, or begins anew if the first could not write it down.
    spoken_to = "call (?:opened the menu while waiting|resumed in a menu) call=(\\S+)"
    times = Counter(re.findall(spoken_to, lab.ivrd.log_text()))
    assert len(times) == 2
    assert min(times.values()) >= 2
    counted(queue, lab.ivrd)


@pytest.mark.verify
@pytest.mark.lasts(90)
def test_without_an_ivrd_the_lease_brings_everybody_back_to_the_place(hotline):
    lab = hotline(agents=1, talk=15.0, ring=0.2, change=with_menu)
    queue = line(lab, (), (Wait(3), OPEN, *STAYS), (), (Wait(1), OPEN, *STAYS), ())
    queue.in_menus(2)
    lab.ivrd.kill()
    assert queue.answered() == [1, 2, 3, 4, 5]
    lab.ivrd.start()
    counted(queue, lab.ivrd)


def counted(queue: Line, ivrd: Ivrd) -> None:
    """All were answered, as the day's ledger has it."""
    people = len(queue.people)

    def all_there() -> bool:
        day = ivrd.get("day", day="")
        return day["received"] == people and not day["in_progress"]

    queue.until("all is counted", all_there)
    assert [row["outcome"] for row in ivrd.get("day", day="")["rows"]] == ["answered"]


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_a_takeover_costs_nobody_in_the_menu_the_place(tmp_path):
    pair = two(tmp_path / "pair", agents=1, talk=12.0, ring=0.2, change=with_menu)
    pair.start()
    try:
        pair.wait_for_standby()
        queue = Line(pair, pair.leader, (), (Wait(2), OPEN, *STAYS), (Wait(1), OPEN, *STAYS), ())
        queue.in_menus(2)
        leader = pair.leader()
        other = pair.other(leader)
        leader.kill()
        pair.until("the other leads", lambda: other.is_leader)
        assert in_order(queue.answered(), [1, 2, 3, 4], until_the_turn={2, 3})
        counted(queue, other)
    finally:
        pair.stop()
    assert pair.complaints() == []


@pytest.mark.verify
@pytest.mark.lasts(40)
def test_a_reload_that_takes_the_key_away_leaves_whoever_is_in_the_menu_there(hotline):
    lab = hotline(agents=1, talk=2.0, ring=0.2, change=closed)
    queue = line(lab, (Wait(1), OPEN, *STAYS), (Wait(14), OPEN, Wait(1), OPEN))
    queue.in_menus(1)
    path = lab.config / "ivrd.yaml"
    path.write_text(path.read_text("utf-8").replace(f"menu_key: '{KEY}'", "menu_key: ''"), "utf-8")
    lab.ivrd.once("render")
    lab.ivrd.once("reload")
    time.sleep(14)
    assert lab.ivrd.log_text().count("opened the menu") == 1
    lab.ivrd.once("seats", "open", "base")
    assert in_order(queue.answered(), [1, 2], until_the_turn={1})
    counts(lab.settled(), answered=2)


@pytest.mark.verify
@pytest.mark.lasts(90)
def test_whose_turn_comes_in_the_menu_is_passed_by_one_at_most(hotline):
    """Every other caller is in the menu until the turn; how soon they are rung for is printed."""
    lab = hotline(agents=1, talk=2.5, ring=0.0, change=closed)
    people = 20
    menus = set(range(2, people + 1, 2))
    queue = line(
        lab, *((Wait(1), OPEN, *STAYS) if n in menus else () for n in range(1, people + 1))
    )
    queue.in_menus(len(menus))
    news = AmiEvents(lab.ami_port, lab.ami_secret)
    lab.ivrd.once("seats", "open", "base")
    answered = queue.answered()
    news.close()
    print("\nin the menu until the turn:", len(menus), *turns(news.events))
    print("passed by one:", [n for n in menus if answered.index(n) > n - 1])
    assert in_order(answered, [*range(1, people + 1)], until_the_turn=menus)


def turns(events: list[Event]) -> list[str]:
    """From the seat that becomes free to the joining of whoever left the menu for it, in ms."""
    free, found = 0.0, []
    for event in events:
        if event.get("event") == "DeviceStateChange" and event.get("state") == "NOT_INUSE":
            free = float(event["timestamp"])
        elif event.get("event") == "QueueCallerJoin" and free:
            found.append(round(1000 * (float(event["timestamp"]) - free)))
            free = 0.0
    return [f"{ms}ms" for ms in sorted(found)]

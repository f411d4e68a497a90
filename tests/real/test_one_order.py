"""One run with all that can put a caller's place at risk: all are answered in the order of arrival.

Callers who give up and dial again, a partner who refuses each of them, the menu in the queue, calls
back, an end of both ivrd at once, two takeovers; judged by Asterisk's own events (lab/order.py).
"""

import os
import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import pytest

from lab.agents import refuses
from lab.ami_events import AmiEvents
from lab.called import CalledPeople, comes
from lab.callers import Caller, HangUp, Keys, Quiet, Wait
from lab.ivrd import Ivrd
from lab.order import Order, Served
from tests.real.overflow_rig import Sites, partner, with_partners
from tests.real.pair_rig import Two, two
from tests.real.rig import WAIT, final_ledger

CALLERS = int(os.environ.get("IVRD_TEST_CALLERS", "60"))  # 200: docs/decisions/0030
RATE = max(2.0, CALLERS / 40)
AGENTS = max(3, CALLERS // 16)
TALK_SECONDS = 3.0  # a seat counts as free for callers who hear words after a talk that has lasted
# Before a new leader says that it is one nobody led for so long at most, and for so long after it
# callers look by themselves.  Who hears words in that time is passed by those behind.
WITHOUT_LEADER = (5.0, 2.0)
# Whoever is in the menu when the turn comes may be passed on the way back, and has the next seat.
NEXT_SEAT_SECONDS = TALK_SECONDS + 2.0
INTO_QUEUE = Keys("02")  # to a person, and no call back before that
OPEN, PLACE, CALLBACK, GO_ON = (Keys(keys) for keys in ("9", "1", "21", "3"))
STAYS = tuple(step for _ in range(60) for step in (Wait(2), PLACE))
KINDS = ("gives up", "books", "stays in the menu", "looks", "waits", "waits")


def mobile(number: int) -> tuple[str, str]:
    """A mobile number as a caller's exchange shows it, and as it is dialled."""
    return f"0812345{number:03}", f"+66812345{number:03}"


def kind_of(number: int) -> str:
    return KINDS[number % len(KINDS)]


def caller(number: int, chance: random.Random) -> Caller:
    """One of the first wave, or of the second."""
    kind = kind_of(number)
    after = Wait(round(chance.uniform(3, 12), 1))
    script = {
        "gives up": (INTO_QUEUE, Wait(round(chance.uniform(8, 18), 1)), HangUp()),
        "books": (INTO_QUEUE, after, OPEN, Wait(2), CALLBACK),
        "stays in the menu": (INTO_QUEUE, after, OPEN, *STAYS),
        "looks": (INTO_QUEUE, after, OPEN, Wait(2), PLACE, Wait(3), GO_ON),
        "waits": (INTO_QUEUE, Quiet(180)),
    }[kind]
    return Caller(number, kind, script, number=mobile(number)[0])


def again(one: Caller) -> Caller:
    """The same person, who has given up, and stays now."""
    return Caller(1000 + one.id, "waits", (INTO_QUEUE, Quiet(180)), number=one.shown)


def books(people: list[Caller]) -> int:
    return sum(one.behaviour == "books" for one in people)


class Run:
    """The hotline, what Asterisk has told, and what is asked of both."""

    def __init__(self, lab: Two, shown: dict[str, str]) -> None:
        self.lab = lab
        self.events = AmiEvents(lab.ami_port, lab.ami_secret)
        self._shown = shown

    @property
    def order(self) -> Order:
        return Order.of(list(self.events.events), self._shown)

    def until(self, what: str, true: Callable[[Order], bool]) -> None:
        self.lab.until(what, lambda: true(self.order), seconds=WAIT)

    def booked(self) -> int:
        """How many bookings stand."""
        return len(self.lab.of_leader(lambda ivrd: ivrd.get("callbacks")["callbacks"]))

    def line(self) -> list[str]:
        """The channels in Asterisk's line, from its head."""
        shown = self.lab.asterisk.cli("queue show other")
        return re.findall(r"^ +\d+\. (\S+)", shown, re.MULTILINE)

    def led(self, at: float) -> bool:
        """Whether somebody led at that time, and had found its callers."""
        began = (
            datetime.fromisoformat(row["time"]).timestamp()
            for ivrd in self.lab.both
            for row in ivrd.said("is the leader now")
        )
        before, after = WITHOUT_LEADER
        return not any(one - before < at < one + after for one in began)

    def kill_both(self) -> None:
        """Nobody takes over: the data plane is alone for some seconds."""
        for ivrd in self.lab.both:
            ivrd.kill()
        for ivrd in self.lab.both:
            ivrd.start(ready=False)
        self.lab.leader()
        self.lab.wait_for_standby()

    def take_over(self) -> None:
        leader = self.lab.leader()
        leader.kill()
        self.lab.until("the other leads", lambda: self.lab.other(leader).is_leader)
        leader.start(ready=False)


@pytest.mark.verify
@pytest.mark.lasts(240)
def test_all_are_answered_in_the_order_of_effective_arrivals(tmp_path):
    chance = random.Random(1330)
    half = CALLERS // 2
    first = [caller(n, chance) for n in range(half)]
    fresh = [caller(n, chance) for n in range(half, CALLERS) if kind_of(n) != "gives up"]
    second = [*fresh, *(again(one) for one in first if one.behaviour == "gives up")]
    chance.shuffle(second)
    leavers = {one.shown for one in first if one.behaviour == "gives up"}
    leave = len(leavers)
    persons = {one.shown for one in (*first, *second)}
    dialled = {mobile(n)[1]: mobile(n)[0] for n in range(CALLERS) if kind_of(n) == "books"}
    sites = Sites(tmp_path)
    bad = sites("bad", refuses(486))
    refuse = with_partners({"bad": partner(bad.trunk, 5)})
    with CalledPeople(tmp_path / "people", dict.fromkeys(dialled, comes(after=0.2))) as people:

        def change(name, settings) -> None:
            refuse(name, settings)
            people.change(name, settings, at_once=20, per_minute=600, offer_after_minutes=200)
            if name == "ivrd.yaml":
                settings["waiting"] = {"menu_key": "9", "menu_key_seconds": 20}
            if name == "queues.yaml":
                settings["pools"]["base"]["open"] = False

        lab = two(tmp_path / "pair", agents=AGENTS, talk=TALK_SECONDS, ring=0.2, change=change)
        lab.start()
        try:
            run = Run(lab, dialled)
            calling = [lab.calling(first, rate=RATE, name="first")]
            run.until("who gives up has gone", lambda order: leave <= order.left(leavers))
            lab.until("some have booked", lambda: run.booked() > books(first) // 2)
            run.kill_both()
            calling.append(lab.calling(second, rate=RATE, name="second"))
            run.until("some of the others wait", lambda o: len(o.numbers()) > len(persons) * 2 // 3)
            run.take_over()
            run.until("all wait", lambda order: order.numbers() == persons)
            lab.wait_for_standby()
            assert run.order.misplaced(run.line()) == []
            lab.of_leader(lambda ivrd: ivrd.once("seats", "open", "base"))
            run.until("some are answered", lambda o: len(o.served()) > len(persons) // 3)
            run.take_over()
            for one in calling:
                one.wait(WAIT)
            run.until("all are answered", lambda order: len(order.served()) >= len(persons))
            lab.until("all is counted", lambda: not lab.of_leader(in_progress))
            final_ledger(people)  # whoever was called back has hung up
            order = run.order
            menus = {one.shown for one in (*first, *second) if one.behaviour == "stays in the menu"}
            overtaken = [
                (one, by)
                for by, one in order.overtaken()
                if run.led(by.answered) and not (one.number in menus and has_next_seat(one, by))
            ]
            tell(order, people, len(persons), len(bad.ledger()), len(overtaken))
            assert Counter(one.number for one in order.served()) == Counter(persons)
            for one, by in overtaken:
                print(kind_of(int(one.number[-3:])), one, "after", by)
            assert overtaken == []
            assert set(people.reached().values()) == {1}
            assert bad.ledger()  # they did refuse
        finally:
            lab.stop()
            sites.stop()
    assert lab.complaints() == []


def has_next_seat(one: Served, by: Served) -> bool:
    return one.answered - by.answered < NEXT_SEAT_SECONDS


def in_progress(ivrd: Ivrd) -> int:
    return ivrd.scrape().in_progress


def tell(order: Order, people: CalledPeople, persons: int, refused: int, led: int) -> None:
    """The figures of the run, for docs/decisions/0030."""
    served = order.served()
    back = [one for one in served if one.called_back]
    late = sorted(passed(served, one) for one in back)
    print(
        f"\n{persons} people, {len(served)} answered, {len(back)} of them called back in "
        f"{len(people.ledger())} calls; a partner refused {refused}; overtaken in the queue "
        f"while an ivrd led: {led}, in all: {len(order.overtaken())}; "
        f"later arrivals answered before each one called back: {late}"
    )


def passed(served: list[Served], back: Served) -> int:
    """How many later arrivals were answered before somebody who was called back."""
    return sum(o.answered < back.answered and o.arrived > back.arrived + 1.0 for o in served)

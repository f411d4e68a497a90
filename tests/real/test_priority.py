"""A red flag passes all who wait; a call back and a redial keep their places meanwhile."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lab.ami_events import AmiEvents
from lab.called import CalledPeople, comes
from lab.callers import Caller, HangUp, Keys, Quiet, Wait
from lab.order import Order, Served
from tests.real.rig import WAIT, Hotline, final_ledger

INTO_QUEUE = Keys("02")  # to a person, and no call back before that
OPEN, CALLBACK = Keys("9"), Keys("21")  # a call back, to this number
CHEST_PAIN = Keys("19")  # Thai; "if you have chest pain, press 9": nothing is offered before
TALK_SECONDS = 2.0
RED_FLAG = 4 * 3600.0  # seconds: the setting's default
BOOKS, GIVES_UP, RED, LATE_RED = 0, 1, 900, 901


def mobile(number: int) -> str:
    return f"0812345{number:03}"


def dialled(number: int) -> str:
    return f"+66812345{number:03}"


def caller(number: int) -> Caller:
    script = {
        BOOKS: (INTO_QUEUE, Wait(3), OPEN, Wait(2), CALLBACK),
        GIVES_UP: (INTO_QUEUE, Wait(8), HangUp()),
        RED: (CHEST_PAIN, Quiet(180)),
        LATE_RED: (CHEST_PAIN, Quiet(180)),
    }.get(number, (INTO_QUEUE, Quiet(180)))
    return Caller(number, "calls", script, number=mobile(number))


def again(number: int) -> Caller:
    """The same person, who has given up, and stays now."""
    return Caller(1000 + number, "waits", (INTO_QUEUE, Quiet(180)), number=mobile(number))


class Run:
    """The hotline, and what Asterisk has told of its line."""

    def __init__(self, start: Callable[..., Hotline], people: CalledPeople, agents: int) -> None:
        def change(name, settings) -> None:
            people.change(name, settings, at_once=20, per_minute=600, offer_after_minutes=200)
            if name == "ivrd.yaml":
                settings["waiting"] = {"menu_key": "9", "menu_key_seconds": 60}
                settings["overflow"] = {"expected_talk_seconds": TALK_SECONDS}
            if name == "queues.yaml":
                settings["pools"]["base"]["open"] = False
                other = settings["queues"]["other"]
                other["topics"]["chest"] = {"th": "เจ็บหน้าอก", "en": "Chest pain"}
                other["urgent"] = {"chest": "red_flag"}
            if name == "menus.yaml":
                settings["menus"]["main"]["keys"]["9"] = {"topic": "chest"}

        self.lab = start(agents=agents, talk=TALK_SECONDS, ring=0.2, change=change)
        self.events = AmiEvents(self.lab.ami_port, self.lab.ami_secret)
        self.calling = []

    @property
    def order(self) -> Order:
        head_starts = dict.fromkeys([mobile(RED), mobile(LATE_RED)], RED_FLAG)
        return Order.of(list(self.events.events), {dialled(BOOKS): mobile(BOOKS)}, head_starts)

    def call(self, name: str, *people: Caller) -> None:
        self.calling.append(self.lab.calling(people, rate=4.0, name=name))

    def until_wait(self, count: int) -> None:
        self.lab.until(f"{count} wait", lambda s: s["calls"]["queue"] == count, seconds=WAIT)

    def line(self) -> list[str]:
        """The channels in Asterisk's line, from its head."""
        shown = self.lab.asterisk.cli("queue show other")
        return re.findall(r"^ +\d+\. (\S+)", shown, re.MULTILINE)

    def head(self) -> str:
        """The number of whoever is first."""
        first = self.line()[0]
        return next(stay.number for stay in self.order.stays.values() if stay.channel == first)

    def id_of(self, number: str) -> str:
        """The call that waits with this number."""
        return next(call for call, of in self.order.stays.items() if of.number == number)

    def explained(self, number: str) -> str:
        return self.lab.ivrd.once("explain", "call", self.id_of(number))

    def all_wait(self, count: int) -> None:
        """So many come: one books, one gives up and dials again, and then a red flag."""
        self.call("first", *map(caller, range(2)))
        first = {mobile(number) for number in range(2)}
        self.lab.until(
            "they have joined before the others",
            lambda _s: first <= {of.number for of in self.order.stays.values()},
            WAIT,
        )
        self.call("others", *map(caller, range(2, count)))
        booked = self.lab.ivrd
        self.lab.until("one has booked", lambda _s: booked.get("callbacks")["callbacks"])
        self.until_wait(count - 2)  # and one has given up
        self.call("again", again(GIVES_UP))
        self.until_wait(count - 1)
        self.call("red", caller(RED))
        self.until_wait(count)

    def served(self, people: int) -> list[Served]:
        self.lab.ivrd.once("seats", "open", "base")
        for one in self.calling:
            one.wait(WAIT)
        self.lab.until("all are served", lambda _s: len(self.order.served()) >= people, WAIT)
        return self.order.served()


def forget_calls(folder: Path) -> None:
    """The store has nothing of the calls that are here."""
    with closing(sqlite3.connect(folder / "state" / "ivrd.sqlite")) as database, database:
        assert database.execute("DELETE FROM entry WHERE kind = 'calls'").rowcount > 0


def check(run: Run, served: list[Served], reds: int, agents: int) -> None:
    numbers = [one.number for one in served]
    assert len({*numbers}) == len(numbers), "each once"
    flagged = {mobile(number) for number in (RED, LATE_RED)[:reds]}
    assert flagged <= {*numbers[: max(reds, agents)]}, "so many seats are free at once"
    assert run.order.overtaken() == []
    # Who is called back is dialled while those before are rung for, and is the next then.
    in_turn = [one.number for one in sorted(served, key=lambda one: one.arrived)]
    assert in_turn.index(mobile(BOOKS)) == reds
    for number in numbers:
        assert abs(numbers.index(number) - in_turn.index(number)) <= 2 * agents, in_turn


@pytest.mark.lasts(35)
def test_a_red_flag_passes_all_who_wait_and_these_keep_their_order(hotline, tmp_path):
    count, agents = 8, 1
    with CalledPeople(tmp_path / "people", {dialled(BOOKS): comes(after=0.2)}) as people:
        run = Run(hotline, people, agents)
        run.all_wait(count)
        assert run.head() == mobile(RED)
        assert run.order.misplaced(run.line()) == []
        assert "Place 1 of" in run.explained(mobile(RED))
        assert "red flag, served as if it were 4 h 0 min more" in run.explained(mobile(RED))
        said = run.explained(mobile(2))
        assert "red flag, arrived" in said
        assert "to be called back" in said
        assert "no pool that serves this queue is open" in said
        served = run.served(count + 1)
        check(run, served, reds=1, agents=agents)
        final_ledger(people)
        scrape = run.lab.settled()
        assert scrape.total("ivrd_urgent_wait_seconds_count", urgency="red_flag") == 1


@pytest.mark.verify
@pytest.mark.lasts(150)
def test_a_red_flag_passes_fifty_also_over_kills_without_a_store_and_without_ivrd(
    hotline, tmp_path
):
    count, agents = 50, 3
    with CalledPeople(tmp_path / "people", {dialled(BOOKS): comes(after=0.2)}) as people:
        run = Run(hotline, people, agents)
        run.all_wait(count)
        ivrd = run.lab.ivrd
        assert run.head() == mobile(RED)
        ivrd.kill()
        assert run.head() == mobile(RED), "without ivrd"
        forget_calls(ivrd.folder)
        ivrd.start()
        run.until_wait(count)
        assert "red flag, served as if" in run.explained(mobile(RED)), "by the channel alone"
        assert run.order.misplaced(run.line()) == []
        run.call("late", caller(LATE_RED))
        run.until_wait(count + 1)
        assert run.head() == mobile(RED), "who is as urgent, and came earlier"
        assert run.order.misplaced(run.line()) == []
        assert "Place 2 of" in run.explained(mobile(LATE_RED))
        served = run.served(count + 2)
        check(run, served, reds=2, agents=agents)
        final_ledger(people)
        places = {one.number: at for at, one in enumerate(served)}
        print(
            f"\n{len(served)} answered; red flags at {places[mobile(RED)] + 1} and "
            f"{places[mobile(LATE_RED)] + 1}, the call back at {places[mobile(BOOKS)] + 1}, the "
            f"redial at {places[mobile(GIVES_UP)] + 1}"
        )

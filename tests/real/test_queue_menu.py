"""Callers who open the menu while they wait: nobody loses the place, an answer, or a key."""

from collections.abc import Sequence

from lab.callers import Caller, Keys, Wait
from lab.callers.script import Step
from tests.real.rig import WAIT, Hotline

KEY = "9"
INTO_QUEUE = Keys("0")
PLACE, CALLBACK, GO_ON = Keys("1"), Keys("2"), Keys("3")


def changed(name, settings) -> None:
    """The menu is there, and no seat takes calls until somebody opens it."""
    if name == "ivrd.yaml":
        settings["waiting"] = {"menu_key": KEY, "menu_key_seconds": 20}
    if name == "queues.yaml":
        settings["pools"]["base"]["open"] = False


class Line:
    """Callers who wait one behind the other, and what each does meanwhile."""

    def __init__(self, lab: Hotline, *scripts: Sequence[Step]) -> None:
        self.lab = lab
        self.people = [
            Caller(n, "waits", (INTO_QUEUE, *script)) for n, script in enumerate(scripts, 1)
        ]
        self.calls = []
        for caller in self.people:
            name = f"caller{caller.id}"
            self.calls.append(lab.calling([caller], rate=5.0, name=name))
            lab.until("one more waits", lambda s, n=caller.id: s["calls"]["queue"] == n)

    def in_menus(self, count: int) -> None:
        """Wait until so many are in the menu."""

        def there(_status) -> bool:
            return self.lab.ivrd.scrape().total("ivrd_queue_menu_callers") == count

        self.lab.until(f"{count} in the menu", there)

    def answered(self) -> list[str]:
        """The numbers in the order in which an agent took them."""
        self.entries = [entry for call in self.calls for entry in call.wait(WAIT).entries]
        talks = sorted(self.lab.agents.ledger(), key=lambda talk: talk.rung_at)
        return [talk.number for talk in talks]

    @property
    def numbers(self) -> list[str]:
        return [caller.shown for caller in self.people]


def opened(lab: Hotline) -> None:
    lab.ivrd.once("seats", "open", "base")


def test_who_opens_the_menu_keeps_the_place_and_leaves_it_when_the_turn_comes(hotline):
    """One goes on waiting, one asks for the place again and again, one is first and stays in it."""
    lab = hotline(agents=1, talk=3.0, ring=0.2, change=changed)
    stays = tuple(step for _ in range(20) for step in (Wait(2), PLACE))
    line = Line(
        lab,
        (Wait(8), Keys(KEY), *stays),
        (Wait(6), Keys(KEY), Wait(2), GO_ON),
        (),
        (Wait(1), Keys(KEY), *stays),
        (),
    )
    line.in_menus(2)
    status = lab.ivrd.status()
    assert status["calls"]["queue"] == 5
    opened(lab)
    assert line.answered() == line.numbers
    scrape = lab.settled()
    assert scrape.ended("answered") == 5
    assert scrape.total("ivrd_events_refused_total") == 0
    assert scrape.total("ivrd_calls_offered_total") == 5

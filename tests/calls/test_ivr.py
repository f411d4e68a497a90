"""Callers in menus: who is spoken to, where one goes on, and who goes straight to the queue."""

from collections.abc import Sequence
from dataclasses import replace

from ivrd.asterisk.async_agi import Sessions
from ivrd.calls.ivr import Ivr, IvrSettings
from ivrd.calls.menu_call import KEYS_KEPT, MenuPosition
from ivrd.core import menu
from ivrd.core.challenge import Reason
from ivrd.core.commands import Command, ToPerson
from ivrd.core.menu_mode import MenuMode
from ivrd.core.menu_step import MenuStep, StepKind
from ivrd.core.queue_menu import Waits
from tests.asterisk.virtual import run
from tests.calls.rig import (
    MENU_KEY,
    SCRIPT,
    FakeBooking,
    FakeCases,
    FakeIntake,
    FakeLink,
    FakeLinks,
    settle,
)

BREAK = "ASYNCAGI BREAK"


class WaitsIn:
    def joining(self, _call_id: str, _queue: str, language: str) -> str:
        return language


class Room:
    """The menus of one ivrd on a fake link; what the books were told, by call."""

    def __init__(self, most: int = 100) -> None:
        self.link = FakeLink()
        settings = IvrSettings(SCRIPT, most, behind_seconds=2.0)
        sessions = Sessions(self.link, lambda _s: None, lambda _s: None)  # type: ignore[arg-type]
        self.commands: dict[str, list[Command]] = {}
        self.faults: list[BaseException] = []
        self.steps: list[tuple[str, StepKind]] = []
        self.places: dict[str, dict[str, str]] = {}  # of those who have waited before
        self.in_line: set[str] = set()
        self.over_limit: dict[str, Reason] = {}
        self.waiting: dict[str, Waits] = {}  # who has opened the menu of a queue
        self.booking = FakeBooking()
        self.ivr = Ivr(
            settings,
            sessions,
            self.link,
            self,
            self.booking,
            FakeLinks(),
            FakeIntake(),
            FakeCases(),
            self._notify,
            self._stepped,
            self._fault,
            lambda call_id: self.places.get(call_id, {}),
            WaitsIn(),
            self,
            lambda _queue: True,
        )

    def reason(self, call_id: str) -> Reason | None:
        return self.over_limit.get(call_id)

    def waits(self, call_id: str) -> Waits | None:
        return self.waiting.get(call_id)

    def pressed(self, call_id: str, digit: str) -> bool:
        return call_id in self.in_line and digit == MENU_KEY

    def _notify(self, call_id: str, command: Command) -> None:
        self.commands.setdefault(call_id, []).append(command)

    def _stepped(self, call_id: str, step: MenuStep) -> None:
        self.steps.append((call_id, step.kind))

    def _fault(self, _call_id: str, error: BaseException) -> None:
        self.faults.append(error)

    def arrive(self, *calls: str) -> None:
        for call_id in calls:
            self.ivr.arrived(call_id, f"PJSIP/{call_id}", "")
            self.ivr.offered(call_id)

    async def press(self, call_id: str, keys: str, at: float = 1.0) -> None:
        for n, digit in enumerate(keys):
            self.ivr.key_up(call_id, digit, at + n / 100)
            await settle()

    def find(self, call_id: str, position: MenuPosition | None = None) -> None:
        """A call that is in a menu, and that this ivrd has not seen arriving."""
        self.ivr.seen(call_id, "", position)
        self.ivr.found(call_id, f"PJSIP/{call_id}", "", offered=True)

    def sent(self, call_id: str) -> Sequence[str]:
        return self.link.commands(f"PJSIP/{call_id}")

    def to(self, call_id: str) -> list[str]:
        """The topics to which a caller has come."""
        return [c.topic for c in self.commands.get(call_id, []) if isinstance(c, ToPerson)]


def in_main_menu(key_at: float = 0.0) -> MenuPosition:
    """Somebody who listens to the main menu."""
    return MenuPosition(menu.enter(SCRIPT.tree)[0], key_at)


# --- the standby ---------------------------------------------------------------------------


def test_one_who_stands_by_says_nothing_until_it_acts() -> None:
    async def body() -> None:
        room = Room()
        room.ivr.active = False
        room.arrive("a", "b")
        await room.press("a", "1")
        room.ivr.gone("b", "hung up")
        await room.ivr.resume()
        await settle()
        assert room.link.told == []
        room.ivr.active = True
        await room.ivr.resume()
        await settle()
        assert room.sent("a")
        assert not room.sent("b")
        assert len(room.ivr) == 1

    run(body())


def test_keys_that_nobody_heeded_are_heeded_by_the_one_who_takes_over() -> None:
    """The first ivrd wrote down where the caller was after "1"; then it died, and "4" came."""

    async def body() -> None:
        first, second = Room(), Room()
        second.ivr.active = False
        for room in (first, second):
            room.arrive("a")
            await room.press("a", "1", at=10.0)
        position = first.ivr.position("a")
        await second.press("a", "4", at=11.0)
        second.ivr.active = True
        second.ivr.seen("a", "", position)
        await second.ivr.resume()
        await settle()
        assert second.to("a") == ["other"]

    run(body())


def test_keys_pressed_before_anything_was_written_down_are_heeded_as_well() -> None:
    """The first ivrd died in the moment after it had begun to speak."""

    async def body() -> None:
        room = Room()
        room.ivr.active = False
        room.arrive("a")
        await room.press("a", "14", at=10.0)
        room.ivr.active = True
        await room.ivr.resume()
        await settle()
        assert room.to("a") == ["other"]

    run(body())


def test_keys_of_an_earlier_session_are_not_heeded_in_a_new_one() -> None:
    async def body() -> None:
        room = Room()
        room.ivr.active = False
        room.arrive("a")
        await room.press("a", "14", at=10.0)
        room.ivr.over("a", "the dialplan has the call")
        room.ivr.active = True
        room.ivr.offered("a")
        await settle()
        assert room.sent("a")
        assert room.to("a") == []

    run(body())


def test_keys_that_were_heeded_are_not_heeded_twice() -> None:
    async def body() -> None:
        first, second = Room(), Room()
        second.ivr.active = False
        for room in (first, second):
            room.arrive("a")
            await room.press("a", "1", at=10.0)
        second.ivr.active = True
        second.ivr.seen("a", "", first.ivr.position("a"))
        await second.ivr.resume()
        await settle()
        here, there = first.ivr.position("a"), second.ivr.position("a")
        assert here is not None
        assert there is not None
        assert here.visit.menu == there.visit.menu
        assert here.key_at == there.key_at == 10.0

    run(body())


def test_one_who_came_later_knows_the_keys_since_then() -> None:
    """It never saw the call arrive, nor its first key; what it heard afterwards counts."""

    async def body() -> None:
        room = Room()
        room.ivr.active = False
        room.find("a")
        await room.press("a", "4", at=12.0)
        room.ivr.active = True
        room.ivr.seen("a", "", in_main_menu(key_at=11.0))
        await room.ivr.resume()
        await settle()
        assert room.to("a") == ["other"]

    run(body())


def test_what_led_there_stays_known_over_several_takeovers() -> None:
    async def body() -> None:
        room = Room()
        room.find("a", in_main_menu(key_at=11.0))
        await room.ivr.resume()
        await settle()
        position = room.ivr.position("a")
        assert position is not None
        assert position.key_at == 11.0

    run(body())


def test_a_place_that_a_reload_took_away_means_the_beginning() -> None:
    async def body() -> None:
        room = Room()
        gone = replace(in_main_menu().visit, menu="gone-since")
        room.find("a", MenuPosition(gone, 5.0))
        await room.press("a", "4", at=6.0)
        await room.ivr.resume()
        await settle()
        assert "ANSWER" in room.sent("a")
        assert room.to("a") == []  # the key was meant for another menu
        assert room.faults == []

    run(body())


def test_after_a_lost_link_a_caller_goes_on_where_he_was() -> None:
    async def body() -> None:
        room = Room()
        room.arrive("a")
        await room.press("a", "1")
        before = room.ivr.position("a")
        room.ivr.detach_all("the link was lost")
        await settle()
        assert len(room.ivr) == 0
        assert room.ivr.position("a") == before
        await room.ivr.resume()
        await settle()
        assert sum("welcome" in sent for sent in room.sent("a")) == 1
        await room.press("a", "4", at=2.0)
        assert room.to("a") == ["other"]
        kinds = [kind for _, kind in room.steps]
        assert kinds == [StepKind.MENU, StepKind.RESUMED, StepKind.PERSON]

    run(body())


def test_a_new_session_of_a_channel_begins_anew() -> None:
    async def body() -> None:
        room = Room()
        room.find("a", in_main_menu(key_at=3.0))
        room.ivr.offered("a")
        await settle()
        assert "ANSWER" in room.sent("a")

    run(body())


def test_of_a_caller_who_presses_without_end_only_the_last_keys_are_kept() -> None:
    async def body() -> None:
        room = Room()
        room.ivr.active = False
        room.arrive("a")
        await room.press("a", "9" * (KEYS_KEPT + 50))
        assert len(room.ivr._calls["a"].keys) == KEYS_KEPT

    run(body())


# --- straight to the queue -----------------------------------------------------------------


def test_whoever_comes_when_the_menus_are_full_goes_straight_to_the_queue() -> None:
    async def body() -> None:
        room = Room(most=2)
        room.arrive("a", "b", "c")
        await settle()
        assert room.sent("c") == [BREAK]
        assert room.ivr.sent_to_queue == 1
        assert room.steps == [("c", StepKind.NO_MENU)]
        room.ivr.gone("a", "hung up")
        await settle()
        room.arrive("d")
        await settle()
        assert "ANSWER" in room.sent("d")
        assert (len(room.ivr), room.ivr.sent_to_queue) == (2, 1)

    run(body())


def test_who_has_waited_before_has_the_place_without_a_menu_as_well() -> None:
    async def body() -> None:
        room = Room(most=0)
        room.places["a"] = {"IVRD_EFFECTIVE": "1795312000000"}
        room.arrive("a")
        await settle()
        assert room.sent("a") == ['SET VARIABLE IVRD_EFFECTIVE "1795312000000"', BREAK]

    run(body())


def test_whoever_comes_while_we_are_late_goes_straight_to_the_queue() -> None:
    async def body() -> None:
        room = Room()
        room.link.behind_seconds = 2.1
        room.arrive("a")
        await settle()
        assert room.sent("a") == [BREAK]
        assert room.ivr.sent_to_queue == 1

    run(body())


def test_one_that_stops_takes_nobody_and_says_nothing_of_full_menus() -> None:
    async def body() -> None:
        room = Room()
        room.ivr.draining = True
        room.arrive("a")
        await settle()
        assert room.sent("a") == [BREAK]
        assert room.ivr.sent_to_queue == 0

    run(body())


def test_a_full_house_takes_up_as_many_as_fit() -> None:
    async def body() -> None:
        room = Room(most=3)
        for n in range(5):
            room.find(str(n), in_main_menu())
        await room.ivr.resume()
        await settle()
        sent = [room.sent(str(n)) for n in range(5)]
        assert sum(commands == [BREAK] for commands in sent) == 2
        assert len(room.ivr) == 3

    run(body())


def test_whoever_has_heard_nothing_yet_is_taken_up_first() -> None:
    async def body() -> None:
        room = Room()
        room.find("old", in_main_menu())
        room.find("new")
        await room.ivr.resume()
        await settle()
        assert room.link.told[0]["Channel"] == "PJSIP/new"
        assert room.sent("old")

    run(body())


def test_nothing_is_kept_of_a_call_that_is_gone() -> None:
    async def body() -> None:
        room = Room()
        room.arrive("a")
        room.ivr.over("a", "the dialplan has it")
        assert room.ivr.position("a") is None
        room.ivr.gone("a", "hung up")
        room.ivr.key_up("a", "1", 1.0)
        await settle()
        assert room.ivr._calls == {}
        assert len(room.ivr) == 0

    run(body())


def test_keys_that_asterisk_tells_twice_are_pressed_once() -> None:
    """As it was seen of one who typed 1, 1, 2 while his call was being answered."""

    async def body() -> None:
        room = Room()
        room.arrive("a")
        keys = "down 1, down 1, up 1, down 1, up 1, up 1, down 2, up 2, up 2"
        heard = []
        for n, (way, digit) in enumerate(part.split() for part in keys.split(", ")):
            if way == "down":
                room.ivr.key_down("a", digit, 10 + n / 50)
            else:
                room.ivr.key_up("a", digit, 10 + n / 50)
            heard = [key for _at, key in room.ivr._calls["a"].keys]
        assert heard == ["1", "1", "2"]

    run(body())


def test_a_session_that_is_to_begin_again_goes_on_where_it_was() -> None:
    async def body() -> None:
        room = Room()
        room.arrive("a")
        await settle()
        await room.press("a", "1", at=10.0)
        assert room.ivr.begin_again() == [("PJSIP/a", "hotline")]
        room.ivr.over("a", "the dialplan has the call")
        room.ivr.offered("a")
        await settle()
        await room.press("a", "4", at=5.0)  # by a clock that was set back
        assert room.to("a") == ["other"]
        room.ivr.over("a", "the dialplan has the call")  # the next end is one
        assert room.ivr.position("a") is None

    run(body())


def test_a_flood_is_asked_for_a_key_keeps_nobody_out_of_a_menu_and_gets_round_none() -> None:
    async def body() -> None:
        room = Room(most=1)
        room.over_limit = {"f1": Reason.NUMBER, "f2": Reason.NUMBER, "f3": Reason.NUMBER}
        room.arrive("f1", "f2")
        await settle()
        assert room.ivr.challenged_now() == 2
        room.arrive("a")  # one caller may be in a menu: nobody is yet
        await settle()
        assert room.ivr.sent_to_queue == 0
        room.arrive("b", "f3")  # that one goes to the queue, and no call of the flood
        await settle()
        assert room.ivr.sent_to_queue == 1
        assert room.steps.count(("f3", StepKind.CHALLENGED)) == 1
        position = room.ivr.position("f1")
        assert position is not None
        assert isinstance(position.visit, menu.Visit)
        assert position.visit.challenged
        await room.press("f1", "5")
        assert room.ivr.challenged_now() == 2
        assert ("f1", StepKind.PASSED) in room.steps

    run(body())


def test_while_people_are_called_back_only_who_can_be_is_offered_it() -> None:
    """A plan's menu mode; 0 once more leads to the queue."""

    async def body() -> None:
        room = Room()
        tree = replace(SCRIPT.tree, mode=MenuMode.CALLBACK_ONLY)
        script = replace(SCRIPT, tree=tree, today=lambda: tree)
        room.ivr.configure(IvrSettings(script, 100, behind_seconds=2.0))
        room.arrive("a", "b")
        await settle()
        await room.press("a", "0")
        assert room.to("a") == []
        assert ("a", StepKind.OFFER) in room.steps
        await room.press("a", "0", at=2.0)
        assert len(room.to("a")) == 1
        room.booking.offers = False
        await room.press("b", "0")
        assert len(room.to("b")) == 1

    run(body())


def test_whoever_was_asked_for_a_key_is_asked_again_after_a_takeover() -> None:
    async def body() -> None:
        room = Room()
        visit, _ = menu.enter(SCRIPT.tree, challenged=True)
        room.ivr.seen("f", "PJSIP/f", MenuPosition(visit))
        room.ivr.found("f", "PJSIP/f", "", True)
        await room.ivr.resume()
        await settle()
        assert room.ivr.challenged_now() == 1

    run(body())

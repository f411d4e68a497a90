"""What waiting callers hear: set on the channel when it changes, and never more at once."""

from ivrd.core.call import AnsweredBy
from ivrd.core.call_events import Connected, JoinedQueue
from ivrd.core.priority import Place
from ivrd.waiting import announcer
from ivrd.waiting.announcer import AnnouncerSettings
from tests.waiting.rig import Rig


def test_who_joins_has_the_wait_on_the_channel_before_that() -> None:
    rig = Rig()
    rig.receive("first")
    assert rig.announcer.joining("first", "a", "th") == "th_w3"
    rig.join("first")
    rig.receive("second", "en")
    assert rig.announcer.joining("second", "b", "en") == "en_w5"
    assert rig.announcer.joining("stranger", "a", "en") == "en"


def test_a_channel_is_told_only_of_what_has_changed() -> None:
    rig = Rig()
    for call_id in ("first", "second"):
        rig.receive(call_id)
        rig.announcer.joining(call_id, "a", "th")
        rig.join(call_id)
        rig.now += 0.1
    rig.join("adopted", language="en")  # what is on its channel nobody knows
    assert rig.reconcile() == [("PJSIP/adopted", "en_w7")]
    assert rig.reconcile() == []
    rig.hang_up("first")
    assert rig.reconcile() == []  # not clearly shorter yet
    rig.hang_up("second")
    assert rig.reconcile() == [("PJSIP/adopted", "en_w5")]


def test_while_nobody_is_there_and_when_it_is_off_only_the_place_is_said() -> None:
    rig = Rig()
    rig.join("here")
    assert rig.reconcile() == [("PJSIP/here", "th_w3")]
    rig.settings = AnnouncerSettings(on=False, trusted_from=0.65)
    assert rig.reconcile() == [("PJSIP/here", "th")]
    rig.receive("next")
    assert rig.announcer.joining("next", "a", "th") == "th"
    rig.beside = {"a": [Place(10.0, 10.0, "booked")]}  # the place is true all the same
    assert rig.reconcile() == [("PJSIP/here", "th_b_1")]
    rig.beside = {}
    rig.settings = AnnouncerSettings(on=True, trusted_from=0.65)
    rig.reconcile()
    rig.members.states.clear()
    rig.look()
    assert rig.reconcile() == [("PJSIP/here", "th")]


def test_not_more_than_so_many_at_once_and_the_others_in_the_next_look() -> None:
    rig = Rig()
    for number in range(announcer.AT_ONCE + 30):
        rig.join(f"c{number:03}")
        rig.now += 0.01
    assert len(rig.reconcile()) == announcer.AT_ONCE
    assert len(rig.reconcile()) == 30
    assert rig.reconcile() == []


def test_who_is_with_a_person_is_left_alone() -> None:
    rig = Rig()
    rig.join("here")
    rig.answer("here")
    assert rig.reconcile() == []


def test_a_promise_is_the_first_bound_that_was_told() -> None:
    rig = Rig()
    for call_id in ("kept", "broken", "gave-up", "waited-in-vain"):
        rig.receive(call_id)
        assert rig.announcer.joining(call_id, "a", "th").startswith("th_w")
        rig.join(call_id)
    rig.now += 60.0
    rig.answer("kept")
    rig.hang_up("gave-up")
    rig.now += 7000.0
    rig.answer("broken")
    rig.hang_up("waited-in-vain")
    assert rig.told.promises == [("a", True), ("a", False), ("a", False)]


def test_the_channel_of_who_comes_back_is_set_anew() -> None:
    rig = Rig()
    rig.join("here")
    assert rig.reconcile() == [("PJSIP/here", "th_w3")]
    rig.happens("here", JoinedQueue(rig.now, "b"))
    assert rig.reconcile() == [("PJSIP/here", "th_w3")]


def test_who_comes_back_from_a_seat_has_no_second_promise() -> None:
    rig = Rig()
    rig.receive("here")
    rig.announcer.joining("here", "a", "th")
    rig.join("here")
    rig.happens("here", Connected(rig.now, AnsweredBy.INHOUSE, "base0"))
    rig.happens("here", JoinedQueue(rig.now, "a"))
    rig.answer("here")
    assert rig.told.promises == [("a", True)]


def test_those_who_come_before_and_wait_beside_the_line_are_counted_with_the_place() -> None:
    rig = Rig()
    before, after = Place(10.0, 10.0, "booked"), Place(1e9, 1e9, "later")
    rig.beside = {"a": [before, before, after], "b": [before]}
    rig.receive("here")
    assert rig.announcer.joining("here", "a", "th") == "th_w10b_2"  # the one for b is ahead as well
    rig.join("here")
    assert rig.reconcile() == []
    rig.beside = {"a": [before] * 22}
    (told,) = rig.reconcile()
    assert told[1].endswith("b_25")  # rounded up
    rig.beside = {}
    assert rig.reconcile() == [("PJSIP/here", "th_w5")]
    rig.members.states.clear()
    rig.look()
    rig.beside = {"a": [before]}
    assert rig.reconcile() == [("PJSIP/here", "th_b_1")]

"""Bookings are found as if all of them were looked through."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ivrd.callbacks.index import BookingIndex
from ivrd.core.booking import Booking, BookingOrigin, BookingState

PEOPLE, QUEUES, CALLS = ("p", "q", "r"), ("red", "blue"), ("", "c1", "c2")


@st.composite
def bookings(draw: st.DrawFn) -> Booking:
    return Booking(
        id=draw(st.sampled_from("abcd")),
        person=draw(st.sampled_from(PEOPLE)),
        asked_by=draw(st.sampled_from(("", *PEOPLE))),
        number="",
        queue=draw(st.sampled_from(QUEUES)),
        topic="",
        language="th",
        booked_at=0.0,
        effective_at=0.0,
        state=draw(st.sampled_from(BookingState)),
        origin=draw(st.sampled_from(BookingOrigin)),
    )


@given(st.lists(bookings() | st.sampled_from("abcd")))
def test_they_are_found_by_person_and_queue_and_counted(steps: list[Booking | str]) -> None:
    index, known = BookingIndex(), dict[str, Booking]()
    for step in steps:
        if isinstance(step, Booking):
            index.put(step)
            known[step.id] = step
        else:
            index.remove(step)
            known.pop(step, None)
    assert by_id(index.all()) == known
    assert by_id(index.open()) == {one.id: one for one in known.values() if one.open}
    for queue in QUEUES:
        here = [one for one in known.values() if one.open and one.queue == queue]
        assert by_id(index.open(queue)) == by_id(here)
    for person in (*PEOPLE, ""):
        theirs = [one for one in known.values() if person and person in (one.person, one.asked_by)]
        assert by_id(list(index.of_person(person))) == by_id(theirs)
    counts = Counter((one.state, one.origin) for one in known.values())
    assert +index.counts == counts


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(CALLS), st.booleans())))
def test_they_are_found_by_the_call_of_their_attempt(steps: list[tuple[str, str, bool]]) -> None:
    index, known = BookingIndex(), dict[str, Booking]()
    for booking_id, call_id, is_open in steps:
        if any(one.call_id == call_id for one in known.values() if one.id != booking_id):
            continue  # a call is one attempt
        state = BookingState.IN_QUEUE if is_open else BookingState.REACHED
        one = Booking(booking_id, "p", "", "", "red", "", "th", 0.0, 0.0, state=state)
        known[booking_id] = one = Booking(**{**vars(one), "call_id": call_id})
        index.put(one)
    for call_id in CALLS:
        found = [one for one in known.values() if call_id == one.call_id != "" and one.open]
        assert [index.of_call(call_id)] == (found or [None])


def by_id(found: list[Booking]) -> dict[str, Booking]:
    assert len({one.id for one in found}) == len(found)
    return {one.id: one for one in found}

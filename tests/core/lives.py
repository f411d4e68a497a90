"""Whole lives of calls, as events for the books and as lines of Asterisk's record."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from ivrd.core.call import (
    By,
    Call,
    Connected,
    Event,
    HungUp,
    Impossible,
    Informed,
    Joined,
    Left,
    Place,
    TurnedAway,
    WentBack,
    step,
)
from ivrd.core.queue_log_replay import Line, Says

QUEUES = ("red", "green")
SEATS = (("base-01", By.INHOUSE), ("good/01", By.PARTNER))
# Where the dialplan's variable has a call when its line goes.
TOLD = {place: place for place in (Place.MENU, Place.INFO, Place.CLOSED, Place.QUEUE)}
TOLD[Place.TALK] = Place.QUEUE


@dataclass(frozen=True)
class Step:
    """One moment of a call: what the books hear and what the record gets; the first is neither."""

    call_id: str
    event: Event | None
    line: Line | None

    def at(self, time: float) -> "Step":
        """The same, then."""
        event, line = self.event, self.line
        if isinstance(event, Joined | Connected | HungUp):
            event = replace(event, at=time)
        return replace(self, event=event, line=line and replace(line, at=time))


@st.composite
def lives(draw: st.DrawFn, call_id: str = "a") -> list[Step]:
    """One call from its arrival to its end."""
    steps = [Step(call_id, None, Line(0.0, Says.RECEIVED, call_id))]
    call = Call(call_id, 0.0)
    for _ in range(draw(st.integers(0, 8))):
        queue, (seat, by) = draw(st.sampled_from(QUEUES)), draw(st.sampled_from(SEATS))
        event, line = draw(
            st.sampled_from(
                [
                    (Informed(), None),
                    (TurnedAway(), None),
                    (WentBack(), None),
                    (Joined(0.0, queue), Line(0.0, Says.JOINED, call_id, queue)),
                    (Left(), Line(0.0, Says.LEFT, call_id)),
                    (
                        Connected(0.0, by, seat),
                        Line(0.0, Says.CONNECTED, call_id, call.queue, seat, by),
                    ),
                ]
            )
        )
        try:
            call, _ = step(call, event)
        except Impossible:
            continue
        steps.append(Step(call_id, event, line))
    if call.place is Place.QUEUE:
        steps.append(Step(call_id, None, Line(0.0, Says.GAVE_UP, call_id, call.queue)))
    last = Line(0.0, Says.ENDED, call_id, place=TOLD[call.place])
    return [*steps, Step(call_id, HungUp(0.0), last)]


@st.composite
def days(draw: st.DrawFn) -> list[Step]:
    """Some calls at once, in any interleaving; a second from each moment to the next."""
    left = [draw(lives(f"call-{n}")) for n in range(draw(st.integers(1, 5)))]
    mixed: list[Step] = []
    while left := [life for life in left if life]:
        mixed.append(draw(st.sampled_from(left)).pop(0))
    return [moment.at(100.0 + second) for second, moment in enumerate(mixed)]

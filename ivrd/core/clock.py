"""Times that go on evenly, whatever is done to the clocks on the wall.

Theory of operation
-------------------
A machine's clock may be set, by an hour or a year, while callers wait; a difference of two of its
readings is then no duration.  So ivrd's moments are seconds on a `Timeline`, which runs with the
machine's monotonic clock.  It reads as the clock on the wall did when ivrd started; what that has
been set by since then, `shift`, is added where a moment is written down for others.

Asterisk says when things happened by its own clock on the wall.  `AsteriskClock` knows how far
that is from the timeline: each answer to a ping was written between the question and its arrival,
and no event comes before it has happened.  What these bounds do not allow is a clock that was set.

What is less than `LEAST_SECONDS` is no step: two machines differ by as much.
"""

from collections.abc import Callable

LEAST_SECONDS = 1.0


class Timeline:
    """Moments of ivrd.  `wall`: the time of day, seconds since the epoch; `monotonic`: seconds."""

    def __init__(self, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._begin = wall() - monotonic()
        self._seen = 0.0  # the shift when somebody last asked for its change

    def now(self) -> float:
        """This moment."""
        return self._begin + self._monotonic()

    def at(self, monotonic: float) -> float:
        """The moment of a reading of the monotonic clock."""
        return self._begin + monotonic

    @property
    def shift(self) -> float:
        """By how many seconds the clock on the wall was set forward since ivrd started."""
        shift = self._wall() - self.now()
        return shift if abs(shift) >= LEAST_SECONDS else 0.0

    def stepped(self) -> float:
        """By how much the clock on the wall was set since the last call; 0 if it was not."""
        shift = self.shift
        step = shift - self._seen
        if abs(step) < LEAST_SECONDS:
            return 0.0
        self._seen = shift
        return step


class AsteriskClock:
    """Asterisk's clock on the wall, held against ivrd's timeline; a reading of 0 is none.

    `set_back`: how often it was found to have been set back.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.set_back = 0
        self._timeline = timeline
        self._shift = 0.0  # its reading minus ours
        self._before = 0.0  # the same before it was last set
        self._set_at = float("-inf")
        self._last = float("-inf")  # its reading in the last event
        self._answered = float("-inf")  # when the last answer came

    def answered(self, reading: float, asked: float, received: float) -> None:
        """An answer that Asterisk wrote between two readings of the monotonic clock.

        The same answer again says nothing: events have come since that know better.
        """
        if not reading or received <= self._answered:
            return
        self._answered = received
        most, least = (reading - self._timeline.at(moment) for moment in (asked, received))
        if not least - LEAST_SECONDS < self._shift < most + LEAST_SECONDS:
            self._set(reading, (most + least) / 2)

    def moment(self, reading: float) -> float:
        """When an event happened that has just come; they come in their order."""
        now = self._timeline.now()
        if not reading:
            return now
        early = reading - self._shift > now + LEAST_SECONDS
        if early or reading < self._last - LEAST_SECONDS:
            self._set(reading, reading - now)
        self._last = reading
        return reading - self._shift

    @property
    def shift(self) -> float:
        """By how many seconds it is ahead of ivrd's timeline."""
        return self._shift

    def reading(self, moment: float) -> float:
        """What it reads, or would have read, at a moment."""
        return moment + self._shift

    def written(self, reading: float) -> float:
        """When a line of queue_log was written, which is read only now."""
        moment = reading - self._shift
        if moment < self._set_at and self._shift > self._before:
            moment = reading - self._before  # written before the clock was set forward
        return min(moment, self._timeline.now() + LEAST_SECONDS)

    def _set(self, reading: float, shift: float) -> None:
        shift = shift if abs(shift) >= LEAST_SECONDS else 0.0
        self.set_back += shift < self._shift
        self._before, self._shift = self._shift, shift
        self._set_at, self._last = self._timeline.now(), reading

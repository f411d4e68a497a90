"""When a partner is called a second time for the same caller, because the first call still rings.

Who is answered late waits for the slowest of the partner's people.  So the second call is made when
the first has not been answered in the time in which three of four are: it costs the partner a
quarter more calls at most, and spares the caller what lies behind that (the "hedged request" of
J. Dean, L. A. Barroso, "The Tail at Scale", 2013).
"""

from collections import deque
from math import ceil, inf

KEPT = 40  # calls, the last ones: as people come and go, so do their times
LEAST = 8  # calls, before anything is said of a partner
SHARE = 0.75
LEAST_SECONDS = 1.0  # until the second call: who answers sooner than that is as good as there
STEP = 0.5  # seconds: what is said changes in these, not with each call
LEAST_GAIN = 1.0  # seconds for which the second call must be able to ring


class AnswerTimes:
    """How long a partner's phones rang before they were answered, of the last calls."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)

    def answered(self, seconds: float) -> None:
        """A call was answered after so many seconds of ringing."""
        self._seconds.append(seconds)

    def not_answered(self) -> None:
        """A call rang in vain, or until another was answered."""
        self._seconds.append(inf)

    def usual(self) -> float | None:
        """Seconds in which three of four calls are answered; None when too few were made.

        Infinite when more than a quarter is not answered at all.
        """
        if len(self._seconds) < LEAST:
            return None
        return sorted(self._seconds)[ceil(SHARE * len(self._seconds)) - 1]


def second_call_after(times: AnswerTimes, ring_seconds: float) -> float | None:
    """Seconds after which a second call is made; None for never.

    `ring_seconds`: after these the first one is given up, and with it the second.
    """
    usual = times.usual()
    if usual is None or usual > ring_seconds - LEAST_GAIN:
        return None
    return max(LEAST_SECONDS, ceil(usual / STEP) * STEP)

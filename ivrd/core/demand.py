"""What is learned of one queue's callers from look to look: how many come, talk and give up."""

from dataclasses import dataclass, field, replace

from ivrd.core.call import Outcome, Stage
from ivrd.core.call_notices import Ended
from ivrd.core.forecast import Arrivals, Load, Rate, handling_rate, patience_rate

GAP_SECONDS = 10.0  # a longer time between two looks is one in which nobody counted


@dataclass
class Demand:
    """What was seen of one queue's callers, and the counts since the last look."""

    arrivals: Arrivals = field(default_factory=Arrivals)
    handling: Rate = field(default_factory=handling_rate)
    patience: Rate = field(default_factory=patience_rate)
    joined: int = 0
    talked: int = 0
    left: int = 0
    nobody_seconds: float = 0.0  # watched, and there was no caller any more who could have left

    def expect(self, talk: float, patience: float) -> None:
        """Expect talks and patience of so many seconds; it counts the less the more was seen."""
        self.handling = _expecting(self.handling, talk)
        self.patience = _expecting(self.patience, patience)

    def ended(self, end: Ended) -> None:
        """A call has ended.  One whose media is lost tells nothing of patience."""
        self.talked += end.outcome is Outcome.ANSWERED
        if end.stage is not Stage.QUEUE:
            return
        if end.call.media_lost:
            self.nobody_seconds += end.call.silent_seconds
        else:
            self.left += 1

    def observe(self, seconds: float, waiting: int, talking: int) -> None:
        """Learn from the `seconds` since the last look."""
        if seconds > GAP_SECONDS:
            self.arrivals = self.arrivals.unwatched(seconds)
            self.handling = self.handling.unwatched(seconds)
            self.patience = self.patience.unwatched(seconds)
        else:
            self.arrivals = self.arrivals.watched(seconds, self.joined)
            self.handling = self.handling.watched(seconds, self.talked, talking * seconds)
            self.patience = self.patience.watched(seconds, self.left, waiting * seconds)
        self.patience = self.patience.without(self.nobody_seconds)
        self.joined = self.talked = self.left = 0
        self.nobody_seconds = 0.0

    def load(self) -> Load:
        """The estimates as one load."""
        return Load(
            self.arrivals.per_second, self.handling.mean_seconds, self.patience.mean_seconds
        )


# What is expected weighs as much as so many events while none was seen; half as much once so many
# were, and so on: a first guess that is wrong does no harm for long.
EXPECTED_EVENTS = 10.0


def learnt_mean(rate: Rate, expected: float) -> float:
    """The mean seconds of a rate without a prior, when `expected` was the first guess."""
    weight = EXPECTED_EVENTS**2 / (EXPECTED_EVENTS + rate.events)
    return (weight * expected + rate.exposure) / (weight + rate.events)


def _expecting(rate: Rate, seconds: float) -> Rate:
    return replace(rate, prior_seconds=rate.prior_events * seconds)

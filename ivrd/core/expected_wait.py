"""How long a waiting caller will wait: the expected wait, and a bound that 80 % of waits keep.

Theory of operation
-------------------
Of the callers ahead, one leaves the line whenever a person is free or one of them hangs up.  With
`seats` people at work, each free again after `handling` seconds on average, and `patience` seconds
until a waiting caller gives up, a caller with n others ahead waits for n + 1 steps.  Each takes an
exponential time: while i are ahead, at the rate seats / handling + i / patience (W. Whitt,
"Predicting queueing delays", Management Science 45, 1999; this is Erlang-A's queue).  Mean and
variance are sums over i.  The wait is taken for gamma distributed with these two, and its
quantiles from the cube-root approximation (E. B. Wilson, M. M. Hilferty, 1931).

That bound is the model's.  Talks are not exponential, seats open and close, callers who waited
before join ahead.  So it is multiplied by a factor that follows what is realised: a wait that is
longer than its bound raises the factor, any other lowers it by a quarter of that (adaptive
conformal inference: I. Gibbs, E. Candes, 2021).  In the long run 80 % of the bounds are kept,
whatever is wrong with the model.  A bound is kept by an answer in time, and broken by a later one,
or by a caller who gives up after it.  Who gives up before it has neither kept nor broken it.

Times are seconds.
"""

from dataclasses import dataclass, field, replace
from math import exp, inf, sqrt

CONFIDENCE = 0.8  # of the waits are to keep their bound
Z = 0.8416212335729143  # the normal distribution's quantile for it
STEP = 0.02  # by how much a broken bound moves the logarithm of the factor, but for CONFIDENCE
MOST = 16.0  # by which the model's bound is multiplied or divided at most
RECENT = 100.0  # bounds on which the coverage rests: older ones have faded by 1/e


@dataclass(frozen=True)
class Service:
    """What moves a line.  `seats`: the people who serve it.

    `handling`: seconds that a caller keeps one of them; `patience`: seconds until a caller who
    waits gives up.  Both are means over 0.
    """

    seats: float
    handling: float
    patience: float

    def rate(self, ahead: float) -> float:
        """Steps a second while so many are ahead."""
        return self.seats / self.handling + ahead / self.patience


@dataclass(frozen=True)
class Wait:
    """A wait as it is foreseen; infinite when nobody serves the line."""

    mean: float
    variance: float

    @property
    def at_most(self) -> float:
        """The model's bound: such a wait is no longer, with `CONFIDENCE`."""
        return self._quantile(Z)

    @property
    def at_least(self) -> float:
        """Such a wait is no shorter, with `CONFIDENCE`."""
        return self._quantile(-Z)

    def _quantile(self, z: float) -> float:
        if self.mean in (0.0, inf):
            return self.mean
        ninth = self.variance / (9.0 * self.mean * self.mean)
        root = max(0.0, 1.0 - ninth + z * sqrt(ninth))
        return self.mean * root * root * root


NO_WAIT = Wait(0.0, 0.0)


@dataclass
class Line:
    """The waits in one line by how many are ahead, worked out as far as was asked for."""

    service: Service
    _means: list[float] = field(default_factory=lambda: [0.0])  # of the first n steps
    _variances: list[float] = field(default_factory=lambda: [0.0])

    def wait(self, ahead: float) -> Wait:
        """Of a caller before whom so many are to be served, without those who have a seat by now.

        Below 0 there is a seat for this caller as well.
        """
        steps = ahead + 1.0
        if steps <= 0.0:
            return NO_WAIT
        if self.service.seats <= 0.0:
            return Wait(inf, inf)
        whole = int(steps)
        while len(self._means) <= whole + 1:
            step = 1.0 / self.service.rate(len(self._means) - 1.0)
            self._means.append(self._means[-1] + step)
            self._variances.append(self._variances[-1] + step * step)
        part = steps - whole
        return Wait(_between(self._means, whole, part), _between(self._variances, whole, part))


def _between(sums: list[float], whole: int, part: float) -> float:
    return sums[whole] + part * (sums[whole + 1] - sums[whole])


@dataclass(frozen=True)
class Prediction:
    """What was foreseen of a caller's wait when it began: its mean, and the bound to be kept."""

    mean: float
    bound: float


@dataclass(frozen=True)
class Calibration:
    """What the bounds of one queue are multiplied by, and how many of the last ones were kept."""

    factor: float = 1.0
    coverage: float = CONFIDENCE

    def predict(self, wait: Wait) -> Prediction:
        """The wait, with its bound as calibrated."""
        return Prediction(wait.mean, wait.at_most * self.factor)

    def answered(self, prediction: Prediction, seconds: float) -> "Calibration":
        """The caller was answered after so long."""
        return self._learn(broken=seconds > prediction.bound)

    def left(self, prediction: Prediction, seconds: float) -> "Calibration":
        """The caller gave up after so long."""
        return self._learn(broken=True) if seconds > prediction.bound else self

    def _learn(self, *, broken: bool) -> "Calibration":
        factor = self.factor * exp(STEP * (broken - (1.0 - CONFIDENCE)))
        return replace(
            self,
            factor=min(max(factor, 1.0 / MOST), MOST),
            coverage=self.coverage + ((not broken) - self.coverage) / RECENT,
        )

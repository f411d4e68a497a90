"""Who is asked for a key before anything else, and what came of it (core/challenge.py)."""

from collections import Counter
from collections.abc import Callable

from ivrd.core.call import Call
from ivrd.core.challenge import CallRates, ChallengeLimits, Reason
from ivrd.core.ledger import Ledger
from ivrd.core.menu_step import MenuStep, StepKind


class Screening:
    """`clock` gives this moment on the timeline of the calls."""

    def __init__(self, limits: ChallengeLimits, ledger: Ledger, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.challenged: Counter[Reason] = Counter()
        self.passed = 0
        self._ledger = ledger
        self._clock = clock
        self._rates = CallRates()

    def arrived(self, call: Call) -> None:
        """A call has come in."""
        self._rates.arrived(call.caller, self._clock())

    def reason(self, call_id: str) -> Reason | None:
        """The limit that is exceeded now for a call that is here; None if none is."""
        call = self._ledger.calls.get(call_id)
        if call is None or self.limits == ChallengeLimits():
            return None
        return self._rates.reason(self.limits, call.caller, self._ledger.present, self._clock())

    def stepped(self, step: MenuStep) -> None:
        """A caller is asked for a key, or has pressed one."""
        if step.kind is StepKind.CHALLENGED:
            self.challenged[Reason(step.to)] += 1
        elif step.kind is StepKind.PASSED:
            self.passed += 1

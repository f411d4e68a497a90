"""How long callers waited: one wait for each offered call.

Until the first answer that stands, else until the call ends.
"""

from collections.abc import Callable, Sequence

import prometheus_client as prom

from ivrd.core.call import LATE_SECONDS, Outcome
from ivrd.core.call_notices import STANDS_SECONDS, Answered, Ended
from ivrd.metrics.queue_labels import QUEUE_LABELS, queue_labels

WAIT_SECONDS = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1200, 1800, 3600)


class WaitMetrics:
    """Waits of received calls.

    `service_level_seconds` becomes a bound of the histogram; `clock` gives this moment on the
    timeline of the calls.
    """

    def __init__(
        self,
        registry: prom.CollectorRegistry,
        service_level_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._wait: prom.Histogram
        self._service_level = 0.0  # seconds; 0 before there is a bound for it
        self.service_level(service_level_seconds)
        self._effective_wait = self._histogram(
            "ivrd_effective_wait_seconds",
            "As ivrd_wait_seconds, from the effective arrival: with the seconds that the same "
            "person had waited before in calls that nobody answered. Callers are served in this "
            "order.",
            WAIT_SECONDS,
        )
        self._answers: dict[str, Answered] = {}  # by call; those that may still prove to be none
        self._answered: set[str] = set()  # calls whose wait was observed when they were answered

    def service_level(self, seconds: float) -> None:
        """Have this bound in the histogram of waits; a new bound begins the histogram anew."""
        if seconds == self._service_level:
            return
        if self._service_level:
            self._registry.unregister(self._wait)
        self._service_level = seconds
        self._wait = self._histogram(
            "ivrd_wait_seconds",
            "Seconds from joining the queue until a person answered or the call ended, one for "
            "each offered call. An answer is observed when the person has kept the caller for "
            f"{STANDS_SECONDS:g} s, or the call has ended with it. Service level: answered "
            f"within {seconds:g} s over offered (ivrd_calls_offered_total).",
            sorted({*map(float, WAIT_SECONDS), LATE_SECONDS, float(seconds)}),
        )

    def _histogram(self, name: str, text: str, buckets: Sequence[float]) -> prom.Histogram:
        labels = (*QUEUE_LABELS, "outcome")
        return prom.Histogram(name, text, labels, buckets=buckets, registry=self._registry)

    def open(self, queue: str, outcome: Outcome) -> None:
        """Have the series of this queue and outcome."""
        labels = (*queue_labels(queue), outcome)
        self._wait.labels(*labels)
        self._effective_wait.labels(*labels)

    def answered(self, notice: Answered) -> None:
        """A person has a call; one that was sent on has waited before."""
        if notice.call.id not in self._answered:
            self._answers[notice.call.id] = notice

    def left_person(self, call_id: str, *, stands: bool) -> None:
        """The person no longer has a call; its answer stands, or was none."""
        answer = self._answers.pop(call_id, None)
        if answer and stands:
            self._observe(answer)

    def ended(self, notice: Ended) -> None:
        """A call has ended; an answer that nobody saw sent back was one only with this outcome."""
        call = notice.call
        self.left_person(call.id, stands=notice.outcome is Outcome.ANSWERED)
        if call.id in self._answered:
            self._answered.remove(call.id)
        elif (wait := call.wait_seconds()) is not None:
            labels = (*queue_labels(call.queue), notice.outcome)
            self._wait.labels(*labels).observe(wait)
            self._effective_wait.labels(*labels).observe(call.effective_wait_seconds() or wait)

    def observe_standing(self) -> None:
        """Observe the answers that stand by now."""
        since = self._clock() - STANDS_SECONDS
        for call_id, answer in list(self._answers.items()):
            if (answer.call.connected_at or 0.0) <= since:
                self._observe(self._answers.pop(call_id))

    def _observe(self, answer: Answered) -> None:
        """An answer stands."""
        self._answered.add(answer.call.id)
        labels = (*queue_labels(answer.call.queue), Outcome.ANSWERED)
        self._wait.labels(*labels).observe(answer.wait_seconds)
        effective = answer.call.effective_wait_seconds()
        self._effective_wait.labels(*labels).observe(effective or 0.0)

"""Series about callers who ask for the state of a case."""

from collections.abc import Callable

import prometheus_client as prom

from ivrd.core.cases import CaseResult

SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10)


class CaseMetrics:
    """Counts; a `LookUpListener`."""

    def __init__(self, registry: prom.CollectorRegistry) -> None:
        self._answers = prom.Counter(
            "ivrd_case_answers",
            "What callers who asked for the state of a case were answered with. found: the state; "
            "all others went on to a person: there is no such case (unknown), cases.yaml says "
            "nothing of its state (not_in_table), the system that knows it gave no answer in time "
            "(slow), cannot be reached (unreachable), answered otherwise than it should (broken), "
            "or was not asked, for that had failed again and again (paused).",
            ["result"],
            registry=registry,
        )
        for result in CaseResult:
            self._answers.labels(result.value)
        self._seconds = prom.Histogram(
            "ivrd_case_lookup_seconds",
            "From a question to the system that has the cases to its answer, or to the end of the "
            "wait for it; answers that were known already are not among them.",
            buckets=SECONDS,
            registry=registry,
        )
        self._paused = prom.Gauge(
            "ivrd_case_lookups_paused",
            "1 while cases are not looked up because that failed again and again.",
            registry=registry,
        )

    def watch(self, paused: Callable[[], bool]) -> None:
        """Ask this at each scrape."""
        self._paused.set_function(lambda: float(paused()))

    def looked_up(self, result: CaseResult, seconds: float) -> None:
        """See `LookUpListener`."""
        self._answers.labels(result.value).inc()
        self._seconds.observe(seconds)

    def not_asked(self, result: CaseResult) -> None:
        """See `LookUpListener`."""
        self._answers.labels(result.value).inc()

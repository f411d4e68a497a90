"""Series about callers who register by keys.  None has an answer, or a number."""

import prometheus_client as prom

from ivrd.core.intake_visit import STEP_OF, STEPS, At


class IntakeMetrics:
    """Counts; see `intake.progress.IntakeMetrics`."""

    def __init__(self, registry: prom.CollectorRegistry) -> None:
        self._started = prom.Counter(
            "ivrd_intakes_started",
            "Callers who began to register by keys, and were asked for their consent.",
            registry=registry,
        )
        self._completed = prom.Counter(
            "ivrd_intakes_completed",
            "Whole tickets that were filed; one for each caller.",
            registry=registry,
        )
        self._left = prom.Counter(
            "ivrd_intakes_left",
            "Callers who left before their ticket was filed, by the step where they were. hung_up; "
            "person: went on to a person, asked for or after too many silences or errors, with "
            "what was given so far; turn: their turn had come; back: pressed *; not_filed: it was "
            "not taken; unsure: not known in time to be stored, and perhaps delivered later.",
            ["step", "why"],
            registry=registry,
        )
        self._red_flags = prom.Counter(
            "ivrd_intake_red_flags",
            "Callers who said yes to a red flag, and went to a person at once.",
            ["flag"],
            registry=registry,
        )
        first, last = STEP_OF[At.CONSENT], STEP_OF[At.FILING]
        for step in STEPS:
            self._left.labels(step, "hung_up")
            for why in ("not_filed", "unsure") if step == last else ("person",):
                self._left.labels(step, why)
            if step != last:
                self._left.labels(step, "turn")
        self._left.labels(first, "back")

    def started(self) -> None:
        """See `IntakeMetrics`."""
        self._started.inc()

    def completed(self) -> None:
        """See `IntakeMetrics`."""
        self._completed.inc()

    def left(self, step: str, why: str) -> None:
        """See `IntakeMetrics`."""
        self._left.labels(step, why).inc()

    def red_flag(self, name: str) -> None:
        """See `IntakeMetrics`."""
        self._red_flags.labels(name).inc()

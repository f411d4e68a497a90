"""Series about calls that were served, and whose people dial again within a day."""

from collections.abc import Iterable
from itertools import product

import prometheus_client as prom

from ivrd.core.repeat_calls import ASKED, After, ServedCall


class RepeatMetrics:
    """Counts; a `ServedListener`.  `queues`: those there are, as operators know them."""

    def __init__(self, registry: prom.CollectorRegistry, queues: Iterable[str]) -> None:
        self._answers = prom.Counter(
            "ivrd_settled_answers",
            "Callers who were asked after the talk whether their matter was settled, by what they "
            "answered; no_answer: none of the two keys. partner: who had the talk; empty for the "
            "hotline's own people.",
            ["queue", "partner", "answer"],
            registry=registry,
        )
        self._told = prom.Counter(
            "ivrd_cases_told",
            "Callers who heard the state of a case and hung up: they wanted no person.",
            registry=registry,
        )
        self._repeats = prom.Counter(
            "ivrd_repeat_calls",
            "Served calls whose person has dialled again within a day, by what they ended with: "
            "the answers of ivrd_settled_answers_total, or case_told.",
            ["after"],
            registry=registry,
        )
        for after in After:
            self._repeats.labels(after.value)
        for queue, answer in product(queues, ASKED):
            self._answers.labels(queue, "", answer.value)

    def served(self, call: ServedCall) -> None:
        """See `ServedListener`."""
        if call.after in ASKED:
            self._answers.labels(call.queue, call.partner, call.after.value).inc()
        else:
            self._told.inc()

    def redialled(self, call: ServedCall) -> None:
        """See `ServedListener`."""
        self._repeats.labels(call.after.value).inc()

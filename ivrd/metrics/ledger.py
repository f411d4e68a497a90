"""The series that are read from the ledger at a scrape, all of one moment."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.call import (
    BEFORE_QUEUE,
    STAGE_OF,
    AnsweredBy,
    Call,
    CallbackResult,
    CallState,
    Stage,
)
from ivrd.core.call_events import CutOff, HungUp
from ivrd.core.call_notices import Ended
from ivrd.core.call_table import step
from ivrd.core.ledger import Ledger, OutcomeKey
from ivrd.metrics.queue_labels import QUEUE_LABELS, queue_labels


class LedgerCollector(Collector):
    """Registered with the other series; `ledger` is set before each scrape."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.ledger = Ledger()
        self._clock = clock
        self._queues: dict[str, None] = {}  # an ordered set
        self._rows = possible_rows("")

    def open(self, queue: str) -> None:
        """Have 0 for everything that can happen in a queue."""
        self._queues[queue] = None
        self._rows |= possible_rows(queue)

    def collect(self) -> Iterator[Metric]:
        """Read the ledger once."""
        yield CounterMetricFamily(
            "ivrd_calls_received",
            "Calls that reached the hotline. Received = ivrd_calls_total + ivrd_calls_in_progress.",
            self.ledger.received,
        )
        yield CounterMetricFamily(
            "ivrd_calls_adopted",
            "Calls that were already in progress when ivrd started, became the leader or "
            "reconnected to Asterisk; they are among the received.",
            self.ledger.adopted,
        )
        yield self._offered()
        yield self._outcomes()
        yield self._in_progress()
        yield from self._callbacks()
        yield from self._waiting()

    def _offered(self) -> Metric:
        family = CounterMetricFamily(
            "ivrd_calls_offered", "Calls that joined a queue, counted once.", labels=QUEUE_LABELS
        )
        counts: Counter[tuple[str, str]] = Counter()
        for queue in self._queues | dict.fromkeys(self.ledger.offered):
            counts[queue_labels(queue)] += self.ledger.offered[queue]
        for labels, calls in counts.items():
            family.add_metric(labels, calls)
        return family

    def _outcomes(self) -> Metric:
        family = CounterMetricFamily(
            "ivrd_calls",
            "Calls that ended, each in one outcome. stage: where it ended. by: who answered. "
            "queue: empty for a call that never joined one. language: of a queue whose people "
            "do not all speak every language.",
            labels=(*QUEUE_LABELS, "outcome", "stage", "by"),
        )
        counts: Counter[tuple[str, ...]] = Counter()
        for row in self._rows | dict.fromkeys(self.ledger.outcomes):
            key = (*queue_labels(row.queue), row.outcome, row.stage, row.by)
            counts[key] += self.ledger.outcomes[row]
        for labels, calls in counts.items():
            family.add_metric(labels, calls)
        return family

    def _in_progress(self) -> Metric:
        family = GaugeMetricFamily(
            "ivrd_calls_in_progress",
            "Received calls in progress: before the queue (ivr), in it, or with a person (talk).",
            labels=("stage",),
        )
        here = self.ledger.in_progress()
        for stage in Stage:
            family.add_metric((stage,), here[stage])
        return family

    def _callbacks(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "ivrd_callbacks_dialled",
            "Calls that the hotline made to call people back; none of them is among the received. "
            "Dialled = ivrd_callbacks_total + ivrd_callbacks_in_progress.",
            self.ledger.dialled,
        )
        results = CounterMetricFamily(
            "ivrd_callbacks",
            "Calls that the hotline made and that ended. result: a person took it (reached), busy, "
            "nobody answered (no_answer), nobody confirmed by key (no_key), hung up before a "
            "person took it (hung_up), asked to be called back once more (callback), or it could "
            "not be dialled or broke off (failed).",
            labels=("result",),
        )
        for result in CallbackResult:
            results.add_metric((result,), self.ledger.results[result])
        yield results
        yield GaugeMetricFamily(
            "ivrd_callbacks_in_progress",
            "Calls that the hotline makes now, from dialling to the end of the talk.",
            self.ledger.callbacks_in_progress(),
        )

    def _waiting(self) -> Iterator[Metric]:
        callers = GaugeMetricFamily(
            "ivrd_queue_callers",
            "Callers waiting in the queue, whoever dialled.",
            labels=QUEUE_LABELS,
        )
        menus = GaugeMetricFamily(
            "ivrd_queue_menu_callers",
            "Of those who wait, how many are in the menu that there is meanwhile.",
            labels=QUEUE_LABELS,
        )
        oldest = GaugeMetricFamily(
            "ivrd_queue_oldest_wait_seconds",
            "Seconds since the earliest effective arrival of those who wait, with what the same "
            "person had waited in calls before; 0 when nobody waits.",
            labels=QUEUE_LABELS,
        )
        now, present = self._clock(), self.ledger.present
        found: dict[tuple[str, str], list[str]] = {}
        for queue in self._queues | dict.fromkeys(present.queues()):
            found.setdefault(queue_labels(queue), []).append(queue)
        for labels, queues in found.items():
            callers.add_metric(labels, sum(len(present.waiting(queue)) for queue in queues))
            menus.add_metric(labels, sum(len(present.in_menus(queue)) for queue in queues))
            oldest.add_metric(labels, max(present.oldest_seconds(queue, now) for queue in queues))
        yield from (callers, menus, oldest)


def possible_rows(queue: str) -> dict[OutcomeKey, None]:
    """The rows under which a call with this queue ("": none) can end, by the call table."""
    places = STAGE_OF if queue else (*BEFORE_QUEUE, CallState.BOOKED, CallState.DEFLECTED)
    rows: dict[OutcomeKey, None] = {}
    for state in places:
        for call in _calls(queue, state):
            for event in (HungUp(0.0), CutOff(0.0)):
                for notice in step(call, event)[1]:
                    if isinstance(notice, Ended):
                        key = OutcomeKey(queue, notice.outcome, notice.stage, notice.call.by)
                        rows[key] = None
    return rows


def _calls(queue: str, state: CallState) -> Iterator[Call]:
    """What a call in this state may be: with a person, with nobody, or sent on by a person."""
    call = Call("", 0.0, state=state, queue=queue)
    if state not in (CallState.TALK, CallState.TRANSFER):
        yield call
    if state in (CallState.QUEUE, CallState.TALK) or (queue and state is CallState.MENU):
        for by in (AnsweredBy.INHOUSE, AnsweredBy.PARTNER):
            talks = state is CallState.TALK
            yield replace(call, by=by) if talks else replace(call, answered_at=0.0, answered_by=by)

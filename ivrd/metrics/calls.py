"""Every series that ivrd publishes, in one registry of its own.

What must add up is not counted a second time here: at each scrape all calls are read from the
ledger (core.ledger) at once, so received = sum of outcomes + in progress in every scrape.  How long
things took is observed when the notice comes.

Series exist with 0 from the start.  The call table itself is asked which ends a call can have,
so a new state or outcome there needs no line here.  No label ever holds a caller.
"""

import platform
from collections.abc import Callable, Iterable, Sequence
from typing import assert_never, get_args

import prometheus_client as prom

from ivrd.core.call import Call, Outcome, Stage, abandoned_late
from ivrd.core.call_events import Event
from ivrd.core.call_notices import (
    Answered,
    Ended,
    Notice,
    Offered,
    PassedOn,
    Rejoined,
    TakenOver,
)
from ivrd.core.ledger import Ledger
from ivrd.metrics.callbacks import CallbackMetrics
from ivrd.metrics.ledger import LedgerCollector, possible_rows
from ivrd.metrics.queue_labels import QUEUE_LABELS, queue_labels
from ivrd.metrics.registry import Registry
from ivrd.metrics.seats import SeatMetrics
from ivrd.metrics.waits import WaitMetrics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
EVENTS = tuple(kind.__name__ for kind in get_args(Event))
OTHER_NUMBER = "unknown"
OTHER = "other"  # stands for an event that has no series of its own

TALK_SECONDS = (5, 15, 30, 60, 120, 180, 240, 300, 450, 600, 900, 1200, 1800, 3600)
DECISION_SECONDS = (
    *(0.0001, 0.0002, 0.0003, 0.0005, 0.0007, 0.001, 0.0015, 0.002, 0.003, 0.005),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class CallMetrics:
    """The hotline's series.

    `service_level_seconds` becomes a bound of the waits' histogram; `clock` gives this moment on
    the timeline of the calls, for the oldest wait.
    """

    def __init__(
        self,
        queues: Sequence[str],
        service_level_seconds: float,
        version: str,
        *,
        pools: Sequence[str] = (),
        numbers: Sequence[str] = (),
        clock: Callable[[], float],
    ) -> None:
        self.registry = Registry()
        self._clock = clock
        self._calls = LedgerCollector(clock)
        self.registry.register(self._calls)
        prom.ProcessCollector(registry=self.registry)
        self._waits = WaitMetrics(self.registry, service_level_seconds, clock)
        self._callbacks = CallbackMetrics(self.registry)
        self._durations()
        self._calls_received()
        self._calls_counted()
        self._faults()
        self._surroundings(version)
        self.seats = SeatMetrics(self.registry, pools)
        self._reachable = False
        self._was_reachable = False
        self.queues(queues)
        self._known_numbers: frozenset[str] = frozenset()
        self.numbers(numbers)

    def _durations(self) -> None:
        self._talk = self._histogram(
            "ivrd_talk_seconds",
            "Seconds that a caller and a person talked, whoever dialled; observed at the end.",
            TALK_SECONDS,
            QUEUE_LABELS,
        )
        #: An event reached us so many seconds after it happened.
        self.lag: Callable[[float], None] = self._histogram(
            "ivrd_event_lag_seconds",
            "Seconds from an event in Asterisk until ivrd processed it.",
            LAG_SECONDS,
        ).observe
        #: A command to a caller's channel took so many seconds.
        self.agi: Callable[[float], None] = self._histogram(
            "ivrd_agi_seconds",
            "Seconds from sending a command to a caller's channel until its result; "
            "commands that play a prompt, or whose result is not waited for, are left out.",
            LAG_SECONDS,
        ).observe
        #: An event of a caller's was answered after so many seconds.
        self.decision: Callable[[float], None] = self._histogram(
            "ivrd_decision_seconds",
            "Seconds from the bytes of an event that needs an answer (a call, a key, a prompt's "
            "end) until the first command or stop that answers it was sent.",
            DECISION_SECONDS,
        ).observe
        #: The event loop woke so many seconds late.
        self.loop_lag: Callable[[float], None] = self._histogram(
            "ivrd_loop_lag_seconds",
            "Seconds by which ivrd's event loop woke later than it asked to.",
            LAG_SECONDS,
        ).observe

    def _calls_counted(self) -> None:
        self._long_abandoned = self._total(
            "ivrd_abandoned_after_30s_total",
            "Callers who hung up in the queue after waiting more than 30 seconds.",
            QUEUE_LABELS,
        )
        self._credited = self._total(
            "ivrd_calls_credited_total",
            "Calls that ended and had a place in the queue earlier than their joining: their "
            "persons had waited before, in calls that nobody answered.",
            QUEUE_LABELS,
        )
        self._talks_cut_off = self._total(
            "ivrd_talks_cut_off_total",
            "Calls that were answered and whose talk was cut off: Asterisk stopped or crashed with "
            "the call on it, or ended it by itself. They are among the answered.",
            QUEUE_LABELS,
        )
        self._transfers = self._total(
            "ivrd_transfers_total",
            "Times that a person sent a caller on: to another person, or to a queue. The call is "
            "answered, however it ends.",
        )
        self._taken_over = self._total(
            "ivrd_transfers_taken_total",
            "Transferred callers whom another person took without a queue in between.",
        )
        self._media_lost = self._total(
            "ivrd_calls_media_lost_total",
            "Calls that ended because nothing came from the caller's side any more, by the stage "
            "that they were in. They are among the outcomes: abandoned, or answered in a talk.",
            ("stage",),
        )
        for stage in Stage:
            self._media_lost.labels(stage)

    def _calls_received(self) -> None:
        self._by_number = self._total(
            "ivrd_calls_received_by_number_total",
            "Calls that reached the hotline while ivrd ran, by the number that was dialled; "
            "unknown: it was not told, or is not configured any more.",
            ("number",),
        )
        self._by_number.labels(OTHER_NUMBER)
        self._unattended = self._total(
            "ivrd_unattended_total",
            "Calls that the dialplan took to the queue by itself, without ivrd's menu.",
        )

    def _faults(self) -> None:
        self._refused = self._total(
            "ivrd_events_refused_total",
            "Events that are impossible in the call's state; the ledger ignored them.",
            ("event",),
        )
        for event in (*EVENTS, OTHER):
            self._refused.labels(event)
        #: A menu broke off through a fault of ours.
        self.fault: Callable[[], None] = self._total(
            "ivrd_menu_faults_total",
            "Menus that ended through a fault of ivrd's; their callers went on to the queue.",
        ).inc
        self._reconnects = self._total(
            "ivrd_ami_reconnects_total", "Times that a lost link to Asterisk was restored."
        )

    def _surroundings(self, version: str) -> None:
        self._up = self._gauge("ivrd_ami_up", "1 while ivrd is logged in to Asterisk, else 0.")
        self._reloaded = self._gauge(
            "ivrd_config_last_reload_successful",
            "1 if the last attempt to load the configuration succeeded, else 0.",
        )
        self._reloaded_at = self._gauge(
            "ivrd_config_last_reload_success_timestamp_seconds",
            "When a configuration was last loaded successfully, in seconds since the epoch.",
        )
        build = self._gauge("ivrd_build_info", "1, labelled with versions.", ("version", "python"))
        build.labels(version, platform.python_version()).set(1)

    def _total(self, name: str, text: str, labels: Sequence[str] = ()) -> prom.Counter:
        return prom.Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, labels: Sequence[str] = ()) -> prom.Gauge:
        return prom.Gauge(name, text, labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, buckets: Sequence[float], labels: Sequence[str] = ()
    ) -> prom.Histogram:
        return prom.Histogram(name, text, labels, buckets=buckets, registry=self.registry)

    # --- what happens ----------------------------------------------------------------------

    def notice(self, notice: Notice) -> None:
        """Take in what happened to a call."""
        call = notice.call
        self._count_transfer(notice)
        if not call.received:
            self._callbacks.notice(notice)
            self._talked(call)
            return
        match notice:
            case Offered():
                pass  # read off the ledger
            case Answered():
                self._waits.answered(notice)
            case Rejoined():
                self._waits.left_person(call.id, stands=notice.answer_stands)
            case PassedOn():
                self._waits.left_person(call.id, stands=True)
            case TakenOver():
                pass
            case Ended():
                self._ended(notice)
            case _:
                assert_never(notice)

    def _count_transfer(self, notice: Notice) -> None:
        if isinstance(notice, PassedOn):
            self._transfers.inc()
        elif isinstance(notice, TakenOver):
            self._taken_over.inc()

    def _ended(self, notice: Ended) -> None:
        call, wait = notice.call, notice.call.wait_seconds()
        labels = queue_labels(call.queue)
        self._waits.ended(notice)
        if call.has_credit:
            self._credited.labels(*labels).inc()
        self._talked(call)
        if abandoned_late(notice.outcome, notice.stage, wait):
            self._long_abandoned.labels(*labels).inc()
        if call.cut_off and notice.outcome is Outcome.ANSWERED:
            self._talks_cut_off.labels(*labels).inc()
        if call.media_lost:
            self._media_lost.labels(notice.stage).inc()

    def _talked(self, call: Call) -> None:
        """Observe the talk of a call that has ended, if there was one."""
        if (talk := call.talk_seconds()) is not None:
            self._talk.labels(*queue_labels(call.queue)).observe(talk)

    def service_level(self, seconds: float) -> None:
        """Have this bound in the histogram of waits."""
        self._waits.service_level(seconds)

    def numbers(self, names: Iterable[str]) -> None:
        """Have the series of these numbers of the hotline; those of numbers that went stay."""
        self._known_numbers = frozenset(names)
        for name in self._known_numbers:
            self._by_number.labels(name)

    def received(self, number: str) -> None:
        """A call came to this number of ours."""
        known = number in self._known_numbers
        self._by_number.labels(number if known else OTHER_NUMBER).inc()

    def unattended(self, call: Call) -> None:
        """The dialplan took the call to the queue by itself."""
        self._unattended.inc()

    def refused(self, event: str) -> None:
        """The ledger refused an event of this kind."""
        self._refused.labels(event if event in EVENTS else OTHER).inc()

    # --- how things stand ------------------------------------------------------------------

    def link(self, up: bool) -> None:
        """The connection to Asterisk is there or not; may be called again with the same."""
        if up and not self._reachable and self._was_reachable:
            self._reconnects.inc()
        self._reachable = up
        self._was_reachable |= up
        self._up.set(up)

    def reload(self, ok: bool, at: float) -> None:
        """The configuration was read, or refused, `at` seconds since the epoch."""
        self._reloaded.set(ok)
        if ok:
            self._reloaded_at.set(at)

    def queues(self, names: Iterable[str]) -> None:
        """Have the series of these queues; those of queues that went stay."""
        for queue in names:
            self._calls.open(queue)
            self._callbacks.open(queue)
            labels = queue_labels(queue)
            self._talk.labels(*labels)
            self._long_abandoned.labels(*labels)
            self._credited.labels(*labels)
            self._talks_cut_off.labels(*labels)
            for row in possible_rows(queue):
                self._waits.open(queue, row.outcome)

    def text(self, ledger: Ledger) -> bytes:
        """One scrape, as CONTENT_TYPE; all its counts are of the same moment."""
        self._calls.ledger = ledger
        self._waits.observe_standing()
        return prom.generate_latest(self.registry)

"""Series about what leaves for other systems."""

from collections.abc import Iterator
from itertools import product
from typing import Protocol

import prometheus_client as prom
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.outbox import ChannelHealth, Delivered, EntryState, Failed, Result
from ivrd.core.outbox_backlog import Backlog

SECONDS = (1, 2, 5, 10, 30, 60, 300, 900, 3600, 14_400)
RESULTS = ("delivered", "failed", "refused")
CAUSES = ("refused", "forgotten", "dropped")
WEBHOOK_RESULTS = ("taken", "not_signed", "unreadable")
HELD = (EntryState.WAITING, EntryState.DEAD)


class OutboxState(Protocol):
    """How things stand; see daemon/outbox_wiring.py."""

    @property
    def backlog(self) -> Backlog:
        """The entries."""

    @property
    def health(self) -> dict[str, ChannelHealth]:
        """How channels are."""

    def channel_names(self) -> list[str]:
        """The channels that are configured."""

    def now(self) -> float:
        """The timeline."""


class OutboxMetrics:
    """Counts; an `OutboxListener`."""

    def __init__(self, registry: prom.CollectorRegistry) -> None:
        self._attempts = prom.Counter(
            "ivrd_outbox_attempts",
            "Attempts to send a message through a channel, by what came of them: delivered; "
            "failed: tried again; refused: never tried again by itself.",
            ["channel", "result"],
            registry=registry,
        )
        self._seconds = prom.Histogram(
            "ivrd_outbox_delivery_seconds",
            "From when a message was put in until its receiver had taken it.",
            ["channel"],
            registry=registry,
            buckets=SECONDS,
        )
        self._reached = prom.Counter(
            "ivrd_outbox_reached",
            "Messages of which the channel has told that they reached their recipients: "
            "LINE, by its webhook.",
            ["channel"],
            registry=registry,
        )
        self._line_webhooks = prom.Counter(
            "ivrd_line_webhooks",
            "Requests in LINE's name. taken: signed with the channel's secret; not_signed: "
            "refused, without a channel where there is none of that name; unreadable: signed, and "
            "refused.",
            ["channel", "result"],
            registry=registry,
        )
        self._lost = prom.Counter(
            "ivrd_outbox_lost",
            "Messages that were not delivered and are not kept. refused: the outbox was full when "
            "they came; forgotten: dead letters that were too many or too old; dropped: by an "
            "operator.",
            ["channel", "cause"],
            registry=registry,
        )

    def line_channels(self, names: list[str]) -> None:
        """Those of which LINE tells what has reached people: their series begin at 0."""
        for name in names:
            self._reached.labels(name)
            for result in WEBHOOK_RESULTS:
                self._line_webhooks.labels(name, result)

    def channels(self, names: list[str]) -> None:
        """The channels that there are: their series begin at 0."""
        for name in names:
            for result in RESULTS:
                self._attempts.labels(name, result)
            for cause in CAUSES:
                self._lost.labels(name, cause)
            self._seconds.labels(name)

    def attempt_ended(self, channel: str, result: Result) -> None:
        """See `OutboxListener`."""
        if isinstance(result, Delivered):
            name = "delivered"
        else:
            name = "failed" if isinstance(result, Failed) else "refused"
        self._attempts.labels(channel, name).inc()

    def delivered(self, channel: str, seconds: float) -> None:
        """See `OutboxListener`."""
        self._seconds.labels(channel).observe(seconds)

    def reached(self, channel: str) -> None:
        """See `OutboxListener`."""
        self._reached.labels(channel).inc()

    def webhook_received(self, channel: str, result: str) -> None:
        """See `WebhookCounter`."""
        self._line_webhooks.labels(channel, result).inc()

    def lost(self, channel: str, cause: str) -> None:
        """See `OutboxListener`."""
        self._lost.labels(channel, cause).inc()


class OutboxCollector(Collector):
    """What is true at each scrape; registers itself."""

    def __init__(self, registry: prom.CollectorRegistry, state: OutboxState) -> None:
        self._state = state
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """How things stand now."""
        backlog, now = self._state.backlog, self._state.now()
        entries = GaugeMetricFamily(
            "ivrd_outbox_entries",
            "Messages by channel: waiting to be delivered, or dead: `ivrd outbox list` has them.",
            labels=("channel", "state"),
        )
        oldest = GaugeMetricFamily(
            "ivrd_outbox_oldest_seconds",
            "How long the message has waited that has waited longest, 0 when none waits.",
            labels=("channel",),
        )
        rests = GaugeMetricFamily(
            "ivrd_outbox_channel_up",
            "1, or 0 while a channel fails and is only tried now and then.",
            labels=("channel",),
        )
        names = dict.fromkeys(self._state.channel_names())
        for name in names | dict.fromkeys(channel for channel, _state in backlog.counts):
            since = backlog.oldest(name)
            oldest.add_metric((name,), 0.0 if since is None else max(0.0, now - since))
        for name, state in product(names, HELD):
            entries.add_metric((name, state), backlog.counts[name, state])
        for (name, state), count in backlog.counts.items():
            if name not in names and state in HELD:
                entries.add_metric((name, state), count)
        for name in names:
            rests.add_metric((name,), self._state.health.get(name, ChannelHealth()).well)
        yield entries
        yield oldest
        yield rests

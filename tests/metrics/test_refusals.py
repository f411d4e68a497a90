"""What was refused, as Prometheus, the log and `ivrd status` have it."""

import logging
from collections import Counter
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from ivrd.asterisk import facts
from ivrd.core.refusals import RefusalCause, Refusals
from ivrd.metrics.refusals import RefusalMonitor

NOW = 1_000_000.0


@dataclass
class Link:
    stopping: bool = False
    surplus: Counter[str] = field(default_factory=Counter)

    def take_surplus(self) -> Counter[str]:
        taken, self.surplus = self.surplus, Counter()
        return taken


@dataclass
class Role:
    is_leader: bool = True


class Watched:
    def __init__(self) -> None:
        self.link, self.role = Link(), Role()
        self.registry = CollectorRegistry()
        self.monitor = RefusalMonitor(
            self.registry,
            Refusals(["north"]),
            self.link,
            self.role,  # type: ignore[arg-type]
            "/etc/ivrd/ivrd.yaml:60: asterisk.carriers",
            lambda: NOW,
        )

    def scrape(self) -> str:
        return generate_latest(self.registry).decode()


def test_each_refusal_moves_its_own_series() -> None:
    watched = Watched()
    watched.monitor.take(facts.CallRefused("north", RefusalCause.NOT_FOUND, NOW))
    watched.monitor.take(facts.StrangerRefused("192.0.2.9", NOW))
    watched.monitor.take(facts.SeatRefused("base-01", "192.0.2.50", NOW))
    watched.monitor.calls("north", RefusalCause.UNAVAILABLE, NOW, 3)
    watched.link.stopping = True
    text = watched.scrape()
    for line in (
        'ivrd_calls_refused_total{carrier="north",cause="404"} 1.0',
        'ivrd_calls_refused_total{carrier="north",cause="488"} 0.0',
        'ivrd_calls_refused_total{carrier="north",cause="503"} 3.0',
        'ivrd_calls_refused_total{carrier="unknown",cause="401"} 1.0',
        "ivrd_registrations_refused_total 1.0",
        "ivrd_asterisk_stopping 1.0",
    ):
        assert f"{line}\n" in text
    assert "192.0.2" not in text  # no label holds an address


@pytest.mark.parametrize(
    ("codec", "label", "words"),
    [
        ("g722", "g722", "in g722, which is not among its carrier's codecs"),
        ("g729", "g729", "in g729, which cannot be transcoded here"),
        ("", "unknown", "because its sound, or how that is encrypted, is not agreed"),
    ],
)
def test_what_a_call_was_in_that_is_not_taken_is_counted_and_told_in_words(
    codec: str, label: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched()
    refused = facts.CallRefused("north", RefusalCause.NOT_ACCEPTABLE, NOW, codec)
    watched.monitor.take(refused)
    watched.monitor.take(facts.CallRefused("north", RefusalCause.NOT_FOUND, NOW))
    text = watched.scrape()
    assert f'ivrd_calls_refused_codec_total{{carrier="north",codec="{label}"}} 1.0\n' in text
    assert 'ivrd_calls_refused_total{carrier="north",cause="488"} 1.0\n' in text
    by_cause = {row["cause"]: row["why"] for row in watched.monitor.status(NOW)["calls"]}
    assert by_cause == {"404": "to a number that is not ours", "488": words}
    assert f"a call was refused (488), {words}" in [record.message for record in caplog.records]


def test_what_came_too_fast_to_be_read_is_counted_all_the_same() -> None:
    watched = Watched()
    watched.link.surplus = Counter(ChallengeSent=7, ChallengeResponseFailed=2)
    text = watched.scrape()
    assert 'carrier="unknown",cause="401"} 7.0' in text
    assert "ivrd_registrations_refused_total 2.0" in text
    assert 'cause="401"} 7.0' in watched.scrape()


def test_the_standby_counts_nothing(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched()
    watched.role.is_leader = False
    watched.monitor.take(facts.StrangerRefused("192.0.2.9", NOW))
    watched.monitor.take(facts.SeatRefused("base-01", "192.0.2.50", NOW))
    watched.monitor.calls("north", RefusalCause.UNAVAILABLE, NOW, 3)
    assert 'cause="503"} 0.0' in watched.scrape()
    assert watched.monitor.status(NOW)["senders"] == []
    assert caplog.records == []


def test_an_operator_is_told_the_address_and_the_line_to_change(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watched = Watched()
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            watched.monitor.take(facts.StrangerRefused("192.0.2.9", NOW))
    told = [vars(record)["fields"] for record in caplog.records]
    assert [fields["times"] for fields in told] == [1, 10]
    assert told[0]["see"] == "/etc/ivrd/ivrd.yaml:60: asterisk.carriers"
    status = watched.monitor.status(NOW + 5)
    assert status["senders"] == [
        {"address": "192.0.2.9", "seat": "", "times": 20, "seconds_ago": 5.0}
    ]
    assert status["calls"] == [
        {
            "carrier": "unknown",
            "cause": "401",
            "why": "from an address that is no carrier's",
            "calls": 20,
        }
    ]

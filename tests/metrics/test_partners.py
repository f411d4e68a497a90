"""What a scrape says of partners, read back from its text as Prometheus reads it."""

import asyncio
import subprocess
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ivrd.asterisk.dialplan_names import PARTNER_EVENTS
from ivrd.core.breaker import BreakerState
from ivrd.core.ledger import Ledger
from ivrd.core.report import (
    REFUSALS,
    TALKS,
    UNCONFIRMED,
    Cause,
    PartnerEvent,
    PartnerEventKind,
)
from ivrd.metrics.calls import CallMetrics
from ivrd.metrics.partners import RESULTS, SEAT_STATES, PartnerGauges, PartnerMetrics
from lab.parts import PROMETHEUS, program
from tests.partners.rig import NOW, Rig

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]
QUIET = {"alpha": PartnerGauges(), "beta": PartnerGauges()}


class Scraped:
    """Metrics over partners that stand as `gauges` says."""

    def __init__(self, gauges: Mapping[str, PartnerGauges] = QUIET) -> None:
        self.all = CallMetrics(("q",), 20.0, "0.1.0", clock=lambda: 0.0)
        self.gauges = gauges
        self.made = PartnerMetrics(self.all.registry, lambda: self.gauges)

    def series(self) -> Series:
        """One scrape."""
        families = text_string_to_metric_families(self.all.text(Ledger()).decode())
        rows = [(s.name, frozenset(s.labels.items()), s.value) for f in families for s in f.samples]
        assert len({row[:2] for row in rows}) == len(rows), "a series stands there twice"
        return {(name, labels): value for name, labels, value in rows if "partner" in name}


async def history(rig: Rig) -> list[PartnerEvent]:
    """What was written down."""
    found = rig.book.history(NOW - 100, NOW + 100)
    return [line async for some in found for line in some if line is not None]


def value(series: Series, name: str, **labels: str) -> float:
    return series[name, frozenset(labels.items())]


def total(series: Series, name: str, **labels: str) -> float:
    wanted = set(labels.items())
    return sum(v for (n, found), v in series.items() if n == name and wanted <= found)


SERIES: list[tuple[str, dict[str, str]]] = [
    ("ivrd_partner_attempts_total", {}),
    *(("ivrd_partner_offers_total", {"result": str(result)}) for result in RESULTS),
    *(("ivrd_partner_refusals_total", {"cause": str(cause)}) for cause in REFUSALS),
    *(("ivrd_partner_unconfirmed_total", {"cause": str(cause)}) for cause in UNCONFIRMED),
    ("ivrd_partner_confirm_seconds_count", {}),
    ("ivrd_partner_talk_seconds_count", {}),
    *(("ivrd_partner_seats", {"state": state}) for state in SEAT_STATES),
    ("ivrd_partner_breaker", {"state": "open"}),
    ("ivrd_partner_breaker", {"state": "half_open"}),
]


@pytest.mark.parametrize(("name", "labels"), SERIES)
def test_series_of_a_partner_are_there_with_0_from_the_first_scrape(
    name: str, labels: dict[str, str]
) -> None:
    assert value(Scraped().series(), name, partner="beta", **labels) == 0


def test_a_healthy_breaker_is_closed_and_nothing_was_learned() -> None:
    series = Scraped().series()
    assert value(series, "ivrd_partner_breaker", partner="alpha", state="closed") == 1
    assert not [key for key in series if key[0] == "ivrd_partner_learned_cap"]


@given(
    st.lists(
        st.builds(
            PartnerEvent,
            partner=st.sampled_from(("alpha", "beta", "gone")),
            kind=st.sampled_from(PartnerEventKind),
            seconds=st.integers(0, 2000).map(float),
            cause=st.sampled_from((None, *Cause)),
        ),
        max_size=40,
    )
)
def test_everything_told_is_counted_once(lines: list[PartnerEvent]) -> None:
    scraped = Scraped()
    for line in lines:
        scraped.made.take(line)
    series = scraped.series()
    for partner in ("alpha", "beta", "gone"):
        own = [line for line in lines if line.partner == partner]
        kinds = [line.kind for line in own]
        offers = total(series, "ivrd_partner_attempts_total", partner=partner)
        assert offers == kinds.count(PartnerEventKind.OFFERED)
        for result in RESULTS:
            found = total(series, "ivrd_partner_offers_total", partner=partner, result=result)
            assert found == kinds.count(result)
        refusals = total(series, "ivrd_partner_refusals_total", partner=partner)
        assert refusals == kinds.count(PartnerEventKind.REFUSED)
        talks = [line.seconds for line in own if line.kind in TALKS]
        assert total(series, "ivrd_partner_talk_seconds_sum", partner=partner) == sum(talks)
        confirms = total(series, "ivrd_partner_confirm_seconds_count", partner=partner)
        assert confirms == kinds.count(PartnerEventKind.CONFIRMED)


def test_how_partners_stand_is_of_the_scrapes_moment_and_who_went_is_gone() -> None:
    scraped = Scraped()
    scraped.series()
    scraped.made.take(PartnerEvent("beta", PartnerEventKind.OFFERED))
    scraped.gauges = {"alpha": PartnerGauges(5, 4, 1, 3, BreakerState.HALF_OPEN, 7)}
    series = scraped.series()
    seats = [value(series, "ivrd_partner_seats", partner="alpha", state=s) for s in SEAT_STATES]
    assert seats == [5, 4, 1, 3]
    states = ("closed", "half_open", "open")
    assert [
        value(series, "ivrd_partner_breaker", partner="alpha", state=state) for state in states
    ] == [0, 1, 0]
    assert value(series, "ivrd_partner_learned_cap", partner="alpha") == 7
    assert not [k for k in series if k[0] == "ivrd_partner_seats" and ("partner", "beta") in k[1]]
    assert (
        value(series, "ivrd_partner_attempts_total", partner="beta") == 1
    )  # counted stays counted


def test_no_label_but_these() -> None:
    labels = {label for _, labels in Scraped().series() for label, _ in labels}
    assert labels == {"partner", "state", "result", "cause", "le"}


def test_promtool_has_nothing_to_say_about_the_names() -> None:
    scraped = Scraped({"alpha": PartnerGauges(learned=3)})
    scraped.made.take(PartnerEvent("alpha", PartnerEventKind.CONFIRMED, 3.0))
    command = [*program(PROMETHEUS, "promtool"), "check", "metrics"]
    done = subprocess.run(
        command, input=scraped.all.text(Ledger()), capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


# --- from the partners' legs to figures and book -----------------------------------------------


def test_every_event_of_the_dialplan_has_its_kind() -> None:
    assert set(PARTNER_EVENTS.values()) == set(PartnerEventKind) - {PartnerEventKind.TALKED}


def test_what_partners_legs_tell_is_counted_and_written_down() -> None:
    rig, scraped = Rig(), Scraped()
    watch = rig.watch(scraped.made)
    rig.leg_event("offered")
    rig.leg_event("refused", status="CONGESTION", cause=34)
    rig.now += 1.0
    rig.leg_event("offered")
    rig.now += 6.0
    rig.leg_event("confirmed", seconds=4.5)
    rig.talk(watch, "a", 90.0, "0a1b2c3d4e5f")
    rig.leg_event("dropped", seconds=1.5)
    rig.leg_event("unconfirmed", "beta", status="no_key", seconds=11.0)
    series = scraped.series()
    assert value(series, "ivrd_partner_attempts_total", partner="alpha") == 2
    refusals = value(series, "ivrd_partner_refusals_total", partner="alpha", cause="congested")
    assert refusals == 1
    assert value(series, "ivrd_partner_confirm_seconds_sum", partner="alpha") == 4.5
    assert value(series, "ivrd_partner_talk_seconds_sum", partner="alpha") == 91.5
    result = {"partner": "beta", "result": "unconfirmed"}
    assert value(series, "ivrd_partner_offers_total", **result) == 1
    why = {"partner": "beta", "cause": "no_key"}
    assert value(series, "ivrd_partner_unconfirmed_total", **why) == 1
    written = asyncio.run(history(rig))
    assert Counter(line.kind for line in written if line.partner == "alpha") == {
        **dict.fromkeys(
            (
                PartnerEventKind.REFUSED,
                PartnerEventKind.CONFIRMED,
                PartnerEventKind.TALKED,
                PartnerEventKind.DROPPED,
            ),
            1,
        ),
        PartnerEventKind.OFFERED: 2,
    }
    (unconfirmed,) = (line for line in written if line.partner == "beta")
    assert unconfirmed.cause is Cause.NO_KEY
    (talk,) = (line for line in written if line.kind is PartnerEventKind.TALKED)
    assert (talk.seconds, talk.caller) == (90.0, "0a1b2c3d4e5f")


def test_what_is_too_old_goes_with_the_next_call() -> None:
    rig, scraped = Rig(), Scraped()
    watch = rig.watch(scraped.made)
    rig.talk(watch, "a", 90.0, "")
    rig.now += 93 * 86_400.0
    rig.talk(watch, "b", 90.0, "", seat="base-1")
    assert asyncio.run(history(rig)) == []


def test_one_that_stands_by_counts_nothing_and_writes_down_all_the_same() -> None:
    """Its keeper holds that: who acts may end before it has written."""
    rig, scraped = Rig(), Scraped()
    rig.is_leader = False
    watch = rig.watch(scraped.made)
    before = scraped.series()
    rig.leg_event("offered")
    rig.talk(watch, "a", 90.0, "")
    assert scraped.series() == before
    assert {line.kind for line in asyncio.run(history(rig))} == {
        PartnerEventKind.OFFERED,
        PartnerEventKind.TALKED,
    }


def test_a_caller_who_is_sent_back_has_talked_as_long_as_the_books_say() -> None:
    rig, scraped = Rig(), Scraped()
    rig.watch(scraped.made)
    rig.begin("a")
    rig.now += 42.0
    rig.leg_event("returned", waiting="a")
    rig.leg_event("returned", waiting="nobody knows it")
    series = scraped.series()
    assert value(series, "ivrd_partner_talk_seconds_sum", partner="alpha") == 42.0
    assert value(series, "ivrd_partner_talk_seconds_count", partner="alpha") == 2


def test_a_test_call_counts_nowhere() -> None:
    rig, scraped = Rig(), Scraped()
    rig.watch(scraped.made)
    before = scraped.series()
    rig.leg_event("offered", waiting="")
    rig.leg_event("confirmed", waiting="", seconds=3.0)
    assert scraped.series() == before
    assert asyncio.run(history(rig)) == []


def test_talks_with_the_hotlines_own_agents_are_none_of_the_partners() -> None:
    rig, scraped = Rig(), Scraped()
    watch = rig.watch(scraped.made)
    rig.talk(watch, "a", 90.0, "", seat="base-1")
    assert asyncio.run(history(rig)) == []

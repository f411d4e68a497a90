"""What partners did in a period adds up, and those who helped most people come first."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.partner import Partner
from ivrd.core.report import (
    CAUSE_WORDS,
    REFUSALS,
    TALKS,
    UNCONFIRMED,
    Cause,
    PartnerEvent,
    PartnerEventKind,
    PartnerTotals,
    Sums,
    cause_of,
    unconfirmed,
)

BANGKOK = ZoneInfo("Asia/Bangkok")
TODAY = date(2026, 11, 22)


def partner(name: str, pledged: int) -> Partner:
    return Partner(name, f"ไทย {name}", name.upper(), "192.0.2.1", pledged, 200, languages=("th",))


def rows(lines: Iterable[PartnerEvent], partners: Iterable[Partner]) -> list[PartnerTotals]:
    """The lines, added up."""
    sums = Sums()
    for line in lines:
        sums.add(line)
    return sums.rows(partners)


PARTNERS = (partner("a", 30), partner("b", 10), partner("c", 0))
CAUSES = {PartnerEventKind.REFUSED: REFUSALS, PartnerEventKind.UNCONFIRMED: UNCONFIRMED}
LINES = st.builds(
    PartnerEvent,
    partner=st.sampled_from(("a", "b", "c", "gone")),
    kind=st.sampled_from(PartnerEventKind),
    seconds=st.integers(0, 600).map(float),
    cause=st.none(),
    caller=st.sampled_from(("", "k1", "k2", "k3")),
).flatmap(
    lambda line: st.builds(
        replace, st.just(line), cause=st.sampled_from((None, *CAUSES.get(line.kind, ())))
    )
)


@given(st.lists(LINES, max_size=60))
def test_every_line_is_in_one_row(lines: list[PartnerEvent]) -> None:
    made = rows(lines, PARTNERS)
    for row in made:
        own = [line for line in lines if line.partner == row.partner]
        for kind, count in (
            (PartnerEventKind.OFFERED, row.offered),
            (PartnerEventKind.CONFIRMED, row.accepted),
            (PartnerEventKind.REFUSED, row.refused),
            (PartnerEventKind.UNCONFIRMED, row.unconfirmed),
            (PartnerEventKind.DROPPED, row.dropped),
            (PartnerEventKind.RETURNED, row.returned),
        ):
            assert count == sum(line.kind is kind for line in own)
        told = [line for line in own if line.kind is PartnerEventKind.UNCONFIRMED and line.cause]
        assert sum(row.refusals.values()) == row.refused
        assert sum(row.without_key.values()) == len(told)
        assert row.talk_seconds == sum(line.seconds for line in own if line.kind in TALKS)
        helped = [line.caller for line in own if line.kind is PartnerEventKind.TALKED]
        assert row.people == len(set(helped) - {""}) + helped.count("")
        assert set(row.flat()) == set(made[0].flat())
    assert len({row.partner for row in made}) == len(made)
    assert {row.partner for row in made} == {"a", "b", "c"} | {line.partner for line in lines}


@given(st.lists(LINES, max_size=60))
def test_who_helped_most_people_comes_first_and_shares_make_one(lines: list[PartnerEvent]) -> None:
    made = rows(lines, PARTNERS)
    order = [(-row.people, -row.talk_seconds, -row.accepted, row.partner) for row in made]
    assert order == sorted(order)
    shares = [row.share for row in made if row.share is not None]
    assert sum(shares) == pytest.approx(1.0 if shares else 0.0)
    assert sum(row.pledge_share or 0.0 for row in made) == pytest.approx(1.0)


def test_a_share_of_the_pledge_is_one_for_who_took_just_what_was_pledged() -> None:
    lines = [PartnerEvent("a", PartnerEventKind.CONFIRMED)] * 3 + [
        PartnerEvent("gone", PartnerEventKind.CONFIRMED)
    ]
    of = {row.partner: row for row in rows(lines, PARTNERS)}
    assert (of["a"].share, of["a"].pledge_share, of["a"].of_pledge) == (0.75, 0.75, 1.0)
    assert (of["b"].share, of["b"].of_pledge) == (0.0, 0.0)
    assert of["c"].of_pledge is None  # nothing was pledged
    assert (of["gone"].share, of["gone"].of_pledge, of["gone"].name_en) == (0.25, None, "")


def test_partners_without_a_call_are_there_with_no_ratios() -> None:
    made = rows([], PARTNERS)
    assert [(row.partner, row.offered, row.share) for row in made] == [
        ("a", 0, None),
        ("b", 0, None),
        ("c", 0, None),
    ]
    assert made[0].flat()["name_th"] == "ไทย a"
    assert made[0].flat()["refused_busy"] == 0
    assert made[0].flat()["unconfirmed_wrong_key"] == 0


@pytest.mark.parametrize(
    ("status", "number", "cause", "when_it_rang"),
    [
        ("BUSY", 17, Cause.BUSY, Cause.BUSY),  # 486
        ("CONGESTION", 34, Cause.CONGESTED, Cause.CONGESTED),  # 503
        ("CHANUNAVAIL", 20, Cause.UNREACHABLE, Cause.UNREACHABLE),  # a dead trunk
        ("NOANSWER", 19, Cause.UNAVAILABLE, Cause.NO_ANSWER),  # 480
        ("NOANSWER", 0, Cause.NO_RESPONSE, Cause.NO_ANSWER),  # the dialplan gave it up
        ("NOANSWER", 16, Cause.NO_RESPONSE, Cause.NO_ANSWER),
        ("CHANUNAVAIL", 0, Cause.NO_RESPONSE, Cause.NO_ANSWER),  # no sign of life
        ("CHANUNAVAIL", 18, Cause.NO_RESPONSE, Cause.NO_ANSWER),  # 408
        ("CONGESTION", 102, Cause.NO_RESPONSE, Cause.NO_ANSWER),  # 504
        ("CONGESTION", 21, Cause.DECLINED, Cause.DECLINED),  # 603: the number says more
        ("CONGESTION", 1, Cause.UNKNOWN_NUMBER, Cause.UNKNOWN_NUMBER),  # 404
        ("CONGESTION", 3, Cause.UNREACHABLE, Cause.UNREACHABLE),  # no way there
        ("", 0, Cause.OTHER, Cause.OTHER),
        ("CANCEL", 99999, Cause.OTHER, Cause.OTHER),
    ],
)
def test_why_a_partner_refused(status: str, number: int, cause: Cause, when_it_rang: Cause) -> None:
    assert cause_of(status, number, False) is cause
    assert cause_of(status, number, True) is when_it_rang


def test_why_nobody_confirmed_is_the_dialplans_word() -> None:
    assert {unconfirmed(cause.value) for cause in UNCONFIRMED} == set(UNCONFIRMED)
    assert [unconfirmed(word) for word in ("", "busy", "gone")] == [Cause.NO_KEY] * 3
    assert set(CAUSE_WORDS) == {*REFUSALS, *UNCONFIRMED}

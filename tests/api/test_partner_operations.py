"""What operators ask about partners, and what becomes of what they order."""

import asyncio
import json
import os
import pwd
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivrd.api import server
from ivrd.api.partner_operations import numbers
from ivrd.api.partner_report import MOST_ENTRIES
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.cli import client
from ivrd.core.breaker import Breaker, BreakerState
from ivrd.core.call import Call
from ivrd.core.call_events import JoinedQueue
from ivrd.core.forecast import Load
from ivrd.core.overflow import AgentGroup, QueueSnapshot, Snapshot
from ivrd.core.partner import Override, PartnerState
from ivrd.core.repeat_calls import After, ServedCall
from ivrd.core.report import PartnerEvent, PartnerEventKind
from tests.partners.rig import ALPHA, BETA, NOW, Rig, Shelf, served

DAY = 86_400.0


def get(rig: Rig, name: str, **query: str) -> Mapping[str, Any]:
    """As the control socket answers a GET, through JSON."""

    async def ask() -> server.Answer:
        return await rig.operations.queries()[name](query)

    answer: Mapping[str, Any] = json.loads(json.dumps(asyncio.run(ask()), allow_nan=False))
    return answer


def post(rig: Rig, name: str, **query: str) -> Mapping[str, Any]:
    async def ask() -> server.Answer:
        return await rig.operations.commands()[name](query)

    answer: Mapping[str, Any] = json.loads(json.dumps(asyncio.run(ask()), allow_nan=False))
    return answer


def audited(rig: Rig) -> list[tuple[str, str, str, str]]:
    """who, what, which partner, detail of each act."""
    commands = get(rig, "audit")["entries"]
    return [(act["who"], act["what"], act["partner"], act["detail"]) for act in commands]


# --- how partners stand ------------------------------------------------------------------------


def test_a_seat_does_not_ring_for_a_caller_who_has_gone() -> None:
    rig = Rig()
    rig.leg_event("offered", waiting="gone")
    assert rig.partners.runtime("alpha").ringing == {"alpha/01"}
    rig.partners.evaluate(NOW)
    assert rig.partners.runtime("alpha").ringing == set()


def test_partners_as_they_stand() -> None:
    rig = Rig()
    rig.begin("a", seat="alpha/03")
    rig.leg_event("offered")
    rig.leg_event("confirmed", seconds=3.0)
    rig.ledger.receive(Call("b", NOW, ""))
    rig.ledger.apply("b", JoinedQueue(NOW, "q"))
    rig.leg_event("offered", waiting="b")
    rig.partners.evaluate(NOW)
    alpha, beta = get(rig, "partners")["partners"]
    assert (alpha["id"], alpha["name_en"], alpha["name_th"]) == ("alpha", "Alpha Bank", "ธนาคาร ก")
    assert (alpha["offers"], alpha["answers"], alpha["ringing"], alpha["busy"]) == (2, 1, 1, 1)
    assert (alpha["state"], alpha["override"], alpha["in_hours"]) == ("active", None, True)
    assert (alpha["health"], alpha["obstacle"], alpha["queues"]) == ("healthy", "", ["q"])
    assert alpha["reason"] == rig.partners.decision.shares[0].reason  # type: ignore[union-attr]
    assert (beta["state"], beta["verified"], beta["obstacle"]) == ("onboarding", None, "onboarding")
    assert get(rig, "partners", partner="beta")["partners"] == [beta]


def test_before_the_first_decision_nothing_is_wanted() -> None:
    rig = Rig()
    alpha, _beta = get(rig, "partners")["partners"]
    assert (alpha["wanted"], alpha["reason"]) == (0, "nothing was decided yet")
    explained = {"reason": "nothing was decided yet", "wanted": 0, "partners": [], "numbers": {}}
    assert get(rig, "explain") == explained


def test_moments_are_what_the_breaker_and_the_seats_say() -> None:
    rig = Rig()
    rig.begin("a")
    rig.leg_event("offered", "alpha")
    rig.leg_event(
        "refused", "alpha", status="CONGESTION", cause=34
    )  # with another call there: full
    for _ in range(3):
        rig.leg_event("refused", "beta", status="CONGESTION", cause=34)
    gauges = rig.operations.gauges()
    assert (gauges["alpha"].busy, gauges["alpha"].learned) == (1, 1)
    assert (gauges["alpha"].breaker, gauges["beta"].breaker) == (
        BreakerState.CLOSED,
        BreakerState.OPEN,
    )
    rig.now += 31.0
    assert rig.operations.gauges()["beta"].breaker is BreakerState.HALF_OPEN


def test_an_explanation_has_a_reason_for_each_partner_and_the_numbers() -> None:
    rig = Rig()
    decision = rig.partners.evaluate(NOW)
    answer = get(rig, "explain")
    assert answer["reason"] == decision.reason
    assert [share["id"] for share in answer["partners"]] == ["alpha", "beta"]
    assert answer["partners"][1]["reason"].startswith("no seats: onboarding")


def test_numbers_are_those_of_the_snapshot_and_fit_into_json() -> None:
    queues = (
        QueueSnapshot("q", (12.0, 3.0), Load(0.5, 120.0, 60.0)),
        QueueSnapshot("idle", (), Load(0.0, float("inf"), float("inf"))),
    )
    snapshot = Snapshot(NOW, queues, (AgentGroup(frozenset({"q"}), 5, 4),), ())
    found = json.loads(json.dumps(numbers(snapshot), allow_nan=False))
    assert found["queues"]["q"] == {
        "waiting": 2,
        "oldest_seconds": 12.0,
        "arrivals_per_minute": 30.0,
        "handling_seconds": 120.0,
        "patience_seconds": 60.0,
    }
    assert found["queues"]["idle"]["patience_seconds"] is None
    assert (found["agents"], found["agents_busy"]) == (5, 4)
    assert found["policy"]["target_seconds"] == 20.0


# --- pins --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "override", "obstacle"),
    [
        ("open", Override.OPEN, ""),
        ("closed", Override.CLOSED, "closed by override"),
        ("draining", Override.DRAINING, "draining by override"),
        ("none", None, ""),
    ],
)
def test_a_pin_holds_is_audited_and_outlives_a_restart(
    wish: str, override: Override | None, obstacle: str
) -> None:
    rig = Rig()
    rig.begin("a")
    answer = post(rig, "override", partner="alpha", override=wish, who="somchai")
    expected = {
        "partner": "alpha",
        "override": override,
        "busy": 1,
        "obstacle": obstacle,
        "note": "",
    }
    assert answer == expected
    assert rig.partners.runtime("alpha").override is override
    assert audited(rig) == [("somchai", f"override {wish}", "alpha", f"none -> {wish}")]
    again = Rig(rig.shelf)
    assert again.partners.runtime("alpha").override is override
    assert again.partners.runtime("beta").override is None


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"partner": "alhpa", "override": "open"}, 'unknown partner "alhpa"; did you mean alpha?'),
        ({"override": "open"}, 'unknown partner ""; expected one of alpha, beta'),
        (
            {"partner": "alpha", "override": "ajar"},
            "override: expected open, closed, draining or none, got 'ajar'",
        ),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(query: dict[str, str], says: str) -> None:
    rig = Rig()
    with pytest.raises(server.RequestRejected) as told:
        post(rig, "override", **query)
    assert str(told.value) == says
    assert rig.partners.runtime("alpha").override is None
    assert rig.shelf.entries == {}


def test_a_pin_holds_while_the_store_is_down_and_is_written_when_it_is_back() -> None:
    rig = Rig()
    rig.shelf.down = True
    answer = post(rig, "override", partner="alpha", override="closed")
    assert rig.partners.runtime("alpha").override is Override.CLOSED
    assert answer["note"].startswith("done, but the store does not answer: a restart before ")
    assert rig.shelf.entries == {}
    rig.shelf.down = False
    rig.shelf.write()
    assert Rig(rig.shelf).partners.runtime("alpha").override is Override.CLOSED
    assert audited(rig) == [("unknown", "override closed", "alpha", "none -> closed")]


def fails(rig: Rig, partner: str = "alpha") -> None:
    """Three calls to it are refused, and it is paused."""
    for _ in range(3):
        rig.leg_event("refused", partner, status="CONGESTION", cause=21)


def test_a_command_ends_a_pause_and_is_audited_and_outlives_a_restart() -> None:
    rig = Rig()
    fails(rig)
    why = "refused, declined (21), 3 in a row"
    answer = post(rig, "resume-partner", partner="alpha", who="malee")
    expected = {"partner": "alpha", "resumed": True, "obstacle": "", "note": ""}
    assert answer == expected | {"health": f"trying one call: {why}"}
    assert rig.asked
    assert audited(rig) == [("malee", "partner resumed", "alpha", f"was paused 30 s: {why}")]
    for at in (rig, Rig(rig.shelf)):
        assert at.operations.gauges()["alpha"].breaker is BreakerState.HALF_OPEN
    again = post(rig, "resume-partner", partner="alpha", who="malee")
    assert again == expected | {"resumed": False, "health": f"trying one call: {why}"}


def test_a_pause_is_ended_as_it_is_though_the_machines_clock_was_set() -> None:
    rig = Rig()
    fails(rig)
    rig.shift = 3600.0
    answer = post(rig, "resume-partner", partner="alpha", who="malee")
    assert (answer["resumed"], answer["obstacle"]) == (True, "")
    assert rig.operations.gauges()["alpha"].breaker is BreakerState.HALF_OPEN


def test_who_is_opened_by_an_operator_is_tried_at_once_and_judged_again() -> None:
    rig = Rig()
    fails(rig)
    post(rig, "override", partner="alpha", override="closed", who="malee")
    assert rig.operations.gauges()["alpha"].breaker is BreakerState.OPEN
    answer = post(rig, "override", partner="alpha", override="open", who="malee")
    assert answer["obstacle"] == ""
    assert rig.operations.gauges()["alpha"].breaker is BreakerState.HALF_OPEN
    why = "paused 30 s: refused, declined (21), 3 in a row"
    assert audited(rig)[-1] == ("malee", "override open", "alpha", f"closed -> open, was {why}")
    decision = rig.partners.evaluate(rig.now)
    assert decision.seats["alpha"] == 1
    rig.leg_event("unconfirmed", status="no_key")
    assert rig.operations.gauges()["alpha"].breaker is BreakerState.OPEN


# --- drills ------------------------------------------------------------------------------------


def test_a_confirmed_drill_ends_onboarding_for_good() -> None:
    rig = Rig()
    rig.calls.answers = [(True, "key pressed after 4 s")]
    answer = post(rig, "drill", partner="beta", who="malee")
    assert rig.calls.placed == ["beta"]
    assert answer == {
        "partner": "beta",
        "ok": True,
        "detail": "key pressed after 4 s",
        "state": "active",
        "verified": "2026-11-22",
        "note": "",
    }
    assert audited(rig) == [("malee", "drill confirmed", "beta", "key pressed after 4 s")]
    for each in (rig, Rig(rig.shelf)):
        (row,) = get(each, "partners", partner="beta")["partners"]
        assert (row["state"], row["verified"]) == ("active", "2026-11-22")


@pytest.mark.parametrize(
    ("comes_to", "detail"),
    [
        ((False, "nobody pressed 1"), "nobody pressed 1"),
        (ConnectionLost("gone"), "the test call could not be placed: gone"),
        (
            ActionRefused("Originate: no such context"),
            "the test call could not be placed: Originate: no",
        ),
        (TimeoutError("no answer"), "the test call could not be placed: no answer"),
    ],
)
def test_a_drill_that_fails_leaves_a_partner_as_it_was(
    comes_to: tuple[bool, str] | Exception, detail: str
) -> None:
    rig = Rig()
    rig.calls.answers = [(True, "fine"), comes_to, comes_to]
    post(rig, "drill", partner="alpha", who="malee")
    rig.now += 3 * DAY
    answer = post(rig, "drill", partner="alpha", who="malee")
    assert (answer["ok"], answer["verified"]) == (False, "2026-11-22")
    assert answer["detail"].startswith(detail)
    answer = post(rig, "drill", partner="beta", who="malee")
    assert (answer["ok"], answer["state"], answer["verified"]) == (False, "onboarding", None)
    assert [what for _who, what, _partner, _detail in audited(rig)] == [
        "drill confirmed",
        "drill failed",
        "drill failed",
    ]


def test_a_partner_is_drilled_once_at_a_time() -> None:
    rig = Rig()
    rig.calls.answers = [(True, "one"), (True, "another"), (True, "again")]

    async def body() -> None:
        rig.calls.guard = asyncio.Event()
        drill = rig.operations.commands()["drill"]
        first = asyncio.ensure_future(drill({"partner": "alpha"}))
        await asyncio.sleep(0)  # it runs until it waits for the gate
        assert rig.calls.placed == ["alpha"]
        with pytest.raises(server.NotNow, match="a drill of alpha is going on"):
            await drill({"partner": "alpha"})
        other = asyncio.ensure_future(drill({"partner": "beta"}))
        rig.calls.guard.set()
        assert (await first)["ok"] is True
        assert (await other)["ok"] is True
        assert (await drill({"partner": "alpha"}))["ok"] is True

    asyncio.run(body())
    assert rig.calls.placed == ["alpha", "beta", "alpha"]


def test_a_paused_partner_stays_paused_whatever_a_drill_says() -> None:
    rig = Rig(partners=(replace(ALPHA, state=PartnerState.PAUSED), BETA))
    rig.calls.answers = [(True, "fine")]
    assert post(rig, "drill", partner="alpha")["state"] == "paused"
    (row,) = get(rig, "partners", partner="alpha")["partners"]
    assert (row["state"], row["obstacle"]) == ("paused", "paused")


# --- reports -----------------------------------------------------------------------------------


def test_a_report_has_what_callers_said_after_talks_with_each_partner() -> None:
    rig = Rig()
    yes = ServedCall("1.1", NOW, After.SETTLED, "other", "alpha", known=True, redialled=True)
    no = replace(yes, after=After.NOT_SETTLED, redialled=False)
    own = replace(no, partner="")
    rig.served.calls = [yes, no, replace(no, after=After.NO_ANSWER), own, replace(yes, at=0.0)]
    row = next(row for row in get(rig, "report")["rows"] if row["partner"] == "alpha")
    assert (row["settled"], row["not_settled"], row["settled_share"]) == (1, 1, 0.5)
    assert (row["settled_redialled"], row["not_settled_redialled"]) == (1, 0)


def test_a_report_is_of_its_days_and_of_all_partners() -> None:
    rig = Rig()
    for days in (-30, -1, 0, 1):
        rig.wrote(PartnerEvent("alpha", PartnerEventKind.CONFIRMED, 2.0), NOW + days * DAY)
        rig.wrote(
            PartnerEvent("alpha", PartnerEventKind.TALKED, 60.0, caller="0a1b"), NOW + days * DAY
        )
    answer = get(rig, "report", **{"from": "2026-11-21", "to": "2026-11-22"})
    assert (answer["from"], answer["to"]) == (
        "2026-11-21T00:00:00+07:00",
        "2026-11-23T00:00:00+07:00",
    )
    alpha, beta = answer["rows"]
    assert (alpha["partner"], alpha["accepted"], alpha["talk_seconds"]) == ("alpha", 2, 120.0)
    assert (alpha["people"], alpha["share"], alpha["of_pledge"]) == (1, 1.0, pytest.approx(4 / 3))
    assert (beta["partner"], beta["accepted"], answer["skipped"]) == ("beta", 0, 0)
    (row, _) = get(rig, "report")["rows"]  # this month so far
    assert row["accepted"] == 2
    with pytest.raises(server.RequestRejected, match="expected a day such as"):
        get(rig, "report", to="yesterday")


def test_acts_are_listed_with_their_time_in_the_hotlines_zone() -> None:
    rig = Rig()
    rig.now -= 30 * DAY
    post(rig, "override", partner="alpha", override="open", who="somchai")
    rig.now += 30 * DAY + 0.25
    post(rig, "override", partner="alpha", override="none", who="malee")
    (act,) = get(rig, "audit")["entries"]  # this month so far
    assert act == {
        "at": "2026-11-22T08:47:40.250+07:00",
        "who": "malee",
        "what": "override none",
        "partner": "alpha",
        "detail": "open -> none",
    }
    both = get(rig, "audit", **{"from": "2026-10-01"})
    assert [act["who"] for act in both["entries"]] == ["somchai", "malee"]
    assert both["skipped"] == 0


def test_a_period_with_too_many_acts_is_refused_in_words() -> None:
    rig = Rig()
    for _ in range(MOST_ENTRIES + 1):
        rig.book.audit("a script", "override open", "alpha", "")
    with pytest.raises(
        server.RequestRejected, match="more than 10,000 entries: ask for a shorter period"
    ):
        get(rig, "audit")


@pytest.mark.parametrize("what", ["report", "audit"])
def test_what_cannot_be_read_is_counted(what: str) -> None:
    rig = Rig()
    rig.shelf.put({"report": "history", "audit": "audit"}[what], f"{int(NOW)}.1 o 5 x", "[")
    assert get(rig, what)["skipped"] == 1


@pytest.mark.parametrize("what", ["report", "audit"])
def test_a_store_that_does_not_answer_gives_no_wrong_sums(what: str) -> None:
    rig = Rig()
    rig.wrote(PartnerEvent("alpha", PartnerEventKind.OFFERED))
    rig.shelf.down = True
    for rig.is_leader in (True, False):
        with pytest.raises(server.NotNow, match="the store does not answer"):
            get(rig, what)


# --- over the socket ---------------------------------------------------------------------------


def test_the_audit_log_has_the_operating_systems_name_for_the_caller(tmp_path: Path) -> None:
    rig = Rig()
    with served(rig, tmp_path / "s"):
        asking = client.Client(tmp_path / "s")
        asking.post("override", partner="alpha", override="closed", who="the minister")
        assert asking.get("partners")["partners"][0]["override"] == "closed"
        with pytest.raises(client.RequestRefused, match="did you mean alpha"):
            asking.post("override", partner="alpa", override="closed")
    ((who, what, *_),) = audited(rig)
    assert (who, what) == (pwd.getpwuid(os.getuid()).pw_name, "override closed")


# --- restarts, and two ivrd --------------------------------------------------------------------


def paused() -> Rig:
    """Alpha is held to one call, beta is paused."""
    rig = Rig()
    rig.begin("a")
    rig.leg_event("refused", status="CONGESTION", cause=34)  # with another call there: full
    for _ in range(3):
        rig.leg_event("refused", "beta", status="BUSY", cause=21)
    return rig


def test_what_was_learned_of_partners_outlives_a_restart() -> None:
    rig = paused()
    again = Rig(rig.shelf)
    assert again.operations.gauges()["alpha"].learned == 1
    (beta,) = get(again, "partners", partner="beta")["partners"]
    assert beta["health"].startswith("paused 30 s: refused, declined (21), ")
    again.now += 31.0
    assert again.operations.gauges()["beta"].breaker is BreakerState.HALF_OPEN


def test_one_that_stood_by_goes_on_with_what_the_other_had_learned() -> None:
    shelf = Shelf()
    standby = Rig(shelf)
    standby.is_leader = False
    standby.partners.evaluate(NOW)
    other = paused()
    shelf.entries = other.shelf.entries
    assert standby.operations.gauges()["beta"].breaker is BreakerState.CLOSED
    standby.is_leader = True
    asyncio.run(standby.operations.restore())
    assert standby.operations.gauges()["beta"].breaker is BreakerState.OPEN
    standby.now += 31.0
    for _ in range(3):  # and writes down what it learns itself
        standby.leg_event("refused", "beta", status="BUSY", cause=21)
    third = Rig(shelf)
    third.now = standby.now
    assert third.operations.gauges()["beta"].breaker is BreakerState.OPEN


def test_what_one_that_stood_by_learned_itself_is_written_down_when_it_acts() -> None:
    """And the one before it had written nothing of that partner."""
    rig = Rig()
    rig.is_leader = False
    for _ in range(3):
        rig.leg_event("unconfirmed", "beta")
    assert rig.shelf.entries == {}
    rig.is_leader = True
    asyncio.run(rig.operations.restore())
    rig.partners.evaluate(NOW)
    assert Rig(rig.shelf).operations.gauges()["beta"].breaker is BreakerState.OPEN


def test_a_store_that_is_back_empty_gets_all_again() -> None:
    rig = paused()
    post(rig, "override", partner="alpha", override="closed")
    rig.shelf.entries.clear()
    rig.operations.write_again()
    again = Rig(rig.shelf)
    assert again.partners.runtime("alpha").override is Override.CLOSED
    assert again.operations.gauges()["beta"].breaker is BreakerState.OPEN


def test_breakers_are_written_when_they_change_and_not_each_second() -> None:
    rig = paused()
    written: list[str] = []
    store = rig.book.breaker

    def breaker(partner: str, breaker: Breaker) -> None:
        written.append(partner)
        store(partner, breaker)

    rig.book.breaker = breaker  # type: ignore[method-assign]
    for _ in range(20):
        rig.now += 1.0
        rig.partners.evaluate(rig.now)
    assert written == ["alpha"]  # a talk of five seconds: it is known from then on
    for _ in range(3):
        rig.leg_event("unconfirmed")
    assert written == ["alpha"] * 4


def test_the_one_that_stands_by_shows_what_the_one_that_acts_has_ordered() -> None:
    rig = Rig()
    standby = Rig(rig.shelf)
    standby.is_leader = False
    post(rig, "override", partner="alpha", override="closed")
    (row,) = get(standby, "partners", partner="alpha")["partners"]
    assert row["override"] == "closed"


def test_a_pin_before_anything_was_read_takes_no_drill_back() -> None:
    """As when Asterisk is not there yet, or the store was down."""
    rig = Rig()
    rig.calls.answers = [(True, "key pressed")]
    post(rig, "drill", partner="beta")
    rig.shelf.down = True
    again = Rig(rig.shelf)
    post(again, "override", partner="beta", override="closed")
    rig.shelf.down = False
    rig.shelf.write()
    (row,) = get(again, "partners", partner="beta")["partners"]
    assert (row["override"], row["verified"]) == ("closed", "2026-11-22")
    assert (Rig(rig.shelf).book.verified("beta")) == "2026-11-22"


def test_a_store_that_was_down_at_the_start_is_read_when_it_is_back() -> None:
    rig = paused()
    post(rig, "override", partner="alpha", override="closed")
    rig.shelf.down = True
    again = Rig(rig.shelf)
    assert again.partners.runtime("alpha").override is None

    async def comes_back() -> None:
        rig.shelf.down = False
        again.operations.write_again()
        while again.partners.runtime("alpha").override is None:  # noqa: ASYNC110
            await asyncio.sleep(0)

    asyncio.run(comes_back())
    assert again.partners.runtime("alpha").override is Override.CLOSED
    assert again.operations.gauges()["beta"].breaker is BreakerState.OPEN

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

from ivrd import client, web
from ivrd.asterisk.link import Refused
from ivrd.asterisk.wire import LinkLost
from ivrd.core.breaker import Place
from ivrd.core.call import Call, Joined
from ivrd.core.forecast import Load
from ivrd.core.overflow import Crew, QueueNow, Snapshot
from ivrd.core.partner import Pin, State
from ivrd.core.report import Kind, Line
from ivrd.partner_desk import numbers
from tests.partner_rig import ALPHA, BETA, NOW, Rig, served

DAY = 86_400.0


def get(rig: Rig, name: str, **query: str) -> Mapping[str, Any]:
    """As the control socket answers a GET, through JSON."""

    async def ask() -> web.Answer:
        return await rig.desk.reads()[name](query)

    answer: Mapping[str, Any] = json.loads(json.dumps(asyncio.run(ask()), allow_nan=False))
    return answer


def post(rig: Rig, name: str, **query: str) -> Mapping[str, Any]:
    async def ask() -> web.Answer:
        return await rig.desk.acts()[name](query)

    answer: Mapping[str, Any] = json.loads(json.dumps(asyncio.run(ask()), allow_nan=False))
    return answer


def audited(folder: Path) -> list[tuple[str, str, str, str]]:
    """who, what, which partner, detail of each act."""
    lines = (folder / "audit.jsonl").read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return [(e["who"], e["what"], e["partner"], e["detail"]) for e in entries]


# --- how partners stand ------------------------------------------------------------------------


def test_a_seat_does_not_ring_for_a_caller_who_has_gone(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.news("offered", waiting="gone")
    assert rig.partners.standing("alpha").ringing == {"alpha/01"}
    rig.partners.look(NOW)
    assert rig.partners.standing("alpha").ringing == set()


def test_partners_as_they_stand(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.begin("a", seat="alpha/03")
    rig.news("offered")
    rig.news("confirmed", seconds=3.0)
    rig.ledger.receive(Call("b", NOW, ""))
    rig.ledger.apply("b", Joined(NOW, "q"))
    rig.news("offered", waiting="b")
    rig.partners.look(NOW)
    alpha, beta = get(rig, "partners")["partners"]
    assert (alpha["id"], alpha["name_en"], alpha["name_th"]) == ("alpha", "Alpha Bank", "ธนาคาร ก")
    assert (alpha["offers"], alpha["answers"], alpha["ringing"], alpha["busy"]) == (2, 1, 1, 1)
    assert (alpha["state"], alpha["pin"], alpha["in_hours"]) == ("active", None, True)
    assert (alpha["health"], alpha["obstacle"], alpha["queues"]) == ("healthy", "", ["q"])
    assert alpha["reason"] == rig.partners.decision.shares[0].reason  # type: ignore[union-attr]
    assert (beta["state"], beta["verified"], beta["obstacle"]) == ("onboarding", None, "onboarding")
    assert get(rig, "partners", partner="beta")["partners"] == [beta]


def test_before_the_first_decision_nothing_is_wanted(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    alpha, _beta = get(rig, "partners")["partners"]
    assert (alpha["wanted"], alpha["reason"]) == (0, "nothing was decided yet")
    explained = {"reason": "nothing was decided yet", "wanted": 0, "partners": [], "numbers": {}}
    assert get(rig, "explain") == explained


def test_moments_are_what_the_breaker_and_the_seats_say(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.begin("a")
    rig.news("offered", "alpha")
    rig.news("refused", "alpha", status="CONGESTION", cause=34)  # with another call there: full
    for _ in range(3):
        rig.news("refused", "beta", status="CONGESTION", cause=34)
    moments = rig.desk.moments()
    assert (moments["alpha"].busy, moments["alpha"].learned) == (1, 1)
    assert (moments["alpha"].breaker, moments["beta"].breaker) == (Place.CLOSED, Place.OPEN)
    rig.now += 31.0
    assert rig.desk.moments()["beta"].breaker is Place.HALF_OPEN


def test_an_explanation_has_a_reason_for_each_partner_and_the_numbers(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    decision = rig.partners.look(NOW)
    answer = get(rig, "explain")
    assert answer["reason"] == decision.reason
    assert [share["id"] for share in answer["partners"]] == ["alpha", "beta"]
    assert answer["partners"][1]["reason"].startswith("no seats: onboarding")


def test_numbers_are_those_of_the_snapshot_and_fit_into_json() -> None:
    queues = (
        QueueNow("q", (12.0, 3.0), Load(0.5, 120.0, 60.0)),
        QueueNow("idle", (), Load(0.0, float("inf"), float("inf"))),
    )
    snapshot = Snapshot(NOW, queues, (Crew(frozenset({"q"}), 5, 4),), ())
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
    ("wish", "pin", "obstacle"),
    [
        ("open", Pin.OPEN, ""),
        ("closed", Pin.CLOSED, "pinned closed"),
        ("draining", Pin.DRAINING, "pinned draining"),
        ("none", None, ""),
    ],
)
def test_a_pin_holds_is_audited_and_outlives_a_restart(
    tmp_path: Path, wish: str, pin: Pin | None, obstacle: str
) -> None:
    rig = Rig(tmp_path)
    rig.begin("a")
    answer = post(rig, "pin", partner="alpha", pin=wish, who="somchai")
    expected = {"partner": "alpha", "pin": pin, "busy": 1, "obstacle": obstacle, "note": ""}
    assert answer == expected
    assert rig.partners.standing("alpha").pin is pin
    assert audited(tmp_path) == [("somchai", f"pin {wish}", "alpha", f"none -> {wish}")]
    again = Rig(tmp_path)
    assert again.partners.standing("alpha").pin is pin
    assert again.partners.standing("beta").pin is None


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"partner": "alhpa", "pin": "open"}, 'unknown partner "alhpa"; did you mean alpha?'),
        ({"pin": "open"}, 'unknown partner ""; expected one of alpha, beta'),
        (
            {"partner": "alpha", "pin": "ajar"},
            "pin: expected open, closed, draining or none, got 'ajar'",
        ),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    tmp_path: Path, query: dict[str, str], says: str
) -> None:
    rig = Rig(tmp_path)
    with pytest.raises(web.Rejected) as told:
        post(rig, "pin", **query)
    assert str(told.value) == says
    assert rig.partners.standing("alpha").pin is None
    rig.book.close()
    assert os.listdir(tmp_path) == []


def test_a_pin_works_on_a_full_disk_and_the_operator_hears_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    rig = Rig(folder)
    folder.write_text("in the way")
    answer = post(rig, "pin", partner="alpha", pin="closed")
    assert rig.partners.standing("alpha").pin is Pin.CLOSED
    assert answer["note"].startswith("done, but not written down, so a restart forgets it: ")


# --- drills ------------------------------------------------------------------------------------


def test_a_confirmed_drill_ends_onboarding_for_good(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
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
    assert audited(tmp_path) == [("malee", "drill confirmed", "beta", "key pressed after 4 s")]
    for each in (rig, Rig(tmp_path)):
        (row,) = get(each, "partners", partner="beta")["partners"]
        assert (row["state"], row["verified"]) == ("active", "2026-11-22")


@pytest.mark.parametrize(
    ("comes_to", "detail"),
    [
        ((False, "nobody pressed 1"), "nobody pressed 1"),
        (LinkLost("gone"), "the test call could not be placed: gone"),
        (Refused("Originate: no such context"), "the test call could not be placed: Originate: no"),
        (TimeoutError("no answer"), "the test call could not be placed: no answer"),
    ],
)
def test_a_drill_that_fails_leaves_a_partner_as_it_was(
    tmp_path: Path, comes_to: tuple[bool, str] | Exception, detail: str
) -> None:
    rig = Rig(tmp_path)
    rig.calls.answers = [(True, "fine"), comes_to, comes_to]
    post(rig, "drill", partner="alpha", who="malee")
    rig.now += 3 * DAY
    answer = post(rig, "drill", partner="alpha", who="malee")
    assert (answer["ok"], answer["verified"]) == (False, "2026-11-22")
    assert answer["detail"].startswith(detail)
    answer = post(rig, "drill", partner="beta", who="malee")
    assert (answer["ok"], answer["state"], answer["verified"]) == (False, "onboarding", None)
    assert [what for _who, what, _partner, _detail in audited(tmp_path)] == [
        "drill confirmed",
        "drill failed",
        "drill failed",
    ]


def test_a_partner_is_drilled_once_at_a_time(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.calls.answers = [(True, "one"), (True, "another"), (True, "again")]

    async def body() -> None:
        rig.calls.gate = asyncio.Event()
        drill = rig.desk.acts()["drill"]
        first = asyncio.ensure_future(drill({"partner": "alpha"}))
        await asyncio.sleep(0)  # it runs until it waits for the gate
        assert rig.calls.placed == ["alpha"]
        with pytest.raises(web.Rejected, match="a drill of alpha is going on"):
            await drill({"partner": "alpha"})
        other = asyncio.ensure_future(drill({"partner": "beta"}))
        rig.calls.gate.set()
        assert (await first)["ok"] is True
        assert (await other)["ok"] is True
        assert (await drill({"partner": "alpha"}))["ok"] is True

    asyncio.run(body())
    assert rig.calls.placed == ["alpha", "beta", "alpha"]


def test_a_paused_partner_stays_paused_whatever_a_drill_says(tmp_path: Path) -> None:
    rig = Rig(tmp_path, partners=(replace(ALPHA, state=State.PAUSED), BETA))
    rig.calls.answers = [(True, "fine")]
    assert post(rig, "drill", partner="alpha")["state"] == "paused"
    (row,) = get(rig, "partners", partner="alpha")["partners"]
    assert (row["state"], row["obstacle"]) == ("paused", "paused")


# --- reports -----------------------------------------------------------------------------------


def test_a_report_is_of_its_days_and_of_all_partners(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for days in (-30, -1, 0, 1):
        rig.book.record(Line(NOW + days * DAY, "alpha", Kind.CONFIRMED, 2.0))
        rig.book.record(Line(NOW + days * DAY, "alpha", Kind.TALKED, 60.0, caller="0a1b"))
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
    with pytest.raises(web.Rejected, match="expected a day such as"):
        get(rig, "report", to="yesterday")


# --- over the socket ---------------------------------------------------------------------------


def test_the_audit_log_has_the_operating_systems_name_for_the_caller(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "state")
    with served(rig, tmp_path / "s"):
        asking = client.Client(tmp_path / "s")
        asking.post("pin", partner="alpha", pin="closed", who="the minister")
        assert asking.get("partners")["partners"][0]["pin"] == "closed"
        with pytest.raises(client.Refused, match="did you mean alpha"):
            asking.post("pin", partner="alpa", pin="closed")
    ((who, what, *_),) = audited(tmp_path / "state")
    assert (who, what) == (pwd.getpwuid(os.getuid()).pw_name, "pin closed")


# --- two ivrd ----------------------------------------------------------------------------------


def test_a_pin_and_a_drill_reach_the_ivrd_that_takes_over(tmp_path: Path) -> None:
    here, there = Rig(tmp_path / "a"), Rig(tmp_path / "b")
    written: dict[str, str] = {}
    here.desk.keep = written.__setitem__
    post(here, "pin", partner="alpha", pin="closed")
    for partner, text in written.items():
        there.desk.told(partner, text)
    assert there.partners.standing("alpha").pin is Pin.CLOSED
    assert there.partners.standing("beta").pin is None
    there.book.flush()
    again = Rig(tmp_path / "b")  # and stays there over a restart
    assert again.partners.standing("alpha").pin is Pin.CLOSED


def test_what_is_no_pin_changes_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    post(rig, "pin", partner="alpha", pin="closed")
    for text in ("", "{", '{"pin": "sideways"}', "[]"):
        rig.desk.told("alpha", text)
    assert rig.partners.standing("alpha").pin is Pin.CLOSED


@pytest.mark.parametrize("act", ["pin", "drill"])
def test_one_that_stands_by_takes_no_orders(tmp_path: Path, act: str) -> None:
    rig = Rig(tmp_path)
    rig.desk.acting = lambda: False
    with pytest.raises(web.Rejected, match="stands by"):
        post(rig, act, partner="alpha", pin="closed")
    assert rig.partners.standing("alpha").pin is None

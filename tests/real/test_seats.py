"""Seats of our own that do not answer: the caller goes on to the next, and they are left alone."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ivrd.asterisk.render.pjsip import seat_password
from lab.agents import (
    Manner,
    Talk,
    answers,
    drops,
    never_answers,
    refuses,
    vanishes_ringing,
    without_sdp,
)
from lab.agents.phone import Phone
from lab.ami_events import AmiEvents
from lab.callers import Caller, Keys
from lab.partners import takes
from tests.real.conftest import Hotline
from tests.real.overflow_rig import Sites, partner
from tests.real.rig import WAIT

RING = 5  # seconds, the least
# What Asterisk says of an answer without SDP.
NO_SOUND = ("has no audio media/RTP session", "Unknown or unavailable item requested")
BAD, GOOD = "base-01", "base-02"
KINDS: dict[str, tuple[Callable[[], Manner], str]] = {
    "absent": (never_answers, "missed"),
    "vanishes while it rings": (lambda: vanishes_ringing(0.2), "missed"),
    "302": (lambda: refuses(302), "refused"),
    "486": (lambda: refuses(486), "refused"),
    "drops": (lambda: drops(0.2), "dropped"),
    "no SDP": (lambda: without_sdp(0.2), "dropped"),
}
OTHER_KINDS = [kind for kind in KINDS if kind not in ("absent", "drops")]


def short_rings(name: str, settings: dict[str, Any]) -> None:
    if name == "queues.yaml":
        settings["ring_seconds"] = RING


def people(first: int, count: int) -> list[Caller]:
    return [Caller(n, "key 0", (Keys("0"),)) for n in range(first, first + count)]


def seat(lab: Hotline, name: str) -> dict[str, Any]:
    """The seat as `ivrd seats list --json` has it."""
    rows = json.loads(lab.ivrd.once("seats", "list", "--json"))
    (row,) = [row for row in rows if row["seat"] == name]
    return dict(row)


def base(status: dict[str, Any]) -> dict[str, Any]:
    return next(dict(pool) for pool in status["pools"] if pool["name"] == "base")


def rests(lab: Hotline) -> None:
    lab.until("the seat is paused", lambda s: base(s)["paused"] == 1)


def of_seat(lab: Hotline, name: str) -> list[Talk]:
    return [talk for talk in lab.agents.ledger() if talk.seat == name]


def make_it_rest(lab: Hotline) -> None:
    """Two callers at once, for a seat that does not answer and a good one."""
    lab.agents.behave(BAD, refuses(486))
    calling = lab.calling(people(1, 12), rate=4.0)  # some wait still when it is rung again
    rests(lab)
    calling.wait(WAIT)


def test_without_ivrd_the_next_seat_rings_in_the_moment_in_which_one_is_given_up(hotline) -> None:
    lab = hotline(agents=2, talk=1.5, ring=0.3, change=short_rings)
    lab.agents.behave(BAD, never_answers())
    lab.ivrd.once("seats", "close", "base", "--yes")
    calling = lab.calling(people(1, 2), rate=2.0)
    lab.until("both wait", lambda s: s["calls"]["queue"] == 2)
    lab.ivrd.kill()
    lab.asterisk.cli(f"queue unpause member PJSIP/{BAD}")
    lab.asterisk.cli(f"queue unpause member PJSIP/{GOOD}")
    calling.wait(WAIT)
    lab.talks()
    (missed, *_more), answered = of_seat(lab, BAD), of_seat(lab, GOOD)
    assert missed.ended == "cancelled"
    assert {talk.number for talk in answered} == {caller.shown for caller in people(1, 2)}
    (after,) = [talk for talk in answered if talk.number == missed.number]
    given_up, next_rung = missed.rung_at + missed.rang, after.rung_at
    assert abs(next_rung - given_up) < 0.9  # app_queue would look again after a second


@pytest.mark.parametrize(
    "kind", ["absent", "drops", *(pytest.param(k, marks=pytest.mark.verify) for k in OTHER_KINDS)]
)
def test_a_seat_that_does_not_answer_rests_and_every_caller_is_answered(hotline, kind: str) -> None:
    manner, reason = KINDS[kind]
    lab = hotline(agents=2, talk=1.5, ring=0.3, change=short_rings)
    lab.tolerated = NO_SOUND
    lab.agents.behave(BAD, manner())
    callers = people(1, 8)
    ledger = lab.calling(callers, rate=4.0).wait(WAIT)
    assert {entry.person for entry in ledger.entries} == {"inhouse"}
    assert [row for row in lab.rows(callers, ledger) if not row.agrees] == []
    scrape = lab.settled()
    assert scrape.total("ivrd_ring_no_answer_total", pool="base", reason=reason) >= 1
    assert scrape.total("ivrd_ring_no_answer_total") == scrape.total(
        "ivrd_ring_no_answer_total", reason=reason
    )
    assert len(of_seat(lab, BAD)) < len(of_seat(lab, GOOD))  # it is paused after each failure
    assert seat(lab, GOOD)["why"] == ""


def test_after_one_missed_ring_a_partner_is_rung(hotline, tmp_path: Path) -> None:
    """Though a seat of our own is free, and has the lower penalty: the one that missed the ring."""
    sites = Sites(tmp_path)
    try:
        site = sites("good", takes(ring=0.3, talk=6.0))  # a talk under five is none

        def change(name: str, settings: dict[str, Any]) -> None:
            short_rings(name, settings)
            if name == "partners.yaml":
                settings["partners"] = {"good": partner(site.trunk)}
            if name == "ivrd.yaml":
                settings["overflow"] = {"floor_seats": 2}

        lab = hotline(agents=1, change=change)
        lab.agents.behave(BAD, never_answers())
        lab.ivrd.once("partner", "override", "open", "good")
        lab.until(
            "the partner is asked", lambda _s: "@partner-good" in lab.asterisk.cli("queue show")
        )
        callers = people(1, 3)
        ledger = lab.calling(callers, rate=1.0).wait(WAIT)
        assert {entry.person for entry in ledger.entries} == {"partner"}
        assert len(of_seat(lab, BAD)) == 1  # from then on it was left alone
    finally:
        sites.stop()


@pytest.mark.verify
def test_where_all_seats_rest_one_after_the_other_is_rung_all_the_same(hotline) -> None:
    """With everybody paused for a minute and longer the caller would be rung for by nobody."""
    lab = hotline(agents=2, talk=1.5, ring=0.3, change=short_rings)
    for name in (BAD, GOOD):
        lab.agents.behave(name, refuses(486))
    calling = lab.calling(people(1, 1), rate=1.0)
    lab.until("both rest", lambda _s: all("refused, 3" in seat(lab, n)["why"] for n in (BAD, GOOD)))
    rung = {name: len(of_seat(lab, name)) for name in (BAD, GOOD)}
    lab.until(
        "both are rung again",
        lambda _s: all(len(of_seat(lab, n)) > rung[n] for n in (BAD, GOOD)),
        40,
    )
    lab.agents.behave(GOOD, answers(0.3, 1.5))
    (entry,) = calling.wait(WAIT).entries
    assert entry.person == "inhouse"
    assert seat(lab, BAD)["why"].startswith("rests for")  # somebody else is there again


@pytest.mark.verify
def test_a_command_resumes_a_seat_and_the_audit_says_who(hotline) -> None:
    lab = hotline(agents=2, talk=1.5, ring=0.3, change=short_rings)
    make_it_rest(lab)
    assert lab.ivrd.once("seats", "resume", BAD) == f"Seat {BAD} is rung in its turn again.\n"
    lab.until("nobody rests", lambda s: base(s)["paused"] == 0 and base(s)["free"] == 2)
    assert seat(lab, BAD)["why"] == ""
    assert "penalty" not in lab.asterisk.cli("queue show other")
    audit = lab.ivrd.once("audit")
    assert "seat resumed" in audit


def test_a_key_on_the_phone_resumes_its_seat_also_without_ivrd(hotline) -> None:
    lab = hotline(agents=2, talk=1.5, ring=0.3, change=short_rings)
    make_it_rest(lab)
    with Phone(("127.0.0.1", lab.sip_port), BAD, host="127.0.0.3") as phone:
        assert phone.dial("*1") == 200
        lab.until("nobody rests", lambda s: base(s)["paused"] == 0)
        assert seat(lab, BAD)["why"] == ""
        lab.asterisk.cli(f"queue pause member PJSIP/{BAD}")
        lab.ivrd.kill()
        assert phone.dial("*1") == 200
    assert "(paused" not in lab.asterisk.cli("queue show other")


@pytest.mark.verify
def test_a_seat_that_rests_does_so_for_the_next_ivrd_too(hotline) -> None:
    lab = hotline(agents=2, talk=1.5, ring=0.3, change=short_rings)
    make_it_rest(lab)
    why = seat(lab, BAD)["why"].partition(": ")[2]
    lab.ivrd.kill()
    lab.ivrd.start()
    rests(lab)
    assert seat(lab, BAD)["why"].partition(": ")[2] == why
    callers = people(13, 4)
    count = len(of_seat(lab, BAD))
    lab.calling(callers, rate=2.0).wait(WAIT)
    assert len(of_seat(lab, BAD)) == count


def test_a_seat_that_rings_is_shown_as_ringing(hotline) -> None:
    lab = hotline(agents=1, talk=1.5, ring=3.0)
    calling = lab.calling(people(1, 1), rate=1.0)
    lab.until("it rings", lambda s: base(s)["ringing"] == 1)
    lab.until("it talks", lambda s: base(s)["busy"] == 1)
    calling.wait(WAIT)


def test_a_phone_behind_nat_is_rung_and_resumes_its_seat_when_it_registers(
    hotline, tmp_path: Path
) -> None:
    secret = tmp_path / "seats.secret"
    secret.touch(0o600)
    secret.write_text("of-this-test-only")

    def change(name: str, settings: dict[str, Any]) -> None:
        short_rings(name, settings)
        if name == "ivrd.yaml":
            settings["asterisk"]["seats"] = {"secret_file": str(secret)}

    lab = hotline(agents=1, change=change)
    news = AmiEvents(lab.ami_port, lab.ami_secret)
    server = ("127.0.0.1", lab.sip_port)
    password = seat_password(BAD, "of-this-test-only")
    with Phone(server, BAD, password, host="127.0.0.3", contact_host="127.0.0.77") as phone:
        assert phone.register() == 200
        lab.until("it is there", lambda s: base(s)["free"] == 1)
        calling = lab.calling(people(1, 1), rate=1.0)
        assert phone.rung.wait(20)
        lab.until("it is not rung for a while", lambda s: base(s)["paused"] == 1, 60)
        registered = len([e for e in news.events if e.get("event") == "ContactStatus"])
        assert phone.register() == 200  # the same phone, on time: says nothing
        time.sleep(1.0)  # nothing tells that nothing happens
        assert len([e for e in news.events if e.get("event") == "ContactStatus"]) == registered
        assert base(lab.ivrd.status())["paused"] == 1
    with Phone(server, BAD, password, host="127.0.0.3", contact_host="127.0.0.77") as phone:
        assert phone.register() == 200
        lab.until("it is rung again", lambda s: base(s)["paused"] == 0)
        assert phone.rung.wait(20)
        lab.ivrd.once("seats", "close", "base", "--yes")
    calling.stop()

"""Agents who sign in, pause and come back by their phones, which others have written."""

import time
from pathlib import Path

import pytest

from lab.callers import Caller, Keys
from tests.real.conftest import Hotline
from tests.real.desks import (
    CODES,
    TALK_SECONDS,
    dials,
    phones,
    signs_in,
    states,
    talks,
    with_agents,
)
from tests.real.rig import WAIT

ONE, SEAT = "a-101", "base-01"
NUMBER_OF_AGENT = "101"


def callers(first: int, count: int) -> list[Caller]:
    return [Caller(n, "key 0", (Keys("0"),)) for n in range(first, first + count)]


def is_in(lab: Hotline, state: str, reason: str = "", agent: str = ONE) -> None:
    """Wait until ivrd has the agent so."""
    wanted = (state, reason)
    lab.until(f"{agent} is {wanted}", lambda _s: states(lab.ivrd)[agent] == wanted)


@pytest.mark.lasts(25)
def test_an_agents_phone_signs_in_takes_a_call_wraps_up_pauses_and_signs_out(
    hotline, tmp_path: Path
) -> None:
    agents = {ONE: SEAT, "a-102": SEAT}
    lab = hotline(agents=2, change=with_agents(tmp_path, agents, wrap_up_seconds=300))
    with phones(lab, SEAT) as (phone,):
        is_in(lab, "signed_out")
        calling = lab.calling(callers(1, 1), rate=1.0)
        lab.until("one waits", lambda s: s["calls"]["queue"] == 1)
        signs_in(phone, NUMBER_OF_AGENT)
        call = phone.accept(phone.rung())
        phone.hears("caller")
        is_in(lab, "talking")
        time.sleep(TALK_SECONDS)
        phone.hang_up(call)
        (entry,) = calling.wait(WAIT).entries
        assert entry.person == "inhouse"
        is_in(lab, "wrap_up")
        dials(phone, CODES["extend"])
        dials(phone, CODES["resume"])
        is_in(lab, "ready")
        dials(phone, CODES["pause"])
        is_in(lab, "paused", "by phone")
        dials(phone, CODES["out"])
        is_in(lab, "signed_out")
    counts = lab.ivrd.status()["calls"]
    assert (counts["received"], counts["ended"]) == (1, 1)
    log = lab.asterisk.queue_log.read_text()
    assert log.count("|RECEIVED") == log.count("|ENDED") == 1
    assert "wrap-up extended" in lab.ivrd.log_text()


@pytest.mark.verify
@pytest.mark.lasts(25)
def test_without_ivrd_a_code_is_answered_in_words_and_changes_nothing(
    hotline, tmp_path: Path
) -> None:
    lab = hotline(agents=1, change=with_agents(tmp_path, {ONE: SEAT}))
    with phones(lab, SEAT) as (phone,):
        signs_in(phone)
        is_in(lab, "ready")
        call = phone.dial(CODES["in"])  # ivrd speaks, and is killed meanwhile
        lab.ivrd.kill()
        assert phone.until_state(call, "closed").over  # when the lease has run out
        dials(phone, CODES["pause"])
        lab.ivrd.start()
        is_in(lab, "ready")


@pytest.mark.verify
@pytest.mark.lasts(40)
def test_codes_of_a_seat_that_is_not_theirs_and_pins_that_are_tried(
    hotline, tmp_path: Path
) -> None:
    agents = {ONE: SEAT, "a-102": SEAT, "b-201": "base-02"}
    lab = hotline(agents=3, change=with_agents(tmp_path, agents))
    with phones(lab, SEAT, "base-03") as (phone, of_nobody):
        is_in(lab, "signed_out")
        dials(of_nobody, CODES["in"])  # is told so, and asked for nothing
        signs_in(phone, "201")
        dials(phone, CODES["pause"])  # nobody is signed in
        assert {state for state, _why in states(lab.ivrd).values()} == {"signed_out"}
        for _ in range(2):
            dials(phone, CODES["in"], "101#1111#" * 3)
        signs_in(phone, NUMBER_OF_AGENT)  # the right one is locked now
        assert states(lab.ivrd)[ONE][0] == "signed_out"
    audited = lab.ivrd.once("audit", "--json")
    assert audited.count("wrong PIN") == 5
    assert audited.count("PIN locked") == 1


@pytest.mark.verify
@pytest.mark.lasts(70)
def test_who_declines_and_ignores_is_paused_comes_back_by_a_key_and_vanishes(
    hotline, tmp_path: Path
) -> None:
    lab = hotline(agents=1, change=with_agents(tmp_path, {ONE: SEAT}, wrap_up_seconds=0))
    with phones(lab, SEAT) as (phone,):
        signs_in(phone)
        calling = lab.calling(callers(1, 1), rate=1.0)
        phone.hang_up(phone.rung())  # declines
        ignored = phone.rung()
        phone.until_state(ignored, "closed")
        is_in(lab, "paused", "no answer")
        assert "To be rung again: dial *14" in lab.ivrd.once("agent", "show", ONE)
        rung = len(phone.calls)
        before = time.monotonic()
        while time.monotonic() < before + 3:
            assert len(phone.calls) == rung  # while a caller waits
            time.sleep(0.1)
        dials(phone, "*1")
        is_in(lab, "ready")
        talks(phone)
        calling.wait(WAIT)
        is_in(lab, "ready")
        phone.stop()
        is_in(lab, "unreachable")
    lab.ivrd.once("agent", "out", ONE)
    is_in(lab, "signed_out")

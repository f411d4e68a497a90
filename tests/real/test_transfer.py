"""An agent's phone that others have written holds a caller, and sends one on: nobody is lost."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ivrd.asterisk.render.pjsip import seat_password
from lab.baresip import Baresip, Call
from lab.callers import Caller, Callers, Entry, Keys
from lab.partners import takes
from tests.real.conftest import Hotline
from tests.real.overflow_rig import Sites, partner
from tests.real.rig import WAIT

SECRET = "of-this-test-only"
ONE, TWO = "base-01", "base-02"
NUMBERS: dict[str, dict[str, str]] = {"pools": {"base": "70"}, "topics": {"hi-symptoms": "81"}}
TO_TWO = "7002"
RING = 5  # seconds, the least


def with_phones(folder: Path) -> Callable[[str, dict[str, Any]], None]:
    secret = folder / "seats.secret"
    secret.touch(0o600)
    secret.write_text(SECRET)

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "ivrd.yaml":
            settings["asterisk"]["seats"] = {"secret_file": str(secret)}
        if name == "queues.yaml":
            settings.update(transfers=dict(NUMBERS), ring_seconds=RING)

    return change


@pytest.fixture
def lab(hotline: Callable[..., Hotline], tmp_path: Path) -> Hotline:
    """Two seats, whose phones have to register."""
    return hotline(agents=2, change=with_phones(tmp_path))


def phone(lab: Hotline, seat: str, **more: Any) -> Baresip:
    server = ("127.0.0.1", lab.sip_port)
    return Baresip(lab.folder / seat, server, seat, seat_password(seat, SECRET), **more)


def call(lab: Hotline) -> Callers:
    return lab.calling([Caller(1, "key 0", (Keys("0"),))], rate=1.0)


def talking(one: Baresip) -> Call:
    """The first caller who rings here, heard."""
    talk = one.accept(one.rung())
    one.hears("caller")
    return talk


def seat(lab: Hotline, name: str) -> str:
    """What it is doing, as `ivrd seats list --json` has it."""
    rows = json.loads(lab.ivrd.once("seats", "list", "--json"))
    return str(next(row["state"] for row in rows if row["seat"] == name))


def there(lab: Hotline, name: str) -> None:
    lab.until(f"{name} is there", lambda _s: seat(lab, name) == "free")


def ends(lab: Hotline, one: Baresip, talk: Call, calling: Callers) -> Entry:
    """The person hangs up, after more than the second within which that is a drop."""
    time.sleep(1.2)
    one.hang_up(talk)
    (entry,) = calling.wait(WAIT).entries
    scrape = lab.settled()
    assert scrape.total("ivrd_calls_received_total") == 1
    assert scrape.total("ivrd_calls_total") == 1
    assert scrape.total("ivrd_calls_total", outcome="answered") == 1
    assert scrape.total("ivrd_wait_seconds_count", outcome="answered") == 1
    return entry


@pytest.mark.lasts(15)
def test_a_caller_is_held_and_sent_to_another_seat(lab: Hotline) -> None:
    with phone(lab, ONE) as one:
        calling = call(lab)
        talk = talking(one)
        one.hold(talk)
        one.resume(talk)
        with phone(lab, TWO, voice="partner") as two:
            there(lab, TWO)
            one.transfer(talk, TO_TWO)
            assert one.transferred(talk).over
            talk = two.accept(two.rung())
            two.hears("caller")
            lab.until("the first is free", lambda _s: seat(lab, ONE) == "free")
            assert seat(lab, TWO) == "busy"
            entry = ends(lab, two, talk, calling)
            assert entry.silence < 5.0
    assert lab.ivrd.scrape().total("ivrd_transfers_total") == 1
    assert lab.ivrd.scrape().total("ivrd_transfers_taken_total") == 1
    story = lab.ivrd.once("explain", entry.code) if entry.code else lab.ivrd.log_text()
    assert "call transferred" in story
    assert f"seat={TWO}" in story


@pytest.mark.verify
@pytest.mark.lasts(15)
def test_an_agent_sends_a_caller_on_by_keys_where_that_is_set(
    hotline: Callable[..., Hotline], tmp_path: Path
) -> None:
    """To what the phone may dial, and to nothing else: any other number brings the caller back."""

    def change(name: str, settings: dict[str, Any]) -> None:
        with_phones(tmp_path)(name, settings)
        if name == "queues.yaml":
            settings["transfers"] = {**NUMBERS, "code": "*7"}

    lab = hotline(agents=2, change=change)
    with phone(lab, ONE) as one:
        calling = call(lab)
        talk = talking(one)
        one.press(talk, "*7")
        time.sleep(1.0)  # the tone
        one.press(talk, "4711")
        assert one.transferred(talk).over
        talk = talking(one)  # nobody has that number
        with phone(lab, TWO, voice="partner") as two:
            there(lab, TWO)
            one.press(talk, "*7")
            time.sleep(1.0)
            one.press(talk, TO_TWO)
            assert one.transferred(talk).over
            talk = two.accept(two.rung())
            two.hears("caller")
            ends(lab, two, talk, calling)
    assert lab.ivrd.scrape().total("ivrd_transfers_total") == 2
    assert lab.ivrd.scrape().total("ivrd_transfers_taken_total") == 2


@pytest.mark.lasts(15)
def test_whoever_cannot_be_reached_costs_the_caller_nothing(lab: Hotline) -> None:
    """Back to who sent the caller on, then to the queue, in which the next seat takes the call."""
    with phone(lab, ONE) as one:
        calling = call(lab)
        for number in ("999", TO_TWO):  # nowhere; a seat whose phone is not there
            talk = talking(one)
            one.transfer(talk, number)
            assert one.transferred(talk).over
        one.rung()
        one.kill()
        with phone(lab, TWO, voice="partner") as two:
            ends(lab, two, talking(two), calling)
    assert lab.ivrd.scrape().total("ivrd_transfers_total") == 2


@pytest.mark.verify
@pytest.mark.lasts(20)
def test_an_agent_asks_another_one_and_connects_them(lab: Hotline) -> None:
    with phone(lab, ONE) as one:
        calling = call(lab)
        talk = talking(one)
        with phone(lab, TWO, voice="partner") as two:
            there(lab, TWO)
            asked = one.dial(TO_TWO, answered=False)
            with_two = two.accept(two.rung())
            two.hears("inhouse")
            one.transfer_attended(talk, one.until_state(asked, "established"))
            assert one.transferred(talk).over
            two.hears("caller")
            lab.until("the first is free", lambda _s: seat(lab, ONE) == "free")
            ends(lab, two, with_two, calling)
    assert "call taken over" in lab.ivrd.log_text()


@pytest.mark.verify
@pytest.mark.lasts(20)
def test_who_connects_before_there_is_an_answer_loses_nobody(lab: Hotline) -> None:
    with phone(lab, ONE) as one:
        calling = call(lab)
        talk = talking(one)
        with phone(lab, TWO, voice="partner") as two:
            there(lab, TWO)
            asked = one.dial(TO_TWO, answered=False)
            ringing = two.rung()
            one.transfer_attended(talk, one.until_state(asked, "outgoing"))
            assert one.transferred(talk).over
            one.kill()
            two.hang_up(ringing)  # declines
            ends(lab, two, talking(two), calling)


@pytest.mark.verify
@pytest.mark.lasts(20)
def test_another_topic_keeps_the_place_and_the_answer(lab: Hotline) -> None:
    with phone(lab, ONE) as one:
        calling = call(lab)
        talk = talking(one)
        one.transfer(talk, "81")
        assert one.transferred(talk).over
        ends(lab, one, talking(one), calling)
    log = lab.ivrd.log_text()
    assert "queue=home_isolation outcome=answered" in log
    assert "topic=hi-symptoms" in log


@pytest.mark.verify
@pytest.mark.lasts(30)
def test_a_partner_takes_a_caller_whom_an_agent_sends_there(
    hotline: Callable[..., Hotline], tmp_path: Path
) -> None:
    sites = Sites(tmp_path)
    site = sites("good", takes(ring=0.3, talk=7.0))
    phones = with_phones(tmp_path)

    def change(name: str, settings: dict[str, Any]) -> None:
        phones(name, settings)
        if name == "partners.yaml":
            settings["partners"] = {"good": partner(site.trunk)}
        if name == "queues.yaml":
            settings["transfers"]["partners"] = {"good": "91"}

    lab = hotline(agents=1, change=change)
    try:
        with phone(lab, ONE) as one:
            calling = call(lab)
            talk = talking(one)
            one.transfer(talk, "91")
            assert one.transferred(talk).over
            (entry,) = calling.wait(WAIT).entries
    finally:
        sites.stop()
    assert entry.person == "inhouse"  # whom the caller heard first
    assert [talk.ended for talk in site.ledger()] == ["agent"]
    assert lab.settled().total("ivrd_calls_total", outcome="answered", by="partner") == 1


@pytest.mark.verify
@pytest.mark.lasts(30)
def test_ivrd_dies_while_the_next_person_is_rung(lab: Hotline) -> None:
    with phone(lab, ONE) as one:
        calling = call(lab)
        talk = talking(one)
        with phone(lab, TWO, voice="partner") as two:
            there(lab, TWO)
            one.transfer(talk, TO_TWO)
            rung = two.rung()
            lab.ivrd.kill()
            one.transferred(talk)
            talk = two.accept(rung)
            two.hears("caller")
            lab.ivrd.start()
            lab.until("a talk", lambda s: s["calls"]["talk"] == 1)
            assert seat(lab, TWO) == "busy"
            ends(lab, two, talk, calling)

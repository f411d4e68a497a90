"""Asterisk's words in ours, from what the real one said."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panoramisk.message import Message

from ivrd.asterisk import call_facts, facts, seat_facts
from ivrd.asterisk import translate as t
from ivrd.core.call import AnsweredBy
from ivrd.core.leg_security import LegSecurity
from ivrd.core.refusals import RefusalCause
from ivrd.core.report import Cause
from ivrd.core.seats import SeatStatus
from tests.asterisk.recording import ALONE, CALLS, messages

FIRST, SECOND, THIRD, FOURTH, FIFTH = CALLS
RECORDED = messages("calls")
FACTS = [found for found in map(t.fact, RECORDED) if found is not None]


def about(moment: float) -> Any:
    """Equal to a moment two seconds around this one."""
    return pytest.approx(moment, abs=2)


def of(call_id: str) -> list[facts.Fact]:
    """What happened to one call, without the results of our own commands."""
    return [fact for fact in FACTS if getattr(fact, "call_id", "") == call_id]


def kinds(call_id: str) -> list[str]:
    return [
        f"key {fact.digit}" if isinstance(fact, call_facts.KeyUp) else type(fact).__name__
        for fact in of(call_id)
        if not isinstance(fact, call_facts.KeyDown)
    ]


def test_a_call_that_waits_and_is_answered() -> None:
    arrived, offered, *_keys, over, joined, taken, gone = of(FIRST)
    channel = "PJSIP/carrier-00000000"
    assert arrived == call_facts.Arrived(FIRST, channel, about(1795312057), "0200000001", "")
    assert offered == call_facts.ControlOffered(FIRST, channel, about(1795312057))
    assert kinds(FIRST)[2:5] == ["key 1", "key 1", "key 2"]
    down = [fact.digit for fact in of(FIRST) if isinstance(fact, call_facts.KeyDown)]
    assert down == ["1", "1", "2"]
    assert over == call_facts.ControlOver(FIRST)
    assert joined == call_facts.QueueJoined(FIRST, "home_isolation", about(1795312059))
    assert taken == call_facts.AgentConnected(
        FIRST, "base-01", AnsweredBy.INHOUSE, about(1795312065)
    )
    assert gone == call_facts.Hangup(FIRST, about(1795312071))


def test_the_other_ways_of_a_call() -> None:
    beginning, queue = ["Arrived", "ControlOffered"], ["ControlOver", "QueueJoined"]
    assert kinds(SECOND) == [*beginning, "key 2", "key 0", *queue, "AgentConnected", "Hangup"]
    assert kinds(THIRD) == [*beginning, "key 1", "key 4", *queue, "Hangup"]
    assert kinds(FOURTH) == [*beginning, "key 1", "ControlOver", "Hangup"]
    assert kinds(FIFTH) == [*beginning, "key 1", "key 2", "key 4", "ControlOver", "Hangup"]
    assert kinds(ALONE) == [
        *beginning,
        "ControlOver",
        "Unattended",
        "QueueJoined",
        "AgentConnected",
        "Hangup",
    ]


def test_a_call_from_whose_caller_nothing_came() -> None:
    said = {"Event": "UserEvent", "UserEvent": "IvrdMediaLost", "Uniqueid": "7.1"}
    said |= {"Timestamp": "8.5", "Silent": "30"}
    assert t.fact(Message(said)) == call_facts.MediaLost("7.1", 8.5, 30.0)
    assert t.fact(Message(said | {"Silent": "soon"})) == call_facts.MediaLost("7.1", 8.5, 1.0)


def test_a_call_that_is_cut_off() -> None:
    said = {"Event": "UserEvent", "UserEvent": "IvrdCutOff", "Uniqueid": "7.1", "Timestamp": "8.5"}
    assert t.fact(Message(said)) == call_facts.CallCut("7.1", 8.5)


def test_who_hangs_up_in_the_moment_of_the_answer() -> None:
    said = {"Event": "UserEvent", "UserEvent": "IvrdCallerGone", "Uniqueid": "9.9", "Call": "7.1"}
    assert t.fact(Message(said | {"Timestamp": "8.5"})) == call_facts.Hangup("7.1", 8.5)
    assert t.fact(Message(said | {"Call": ""})) is None


def test_results_are_the_lines_that_agi_gave() -> None:
    results = [fact for fact in FACTS if isinstance(fact, call_facts.Result)]
    assert {fact.text.partition(" endpos=")[0] for fact in results} == {
        "200 result=0",
        "200 result=1",
        "200 result=-1",
    }
    assert all(len(fact.command_id.split(".")) == 3 for fact in results)


def test_what_a_seats_phone_does() -> None:
    phone = [
        fact for fact in FACTS if isinstance(fact, seat_facts.SeatState) and fact.seat == "base-01"
    ]
    states = [fact.state for fact in phone]
    assert states == [SeatStatus.BUSY, SeatStatus.FREE] * 3


def test_a_seat_that_joins_is_paused_and_leaves() -> None:
    changes = [fact for fact in FACTS if isinstance(fact, seat_facts.MemberChanged)]
    assert [(c.seat, c.queue, c.there, c.paused, c.reason, c.state) for c in changes] == [
        ("surge-01", "other", True, True, "", "free"),
        ("surge-01", "other", True, True, "ivrd: closed", "free"),
        ("surge-01", "other", False, True, "ivrd: closed", "free"),
    ]
    assert {c.penalty for c in changes} == {0}


def test_devices_that_are_no_seats_mean_nothing() -> None:
    devices = {m.device for m in RECORDED if m.event == "DeviceStateChange"}
    assert {device for device in devices if device.startswith("Queue:")}
    seats = {fact.seat for fact in FACTS if isinstance(fact, seat_facts.SeatState)}
    assert seats == {"base-01", "carrier"}  # a trunk looks like a seat, and is in no pool


@pytest.mark.parametrize(
    ("state", "meant"),
    [
        *[
            ("NOT_INUSE", SeatStatus.FREE),
            ("RINGING", SeatStatus.RINGING),
            ("RINGINUSE", SeatStatus.RINGING),
        ],
        *[("INUSE", SeatStatus.BUSY), ("BUSY", SeatStatus.BUSY), ("ONHOLD", SeatStatus.BUSY)],
        *[
            ("UNAVAILABLE", SeatStatus.AWAY),
            ("INVALID", SeatStatus.AWAY),
            ("UNKNOWN", SeatStatus.AWAY),
            ("", SeatStatus.AWAY),
        ],
    ],
)
def test_every_device_state(state: str, meant: str) -> None:
    message = Message({"Event": "DeviceStateChange", "Device": "PJSIP/s-1", "State": state})
    assert t.fact(message) == seat_facts.SeatState("s-1", meant)


def test_a_queue_that_gives_a_caller_back() -> None:
    message = Message({"Event": "UserEvent", "UserEvent": "IvrdReturned", "Uniqueid": "1.1"})
    assert t.fact(message) == call_facts.QueueReturned("1.1")


def test_keys_that_are_sent_to_a_caller_are_not_the_callers() -> None:
    key = {"Event": "DTMFEnd", "Uniqueid": "1.1", "Digit": "1"}
    assert t.fact(Message({**key, "Direction": "Received"})) == call_facts.KeyUp("1.1", "1")
    assert t.fact(Message({**key, "Direction": "Sent"})) is None
    key["Event"] = "DTMFBegin"
    assert t.fact(Message({**key, "Direction": "Received"})) == call_facts.KeyDown("1.1", "1")
    assert t.fact(Message({**key, "Direction": "Sent"})) is None


def test_the_recording_has_every_event_that_is_asked_for() -> None:
    """So a header that Asterisk renames is seen here as soon as the recording is made anew."""
    recordings = ("seats", "refusals", "transfer", "line", "trunks")
    others = (one for name in recordings for one in messages(name))
    assert {message.event for message in (*RECORDED, *others)} >= set(t.READERS)


def test_who_has_a_caller_after_a_transfer() -> None:
    (message,) = messages("transfer")
    found = t.fact(message)
    assert found == call_facts.AgentConnected(
        "1795988810.0", "base-02", AnsweredBy.INHOUSE, 1795988810.84678
    )
    assert t.fact(Message({**message, "Result": "Fail"})) is None
    ringing = {"TransferTargetChannel": "", "DestType": "App"}  # nobody has answered there yet
    assert t.fact(Message({**message, **ringing})) is None


def test_an_agent_sends_a_caller_on_and_the_next_one_answers() -> None:
    event = {"Event": "UserEvent", "Uniqueid": "9.9", "Call": "1.1"}
    sent = Message({**event, "UserEvent": "IvrdTransferred", "About": "hi-register"})
    assert t.fact(sent) == call_facts.CallTransferred("1.1", 0.0, "hi-register")
    seat = "Local/12@partner-good/n"
    taken = Message({**event, "UserEvent": "IvrdTransferTaken", "Seat": seat})
    assert t.fact(taken) == call_facts.AgentConnected("1.1", "good/12", AnsweredBy.PARTNER, 0.0)


def test_who_comes_to_the_line_and_leaves_it_in_the_recording() -> None:
    assert [found for found in map(t.fact, messages("line")) if found] == [
        seat_facts.LineJoined("home.01", "1001"),
        seat_facts.LineLeft("home.01"),
    ]


def test_who_was_refused_in_the_recording() -> None:
    assert [found for found in map(t.fact, messages("refusals")) if found] == [
        facts.StrangerRefused("127.0.0.9", 1795953048.653529),
        facts.SeatRefused("base-77", "127.0.0.50", 1795953049.259534),
        facts.CallRefused("carrier", RefusalCause.NOT_FOUND, 1795953051.1),
        facts.CallRefused("carrier", RefusalCause.NOT_ACCEPTABLE, 1795953051.2, "g729"),
    ]


def test_how_seats_answered_in_the_recording() -> None:
    assert [found for found in map(t.fact, messages("seats")) if found] == [
        seat_facts.SeatOffered("base-01", "1795952067.69"),
        seat_facts.SeatUnanswered("base-01", 1795944866.439602, 15.0, "1795944851.0"),
        seat_facts.MemberChanged("base-01", "home_isolation", True, False, "", "free", penalty=20),
        seat_facts.SeatUnanswered("base-01", 1795944922.729876, 0.0, "1795944922.0"),  # 302
        *[seat_facts.SeatResumed("base-01", "phone")] * 2,  # and then it was removed
    ]


@pytest.mark.parametrize("event", [*t.READERS, "UserEvent", "NobodyKnowsThis", ""])
def test_an_event_without_its_parts_is_nobodys_call(event: str) -> None:
    for headers in ({}, {"UserEvent": "IvrdReceived"}, {"UserEvent": "Other", "Uniqueid": "1.1"}):
        found = t.fact(Message({"Event": event, **headers}))
        assert getattr(found, "call_id", None) in (None, "1.1")


HEADERS = ["Uniqueid", "Timestamp", "Device", "State", "UserEvent", "CommandID", "Interface"]


@given(
    st.sampled_from(list(t.READERS)),
    st.dictionaries(st.sampled_from(HEADERS), st.one_of(st.text(), st.just("IvrdReceived"))),
)
def test_no_event_makes_the_translator_raise(event: str, headers: dict[str, str]) -> None:
    message = Message({"Event": event, **headers})
    t.fact(message)
    assert 0.0 <= abs(t.at(message)) < float("inf")


@pytest.mark.parametrize("stamp", ["", "soon", "nan", "inf", "-inf", "1e999"])
def test_a_time_that_is_none_is_0(stamp: str) -> None:
    assert t.at(Message({"Event": "Hangup", "Timestamp": stamp})) == 0.0


def test_how_seats_answer() -> None:
    missed = {"Event": "AgentRingNoAnswer", "Interface": "PJSIP/base-01", "RingTime": "15000"}
    assert t.fact(Message(missed)) == seat_facts.SeatUnanswered("base-01", 0.0, 15.0)
    ends = {"Event": "DialEnd", "DestChannel": "PJSIP/base-01-0000001f", "DialStatus": "CANCEL"}
    assert t.fact(Message({**ends, "Forward": "0899999999"})) == seat_facts.SeatUnanswered(
        "base-01", 0.0, 0.0
    )
    assert t.fact(Message(ends)) is None  # a ring that ended in another way
    dropped = {"Event": "UserEvent", "UserEvent": "IvrdSeatDropped", "Seat": "base-01"}
    assert t.fact(Message({**dropped, "Drops": "2"})) == seat_facts.SeatDropped("base-01", 0.0, 2)


@pytest.mark.parametrize(
    ("status", "resumes"),
    [("NonQualified", True), ("Reachable", True), ("Unreachable", False), ("Removed", False)],
)
def test_a_phone_that_comes_back_resumes_its_seat(status: str, resumes: bool) -> None:
    contact = {"Event": "ContactStatus", "AOR": "base-01", "ContactStatus": status}
    found = t.fact(Message(contact))
    assert found == (seat_facts.SeatResumed("base-01", "phone") if resumes else None)


@pytest.mark.parametrize(
    ("aor", "status", "reachable"),
    [
        ("partner-bank", "Reachable", True),
        ("partner-north-bank.2", "Unreachable", False),
        ("callback-trunk", "Unreachable", False),
        ("callback-trunk-mobile.2", "Unreachable", False),
        ("partner-bank", "NonQualified", None),
    ],
)
def test_an_address_of_a_trunk_is_no_phone(aor: str, status: str, reachable: bool | None) -> None:
    found = t.fact(Message({"Event": "ContactStatus", "AOR": aor, "ContactStatus": status}))
    assert found == (None if reachable is None else facts.TrunkAddress(aor, reachable))


@pytest.mark.parametrize(("status", "registered"), [("Registered", True), ("Rejected", False)])
def test_where_we_are_registered(status: str, registered: bool) -> None:
    uris = {"Domain": "sip:192.0.2.17", "Username": "sip:hotline@192.0.2.17"}
    found = t.fact(Message({"Event": "Registry", "ChannelType": "PJSIP", "Status": status, **uris}))
    assert found == facts.TrunkRegistration("sip:192.0.2.17", "sip:hotline@192.0.2.17", registered)


@pytest.mark.parametrize(
    ("transport", "sound", "security"),
    [
        ("tls", "1", LegSecurity.BOTH),
        ("TLS", "0", LegSecurity.SIGNALLING),
        ("udp", "1", LegSecurity.SOUND),
        ("tcp", "0", LegSecurity.CLEAR),
        ("tcp", "", LegSecurity.CLEAR),
    ],
)
def test_what_of_a_leg_is_encrypted(transport: str, sound: str, security: LegSecurity) -> None:
    said = {"Event": "UserEvent", "Transport": transport, "Sound": sound}
    caller = t.fact(Message({**said, "UserEvent": "IvrdSecured", "Uniqueid": "1.1"}))
    assert caller == call_facts.CallerSecured("1.1", security)
    leg = {"UserEvent": "IvrdPartnerConfirmed", "Partner": "north", "Seat": "01", "Call": "1.1"}
    partner = t.fact(Message({**said, **leg}))
    assert isinstance(partner, facts.PartnerLegEvent)
    assert partner.security is security


def test_the_key_that_resumes_a_seat() -> None:
    key = {"Event": "UserEvent", "UserEvent": "IvrdSeatResumed", "Seat": "base-01"}
    assert t.fact(Message(key)) == seat_facts.SeatResumed("base-01", "key")


def test_a_supervisor_who_listens() -> None:
    said = {"Mode": "join", "Seat": "base-02", "Supervisor": "s-1", "Agent": "a-1"}
    event = {"Event": "UserEvent", "UserEvent": "IvrdSupervision", "State": "begun", **said}
    begun = seat_facts.Supervised(True, "join", "base-02", "s-1", "a-1")
    assert t.fact(Message(event)) == begun
    assert t.fact(Message({**event, "State": "ended"})) == replace(begun, begun=False)


@pytest.mark.parametrize(
    ("event", "more", "why"),
    [
        ("IvrdPartnerRefused", {"Status": "BUSY", "Cause": "17", "Alerted": "no"}, Cause.BUSY),
        (
            "IvrdPartnerRefused",
            {"Status": "NOANSWER", "Cause": "0", "Alerted": "yes"},
            Cause.NO_ANSWER,
        ),
        (
            "IvrdPartnerRefused",
            {"Status": "CHANUNAVAIL", "Cause": "0", "Alerted": "no"},
            Cause.NO_RESPONSE,
        ),
        ("IvrdPartnerUnconfirmed", {"Reason": "no_media", "After": "8.0"}, Cause.NO_MEDIA),
        ("IvrdPartnerConfirmed", {"After": "2.5"}, None),
    ],
)
def test_why_a_partner_did_not_take_a_call(
    event: str, more: dict[str, str], why: Cause | None
) -> None:
    told = {"Event": "UserEvent", "UserEvent": event, "Partner": "north", "Seat": "01"}
    fact = t.fact(Message({**told, **more, "Call": "1.1"}))
    assert isinstance(fact, facts.PartnerLegEvent)
    assert (fact.seat, fact.waiting, fact.why) == ("north/01", "1.1", why)
    assert (fact.sip_status, fact.security) == (0, None)
    answered = t.fact(Message({**told, **more, "Sip": "488"}))
    assert isinstance(answered, facts.PartnerLegEvent)
    assert answered.sip_status == 488

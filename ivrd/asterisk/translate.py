"""Asterisk's events in our words: `fact(message)` is what one event means, or nothing."""

import re
from dataclasses import replace
from ipaddress import ip_address
from sys import intern
from typing import Any

from panoramisk.message import Message

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_action import in_seconds
from ivrd.asterisk.call_facts import (
    AgentCallOffered,
    AgentConnected,
    AllLinesBusy,
    Arrived,
    CallCut,
    CallerSecured,
    CallTransferred,
    ControlOffered,
    ControlOver,
    Dialled,
    DialledInVain,
    Hangup,
    KeyDown,
    KeyUp,
    MediaLost,
    QueueJoined,
    QueueMenuOpened,
    QueueReturned,
    Result,
    TalkOver,
    Unattended,
)
from ivrd.asterisk.dialplan_names import seat_of
from ivrd.asterisk.facts import (
    AttemptReport,
    CallRefused,
    Fact,
    PartnerLegEvent,
    SeatRefused,
    StrangerRefused,
    TrunkAddress,
    TrunkRegistration,
)
from ivrd.asterisk.seat_facts import (
    LineJoined,
    LineLeft,
    MemberChanged,
    SeatDropped,
    SeatOffered,
    SeatResumed,
    SeatState,
    SeatUnanswered,
    Supervised,
)
from ivrd.core.agent_call import Request
from ivrd.core.call import UNREACHED, AnsweredBy, CallbackResult
from ivrd.core.clock import AsteriskClock
from ivrd.core.leg_security import LegSecurity, leg_security
from ivrd.core.refusals import RefusalCause
from ivrd.core.report import PartnerEventKind
from ivrd.core.seats import SeatStatus

# Device states (main/devicestate.c) and QueueMember status numbers -> what a seat is doing.
DEVICE_STATES = {
    "NOT_INUSE": SeatStatus.FREE,
    "INUSE": SeatStatus.BUSY,
    "BUSY": SeatStatus.BUSY,
    "ONHOLD": SeatStatus.BUSY,
    "RINGING": SeatStatus.RINGING,
    "RINGINUSE": SeatStatus.RINGING,
}
MEMBER_STATES = {
    "1": SeatStatus.FREE,
    "2": SeatStatus.BUSY,
    "3": SeatStatus.BUSY,
    "6": SeatStatus.RINGING,
    "7": SeatStatus.RINGING,
    "8": SeatStatus.BUSY,
}
DIGITS = re.compile(r"[0-9]{1,10}")
STRANGER = "<unknown>"  # res_pjsip's name for whoever is nobody
REFUSALS = frozenset(RefusalCause)
CODEC = re.compile(r"[a-z0-9]{1,12}")  # one of Asterisk's names
REQUESTS = frozenset(Request)
# A phone has registered that was not there, or one that was dead answers again (pjsip_options.c).
REGISTERED = ("NonQualified", "Reachable")


def at(message: Message) -> float:
    """When Asterisk made the event, seconds since the epoch (timestampevents=yes); 0 if unknown."""
    return in_seconds(message.timestamp)


def fact(message: Message) -> Fact | None:
    """What this event means to us; None for one that we do not know or that lacks its parts."""
    reader = READERS.get(message.event)
    found = reader(message) if reader else None
    return None if getattr(found, "call_id", "some") == "" else found


def _offered(m: Any) -> Fact | None:
    if m.context != dialplan_names.AGENT_CALL:
        return ControlOffered(m.uniqueid, m.channel, at(m))
    request, _, called = m.exten.partition("-")
    if request not in REQUESTS:
        return None
    endpoint = seat_of(m.channel.rpartition("-")[0])
    return AgentCallOffered(m.uniqueid, m.channel, endpoint, Request(request), called)


def _key_down(m: Any) -> Fact | None:
    return KeyDown(m.uniqueid, m.digit, at(m)) if m.direction == "Received" else None


def _key_up(m: Any) -> Fact | None:
    return KeyUp(m.uniqueid, m.digit, at(m)) if m.direction == "Received" else None


def _user_event(m: Any) -> Fact | None:  # noqa: C901  one case for each of our events
    if m.userevent == dialplan_names.RECEIVED_EVENT:
        return Arrived(m.uniqueid, m.channel, at(m), m.calleridnum, m.number)
    if m.userevent == dialplan_names.DIALLED_EVENT:
        channel = m.channel if m.uniqueid == m.call else ""
        return Dialled(m.call, channel, at(m), m.number, m.language, m.topic)
    if m.userevent == dialplan_names.UNREACHED_EVENT and m.result in UNREACHED:
        return DialledInVain(m.call, at(m), CallbackResult(m.result))
    if m.userevent == dialplan_names.ATTEMPT_EVENT:
        return AttemptReport(m.token, m.state, m.detail, at(m), m.trunk)
    if m.userevent == dialplan_names.RETURNED_EVENT:
        return QueueReturned(m.uniqueid)
    if m.userevent == dialplan_names.TALK_OVER_EVENT:
        return TalkOver(m.uniqueid, at(m))
    if m.userevent == dialplan_names.CALLER_GONE_EVENT:
        return Hangup(m.call, at(m))
    if m.userevent == dialplan_names.QUEUE_MENU_EVENT:
        return QueueMenuOpened(m.uniqueid)
    if m.userevent == dialplan_names.UNATTENDED_EVENT:
        return Unattended(m.uniqueid)
    if m.userevent == dialplan_names.SECURED_EVENT:
        return CallerSecured(m.uniqueid, _security(m))
    if m.userevent == dialplan_names.ALL_LINES_BUSY_EVENT:
        return AllLinesBusy(m.uniqueid)
    if m.userevent == dialplan_names.SEAT_DROPPED:
        return SeatDropped(m.seat, at(m), whole(m.drops), in_seconds(m.silent), m.uniqueid)
    if m.userevent == dialplan_names.TRANSFERRED_EVENT:
        return CallTransferred(m.call, at(m), m.about)
    if m.userevent == dialplan_names.TRANSFER_TAKEN:
        return _connected(m.call, m.seat, at(m))
    if m.userevent == dialplan_names.SEAT_RESUMED:
        return SeatResumed(m.seat, "key")
    if m.userevent == dialplan_names.SUPERVISION_EVENT:
        return Supervised(m.state == "begun", m.mode, m.seat, m.supervisor, m.agent)
    if m.userevent == dialplan_names.CUT_OFF_EVENT:
        return CallCut(m.uniqueid, at(m))
    if m.userevent == dialplan_names.MEDIA_LOST_EVENT:
        return MediaLost(m.uniqueid, at(m), silence(m.silent))
    if m.userevent == dialplan_names.CALL_REFUSED and m.answer in REFUSALS:
        codec = m.codec if CODEC.fullmatch(m.codec) else ""
        return CallRefused(m.carrier, RefusalCause(m.answer), at(m), codec)
    if kind := dialplan_names.PARTNER_EVENTS.get(m.userevent):
        return _partner_leg_event(m, kind)
    return None


def _partner_leg_event(m: Any, kind: PartnerEventKind) -> Fact:
    return PartnerLegEvent(
        partner=m.partner,
        seat=f"{m.partner}/{m.seat}",
        kind=kind,
        at=at(m),
        waiting=m.call,
        status=m.status or m.reason,
        cause=whole(m.cause),
        seconds=max(0.0, in_seconds(m.after)),
        stamp=at(m),
        alerted=m.alerted == "yes",
        rang_seconds=max(0.0, in_seconds(m.rang)),
        second=m.turn == dialplan_names.SECOND_TURN,
        silent_seconds=in_seconds(m.silent),
        sip_status=whole(m.sip),
        security=_security(m) if m.transport else None,
    )


def _security(m: Any) -> LegSecurity:
    return leg_security(m.transport.upper() == "TLS", m.sound == "1")


def dated(fact: Fact, clock: AsteriskClock) -> Fact:
    """The fact with its moment on ivrd's timeline in the place of Asterisk's reading.

    Keys keep the reading: they are told from one another by it, by this ivrd and by the next.
    """
    match fact:
        case KeyDown() | KeyUp():
            return fact
        case (
            Arrived()
            | Dialled()
            | DialledInVain()
            | AttemptReport()
            | ControlOffered()
            | QueueJoined()
            | AgentConnected()
            | CallTransferred()
            | CallCut()
            | MediaLost()
            | Hangup()
            | TalkOver()
            | SeatUnanswered()
            | SeatDropped()
            | CallRefused()
            | StrangerRefused()
            | SeatRefused()
            | PartnerLegEvent()
        ):
            return replace(fact, at=clock.moment(fact.at))
        case _:
            return fact


def whole(text: str) -> int:
    """A whole number, 0 for anything else."""
    return int(text) if DIGITS.fullmatch(text) else 0


def silence(text: str) -> float:
    """For how many seconds nothing came; 1 for what is no number: some time it was."""
    return float(max(1, whole(text)))


def answered_by(seat: str) -> AnsweredBy:
    """Whose seat it is: the hotline's own, or a partner's."""
    return AnsweredBy.PARTNER if dialplan_names.partner_of(seat) else AnsweredBy.INHOUSE


def device(m: Any) -> SeatState | None:
    """What a phone or a trunk is doing."""
    seat = seat_of(m.device)
    return (
        None if seat == m.device else SeatState(seat, DEVICE_STATES.get(m.state, SeatStatus.AWAY))
    )


def member_status(m: Any) -> SeatStatus:
    """What a queue member's phone is doing."""
    return MEMBER_STATES.get(m.status, SeatStatus.AWAY)


def _member(m: Any) -> Fact:
    there = m.event != "QueueMemberRemoved"
    state = member_status(m)
    return MemberChanged(
        seat_of(m.interface),
        m.queue,
        there,
        m.paused == "1",
        m.pausedreason,
        state,
        whole(m.penalty),
        float(whole(m.lastpause)),
    )


def _unanswered(m: Any) -> Fact:
    rang_seconds = in_seconds(m.ringtime) / 1000.0
    return SeatUnanswered(seat_of(m.interface), at(m), rang_seconds, m.uniqueid)


def _dial_end(m: Any) -> Fact | None:
    """A phone that wants its call to go elsewhere: of that app_queue says nothing else."""
    seat = seat_of(m.destchannel.rpartition("-")[0])
    return SeatUnanswered(seat, at(m), 0.0, m.uniqueid) if m.forward else None


def _contact(m: Any) -> Fact | None:
    if dialplan_names.trunk_of(m.aor)[0]:
        known = m.contactstatus in ("Reachable", "Unreachable")
        return TrunkAddress(m.aor, m.contactstatus == "Reachable") if known else None
    return SeatResumed(m.aor, "phone") if m.contactstatus in REGISTERED else None


def _registry(m: Any) -> Fact:
    return TrunkRegistration(m.domain, m.username, m.status == "Registered")


def _challenged(m: Any) -> Fact | None:
    address = _address(m)
    return StrangerRefused(address, at(m)) if m.accountid == STRANGER and address else None


def _not_authenticated(m: Any) -> Fact | None:
    address = _address(m)
    known = m.accountid and m.accountid != STRANGER and m.service == "PJSIP"
    return SeatRefused(m.accountid, address, at(m)) if known and address else None


def _address(m: Any) -> str:
    """The IP address in `IPV4/UDP/192.0.2.1/5060`; empty when there is none."""
    parts = m.remoteaddress.split("/")
    try:
        return str(ip_address(parts[2]))
    except (IndexError, ValueError):
        return ""


def _connected(call_id: str, interface: str, when: float) -> Fact:
    seat = seat_of(interface)
    return AgentConnected(call_id, seat, answered_by(seat), when)


def _attended(m: Any) -> Fact | None:
    """An agent has asked another seat, and connects the caller with it."""
    phone, dash, _ = m.transfertargetchannel.rpartition("-")
    done = m.result == "Success" and dash and phone.startswith("PJSIP/")
    return _connected(m.transfereeuniqueid, phone, at(m)) if done else None


def on_the_line(m: Any) -> str:
    """The id of the agent whose channel it is, who stays on the line; empty for any other."""
    mark, account = dialplan_names.LINE_MARK, m.accountcode or ""
    return account.removeprefix(mark) if account.startswith(mark) else ""


READERS = {
    "UserEvent": _user_event,
    "AsyncAGIStart": _offered,
    "AsyncAGIExec": lambda m: Result(m.commandid, m.result),
    "AsyncAGIEnd": lambda m: ControlOver(m.uniqueid),
    "DTMFBegin": _key_down,
    "DTMFEnd": _key_up,
    # One text for all callers of a queue: it is kept of each who gives up.
    "QueueCallerJoin": lambda m: QueueJoined(m.uniqueid, intern(m.queue), at(m)),
    "AgentConnect": lambda m: _connected(m.uniqueid, m.interface, at(m)),
    "AttendedTransfer": _attended,
    "Hangup": lambda m: Hangup(m.uniqueid, at(m)),
    "DeviceStateChange": device,
    "QueueMemberAdded": _member,
    "QueueMemberRemoved": _member,
    "QueueMemberPause": _member,
    "QueueMemberPenalty": _member,
    "AgentCalled": lambda m: SeatOffered(seat_of(m.interface), m.uniqueid),
    "AgentRingNoAnswer": _unanswered,
    "AgentLogin": lambda m: LineJoined(m.agent, on_the_line(m)),
    "AgentLogoff": lambda m: LineLeft(m.agent),
    "DialEnd": _dial_end,
    "ContactStatus": _contact,
    "Registry": _registry,
    "ChallengeSent": _challenged,
    "ChallengeResponseFailed": _not_authenticated,
}
EVENTS = ("FullyBooted", "Shutdown", *READERS)
# Whoever can send a packet can have one of these made: only so many a second are read.
STRANGERS_EVENTS = ("ChallengeSent", "ChallengeResponseFailed")

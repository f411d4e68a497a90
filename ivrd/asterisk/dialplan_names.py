"""Names that code and dialplan share; tests/asterisk/test_dialplan_names.py compares the two."""

import re

from ivrd.core.handoff import SeatKind
from ivrd.core.report import PartnerEventKind
from ivrd.core.seats import on_line

# Contexts of dialplans/*.conf
CARRIER_CONTEXT = "from-carrier"
SEAT_CONTEXT = "from-seat"
DIALLED_CONTEXT = "carrier-dialled"
NUMBERS_CONTEXT = "hotline-numbers"
REFUSED_CONTEXT = "carrier-refused"
HOTLINE_CONTEXT = "hotline"
QUEUE_CONTEXT = "hotline-queue"
QUEUE_MENU_CONTEXT = "hotline-queue-menu"
SETTLED_CONTEXT = "hotline-settled"  # after the talk
MUSIC_CONTEXT = "hotline-music"
DEFAULT_QUEUE_CONTEXT = "default-queue"
SEAT_HEADERS = "seat-headers"
SEAT_ANSWERED = "seat-answered"
SEAT_LEFT = "seat-left"
ENDED_CONTEXT = "hotline-ended"
DIALLED_CALL = "hotline-dialled"  # the hotline calls somebody back
UNREACHED_CALL = "hotline-unreached"  # and nobody has confirmed
MENU_AGAIN = "again"  # where in the contexts of menus one begins anew
PARTNER_LEG = "partners-leg"
PARTNER_HEADERS = "partners-headers"
PARTNER_CALL = "partners-call"
PARTNER_ANSWERED = "partners-answered"
PARTNER_LATE = "partners-late"
PARTNER_WHISPER = "partners-whisper"
PARTNER_BACK = "partners-back"
PARTNER_DRILL = "partners-drill"
MOVED_CALL = "call-moved"  # tells which number a 302 has named
SEAT_TRANSFER = "seat-transfer"  # what an agent's phone dials, and sends callers to
TRANSFER_CONTEXT = "hotline-transfer"  # the next person is rung; its extensions are queues
TRANSFER_QUEUE = "q-"  # before the queue's name, in these
SEAT_TRANSFERRED = "seat-transferred"
SEAT_CONSULTATION = "seat-consultation"
LINE_SEATS = "line-seats"  # where a caller is put through to who stays on the line
LINE_AGENTS = "line-agents"
LINE_ANSWERED = "line-answered"
LINE_LOGIN = "line-login"
LINE_ENDED = "line-ended"
LINE_AWAY = "line-away"  # who has not taken callers is let go with a word
LINE_ACCESS = "line-access"  # who is to stay on the line has called
CALLBACK_DIAL = "callback-dial"  # ... and in pjsip.conf whoever may have calls made there
HOST_EXTENSION = "host"  # and a carrier: takes over where its names lead
CALLBACK = "callback"
CALLBACK_CONFIRMED = "callback-confirmed"
CALLBACK_BEGINS = "callback-begins"
CALLBACK_STATE = "callback-state"
CALLBACK_ENDED = "callback-ended"
CALLBACK_VIA = "callback-via"
CALLBACK_TRUNK = "callback-trunk"  # in pjsip.conf; of a route with its name behind
AGENT_CALL = "agent-call"  # its extensions are those of core/agent_call.py
AGENT_DIAL = "agent-dial"  # ivrd has an agent called
AGENT_CALLED = "agent-called"
AGENT_CALLED_ENDED = "agent-called-ended"
SUPERVISION = "supervision"
SUPERVISION_STATE = "supervision-state"
SUPERVISION_ENDED = "supervision-ended"
CONTEXTS = (
    *(CARRIER_CONTEXT, SEAT_CONTEXT, HOTLINE_CONTEXT, QUEUE_CONTEXT, SEAT_HEADERS, ENDED_CONTEXT),
    *(PARTNER_LEG, PARTNER_HEADERS, PARTNER_ANSWERED, PARTNER_WHISPER, PARTNER_BACK),
    *(PARTNER_CALL, PARTNER_LATE, MOVED_CALL),
    *(PARTNER_DRILL, SEAT_ANSWERED, SEAT_LEFT, DIALLED_CONTEXT, NUMBERS_CONTEXT, REFUSED_CONTEXT),
    *(MUSIC_CONTEXT, DEFAULT_QUEUE_CONTEXT, DIALLED_CALL, UNREACHED_CALL, QUEUE_MENU_CONTEXT),
    *(CALLBACK_DIAL, CALLBACK, CALLBACK_CONFIRMED, CALLBACK_STATE, CALLBACK_ENDED),
    *(CALLBACK_VIA, CALLBACK_BEGINS, SEAT_TRANSFER, TRANSFER_CONTEXT, SEAT_TRANSFERRED),
    *(SEAT_CONSULTATION, AGENT_CALL, SUPERVISION, SUPERVISION_STATE, SUPERVISION_ENDED),
    *(SETTLED_CONTEXT, AGENT_DIAL, AGENT_CALLED, AGENT_CALLED_ENDED),
    *(LINE_SEATS, LINE_AGENTS, LINE_ANSWERED, LINE_LOGIN, LINE_ACCESS, LINE_ENDED, LINE_AWAY),
)
LINE_MARK = "line:"  # before the agent's id, in the account code of who is on the line
CALLBACK_MARK = "callback:"  # before the number, in the account code of a call that we make
PARTNER_PREFIX = "partner-"  # and a partner's id: its context, its trunk
DATABASE = "carriers"  # the family in Asterisk's database
SOURCES = f"{DATABASE}/identify"  # there: who may call as which carrier, of its names (PJSIP's)
SOURCES_END = "@dns"  # after the carrier's name there; no section of pjsip.conf is called so
MOVED = ".moved"  # after a trunk's name: where its calls go on that are answered with 302

# Channel variables of a caller
STAGE = "IVRD_STAGE"  # ivr, info, closed, queue, booked, deflected: what queue_log gets
QUEUE = "IVRD_QUEUE"  # the queue to join
TOPIC = "IVRD_TOPIC"  # the chosen topic, sent on to the agent
NOTE = "IVRD_NOTE"  # what else the agent is to see: short, in ASCII; several with "; " between
WHOLE_NOTE = "IVRD_WHOLE_NOTE"  # the same with what goes to no leg whose signalling is in clear
EFFECTIVE = "IVRD_EFFECTIVE"  # effective arrival in milliseconds since the epoch: the place
HEAD_START = "IVRD_HEAD_START"  # of whoever is urgent: why, a colon, milliseconds
BACK = "IVRD_BACK"  # why the caller comes back from a seat: DROPPED, LOST, RETURNED, UNREACHED
RUNG = "IVRD_RUNG"  # the seat of our own that was rung last; empty for a partner's
TALKED = "IVRD_TALKED"  # milliseconds
DROPS = "IVRD_DROPS"  # how often a seat of our own has dropped the call
LOST = "IVRD_LOST"  # for how many seconds nothing had come from the seat that talked
CUT = "IVRD_CUT"  # CUT_OFF, MEDIA_LOST and the seconds, or empty: set when the call has ended
VAIN = "IVRD_VAIN"  # the partner whose person has just not pressed the key for this caller
VAIN_AT = "IVRD_VAIN_AT"  # when that was: the second
SOURCE = "IVRD_SOURCE"  # who had hung up before the caller joined the queue
PRIVACY = "IVRD_PRIVACY"  # what the caller's exchange asks for, in letters; empty for nothing
DIALLED = "IVRD_DIALLED"  # what the carrier dialled, in digits and +
CODECS = "IVRD_CODECS"  # that the carrier's trunk takes, each between two -
CODEC = "IVRD_CODEC"  # that the carrier's call is in
TO = "IVRD_TO"  # where a transfer leads: a seat, a partner's seat as app_queue names it, a topic
ABOUT = "IVRD_ABOUT"  # the queue of that topic
RINGS = "IVRD_RINGS"  # who is rung: as app_queue names it
FROM_SEAT = "IVRD_FROM_SEAT"  # who has sent the caller on
TRIES = "IVRD_TRIES"  # how often that phone was not free
ASKED_FOR = "IVRD_CALLER"  # on a call between seats: the channel of a caller whom it is about
ANNOUNCED = "IVRD_ANNOUNCED"  # once the caller has heard that somebody may listen
WITH = "IVRD_WITH"  # the partner whose person had the talk; empty for a seat of our own
SETTLED = "IVRD_SETTLED"  # what the caller answered after the talk: as in core/repeat_calls.py
CALLER_VARIABLES = (
    *(STAGE, QUEUE, TOPIC, NOTE, WHOLE_NOTE, EFFECTIVE, HEAD_START, BACK, RUNG, TALKED),
    *(DROPS, LOST, CUT),
    *(SOURCE, PRIVACY, DIALLED, CODECS, CODEC, VAIN, VAIN_AT, TO, ABOUT, RINGS, FROM_SEAT),
    *(TRIES, ASKED_FOR, ANNOUNCED, WITH, SETTLED),
)

# Variables that a caller's channel hands on to the legs to seats
CALL = "IVRD_CALL"  # the caller's unique id
CHANNEL = "IVRD_CHANNEL"  # the caller's channel
CASE = "IVRD_CASE"  # the case code: eight digits, different for each call of a day
FROM = "IVRD_FROM"  # the caller's number, or `anonymous`
HEARS = "IVRD_HEARS"  # what is heard while waiting: MUSIC or BRIEF
INHERITED = (CALL, CHANNEL, CASE, FROM, HEARS)

# Variables of a leg to a partner; times are in milliseconds since the epoch
PARTNER = "IVRD_PARTNER"
SEAT = "IVRD_SEAT"  # its number
CONFIRM = "IVRD_CONFIRM"  # yes, no: whether a person has to press a key
SPEAKS = "IVRD_SPEAKS"  # the language of its people
KEY_SECONDS = "IVRD_KEY_SECONDS"  # for so long after the answer it may be pressed
LEG = "IVRD_LEG"  # the channel on our side of the leg
OFFERED = "IVRD_OFFERED"
REDIRECTS = "IVRD_REDIRECTS"  # yes: a call that is answered with 302 goes on
CAUSE = "IVRD_CAUSE"  # why a leg ended, as Q.850 has it
MOVED_TO = "IVRD_MOVED"  # the number that the 302 has named
TARGET = "IVRD_TARGET"  # what is dialled
BEGAN = "IVRD_BEGAN"  # when that was
ANSWERED = "IVRD_ANSWERED"  # of a leg to a seat of our own, too
SAYS = "IVRD_SAYS"  # the prompts of the whisper
KEY = "IVRD_KEY"
ROUND = "IVRD_ROUND"  # when the whisper was begun the last time
LEFT = "IVRD_LEFT"  # milliseconds that are left for the key
WHY = "IVRD_WHY"  # why nobody has confirmed: no_media, no_key
RESPONDS = "IVRD_RESPONDS"  # for so many seconds its exchange may say nothing,
RINGS = "IVRD_RINGS"  # and for so many nobody may answer
OFFER = "IVRD_OFFER"  # the channel for which two calls are made; empty for one
SECOND_TURN = "second"
TURN = "IVRD_TURN"  # which of two calls it is: first, second; empty for one
SECOND = "IVRD_SECOND"  # as in SECOND_CALL
WAITS = "IVRD_WAITS"  # the channel of a second call that has not begun
FAILED = "IVRD_FAILED"  # refused, unconfirmed
RESULT = "IVRD_RESULT"  # what the event of that tells besides
LEGS = "IVRD_LEGS"  # the channels that Dial made
SIP_STATUS = "IVRD_SIP"  # the SIP status of its end
TRANSPORT = "IVRD_TRANSPORT"  # udp, tcp, tls; on a caller's channel as SIP writes it: UDP, …
LEG_VARIABLES = (
    *(PARTNER, SEAT, CONFIRM, SPEAKS, KEY_SECONDS, LEG, OFFERED, ANSWERED, SAYS, KEY, ROUND, LEFT),
    *(WHY, RESPONDS, RINGS, OFFER, TURN, SECOND, WAITS, FAILED, RESULT),
    *(REDIRECTS, MOVED_TO, TARGET, BEGAN),
    *(LEGS, SIP_STATUS, TRANSPORT, CAUSE),
)

# Variables of a call that the hotline makes, and what stands for the attempt
TOKEN = "IVRD_TOKEN"
WANTED = "IVRD_WANTED"  # what ivrd has put into the token's global variable
LABEL = "IVRD_LABEL"  # what the agent's phone shows of the topic
ATTEMPT_STATE = "IVRD_STATE"  # how it will have ended, should it end now
WORDS = "IVRD_WORDS"  # the prompt that says who calls, and why
VIA = "IVRD_VIA"  # the trunk of a call that we make
VIA_TRANSPORT = "IVRD_BY"  # and its transport
LINES = "IVRD_LINES"  # how many calls it takes at once, before that what TRUNK_FACTS says
TRUNK_FACTS = "IVRD_TRUNK_"  # and a trunk's name: a global with how many, a colon, the transport
CALLBACK_VARIABLES = (TOKEN, WANTED, LABEL, ATTEMPT_STATE, WORDS, VIA, VIA_TRANSPORT, LINES)

# Of an agent's own call to ivrd
AGENT = "IVRD_AGENT"  # the id, once it is known
LINE_SEAT_NAME = "IVRD_LINE_SEAT"  # where who is to stay on the line sits
CALLED_AGENT = "IVRD_AGENT_CALLED"  # the id of one whom ivrd has called
AGENT_VARIABLES = (AGENT, LINE_SEAT_NAME, CALLED_AGENT)
# Of a supervisor's call, and, with the seat, the global variable by which ivrd allows it
ALLOWED = "IVRD_ALLOWED"
TALKER = "IVRD_TALKER"  # channels of the agent
SUPERVISION_VARIABLES = (ALLOWED, TALKER)
SUPERVISION_OF = "IVRD_SUPERVISION_"

# Global variables for each seat on the line: when it was last lost (epoch), its person's language
LINE_LOST = "IVRD_LINE_LOST_"
LINE_SPEAKS = "IVRD_LINE_SPEAKS_"

# A global variable for each attempt, with its token: ivrd sets it, then the dialplan does
SOURCES_OF = "CARRIER_SOURCES_"  # and a carrier: addresses for HOST_EXTENSION, or NO_SOURCES
NO_SOURCES = "none"
ATTEMPT = "IVRD_CALLBACK_"

# Global variables that ivrd sets on the running Asterisk, and the dialplan does not
SEEN = "IVRD_SEEN"  # Asterisk's clock at ivrd's last sign of life, seconds since the epoch
LEADER = "IVRD_LEADER"  # the leader token: the leader's epoch and name; not for the dialplan
# and a partner's id: after how many seconds a second call is made, a colon, and how many calls it
# may have then; empty: none is made
SECOND_CALL = "IVRD_SECOND_"
ROOM = "IVRD_ROOM"  # how many callers its limit on open files has room for

# Global variables that the configuration sets
LEASE = "IVRD_LEASE"  # seconds a caller may be without ivrd
DEFAULT_QUEUE = "IVRD_DEFAULT_QUEUE"
LANGUAGE = "IVRD_LANGUAGE"  # spoken to a caller who chose none; a number may have its own
NUMBER = "IVRD_NUMBER"  # the first of the hotline's; on a caller's channel the one that was dialled
AGENT_LANGUAGE = "IVRD_AGENT_LANGUAGE"  # spoken to an agent who calls
CALLERS = "IVRD_CALLERS"  # how many may be here at a time
MUSIC_CALLERS = "IVRD_MUSIC"  # how many may wait with music at a time
RING_SECONDS = "IVRD_RING_SECONDS"  # for so long a seat of our own rings
SILENT_SECONDS = "IVRD_SILENT_SECONDS"  # after so long without a packet a side is lost
TOPIC_HEADER = "IVRD_TOPIC_HEADER"  # the SIP headers that an agent's phone gets
CASE_HEADER = "IVRD_CASE_HEADER"
NOTE_HEADER = "IVRD_NOTE_HEADER"
LINE_KEY_SECONDS = "IVRD_LINE_KEY_SECONDS"  # a person on the line has for a key; 0: needs none
SEAT_KEYS = "IVRD_SEAT_KEYS"  # T: an agent can send a caller on by keys (features.conf)
ANNOUNCES = "IVRD_ANNOUNCES"  # yes: callers hear that somebody may listen
ASKS = "IVRD_ASKS"  # queues and partners whose callers are asked after the talk; colons between
GLOBALS = (
    *(ANNOUNCES, ASKS),
    *(LEASE, DEFAULT_QUEUE, LANGUAGE, NUMBER, CALLERS, MUSIC_CALLERS, RING_SECONDS),
    *(SILENT_SECONDS, TOPIC_HEADER, CASE_HEADER, NOTE_HEADER, AGENT_LANGUAGE, LINE_KEY_SECONDS),
    SEAT_KEYS,
)
OF_A_PARTNER = (TOPIC_HEADER, CASE_HEADER, NOTE_HEADER)  # its legs have those of its own
OF_A_NUMBER = (NUMBER, LANGUAGE)  # a caller's channel has those of the number that was dialled

# Events of our own, and the name under which our own queue_log entries stand
RECEIVED_EVENT = "IvrdReceived"
DIALLED_EVENT = "IvrdDialled"
UNREACHED_EVENT = "IvrdUnreached"
RETURNED_EVENT = "IvrdReturned"
TALK_OVER_EVENT = "IvrdTalkOver"
CALLER_GONE_EVENT = "IvrdCallerGone"  # hung up in the moment of the answer
QUEUE_MENU_EVENT = "IvrdQueueMenu"
UNATTENDED_EVENT = "IvrdUnattended"
ALL_LINES_BUSY_EVENT = "IvrdAllLinesBusy"
CALL_REFUSED = "IvrdCallRefused"
SEAT_DROPPED = "IvrdSeatDropped"
TRANSFERRED_EVENT = "IvrdTransferred"
TRANSFER_TAKEN = "IvrdTransferTaken"
SEAT_RESUMED = "IvrdSeatResumed"
SECURED_EVENT = "IvrdSecured"
CUT_OFF_EVENT = "IvrdCutOff"
CUT_OFF = "cut"  # in the ENDED entry of a call that was cut off
MEDIA_LOST_EVENT = "IvrdMediaLost"
MEDIA_LOST = "lost"  # the same of one from whose caller nothing came any more; then the seconds
PARTNER_OFFERED = "IvrdPartnerOffered"
PARTNER_REFUSED = "IvrdPartnerRefused"
PARTNER_UNCONFIRMED = "IvrdPartnerUnconfirmed"
PARTNER_CONFIRMED = "IvrdPartnerConfirmed"
PARTNER_LEFT = "IvrdPartnerLeft"
PARTNER_DROPPED = "IvrdPartnerDropped"
PARTNER_RETURNED = "IvrdPartnerReturned"
ATTEMPT_EVENT = "IvrdCallback"
SUPERVISION_EVENT = "IvrdSupervision"
LOG_QUEUE = "hotline"

# Classes of music on hold
MUSIC = "hold"
BRIEF = "brief"  # a bar of it after each announcement, and nothing until the next

# Folder of our prompts inside Asterisk's sounds/<language>/
PROMPT_FOLDER = "ivrd"


PARTNER_EVENTS = {
    PARTNER_OFFERED: PartnerEventKind.OFFERED,
    PARTNER_REFUSED: PartnerEventKind.REFUSED,
    PARTNER_UNCONFIRMED: PartnerEventKind.UNCONFIRMED,
    PARTNER_CONFIRMED: PartnerEventKind.CONFIRMED,
    PARTNER_LEFT: PartnerEventKind.LEFT,
    PARTNER_DROPPED: PartnerEventKind.DROPPED,
    PARTNER_RETURNED: PartnerEventKind.RETURNED,
}


def interface(seat: str) -> str:
    """How app_queue names a seat: an agent's phone, a partner's (`PARTNER/NN`), one on the line."""
    partner, slash, number = seat.partition("/")
    if slash:
        return f"Local/{number}@{PARTNER_PREFIX}{partner}/n"
    return f"Local/{seat}@{LINE_SEATS}/n" if on_line(seat) else f"PJSIP/{seat}"


def state_interface(seat: str) -> str:
    """Whose state says whether the seat is free: of one on the line app_agent_pool's agent."""
    return f"Agent:{seat}" if on_line(seat) else interface(seat)


# As app_queue names it, and as the channel that it makes of it.
PARTNER_SEAT = re.compile(
    r"Local/([0-9]{2,3})@partner-([a-z][a-z0-9_-]*?)(?:/n|-[0-9a-f]{8};[12])?"
)
LINE_SEAT = re.compile(r"(?:Agent:([^/@]+)|Local/([^/@]+)@line-seats(?:/n|-[0-9a-f]{8};[12])?)")


def seat_of(interface_name: str) -> str:
    """The seat of an interface; the interface itself when it is none of ours."""
    if found := PARTNER_SEAT.fullmatch(interface_name):
        return f"{found[2]}/{found[1]}"
    if found := LINE_SEAT.fullmatch(interface_name):
        return found[1] or found[2]
    return interface_name.removeprefix("PJSIP/")


def partner_of(seat: str) -> str:
    """The partner of a seat (`PARTNER/NN`); empty for the hotline's own, and for a stranger."""
    found = re.fullmatch(r"([a-z][a-z0-9_-]*)/[0-9]{2,3}", seat)
    return found[1] if found else ""


# An address of a trunk: the trunk's own name, or one for each of several.
TRUNK_AOR = re.compile(
    rf"({PARTNER_PREFIX}[a-z][a-z0-9_-]*|{CALLBACK_TRUNK}(?:-[a-z][a-z0-9_-]*)?)(?:\.([0-9]))?"
)


def aors_of(trunk: str, addresses: int) -> list[str]:
    """The AORs of a trunk with so many addresses, in their order."""
    return [trunk] if addresses == 1 else [f"{trunk}.{at}" for at in range(1, addresses + 1)]


def trunk_of(aor: str) -> tuple[str, int]:
    """The trunk of an AOR, and which of its addresses, from 0; an empty name of any other AOR."""
    found = TRUNK_AOR.fullmatch(aor)
    return (found[1], int(found[2] or 1) - 1) if found else ("", 0)


def kind_of_seat(seat: str) -> SeatKind:
    """How a seat is reached."""
    if partner_of(seat):
        return SeatKind.PARTNER
    return SeatKind.LINE if on_line(seat) else SeatKind.PHONE

"""Names that the code and the dialplan share. tests/asterisk/test_names.py compares the two."""

import re

# Contexts of dialplans/*.conf
CARRIER_CONTEXT = "from-carrier"
SEAT_CONTEXT = "from-seat"
HOTLINE_CONTEXT = "hotline"
QUEUE_CONTEXT = "hotline-queue"
SEAT_HEADERS = "seat-headers"
ENDED_CONTEXT = "hotline-ended"

# Channel variables of a caller
STAGE = "IVRD_STAGE"  # ivr, info, closed, queue: what queue_log is told at the end
QUEUE = "IVRD_QUEUE"  # the queue to join
TOPIC = "IVRD_TOPIC"  # the chosen topic, sent on to the agent
CALLER_VARIABLES = (STAGE, QUEUE, TOPIC)

# Global variables
SEEN = "IVRD_SEEN"  # Asterisk's clock when ivrd was last heard of, seconds since the epoch
LEASE = "IVRD_LEASE"  # seconds a caller may be without ivrd
DEFAULT_QUEUE = "IVRD_DEFAULT_QUEUE"
LANGUAGE = "IVRD_LANGUAGE"  # spoken to a caller who chose none
NUMBER = "IVRD_NUMBER"
GLOBALS = (SEEN, LEASE, DEFAULT_QUEUE, LANGUAGE, NUMBER)

# Events of our own, and the name under which our own queue_log entries stand
RECEIVED_EVENT = "IvrdReceived"
RETURNED_EVENT = "IvrdReturned"
UNATTENDED_EVENT = "IvrdUnattended"
LOG_QUEUE = "hotline"

# Headers that an agent's phone gets
TOPIC_HEADER = "X-1330-Topic"

# Folder of our prompts inside Asterisk's sounds/<language>/
PROMPT_FOLDER = "ivrd"


PARTNER_EVENTS = {
    "IvrdPartnerOffered": "offered",
    "IvrdPartnerRefused": "refused",
    "IvrdPartnerUnconfirmed": "unconfirmed",
    "IvrdPartnerConfirmed": "confirmed",
    "IvrdPartnerDropped": "dropped",
    "IvrdPartnerReturned": "returned",
}


def interface(seat: str) -> str:
    """How app_queue names a seat: an agent's phone, or a partner's seat (`PARTNER/NN`)."""
    partner, slash, number = seat.partition("/")
    return f"Local/{number}@partner-{partner}/n" if slash else f"PJSIP/{seat}"


PARTNER_SEAT = re.compile(r"Local/(\d+)@partner-([\w-]+?)(?:/n|-[0-9a-f]{8};[12])?")


def seat_of(interface_name: str) -> str:
    """The seat of an interface; the interface itself when it is none of ours."""
    if found := PARTNER_SEAT.fullmatch(interface_name):
        return f"{found[2]}/{found[1]}"
    return interface_name.removeprefix("PJSIP/")


def partner_of(seat: str) -> str:
    """The partner of a seat; empty for the hotline's own."""
    partner, slash, _ = seat.partition("/")
    return partner if slash else ""

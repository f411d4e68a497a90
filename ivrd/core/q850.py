"""Q.850 causes: why a call ended, as numbers that Asterisk reports, and in words for people.

The numbers and their meaning are those of ITU-T Q.850, as Asterisk has them in
include/asterisk/causes.h; here are the ones that ivrd meets.  Asterisk makes them of SIP's
statuses (hangup_sip2cause in res/res_pjsip.c): 486 is 17, 503 is 34, 603 and 403 are 21, 480 is
19, 404 is 1, 500 is 38; 408 is 18, and so is an INVITE to which nothing answered.
"""

from enum import IntEnum


class Q850(IntEnum):
    """The causes that ivrd meets; 0 is Asterisk's for a call that has none."""

    NOT_DEFINED = 0
    UNALLOCATED = 1
    NO_ROUTE_DESTINATION = 3
    NORMAL_CLEARING = 16
    USER_BUSY = 17
    NO_USER_RESPONSE = 18
    NO_ANSWER = 19
    SUBSCRIBER_ABSENT = 20
    CALL_REJECTED = 21
    NUMBER_CHANGED = 22
    REDIRECTED = 23
    DESTINATION_OUT_OF_ORDER = 27
    INVALID_NUMBER_FORMAT = 28
    NO_CIRCUIT = 34
    NETWORK_OUT_OF_ORDER = 38
    TEMPORARY_FAILURE = 41
    SWITCH_CONGESTION = 42
    BEARER_CAPABILITY_NOT_AVAILABLE = 58
    RECOVERY_ON_TIMER_EXPIRE = 102
    INTERWORKING = 127


WORDS: dict[int, str] = {
    Q850.NOT_DEFINED: "no cause told",
    Q850.UNALLOCATED: "no such number",
    Q850.NO_ROUTE_DESTINATION: "no way there",
    Q850.NORMAL_CLEARING: "hung up",
    Q850.USER_BUSY: "busy",
    Q850.NO_USER_RESPONSE: "no response",
    Q850.NO_ANSWER: "nobody available",  # of a call that has rung it is "nobody answered"
    Q850.SUBSCRIBER_ABSENT: "not reachable",
    Q850.CALL_REJECTED: "declined",
    Q850.NUMBER_CHANGED: "number changed",
    Q850.REDIRECTED: "to be called elsewhere (302)",
    Q850.DESTINATION_OUT_OF_ORDER: "out of order",
    Q850.INVALID_NUMBER_FORMAT: "invalid number",
    Q850.NO_CIRCUIT: "no circuit free",
    Q850.NETWORK_OUT_OF_ORDER: "network out of order",
    Q850.TEMPORARY_FAILURE: "failure for a moment",
    Q850.SWITCH_CONGESTION: "exchange overloaded",
    Q850.BEARER_CAPABILITY_NOT_AVAILABLE: "no common codec",
    Q850.RECOVERY_ON_TIMER_EXPIRE: "no answer in time",
    Q850.INTERWORKING: "cause lost on the way",
}


def words(cause: int) -> str:
    """A cause in words with its number after them, such as "busy (17)"."""
    return f"{WORDS.get(cause, 'unknown cause')} ({cause:d})"

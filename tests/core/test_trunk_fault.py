"""What an operator reads of a trunk that does not work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivrd.core.trunk_fault import (
    BUSY_AND_THE_LIKE,
    Account,
    FaultReason,
    TrunkFault,
    TrunkFaults,
    fault_of_call,
    fault_of_registration,
)

BANK = Account("hotline", "0261234567", "alaw, ulaw without SRTP")
STRANGER = Account("", "1330", "alaw without SRTP")
DEAD = TrunkFault(FaultReason.SILENT, "192.0.2.1:5060 does not answer OPTIONS")
PASSWORD = TrunkFault(FaultReason.PASSWORD, "the password")
UNREGISTERED = TrunkFault(FaultReason.REGISTRATION, "not registered")
LAST_CALL = TrunkFault(FaultReason.CODEC, "the codec")


@pytest.mark.parametrize(
    ("status", "account", "reason", "words"),
    [
        (401, BANK, FaultReason.PASSWORD, "does not accept the user hotline with our password"),
        (407, STRANGER, FaultReason.PASSWORD, "wants a password (407); expected trunk.user"),
        (403, BANK, FaultReason.REFUSED, "refuses our calls (403)"),
        (404, BANK, FaultReason.UNKNOWN_NUMBER, "does not know the number 0261234567 (404)"),
        (488, BANK, FaultReason.CODEC, "none of what we offer, alaw, ulaw without SRTP (488)"),
        (503, BANK, FaultReason.UNAVAILABLE, "takes no calls now (503)"),
        (420, BANK, FaultReason.REFUSED, "refuses our calls (420)"),
    ],
)
def test_a_refused_call_says_what_is_wrong_with_the_trunk(
    status: int, account: Account, reason: FaultReason, words: str
) -> None:
    found = fault_of_call(status, account)
    assert found is not None
    assert found[0] is reason
    assert words in found[1]


@given(st.integers(0, 699))
def test_people_who_are_busy_or_away_are_no_fault_and_every_other_refusal_is(status: int) -> None:
    fault = fault_of_call(status, BANK)
    assert (fault is None) is (status < 400 or status in BUSY_AND_THE_LIKE)


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (401, FaultReason.PASSWORD, "sip.example does not accept the user hotline"),
        (403, FaultReason.REGISTRATION, "sip.example refuses to register us (403)"),
        (423, FaultReason.REGISTRATION, "sip.example refuses to register us (423)"),
        (0, FaultReason.REGISTRATION, "sip.example does not answer our REGISTER"),
        (None, FaultReason.REGISTRATION, "sip.example does not register us"),
    ],
)
def test_why_we_are_not_registered(status: int | None, reason: FaultReason, words: str) -> None:
    found = fault_of_registration("sip.example", status, "hotline")
    assert found[0] is reason
    assert found[1].startswith(words)


def test_an_address_without_which_calls_go_on_is_told_last() -> None:
    one_dead = {"192.0.2.1:5060": DEAD, "192.0.2.2:5060": None}
    faults = TrunkFaults(one_dead)
    assert faults.worst is not None
    assert faults.worst.text.endswith("; calls go to another of its addresses")
    assert faults.calls_pass
    assert TrunkFaults(one_dead, call=LAST_CALL).worst == LAST_CALL
    assert TrunkFaults(one_dead, {"r": UNREGISTERED}, call=LAST_CALL).worst == UNREGISTERED
    assert TrunkFaults(one_dead, {"r": UNREGISTERED}, PASSWORD, LAST_CALL).worst == PASSWORD
    all_dead = dict.fromkeys(one_dead, DEAD)
    found = TrunkFaults(all_dead, {"r": UNREGISTERED}, PASSWORD, LAST_CALL)
    assert (found.worst, found.calls_pass) == (DEAD, False)


def test_a_trunk_of_which_nothing_bad_is_known_works() -> None:
    well = TrunkFaults({"192.0.2.1:5060": None}, {"r": None})
    assert (well.worst, well.calls_pass) == (None, True)
    assert (TrunkFaults().worst, TrunkFaults().calls_pass) == (None, True)

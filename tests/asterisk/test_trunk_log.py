"""What Asterisk's log tells of trunks; the lines are those of 22.10.1."""

import pytest

from ivrd.asterisk.trunk_log import (
    Complaint,
    PasswordRefused,
    RegistrationRefused,
    SoundRefused,
    complaints,
)
from ivrd.core.trunk_fault import FaultReason

AT = b"[2026-11-29 12:14:56.636] WARNING[24146] "
DIGEST = AT + b"res_pjsip_outbound_authenticator_digest.c: "
REGISTRATION = AT + b"res_pjsip_outbound_registration.c: "
RTP = b"[2026-11-29 12:14:56.636] WARNING[24146][C-0000001a] res_rtp_asterisk.c: "
SERVER, CLIENT = "sip:192.0.2.17", "sip:hotline@192.0.2.17"
ATTEMPT = b"from 'sip:192.0.2.17' on registration attempt to 'sip:hotline@192.0.2.17', "


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            DIGEST + b"partner-bank:192.0.2.17: Authentication credentials not accepted by server. "
            b"Credential failed to authenticate (PJSIP_EFAILEDCREDENTIAL)\n",
            PasswordRefused("partner-bank", "192.0.2.17"),
        ),
        (
            DIGEST + b"noendpoint:2001:db8::17: There were no auth ids available\n",
            PasswordRefused("noendpoint", "2001:db8::17"),
        ),
        (
            DIGEST.replace(b"] res", b"][C-0000001a] res")
            + b"partner-bank:192.0.2.17: There were no auth ids available\n",
            PasswordRefused("partner-bank", "192.0.2.17"),
        ),
        (
            REGISTRATION + b"No response received " + ATTEMPT + b"retrying in '10'\n",
            RegistrationRefused(SERVER, CLIENT, 0),
        ),
        (
            REGISTRATION + b"Temporal response '401' received " + ATTEMPT + b"retrying in '10'\n",
            RegistrationRefused(SERVER, CLIENT, 401),
        ),
        (
            REGISTRATION + b"403 Forbidden fatal response received " + ATTEMPT + b"retrying\n",
            RegistrationRefused(SERVER, CLIENT, 403),
        ),
        (
            REGISTRATION + b"'423' fatal response received " + ATTEMPT + b"retrying in '60'\n",
            RegistrationRefused(SERVER, CLIENT, 423),
        ),
    ],
)
def test_what_a_line_says(line: bytes, expected: Complaint) -> None:
    other = AT + b"channel.c: Channel allocation failed: Refusing\n"
    assert [*complaints(other + line + other)] == [expected]


def test_of_a_registration_that_was_refused_often_the_last_answer_counts() -> None:
    forbidden = REGISTRATION + b"403 Forbidden fatal response received " + ATTEMPT + b"retrying\n"
    wrong = REGISTRATION + b"Temporal response '401' received " + ATTEMPT + b"retrying\n"
    silent = REGISTRATION + b"No response received " + ATTEMPT + b"retrying in '10'\n"
    for lines, status in (
        (forbidden + silent, 0),
        (silent + forbidden + wrong, 401),
        (wrong + silent + forbidden, 403),
    ):
        assert [*complaints(lines)] == [RegistrationRefused(SERVER, CLIENT, status)]


def test_a_password_that_was_refused_many_times_is_one_complaint() -> None:
    line = DIGEST + b"partner-bank:192.0.2.17: Authentication credentials not accepted by server.\n"
    assert [*complaints(line * 5)] == [PasswordRefused("partner-bank", "192.0.2.17")]


def test_what_is_no_line_of_these_says_nothing() -> None:
    assert [*complaints(b"")] == []
    assert [*complaints(b"\xff\xfe partner-bank: Authentication credentials not accepted\n")] == []


def test_what_a_stranger_has_sent_is_no_complaint_of_a_trunk() -> None:
    digest = DIGEST.removeprefix(AT) + b"partner-bank:192.0.2.17: No auth objects matching\n"
    attempt = REGISTRATION.removeprefix(AT) + b"Temporal response '401' received " + ATTEMPT
    for sent in (digest, attempt + b"\n"):
        assert [*complaints(AT + b"channel.c: no such number: " + sent)] == []
        assert [*complaints(sent)] == []


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        (
            b"Fingerprint provided by remote party does not match that of peer certificate on RTP "
            b"instance '0x7f2a1c04d8b0'\n",
            FaultReason.CERTIFICATE,
            "its certificate is not the one whose fingerprint the SDP has",
        ),
        (
            b"No certificate was provided by the peer on RTP instance '0x7f2a1c04d8b0'\n",
            FaultReason.CERTIFICATE,
            "no certificate",
        ),
        (
            b"DTLS failure occurred on RTP instance '0x7f2a1c04d8b0' due to reason "
            b"'no shared cipher', terminating\n",
            FaultReason.TLS,
            "does not come about: no shared cipher",
        ),
    ],
)
def test_sound_by_dtls_that_is_refused(said: bytes, reason: FaultReason, words: str) -> None:
    for times in (1, 2):  # RTP, and RTCP where it has a port of its own
        (complaint,) = complaints((RTP + said) * times)
        assert isinstance(complaint, SoundRefused)
        assert complaint.reason is reason
        assert words in complaint.text
    assert [*complaints(AT + b"channel.c: no such number: " + RTP + said)] == []

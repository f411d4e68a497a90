"""What only Asterisk's log tells of trunks: passwords that are not accepted, registrars' answers,
sound by DTLS that is refused.

OPTIONS that are refused with 401 count as answered, and the event of a registration that failed has
no cause.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ivrd.asterisk.log_follower import LINE
from ivrd.core.trunk_fault import FaultReason

# res_pjsip_outbound_authenticator_digest.c: the endpoint (noendpoint, of OPTIONS), and the address
# that wants a password; the last is of an endpoint that has none.
NOT_ACCEPTED = re.compile(
    LINE + rb"res_pjsip_outbound_authenticator_digest\.c: +"
    rb"([A-Za-z0-9_.-]{1,100}):([0-9A-Fa-f.:]{1,50}): "
    rb"(?:Authentication credentials not accepted|No auth objects matching|"
    rb"There were no auth ids available)"
)
# res_pjsip_outbound_registration.c: the status, the registrar and we, as SIP URIs.
FROM_TO = rb"from '([^'\s]{1,200})' on registration attempt to '([^'\s]{1,200})'"
REGISTRATION = re.compile(
    LINE + rb"res_pjsip_outbound_registration\.c: +"
    rb"(?:No response|(?:Temporal|Fatal) response '(\d{3})'|"
    rb"'?(\d{1,3})'?(?: Forbidden)? fatal response) received " + FROM_TO
)
# res_rtp_asterisk.c, dtls_srtp_setup and __rtp_recvfrom; the reason is OpenSSL's.
DTLS_FAILURE = re.compile(
    LINE + rb"res_rtp_asterisk\.c: +"
    rb"(?:(Fingerprint provided by remote party does not match that of peer certificate)|"
    rb"(No certificate was provided by the peer)|DTLS failure occurred)"
    rb" on RTP instance '[^'\n]{1,40}'(?: due to reason '([^'\n]{1,100})')?"
)


@dataclass(frozen=True)
class PasswordRefused:
    """An exchange wants another password than we have, or one at all.

    `endpoint`: the trunk's name, or one that no trunk has; `address`: of the exchange.
    """

    endpoint: str
    address: str


@dataclass(frozen=True)
class RegistrationRefused:
    """Why a registration failed; `status`: 0 when nothing was answered."""

    registrar: str
    client: str
    status: int


@dataclass(frozen=True)
class SoundRefused:
    """A call has no keys for its sound (DTLS), `text` says why; of which trunk it is is unsaid."""

    reason: FaultReason
    text: str


Complaint = PasswordRefused | RegistrationRefused | SoundRefused


def complaints(lines: bytes) -> Iterator[Complaint]:
    """What lines of Asterisk's log say of trunks; of a registration the last word counts."""
    for endpoint, address in dict.fromkeys(NOT_ACCEPTED.findall(lines)):
        yield PasswordRefused(endpoint.decode("ascii"), address.decode("ascii"))
    last = {
        (registrar, client): int(temporal or fatal or 0)
        for temporal, fatal, registrar, client in REGISTRATION.findall(lines)
    }
    for (registrar, client), status in last.items():
        yield RegistrationRefused(_text(registrar), _text(client), status)
    for other, none, reason in dict.fromkeys(DTLS_FAILURE.findall(lines)):
        yield _sound_refused(bool(other), bool(none), _text(reason))


def _sound_refused(other: bool, none: bool, reason: str) -> SoundRefused:
    if other:
        what = "its certificate is not the one whose fingerprint the SDP has"
        who = "an exchange on the way answers for another, or somebody is between"
        return SoundRefused(FaultReason.CERTIFICATE, f"sound by DTLS is refused: {what} ({who})")
    if none:
        return SoundRefused(FaultReason.CERTIFICATE, "sound by DTLS is refused: no certificate")
    return SoundRefused(FaultReason.TLS, f"sound by DTLS does not come about: {reason}")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")

"""What only Asterisk's log tells of trunks: passwords that are not accepted, registrars' answers.

OPTIONS that are refused with 401 count as answered, and the event of a registration that failed has
no cause.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ivrd.asterisk.log_follower import LINE

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


Complaint = PasswordRefused | RegistrationRefused


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


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")

"""What is wrong with a trunk, in words that an operator can act on.

Asterisk says whether an address answers OPTIONS, what a registrar answered, and with which SIP
status a call ended.  Why an address does not answer is looked up beside it (ivrd/trunks/probe.py):
Asterisk decides whether, the look-up says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class FaultReason(StrEnum):
    """Why a trunk does not work.  The values are a label of a metric."""

    PASSWORD = "password"  # 401, 407
    REFUSED = "refused"  # 403 and other answers of its exchange, which takes no call of ours
    UNKNOWN_NUMBER = "unknown_number"  # 404, 484, 604
    UNAVAILABLE = "unavailable"  # 500 to 599
    CODEC = "codec"  # 415, 488, 606
    NAME = "name_not_found"
    NO_ROUTE = "no_route"
    NOT_LISTENING = "not_listening"
    CERTIFICATE = "certificate"
    TLS = "tls"
    SILENT = "silent"
    REGISTRATION = "registration"


@dataclass(frozen=True)
class TrunkFault:
    """What is wrong, in words; `at`: since when, seconds since the epoch."""

    reason: FaultReason
    text: str
    at: float = 0.0


@dataclass(frozen=True)
class Account:
    """What we say of ourselves at a trunk.

    `user`: empty without a password.  `number`: whom we ask for there.  `media`: the sound that
    we offer, in words.
    """

    user: str
    number: str
    media: str


@dataclass(frozen=True)
class TrunkFaults:
    """What is wrong with one trunk, by who says so.

    `addresses`: each address that is called, in the order in which they are tried, None for one
    that answers or of which nothing is known.  `registrars`: as `addresses`, of registrations.
    `password`: OPTIONS are not accepted.  `call`: what became of the last call.  `sound`: keys for
    that of a call were not agreed on.  `names`: a carrier's that lead nowhere.
    """

    addresses: Mapping[str, TrunkFault | None] = field(default_factory=dict)
    registrars: Mapping[str, TrunkFault | None] = field(default_factory=dict)
    password: TrunkFault | None = None
    call: TrunkFault | None = None
    sound: TrunkFault | None = None
    names: TrunkFault | None = None

    @property
    def worst(self) -> TrunkFault | None:
        """The one that is told; None when nothing is wrong.

        An address that is dead while another one is not comes last: calls take the other one.
        """
        dead = [of for of in self.addresses.values() if of]
        if dead and len(dead) == len(self.addresses):
            return dead[0]
        registration = next((of for of in self.registrars.values() if of), None)
        spare = replace(dead[0], text=f"{dead[0].text}; {SPARE}") if dead else None
        heard = self.names or self.call or self.sound
        return self.password or registration or heard or spare

    @property
    def calls_pass(self) -> bool:
        """Whether calls can be made all the same, as far as is known."""
        dead = [of for of in self.addresses.values() if of]
        stopped = self.addresses and len(dead) == len(self.addresses)
        refused = self.password or self.call or self.sound or any(self.registrars.values())
        return not (stopped or refused)


SPARE = "calls go to another of its addresses"
BUSY_AND_THE_LIKE = frozenset({408, 480, 486, 487, 491, 600, 603})  # people, not the trunk
PASSWORD_WANTED = frozenset({401, 407})
NO_COMMON_CODEC = frozenset({415, 488, 606})
NO_SUCH_NUMBER = frozenset({404, 410, 484, 604})


def fault_of_call(status: int, account: Account) -> tuple[FaultReason, str] | None:
    """What a final SIP status to our INVITE says of the trunk; None when it says nothing."""
    if status < 400 or status in BUSY_AND_THE_LIKE:
        return None
    if status in PASSWORD_WANTED:
        return FaultReason.PASSWORD, password_words(account.user, status)
    if status in NO_COMMON_CODEC:
        text = f"its exchange accepts none of what we offer, {account.media} ({status})"
        return FaultReason.CODEC, text
    if status in NO_SUCH_NUMBER:
        text = f"its exchange does not know the number {account.number} ({status})"
        return FaultReason.UNKNOWN_NUMBER, text
    if 500 <= status < 600:
        return FaultReason.UNAVAILABLE, f"its exchange takes no calls now ({status})"
    return FaultReason.REFUSED, f"its exchange refuses our calls ({status})"


def password_words(user: str, status: int = 0) -> str:
    """A password that is not accepted, or that we have not; `status`: 0 if it is not known."""
    number = f" ({status})" if status else ""
    if not user:
        return f"its exchange wants a password{number}; expected trunk.user and trunk.secret_file"
    return f"its exchange does not accept the user {user} with our password{number}"


def fault_of_registration(registrar: str, status: int | None, user: str) -> tuple[FaultReason, str]:
    """Why we are not registered; `status`: None while it is not known, 0 when nothing came."""
    if status in PASSWORD_WANTED:
        text = f"{registrar} does not accept the user {user} with our password ({status})"
        return FaultReason.PASSWORD, text
    if status:
        return FaultReason.REGISTRATION, f"{registrar} refuses to register us ({status})"
    what = "does not register us" if status is None else "does not answer our REGISTER"
    return FaultReason.REGISTRATION, f"{registrar} {what}"


def fault_of_registered(registered: bool) -> tuple[FaultReason, str]:
    """What is wrong with an exchange that registers here: it has not, or does not answer there."""
    if not registered:
        return FaultReason.REGISTRATION, "its exchange is not registered here"
    return FaultReason.SILENT, "its exchange has registered here, and does not answer OPTIONS"

"""What is known of one trunk."""

import math
from dataclasses import dataclass, field

from ivrd.config.trunk_network import split, usual_port, version
from ivrd.config.trunk_settings import NONE, TrunkSettings
from ivrd.core.trunk_fault import (
    Account,
    FaultReason,
    TrunkFault,
    TrunkFaults,
    fault_of_registered,
    fault_of_registration,
    password_words,
)
from ivrd.trunks.certificate import Certificate
from ivrd.trunks.probe import Place, is_address

UNTOLD_SECONDS = 5.0  # the log is read each 2 s (daemon/service.py)
UNAVAILABLE_IN_A_ROW = 3  # fewer are those of an exchange that is full (core/breaker.py)

Found = tuple[FaultReason, str]  # what is wrong, in words


@dataclass
class KnownAddress:
    """An address, or a registrar, of a trunk.

    `reachable`: None while nobody knows.  `due_at`: when it is to be probed next.  `addresses`: of
    the name, as they were found last.  `rejected_at`: since when we are not registered there and
    nobody has said why.
    """

    place: Place
    reachable: bool | None = None
    fault: TrunkFault | None = None
    certificate: Certificate | None = None
    due_at: float = -math.inf
    probing: bool = False
    addresses: frozenset[str] = frozenset()
    rejected_at: float | None = None

    @property
    def named(self) -> bool:
        """Whether it is given by name."""
        return not is_address(self.place.host)

    def is_at(self, address: str) -> bool:
        """Whether it is this address."""
        return address == self.place.host or address in self.addresses

    def reported(self, reachable: bool) -> None:
        """Asterisk says so.  One that does not answer any more is to be probed at once."""
        if not reachable and self.reachable is not False:
            self.due_at = -math.inf
        self.reachable, self.rejected_at = reachable, None
        if reachable:
            self.fault = None

    def failed(self, found: Found, now: float) -> None:
        """This is wrong with it, since now or since something else was.

        That nothing is found says no more than that our REGISTER is not answered.
        """
        registers = self.fault is not None and self.fault.reason is FaultReason.REGISTRATION
        if not (registers and found[0] is FaultReason.SILENT):
            self.fault = TrunkFault(*found, self.fault.at if self.fault else now)

    def rejected(self, now: float) -> None:
        """We are not registered there; the log says why, a moment earlier or later."""
        if self.fault is None and self.rejected_at is None:
            self.rejected_at = now

    def look(self, user: str, now: float) -> None:
        """Nobody has said why we are not registered: that is told without a reason."""
        if self.rejected_at is not None and now - self.rejected_at > UNTOLD_SECONDS:
            self.not_registered(user, None, now)

    def not_registered(self, user: str, status: int | None, now: float) -> None:
        """A registration failed; `status`: as in `fault_of_registration`."""
        if status == 0 and self.fault and self.reachable is False:
            return  # what was found there says more
        since = self.fault.at if self.fault else self.rejected_at or now
        self.reported(status != 0)
        self.fault = TrunkFault(*fault_of_registration(str(self.place), status, user), since)


@dataclass
class KnownTrunk:
    """One trunk: its addresses in their order, registrars, passwords, and its last call.

    `password_at`: when the password was refused last; `sound_at`: sound by DTLS.  `logged`: the
    fault that the log has.
    `here`: of an exchange that registers here, what is wrong with where it has.  `names`: of a
    carrier that calls from these.
    """

    settings: TrunkSettings
    account: Account
    addresses: list[KnownAddress] = field(default_factory=list)
    registrars: list[KnownAddress] = field(default_factory=list)
    password: TrunkFault | None = None
    password_at: float = -math.inf
    call: TrunkFault | None = None
    sound: TrunkFault | None = None
    sound_at: float = -math.inf
    here: TrunkFault | None = None
    names: TrunkFault | None = None
    unavailable: int = 0  # calls in a row that its exchange could not take
    logged: TrunkFault | None = None

    @property
    def places(self) -> list[KnownAddress]:
        """Each place once."""
        called = {one.place for one in self.addresses}
        return [*self.addresses, *(one for one in self.registrars if one.place not in called)]

    @property
    def faults(self) -> TrunkFaults:
        """All that is wrong with it."""
        called = {str(one.place): one.fault for one in self.addresses}
        return TrunkFaults(
            {"": self.here} if self.settings.network.registers_here else called,
            {str(one.place): one.fault for one in self.registrars},
            self.password,
            self.call,
            self.sound,
            self.names,
        )

    def is_at(self, address: str) -> bool:
        """Whether it is called at this address."""
        return any(one.is_at(address) for one in self.addresses)

    def seen_here(self, registered: bool, reachable: bool | None, now: float) -> None:
        """Of an exchange that registers here: whether it has, and whether it answers there."""
        if registered and reachable is not False:
            self.here = None
            return
        found = fault_of_registered(registered)
        if self.here is None or self.here.text != found[1]:
            self.here = TrunkFault(*found, now)

    def password_refused(self, now: float) -> None:
        """Its exchange wants another password, or one at all."""
        self.password_at = now
        words = password_words(self.account.user)
        self.password = self.password or TrunkFault(FaultReason.PASSWORD, words, now)

    def sound_refused(self, found: Found, now: float) -> None:
        """A call's keys for sound were not agreed on."""
        self.sound_at = now
        if self.sound is None or self.sound.text != found[1]:
            self.sound = TrunkFault(*found, now)

    def named(self, fault: str, now: float) -> None:
        """A name from which it calls leads nowhere; empty: none does."""
        if not fault:
            self.names = None
        elif self.names is None or self.names.text != fault:
            self.names = TrunkFault(FaultReason.NAME, fault, now)

    def call_answered(self) -> None:
        """A call was answered."""
        self.call, self.unavailable = None, 0

    def call_refused(self, found: Found | None, at: float) -> None:
        """A call was not answered; `found`: what that says of the trunk, None for nothing."""
        unavailable = found is not None and found[0] is FaultReason.UNAVAILABLE
        self.unavailable = self.unavailable + 1 if unavailable else 0
        if found is None or 0 < self.unavailable < UNAVAILABLE_IN_A_ROW:
            self.call = None
        elif self.call is None or self.call.text != found[1]:
            self.call = TrunkFault(*found, at)

    def forget_calls(self) -> None:
        """What calls, passwords and names came to may be otherwise from now on.

        Nobody is told then that it works again: that is not known.
        """
        if self.logged and self.logged in (self.password, self.call, self.sound, self.names):
            self.logged = None
        self.password, self.call, self.sound, self.unavailable = None, None, None, 0
        self.names = None


def known_trunk(settings: TrunkSettings, number: str) -> KnownTrunk:
    """One of which nothing is known yet; `number`: the hotline's."""
    srtp = "without SRTP" if settings.srtp == NONE else f"SRTP {settings.srtp}"
    media = f"{', '.join(settings.codecs)} {srtp}"
    return KnownTrunk(
        settings,
        Account(settings.user, settings.number or number, media),
        [KnownAddress(_place(settings, text)) for text in settings.addresses],
        [KnownAddress(_place(settings, text)) for text in settings.registrars],
    )


def _place(settings: TrunkSettings, text: str) -> Place:
    """Where `HOST` or `HOST:PORT` leads."""
    host, port = split(text)
    srv = port is None and version(host) is None
    return Place(host, port or usual_port(settings.transport), settings.transport, srv)

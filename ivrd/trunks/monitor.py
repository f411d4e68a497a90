"""Follows every trunk, and finds out why one does not work.

Asterisk's events say which address stopped answering and which registration failed, its log says
which password was refused, legs of calls say with which SIP status they ended.  An address that
does not answer is probed at once and again from time to time; one that is spoken to by TLS also
while it answers, so that its certificate is known before it expires.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, assert_never

from ivrd import log
from ivrd.asterisk import trunk_states
from ivrd.asterisk.ami_client import ActionRefused
from ivrd.asterisk.ami_protocol import ConnectionLost
from ivrd.asterisk.dialplan_names import PARTNER_PREFIX, trunk_of
from ivrd.asterisk.facts import PartnerLegEvent, TrunkAddress, TrunkFact, TrunkRegistration
from ivrd.asterisk.render.trunks import QUALIFY_TIMEOUT, registration_uris
from ivrd.asterisk.trunk_log import Complaint, PasswordRefused, RegistrationRefused
from ivrd.config.trunk_settings import NONE, TLS, TrunkSettings
from ivrd.core.report import PartnerEventKind
from ivrd.core.trunk_fault import (
    Account,
    FaultReason,
    TrunkFault,
    TrunkFaults,
    fault_of_call,
    fault_of_registration,
    password_words,
)
from ivrd.trunks.certificate import Certificate
from ivrd.trunks.probe import Finding, Place

AGAIN_SECONDS = 30.0  # between two looks at an address that does not answer
CERTIFICATE_SECONDS = 3600.0  # at a certificate
PASSWORD_SECONDS = 17.0  # OPTIONS are sent each 5 s: so long without a refusal they are accepted
LOOK_SECONDS = 1.0
UNAVAILABLE_IN_A_ROW = 3  # fewer are those of an exchange that is full (core/breaker.py)
SPARE_SECONDS = 0.5  # until an answer that came in time is known
MOST_TASKS = 8  # at once
READ_SECONDS = 60.0  # events tell of changes; what a reload of Asterisk's replaced is asked for
SIPS_PORT, SIP_PORT = 5061, 5060

logger = logging.getLogger("ivrd")


class Prober(Protocol):
    """Tries places; see probe.py."""

    async def probe(self, place: Place) -> Finding:
        """What can be seen of a place; never raises."""


@dataclass
class _Address:
    """An address, or a registrar, of a trunk.  `reachable`: None while nobody knows."""

    place: Place
    reachable: bool | None = None
    fault: TrunkFault | None = None
    certificate: Certificate | None = None
    due_at: float = -math.inf  # when it is to be probed again
    probing: bool = False


@dataclass
class _Trunk:
    """What is known of one; `addresses` are called, `registrars` are where we register."""

    settings: TrunkSettings
    account: Account
    addresses: list[_Address] = field(default_factory=list)
    registrars: list[_Address] = field(default_factory=list)
    password: TrunkFault | None = None
    password_at: float = -math.inf  # when it was refused last
    call: TrunkFault | None = None
    unavailable: int = 0  # calls in a row that its exchange could not take
    told: TrunkFault | None = None  # in the log

    @property
    def probed(self) -> list[_Address]:
        """Each place once."""
        called = {one.place for one in self.addresses}
        return [*self.addresses, *(one for one in self.registrars if one.place not in called)]

    @property
    def faults(self) -> TrunkFaults:
        return TrunkFaults(
            {f"{one.place}": one.fault for one in self.addresses},
            {f"{one.place}": one.fault for one in self.registrars},
            self.password,
            self.call,
        )


class TrunkMonitor:
    """All trunks, by their names in Asterisk.

    `number`: the hotline's.  `clock`: seconds since the epoch on the timeline of calls.
    """

    def __init__(
        self,
        trunks: Mapping[str, TrunkSettings],
        number: str,
        prober: Prober,
        link: trunk_states.Link,
        clock: Callable[[], float],
    ) -> None:
        self._prober = prober
        self._link = link
        self._clock = clock
        self._trunks: dict[str, _Trunk] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._read_at = -math.inf  # when Asterisk was asked for all states last
        self.configure(trunks, number)

    def configure(self, trunks: Mapping[str, TrunkSettings], number: str) -> None:
        """From now on these trunks; what calls and passwords came to before is not known any more.

        A trunk that is as before keeps what is known of its addresses.
        """
        before, self._trunks = self._trunks, {}
        for name, settings in trunks.items():
            was = before.get(name)
            if was and was.settings == settings:
                was.password, was.call = None, None
                self._trunks[name] = was
            else:
                self._trunks[name] = _trunk(settings, number)
        self.connected()

    def connected(self) -> None:
        """Asterisk is to be asked for all states."""
        self._read_at = -math.inf

    # --- what is known ---------------------------------------------------------------------

    def names(self) -> Iterable[str]:
        """All trunks."""
        return self._trunks

    def fault(self, trunk: str) -> TrunkFault | None:
        """What is wrong with a trunk; None when nothing is, or nothing is known."""
        found = self._trunks.get(trunk)
        return found.faults.worst if found else None

    def words_of_partner(self, partner: str) -> str:
        """What is wrong with a partner's trunk; empty when nothing is."""
        fault = self.fault(PARTNER_PREFIX + partner)
        return fault.text if fault else ""

    def faults(self, trunk: str) -> TrunkFaults:
        """All that is wrong with a trunk.  Raises KeyError."""
        return self._trunks[trunk].faults

    def settings(self, trunk: str) -> TrunkSettings:
        """A trunk's settings.  Raises KeyError."""
        return self._trunks[trunk].settings

    def certificates(self) -> Iterator[tuple[str, str, Certificate]]:
        """What exchanges have shown last: trunk, host and port, certificate."""
        for name, trunk in self._trunks.items():
            for one in trunk.probed:
                if one.certificate:
                    yield name, str(one.place), one.certificate

    # --- what happens ----------------------------------------------------------------------

    def trunk(self, fact: TrunkFact) -> None:
        """An address, or a registration, is in another state."""
        match fact:
            case TrunkAddress(aor, reachable):
                name, at = trunk_of(aor)
                trunk = self._trunks.get(name)
                if trunk and at < len(trunk.addresses):
                    self._reachable(trunk.addresses[at], reachable)
            case TrunkRegistration(registrar, client, registered):
                for trunk, one in self._registrations(registrar, client):
                    if registered:
                        self._reachable(one, True)
                    elif one.fault is None:  # the log says why, a moment earlier or later
                        self._not_registered(trunk, one, None)
            case _:
                assert_never(fact)

    def _reachable(self, one: _Address, reachable: bool) -> None:
        if one.reachable is not reachable:
            one.due_at = -math.inf if not reachable else one.due_at
        one.reachable = reachable
        if reachable:
            one.fault = None

    def _registrations(self, registrar: str, client: str) -> Iterator[tuple[_Trunk, _Address]]:
        for trunk in self._trunks.values():
            for text, one in zip(trunk.settings.registrars, trunk.registrars, strict=True):
                if registration_uris(trunk.settings, text) == (registrar, client):
                    yield trunk, one

    def _not_registered(self, trunk: _Trunk, one: _Address, status: int | None) -> None:
        """`status`: as in `fault_of_registration`."""
        if status == 0 and one.fault and one.reachable is False:
            return  # what was found there says more
        reason, text = fault_of_registration(str(one.place), status, trunk.settings.user)
        since = one.fault.at if one.fault else self._clock()
        self._reachable(one, status != 0)
        one.fault = TrunkFault(reason, text, since)

    def complaints(self, complaints: Iterable[Complaint]) -> None:
        """Asterisk's log says so."""
        for complaint in complaints:
            match complaint:
                case PasswordRefused(endpoint):
                    if trunk := self._trunks.get(endpoint):
                        self._password_refused(trunk)
                case RegistrationRefused(registrar, client, status):
                    for trunk, one in self._registrations(registrar, client):
                        self._not_registered(trunk, one, status)
                case _:
                    assert_never(complaint)

    def _password_refused(self, trunk: _Trunk) -> None:
        trunk.password_at = now = self._clock()
        text = password_words(trunk.account.user)
        trunk.password = trunk.password or TrunkFault(FaultReason.PASSWORD, text, now)

    def leg_event(self, leg_event: PartnerLegEvent) -> None:
        """A partner's exchange was called: what it answered says whether the trunk works."""
        trunk = self._trunks.get(PARTNER_PREFIX + leg_event.partner)
        if trunk is None or leg_event.kind is PartnerEventKind.OFFERED:
            return
        if leg_event.kind is not PartnerEventKind.REFUSED:
            trunk.call, trunk.unavailable = None, 0  # it was answered
            return
        if not leg_event.sip_status:
            return
        found = fault_of_call(leg_event.sip_status, trunk.account)
        unavailable = found is not None and found[0] is FaultReason.UNAVAILABLE
        trunk.unavailable = trunk.unavailable + 1 if unavailable else 0
        if found is None or 0 < trunk.unavailable < UNAVAILABLE_IN_A_ROW:
            trunk.call = None
        elif trunk.call is None or trunk.call.text != found[1]:
            trunk.call = TrunkFault(*found, leg_event.at)

    # --- looking ---------------------------------------------------------------------------

    async def _read(self) -> None:
        """Read how all trunks stand.  Without a connection events tell it later."""
        with suppress(ActionRefused, ConnectionLost, TimeoutError):
            for name, trunk in [*self._trunks.items()]:
                await self._address_states(name, trunk)
            for fact in await trunk_states.registrations(self._link):
                self.trunk(fact)

    async def _address_states(self, name: str, trunk: _Trunk) -> list[trunk_states.AddressState]:
        states = []
        for aor, one in zip(aors(name, trunk.settings), trunk.addresses, strict=True):
            state = await trunk_states.address_state(self._link, aor)
            if state.reachable is not None:
                self._reachable(one, state.reachable)
            states.append(state)
        return states

    async def run(self) -> None:
        """Look each second, until cancelled."""
        try:
            while True:
                self.look()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in self._tasks:
                task.cancel()

    def look(self) -> None:
        """Begin the probes that are due, and tell the log what has changed."""
        now = self._clock()
        if now - self._read_at > READ_SECONDS:
            self._read_at = now
            self._begin(self._read())
        for name, trunk in self._trunks.items():
            if trunk.password and now - trunk.password_at > PASSWORD_SECONDS:
                trunk.password = None
            for one in trunk.probed:
                if self._due(one, now) and len(self._tasks) < MOST_TASKS:
                    again = AGAIN_SECONDS if one.reachable is False else CERTIFICATE_SECONDS
                    one.due_at, one.probing = now + again, True
                    self._begin(self._probe(one))
            self._tell(name, trunk)

    def _due(self, one: _Address, now: float) -> bool:
        if one.probing or now < one.due_at:
            return False
        return one.reachable is False or one.place.transport == TLS

    def _begin(self, job: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _probe(self, one: _Address) -> None:
        try:
            finding = await self._prober.probe(one.place)
        finally:
            one.probing = False
        one.certificate = finding.certificate or one.certificate
        if one.reachable is not False:  # Asterisk says that it answers
            return
        since = one.fault.at if one.fault else self._clock()
        one.fault = TrunkFault(finding.reason, finding.text, since)

    def _tell(self, name: str, trunk: _Trunk) -> None:
        """One line when something else is wrong than before, and one when all is well again."""
        fault, before = trunk.faults.worst, trunk.told
        if (fault and fault.text) == (before and before.text):
            return
        trunk.told = fault
        if fault:
            what = "a trunk does not work as it should"
            log.event(
                logger, logging.WARNING, what, trunk=name, reason=fault.reason, why=fault.text
            )
        else:
            log.event(logger, logging.INFO, "a trunk works again", trunk=name)

    async def try_now(self, name: str) -> trunk_states.AddressState:
        """Have Asterisk ask a trunk's addresses now, and say how the best of them stands.

        Raises KeyError, and what `AmiClient.ask` raises.
        """
        trunk = self._trunks[name]
        if trunk.addresses:
            await trunk_states.qualify(self._link, name)
            await asyncio.sleep(QUALIFY_TIMEOUT + SPARE_SECONDS)
        states = await self._address_states(name, trunk)
        dead = [one for one in trunk.probed if one.reachable is False]
        await asyncio.gather(*(self._probe(one) for one in dead))
        answering = (state for state in states if state.reachable)
        return next(answering, states[0] if states else trunk_states.AddressState())


def aors(name: str, trunk: TrunkSettings) -> list[str]:
    """Its addresses as render/trunks.py names them."""
    if len(trunk.addresses) == 1:
        return [name]
    return [f"{name}.{at}" for at in range(1, len(trunk.addresses) + 1)]


def _trunk(settings: TrunkSettings, number: str) -> _Trunk:
    srtp = "without SRTP" if settings.srtp == NONE else f"SRTP {settings.srtp}"
    media = f"{', '.join(settings.codecs)} {srtp}"
    return _Trunk(
        settings,
        Account(settings.user, settings.number or number, media),
        [_Address(_place(settings, text)) for text in settings.addresses],
        [_Address(_place(settings, text)) for text in settings.registrars],
    )


def _place(settings: TrunkSettings, text: str) -> Place:
    """Where `HOST`, `HOST:PORT` or `[HOST]:PORT` leads."""
    host, colon, port = text.rpartition(":")
    if not colon or "]" in port or (":" in host and not host.startswith("[")):
        host, port = text, ""
    usual = SIPS_PORT if settings.transport == TLS else SIP_PORT
    return Place(host.strip("[]"), int(port) if port else usual, settings.transport)

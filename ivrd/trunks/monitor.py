"""Follows every trunk, and finds out why one does not work.

Asterisk's events say which address stopped answering and which registration failed, its log says
which password was refused, legs of calls say with which SIP status they ended.  An address that
does not answer is probed at once and again from time to time; one that has a name, or is spoken to
by TLS, also while it answers, so that its addresses and the end of its certificate are known.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Protocol, assert_never

from ivrd import log
from ivrd.asterisk import trunk_states
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.dialplan_names import PARTNER_PREFIX, aors_of, trunk_of
from ivrd.asterisk.facts import (
    AttemptReport,
    PartnerLegEvent,
    TrunkAddress,
    TrunkFact,
    TrunkRegistration,
)
from ivrd.asterisk.render.trunks import QUALIFY_TIMEOUT, registration_uris
from ivrd.asterisk.trunk_log import (
    Complaint,
    PasswordRefused,
    RegistrationRefused,
    SoundRefused,
)
from ivrd.config.trunk_settings import DTLS, DTLS_SAVPF, TLS, TrunkSettings
from ivrd.core.attempt_report import AttemptState, sip_status
from ivrd.core.report import PartnerEventKind
from ivrd.core.trunk_fault import FaultReason, TrunkFault, TrunkFaults, fault_of_call
from ivrd.trunks.certificate import Certificate
from ivrd.trunks.known import KnownAddress, KnownTrunk, known_trunk
from ivrd.trunks.probe import Finding, Place

AGAIN_SECONDS = 30.0  # between two looks at an address that does not answer
WELL_SECONDS = 3600.0  # at one that does: its name and certificate
PASSWORD_SECONDS = 17.0  # OPTIONS are sent each 5 s: so long without a refusal they are accepted
SOUND_SECONDS = 600.0  # for so long a call whose sound was refused is told of
LOOK_SECONDS = 1.0
READ_SECONDS = 60.0  # events tell of changes; what a reload of Asterisk's replaced is asked for
SPREAD_SECONDS = 30.0  # over so long, so that many trunks are no burst (docs/decisions/0065)
SPARE_SECONDS = 0.5  # until an answer that came in time is known
MOST_TASKS = 8  # at once
OF_A_NUMBER = (FaultReason.UNKNOWN_NUMBER, FaultReason.REFUSED)  # that a person has given

logger = logging.getLogger("ivrd")


class Prober(Protocol):
    """Tries places; see probe.py."""

    async def probe(self, place: Place) -> Finding:
        """What can be seen of a place; never raises."""


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
        self._trunks: dict[str, KnownTrunk] = {}
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
            trunk = known_trunk(settings, number)
            if was and (was.settings, was.account) == (settings, trunk.account):
                trunk = was
            trunk.forget_calls()
            self._trunks[name] = trunk
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
            for one in trunk.places:
                if one.certificate:
                    yield name, str(one.place), one.certificate

    # --- what happens ----------------------------------------------------------------------

    def trunk(self, fact: TrunkFact) -> None:
        """An address, or a registration, is in another state."""
        match fact:
            case TrunkAddress(aor, reachable):
                name, at = trunk_of(aor)
                trunk = self._trunks.get(name)
                if trunk and trunk.settings.network.registers_here:
                    trunk.seen_here(True, reachable, self._clock())
                elif trunk and at < len(trunk.addresses):
                    trunk.addresses[at].reported(reachable)
            case TrunkRegistration(registrar, client, registered):
                for _user, one in self._registrations(registrar, client):
                    if registered:
                        one.reported(True)
                    else:
                        one.rejected(self._clock())
            case _:
                assert_never(fact)

    def _registrations(self, registrar: str, client: str) -> Iterator[tuple[str, KnownAddress]]:
        """Registrars that Asterisk means by these URIs, and our user there."""
        for trunk in self._trunks.values():
            for text, one in zip(trunk.settings.registrars, trunk.registrars, strict=True):
                if registration_uris(trunk.settings, text) == (registrar, client):
                    yield trunk.settings.user, one

    def complaints(self, complaints: Iterable[Complaint]) -> None:
        """Asterisk's log says so."""
        for complaint in complaints:
            match complaint:
                case PasswordRefused(endpoint, address):
                    if trunk := self._trunks.get(endpoint) or self._only_one_at(address):
                        trunk.password_refused(self._clock())
                case RegistrationRefused(registrar, client, status):
                    for user, one in self._registrations(registrar, client):
                        one.not_registered(user, status, self._clock())
                case SoundRefused():
                    self._sound_refused(complaint)
                case _:
                    assert_never(complaint)

    def _sound_refused(self, complaint: SoundRefused) -> None:
        """The log names no trunk: it is the one with DTLS, or one of several."""
        names = [
            name for name, of in self._trunks.items() if of.settings.srtp in (DTLS, DTLS_SAVPF)
        ]
        if len(names) == 1:
            found = complaint.reason, complaint.text
            self._trunks[names[0]].sound_refused(found, self._clock())
        else:
            what, among = "a call has no sound", ", ".join(names)
            log.event(logger, logging.WARNING, what, why=complaint.text, one_of=among)

    def registration_complaints(self, complaints: Iterable[Complaint]) -> None:
        """The log said so before we began; whether that holds is asked for at the next look."""
        self.complaints(one for one in complaints if isinstance(one, RegistrationRefused))

    def _only_one_at(self, address: str) -> KnownTrunk | None:
        """The trunk that is called there; None where several are, of which any may be meant."""
        found = [trunk for trunk in self._trunks.values() if trunk.is_at(address)]
        return found[0] if len(found) == 1 else None

    def leg_event(self, leg_event: PartnerLegEvent) -> None:
        """A partner's exchange was called: what it answered says whether the trunk works."""
        trunk = self._trunks.get(PARTNER_PREFIX + leg_event.partner)
        if trunk is None or leg_event.kind is PartnerEventKind.OFFERED:
            return
        if leg_event.kind is not PartnerEventKind.REFUSED:
            trunk.call_answered()
            if leg_event.kind is PartnerEventKind.CONFIRMED:
                trunk.sound = None
        elif leg_event.sip_status:
            found = fault_of_call(leg_event.sip_status, trunk.account)
            trunk.call_refused(found, leg_event.at)

    def named(self, trunk: str, fault: str) -> None:
        """Why a carrier's name leads nowhere; empty when all do."""
        if found := self._trunks.get(trunk):
            found.named(fault, self._clock())

    def attempt(self, report: AttemptReport) -> None:
        """Somebody is called back: by a carrier, whose answer may be about the number as well."""
        trunk = self._trunks.get(report.trunk)
        if trunk is None:
            return
        if report.state == AttemptState.ANNOUNCEMENT:
            trunk.call_answered()
        elif report.state == AttemptState.FAILED and (status := sip_status(report.detail)):
            found = fault_of_call(status, trunk.account)
            trunk.call_refused(None if found and found[0] in OF_A_NUMBER else found, report.at)

    # --- looking ---------------------------------------------------------------------------

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
        """Begin what is due, and tell the log what has changed."""
        now = self._clock()
        if now - self._read_at > READ_SECONDS:
            begins, self._read_at = self._read_at == -math.inf, now
            self._begin(self._read(0.0 if begins else SPREAD_SECONDS))
        for name, trunk in self._trunks.items():
            if trunk.password and now - trunk.password_at > PASSWORD_SECONDS:
                trunk.password = None
            if trunk.sound and now - trunk.sound_at > SOUND_SECONDS:
                trunk.sound = None
            for registrar in trunk.registrars:
                registrar.look(trunk.settings.user, now)
            for one in trunk.places:
                if self._due(one, now) and len(self._tasks) < MOST_TASKS:
                    again = AGAIN_SECONDS if one.reachable is False else WELL_SECONDS
                    one.due_at, one.probing = now + again, True
                    self._begin(self._probe(one))
            self._tell(name, trunk)

    def _due(self, one: KnownAddress, now: float) -> bool:
        if one.probing or now < one.due_at:
            return False
        return one.reachable is False or one.place.transport == TLS or one.named

    def _begin(self, job: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, within: float) -> None:
        """Read how all trunks stand, in so many seconds.  Without a link events tell it later."""
        with suppress(ActionRefused, ConnectionLost, TimeoutError):
            for at, (name, trunk) in enumerate([*self._trunks.items()]):
                if at and within:
                    await asyncio.sleep(within / len(self._trunks))
                await self._address_states(name, trunk)
            for fact in await trunk_states.registrations(self._link):
                self.trunk(fact)

    async def _address_states(
        self, name: str, trunk: KnownTrunk, timed: bool = False
    ) -> list[trunk_states.AddressState]:
        if trunk.settings.network.registers_here:
            state = await trunk_states.address_state(self._link, name, timed)
            trunk.seen_here(state.there, state.reachable, self._clock())
            return [state]
        states = []
        for aor, one in zip(aors_of(name, len(trunk.addresses)), trunk.addresses, strict=True):
            state = await trunk_states.address_state(self._link, aor, timed)
            if state.reachable is not None:
                one.reported(state.reachable)
            states.append(state)
        return states

    async def _probe(self, one: KnownAddress) -> None:
        try:
            finding = await self._prober.probe(one.place)
        finally:
            one.probing = False
        one.certificate = finding.certificate or one.certificate
        one.addresses = finding.addresses or one.addresses
        if one.reachable is False:  # else Asterisk says that it answers
            one.failed((finding.reason, finding.text), self._clock())

    def _tell(self, name: str, trunk: KnownTrunk) -> None:
        """One line when something else is wrong than before, and one when all is well again."""
        fault, before = trunk.faults.worst, trunk.logged
        if (fault and fault.text) == (before and before.text):
            return
        trunk.logged = fault
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
        if trunk.addresses or trunk.settings.network.registers_here:
            await trunk_states.qualify(self._link, name)
            await asyncio.sleep(QUALIFY_TIMEOUT + SPARE_SECONDS)
        states = await self._address_states(name, trunk, timed=True)
        dead = [one for one in trunk.places if one.reachable is False]
        await asyncio.gather(*(self._probe(one) for one in dead))
        answering = (state for state in states if state.reachable)
        return next(answering, states[0] if states else trunk_states.AddressState())

"""Calls partners' people out, for how many and how long, and says when it is over.

What a partner is told is stored (kind `call_outs`) before it is put into the outbox, whose entries
have one id for each step: whoever goes on after a restart or a takeover knows what was told, and
what it puts in once more is there already.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from ivrd import log
from ivrd.config.call_out import CallOutSettings, Contact
from ivrd.config.outbox_settings import MessageSettings
from ivrd.core.call_out import CallOut, Pledge, Step, Watch, next_step, seats_forecast
from ivrd.core.overflow import Decision, Snapshot
from ivrd.core.partner import PartnerSnapshot
from ivrd.outbox.message import Message
from ivrd.partners.entries import PartnerEntries
from ivrd.partners.pledges import Pledges
from ivrd.store import WriteBehind
from ivrd.store.audit_log import AuditLog

CALL_OUTS = "call_outs"
LOOK_SECONDS = 5.0
RESTORE_SECONDS = 5.0  # between two attempts to read a store that could not be read
# What this old a step tells is news no more when an ivrd becomes the leader.
NEWS_SECONDS = 900.0
AUDITED = {
    Step.BEGIN: "partner called out",
    Step.MORE: "partner called out for more",
    Step.LONGER: "partner called out for longer",
    Step.OVER: "call-out over",
}

logger = logging.getLogger("ivrd")


def use_of(call_out: CallOut) -> str:
    """The name of the message about it."""
    return "call_out" if call_out.active else "call_out_over"


def about(partner: str, call_out: CallOut) -> str:
    """What that message is about: each step is told once."""
    return f"{partner}/{call_out.id}/{call_out.number}"


class Outgoing(Protocol):
    """Takes messages; see outbox/outbox.py."""

    complete: bool

    def post(
        self, message: Message, about: str, recipient: str, of: MessageSettings | None = None
    ) -> None:
        """Have a message sent."""


class CallOuts:
    """`clock`: the clock on the wall, by which people come; `monotonic`: one that is never set.

    `reconciled`: what the leader before this one may have left out is put in.
    """

    def __init__(
        self,
        settings: CallOutSettings,
        hotline: str,
        zone: ZoneInfo,
        write_behind: WriteBehind,
        pledges: Pledges,
        outbox: Outgoing,
        audit_log: AuditLog,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self.settings = settings
        self.entries = PartnerEntries(CALL_OUTS, CallOut, write_behind)
        self._hotline = hotline
        self._zone = zone
        self._pledges = pledges
        self._outbox = outbox
        self._audit_log = audit_log
        self._clock = clock
        self._monotonic = monotonic
        self._watches: dict[str, Watch] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._look_at = self._restore_at = float("-inf")
        self.reconciled = False

    def configure(self, settings: CallOutSettings, hotline: str, zone: ZoneInfo) -> None:
        """What a reload changes."""
        self.settings, self._hotline, self._zone = settings, hotline, zone

    # --- what is stored --------------------------------------------------------------------

    async def restore(self) -> None:
        """Read what was stored before.  Does not raise."""
        await self._pledges.entries.restore()
        await self.entries.restore()

    def write_again(self) -> None:
        """The store is back, and may have lost what it had."""
        self._pledges.entries.write_again()
        self.entries.write_again()

    @property
    def complete(self) -> bool:
        """Whether all that was stored before is read."""
        return self.entries.complete and self._pledges.entries.complete

    def asked(self, partner: str) -> CallOut | None:
        """What a partner is asked for now; None for nothing."""
        call_out = self.entries.get(partner)
        return call_out if call_out is not None and call_out.active else None

    # --- each second -----------------------------------------------------------------------

    async def look(self, snapshot: Snapshot, decision: Decision) -> None:
        """Have partners told what is new; only the leader does.  Waits for no message."""
        if not await self._restored() or not self._outbox.complete:
            return
        if not self.reconciled:
            self.reconciled = True
            self._reconcile()
        if self._monotonic() >= self._look_at:
            self._look_at = self._monotonic() + LOOK_SECONDS
            self._evaluate(snapshot, decision, self._clock())

    async def _restored(self) -> bool:
        if self.complete:
            return True
        now = self._monotonic()
        if self.entries.readable and now >= self._restore_at:
            self._restore_at = now + RESTORE_SECONDS
            await self.restore()
        return self.complete

    def _evaluate(self, snapshot: Snapshot, decision: Decision, now: float) -> None:
        if not self.settings.contacts:
            return
        pledges = {one.id: self._pledges.today(one.id) for one in snapshot.partners}
        given = {partner: pledge for partner, pledge in pledges.items() if pledge is not None}
        wanted = seats_forecast(snapshot, decision, given)
        for one in snapshot.partners:
            if contact := self.settings.contacts.get(one.id):
                self._follow(one, contact, wanted[one.id], pledges[one.id], now)

    def _follow(
        self, one: PartnerSnapshot, contact: Contact, wanted: int, pledge: Pledge | None, now: float
    ) -> None:
        call_out, self._watches[one.id] = next_step(
            self.entries.get(one.id),
            self._watches.get(one.id, Watch()),
            wanted,
            pledge,
            one.partner.cap,
            contact.lead_seconds,
            self.settings.policy,
            now,
        )
        if call_out is None:
            return
        self.entries.put(one.id, call_out)
        what, detail = AUDITED[call_out.step], self._words(call_out)
        log.event(logger, logging.INFO, what, partner=one.id, detail=detail)
        self._audit_log.audit("ivrd", what, one.id, detail)
        telling = asyncio.create_task(self._tell(one.id, call_out))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _tell(self, partner: str, call_out: CallOut) -> None:
        """Put it in when it is stored, or when the store does not say so: people are needed."""
        await self.entries.written()
        self._post(partner, call_out)

    def _reconcile(self) -> None:
        """Put in what the leader before this one may not have put in."""
        for partner, call_out in self.entries:
            if abs(self._clock() - call_out.told_at) <= NEWS_SECONDS:
                self._post(partner, call_out)

    # --- the message -----------------------------------------------------------------------

    def _post(self, partner: str, call_out: CallOut) -> None:
        contact = self.settings.contacts.get(partner)
        if contact is None:
            return
        message = contact.ask if call_out.active else contact.over
        values = {
            "hotline": self._hotline,
            "partner": contact.name,
            "people": str(call_out.people),
            "from": self._hour(call_out.from_at),
            "until": self._hour(call_out.until_at),
        }
        (text,) = message.text.values()
        data = {
            "partner": partner,
            "call_out": call_out.id,
            "step": call_out.step.value,
            "people": str(call_out.people if call_out.active else 0),
            "from": self.moment(call_out.from_at),
            "until": self.moment(call_out.until_at if call_out.active else call_out.told_at),
        }
        words = text.filled(values)
        told = Message(use_of(call_out), contact.to, words, call_out.told_at, data)
        self._outbox.post(told, about(partner, call_out), f"partner/{partner}", message)

    def _words(self, call_out: CallOut) -> str:
        """For the log and the audit log."""
        if not call_out.active:
            return "nobody is needed any more"
        hours = f"from {self._hour(call_out.from_at)} until {self._hour(call_out.until_at)}"
        return f"{call_out.people} people {hours}"

    def _hour(self, at: float) -> str:
        return f"{datetime.fromtimestamp(at, self._zone):%H:%M}"

    def moment(self, at: float) -> str:
        """A moment in the hotline's time zone (ISO 8601)."""
        return datetime.fromtimestamp(at, self._zone).isoformat(timespec="seconds")

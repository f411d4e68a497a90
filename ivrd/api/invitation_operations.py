"""What an operator can ask of invited people: invite one, see who was, withdraw a whole list."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from ivrd import log
from ivrd.agents.cards import Cards
from ivrd.agents.controller import AgentController
from ivrd.agents.invitations import Invitation, Invitations, free_id
from ivrd.agents.line import LineSeats
from ivrd.api import server
from ivrd.api.peercred import asked_by
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.callbacks.telephone import dialable
from ivrd.config.callback import CallbackSettings
from ivrd.config.field_types import text
from ivrd.config.pin import is_hash
from ivrd.config.settings import ReminderSettings
from ivrd.core.seats import Pool, on_line
from ivrd.outbox.channels import international
from ivrd.store.audit_log import AuditLog

NAME = text(60)
NO_POOL = "no pool of queues.yaml has `kind: line`"
NOT_WRITTEN = "the store is down: it is written when it is back"

logger = logging.getLogger("ivrd")


class InUse(Protocol):
    """What the configuration says at this moment; see config/settings.py."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Those of the hotline."""

    @property
    def line_number(self) -> str:
        """What invited people call; empty for nothing."""

    @property
    def reminders(self) -> ReminderSettings:
        """Which shifts there are."""

    @property
    def callback(self) -> CallbackSettings:
        """Through which carrier, and which numbers, the hotline calls."""

    @property
    def country(self) -> str:
        """Whose numbers are at home."""


class InvitationOperations:
    """Invitations and withdrawals are written down before they are answered.

    A PIN comes here only to be sent on, in a message; see agents/cards.py.
    """

    def __init__(
        self,
        invitations: Invitations,
        controller: AgentController,
        queue_members: QueueMembers,
        line: LineSeats,
        audit_log: AuditLog,
        cards: Cards,
        in_use: Callable[[], InUse],
    ) -> None:
        self._invitations = invitations
        self._controller = controller
        self._queue_members = queue_members
        self._line = line
        self._audit_log = audit_log
        self._cards = cards
        self._in_use = in_use

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        return {"invited": self._list}

    def commands(self) -> Mapping[str, server.Control]:
        """What POST does."""
        return {"invite": self._invite, "withdraw": self._withdraw}

    async def _list(self, query: Mapping[str, str]) -> server.Answer:
        """?list=NAME&pool=POOL: who is on the list, and how many seats are left for it."""
        self._check_known()
        invited = self._invitations.of(query.get("list", ""))
        free = sum(1 for _seat in self._free(self._pool(query)))
        return {
            "invited": [{"id": one.id, "name": one.name, "seat": one.seat} for one in invited],
            "free": free,
            "number": self._in_use().line_number,
            "languages": list(self._in_use().languages),
            "cards": self._cards.sent,
        }

    async def _invite(self, query: Mapping[str, str]) -> server.Answer:
        """?list=NAME&pool=POOL&person=NAME&pin=HASH&languages=th,en&number=NUMBER&shift=HOURS.

        &card=PIN: it is sent to that number, if it can be.
        """
        self._check_known()
        listed, name, pin = (query.get(key, "") for key in ("list", "person", "pin"))
        languages = tuple(filter(None, query.get("languages", "").split(",")))
        try:
            NAME.checked(listed)
            NAME.checked(name)
        except ValueError as error:
            raise server.RequestRejected(str(error)) from None
        if not is_hash(pin):
            raise server.RequestRejected("pin: expected the hash of one")
        if unknown := set(languages).difference(self._in_use().languages):
            raise server.RequestRejected(f"languages: {', '.join(sorted(unknown))} is none of ours")
        if any(one.name == name for one in self._invitations.of(listed)):
            raise server.RequestRejected(f"{name} is on the list {listed} already")
        number, shift = self._number(query.get("number", "")), query.get("shift", "")
        if shift:
            self._check_shift(shift, number)
        pool = self._pool(query)
        seat = next(self._free(pool), "")
        if not seat:
            raise server.NotNow(f"every seat of {pool.name} has somebody")
        new_id, sealed = free_id(self._controller.agents), self._invitations.sealed(number)
        self._invitations.add(Invitation(new_id, listed, name, pin, seat, languages, sealed, shift))
        self._tell(asked_by(query), "invited to the line", f"{new_id}: {listed}")
        agent, card = self._controller.agents[new_id], query.get("card", "")
        sent = bool(card) and self._cards.send(agent, card, self._in_use().line_number)
        note = "" if await self._controller.written() else NOT_WRITTEN
        return {"id": new_id, "seat": seat, "sent": sent, "note": note}

    def _number(self, given: str) -> str:
        """A telephone number (E.164).  Raises `RequestRejected`, which does not repeat it."""
        if not given:
            return ""
        number = international(given, self._in_use().country)
        if not number:
            raise server.RequestRejected("number: expected a telephone number such as 081 234 5678")
        return number

    def _check_shift(self, shift: str, number: str) -> None:
        in_use = self._in_use()
        if shift not in in_use.reminders.shifts:
            known = ", ".join(in_use.reminders.shifts)
            raise server.RequestRejected(f"shift: expected one of {known}, got {shift!r}")
        if not in_use.callback.trunk:
            say = "shift: nobody can be called without callback.trunk in ivrd.yaml"
            raise server.RequestRejected(say)
        if number and not dialable(in_use.callback, in_use.country, number):
            raise server.RequestRejected("number: the hotline does not call numbers of this kind")

    async def _withdraw(self, query: Mapping[str, str]) -> server.Answer:
        """?list=NAME."""
        self._check_known()
        listed = query.get("list", "")
        gone = self._invitations.withdraw(listed)
        if not gone:
            raise server.RequestRejected(f"nobody is on a list {listed!r}")
        here = [one for one in gone if self._line.here.get(one.seat) == one.id]
        for invitation in gone:
            self._controller.forget(invitation.id)
        for invitation in here:
            await self._line.hang_up(invitation.seat)
        self._cards.withdraw({one.id for one in gone})
        self._tell(asked_by(query), "withdrawn from the line", f"{listed}: {len(gone)}")
        note = "" if await self._controller.written() else NOT_WRITTEN
        return {"list": listed, "withdrawn": len(gone), "on_line": len(here), "note": note}

    def _tell(self, who: str, what: str, detail: str) -> None:
        log.event(logger, logging.INFO, what, detail=detail, who=who)
        self._audit_log.audit(who, what, "", detail)

    def _pool(self, query: Mapping[str, str]) -> Pool:
        """The pool that is meant: the only one of its kind need not be named."""
        pools = {pool.name: pool for pool in self._queue_members.pools if on_line(pool.seats[0])}
        if not pools:
            raise server.RequestRejected(NO_POOL)
        name = query.get("pool") or (next(iter(pools)) if len(pools) == 1 else "")
        if name not in pools:
            raise server.RequestRejected(f"pool: expected one of {', '.join(pools)}, got {name!r}")
        return pools[name]

    def _free(self, pool: Pool) -> Iterator[str]:
        """Seats of nobody, on whose line nobody stays either."""
        taken = {agent.seat for agent in self._controller.agents.values()} | self._line.here.keys()
        return (seat for seat in pool.seats if seat not in taken)

    def _check_known(self) -> None:
        if not self._controller.known:
            raise server.NotNow("what is stored of agents could not be read yet")

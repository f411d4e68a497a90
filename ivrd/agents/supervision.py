"""Supervisors who listen to an agent's talk, speak to the agent alone, or join.

ivrd makes no call for that, and has no right to.  It allows it: to one phone for `ALLOWED_SECONDS`,
by a global variable that the dialplan takes away as the phone dials the code (supervision.conf).
Before that it is in the audit log, and that in the store: nobody listens of whom it is not known.
"""

import logging
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from ivrd import log
from ivrd.asterisk import dialplan_names
from ivrd.asterisk.seat_facts import Supervised
from ivrd.ha.leadership import LeaderStatus
from ivrd.store.audit_log import AuditLog

ALLOWED_SECONDS = 60
WRITTEN_SECONDS = 2.0

logger = logging.getLogger("ivrd")


class Mode(StrEnum):
    """What a supervisor may do; the values are those of supervision.conf."""

    LISTEN = "listen"
    WHISPER = "whisper"
    JOIN = "join"


class NotWritten(Exception):
    """The store has not taken it, so nothing is allowed."""


class Globals(Protocol):
    """Asterisk's global variables; see asterisk/ami_client.py."""

    async def set_global(self, name: str, value: str) -> None:
        """Set one."""


class DurableAuditLog(AuditLog, Protocol):
    """The audit log, which says when it is written."""

    async def written(self, seconds: float) -> bool:
        """Wait until all so far is in the store; False when it is not in time."""


class Supervision:
    """`reading()`: what Asterisk's clock shows."""

    def __init__(
        self,
        link: Globals,
        audit_log: DurableAuditLog,
        leadership: LeaderStatus,
        reading: Callable[[], float],
    ) -> None:
        self._link = link
        self._audit_log = audit_log
        self._leadership = leadership
        self._reading = reading

    async def allow(
        self, mode: Mode, agent: str, agent_seat: str, supervisor: str, seat: str, who: str
    ) -> None:
        """A supervisor may do it at the phone of `seat`; `who` has asked.

        Raises `NotWritten`, and what `set_global` does.
        """
        detail = f"{supervisor} may {mode} to {agent} at {seat}"
        log.event(logger, logging.INFO, "supervisor allowed", detail=detail, who=who)
        self._audit_log.audit(who, "supervisor allowed", "", detail)
        if not await self._audit_log.written(WRITTEN_SECONDS):
            raise NotWritten
        until = int(self._reading()) + ALLOWED_SECONDS
        value = "|".join((mode, agent_seat, str(until), supervisor, agent))
        await self._link.set_global(f"{dialplan_names.SUPERVISION_OF}{seat}", value)

    def supervised(self, fact: Supervised) -> None:
        """A supervisor has begun or ended."""
        if not self._leadership.is_leader:
            return
        what = "supervision begun" if fact.begun else "supervision ended"
        detail = f"{fact.supervisor} at {fact.seat}, {fact.mode}: {fact.agent}"
        log.event(logger, logging.INFO, what, detail=detail)
        self._audit_log.audit(fact.supervisor, what, "", detail)

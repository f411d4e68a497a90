"""What an operator can ask of the outbox: what is in it, one in full, send it again, drop it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ivrd.api import server
from ivrd.api.peercred import asked_by
from ivrd.asterisk.breaks import with_breaks
from ivrd.core.outbox import ChannelHealth, Entry, EntryState
from ivrd.outbox.outbox import Outbox
from ivrd.store.audit_log import AuditLog

LISTED = 500  # entries that one answer has


class Channels(Protocol):
    """How channels are; see outbox/sender.py."""

    health: dict[str, ChannelHealth]


class OutboxOperations:
    """`clock`: the timeline; `shift()`: what the time of day is ahead of it."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Channels,
        audit_log: AuditLog,
        clock: Callable[[], float],
        shift: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._audit_log = audit_log
        self._clock = clock
        self._shift = shift

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        return {"outbox": self._list}

    def commands(self) -> Mapping[str, server.Control]:
        """What POST does."""
        return {"outbox-retry": self._retry, "outbox-drop": self._drop}

    async def _list(self, query: Mapping[str, str]) -> server.Answer:
        """Entries that wait or are dead: ?id=ID for one, ?state=, ?channel= for some of them."""
        self._check_read()
        if "id" in query:
            return {"entries": [self._row(self._known(query["id"]))], "left_out": 0}
        state, channel = query.get("state", ""), query.get("channel", "")
        found = [
            one
            for one in self._outbox.backlog
            if (one.state == state if state else one.state is not EntryState.DELIVERED)
            and channel in ("", one.channel)
        ]
        found.sort(key=lambda one: (one.created_at, one.order))
        rows = [self._row(one) for one in found[:LISTED]]
        return {"entries": rows, "left_out": len(found) - len(rows)}

    async def _retry(self, query: Mapping[str, str]) -> server.Answer:
        return await self._each(query, "message sent again", self._outbox.retry)

    async def _drop(self, query: Mapping[str, str]) -> server.Answer:
        return await self._each(query, "message dropped", self._outbox.drop)

    async def _each(
        self, query: Mapping[str, str], what: str, act: Callable[[Entry], bool]
    ) -> server.Answer:
        """One (?id=ID), or all dead letters of a channel (?dead=CHANNEL)."""
        self._check_read()
        if channel := query.get("dead", ""):
            found = [
                one
                for one in self._outbox.backlog
                if one.state is EntryState.DEAD and one.channel == channel
            ]
            if not found:
                raise server.NotNow(f"{channel} has no dead letters")
            detail = f"{len(found)} dead letters of {channel}"
        else:
            found = [self._known(query.get("id", ""))]
            detail = f"{found[0].id} ({found[0].use})"
        done = 0
        async for one in with_breaks(found):
            done += self._outbox.backlog.get(one.id) is one and act(one)
        if not done:
            where = "is delivered" if found[0].state is EntryState.DELIVERED else "is on its way"
            raise server.NotNow(f"{found[0].id} {where}")
        self._audit_log.audit(asked_by(query), what, "", detail)
        written = await self._outbox.written()
        note = "" if written else "the store is down: it is written when it is back"
        return {"count": done, "note": note}

    def _check_read(self) -> None:
        if not self._outbox.complete:
            raise server.NotNow("what is stored of the outbox could not be read yet")

    def _known(self, asked: str) -> Entry:
        found = [one for one in self._outbox.backlog if asked and one.id.startswith(asked)]
        if len(found) != 1:
            what = "several messages begin with" if found else "there is no message"
            raise server.RequestRejected(f"{what} {asked!r}; `ivrd outbox list` has them")
        return found[0]

    def _row(self, one: Entry) -> dict[str, Any]:
        """An entry as JSON: never what it says, nor to whom.  Moments: seconds since the epoch."""
        now, shift = self._clock(), self._shift()
        health = self._channels.health.get(one.channel, ChannelHealth())
        waits = one.state is EntryState.WAITING
        due_at = max(one.next_at, health.rests_until)
        return {
            "id": one.id,
            "state": one.state,
            "use": one.use,
            "channel": one.channel,
            "recipient": one.recipient,
            "attempts": one.attempts,
            "why": one.why,
            "created_at": one.created_at + shift,
            "age_seconds": max(0.0, now - one.created_at),
            "due_in_seconds": max(0.0, due_at - now) if waits else None,
            "gives_up_in_seconds": max(0.0, one.give_up_at - now) if waits else None,
            "ended_at": None if one.ended_at is None else one.ended_at + shift,
            "reached_at": None if one.reached_at is None else one.reached_at + shift,
            "sent_now": self._outbox.backlog.is_sent_now(one),
        }

"""What partners were asked for and answer: shown to operators, and taken from partners.

A partner answers by a webhook that it signs (outbox/webhook.py says how), or tells an operator, who
writes it down.  An answer is for today, and the one that was given last stands.
"""

import json
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from ivrd import log
from ivrd.api import server
from ivrd.api.peercred import asked_by
from ivrd.config.call_out import Contact
from ivrd.config.problem import ConfigError, unknown
from ivrd.config.secret import read_secret
from ivrd.core.call_out import CallOut
from ivrd.core.outbox import Entry
from ivrd.outbox.outbox import id_of
from ivrd.outbox.webhook import is_signed
from ivrd.partners.call_outs import CallOuts, about, use_of
from ivrd.partners.pledges import Pledges
from ivrd.store.audit_log import AuditLog

MOST_PEOPLE = 1000
EXPECTED = f'expected JSON such as {{"people": 12}}, from 0 to {MOST_PEOPLE}'
NOT_SIGNED = "expected the signature of a partner who may answer"
NOT_WRITTEN = "the store is down: it is written when it is back"
BY_WEBHOOK = "partner"  # who has said so, in the audit log
NONE = "none"

logger = logging.getLogger("ivrd")


class Entries(Protocol):
    """What is in the outbox; see core/outbox_backlog.py."""

    def get(self, entry_id: str) -> Entry | None:
        """One by its id."""


class CallOutOperations:
    """`partners()`: the ids of all; `refusal()`: why this ivrd takes no answer now, if it does not.

    `clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        call_outs: CallOuts,
        pledges: Pledges,
        outbox: Entries,
        audit_log: AuditLog,
        partners: Callable[[], Collection[str]],
        refusal: Callable[[], str],
        clock: Callable[[], float],
    ) -> None:
        self._call_outs = call_outs
        self._pledges = pledges
        self._outbox = outbox
        self._audit_log = audit_log
        self._partners = partners
        self._refusal = refusal
        self._clock = clock

    def commands(self) -> Mapping[str, server.Control]:
        """What POST does on the control socket."""
        return {"pledge": self._pledge}

    # --- shown -----------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Read what the leader has stored."""
        await self._call_outs.restore()

    def asked(self, partner: str) -> int:
        """The people whom a partner is asked for now."""
        call_out = self._call_outs.asked(partner)
        return call_out.people if call_out else 0

    def pledged(self, partner: str) -> int | None:
        """The people whom a partner has said it has today; None when it has said nothing."""
        return self._pledges.people(partner)

    def row(self, partner: str) -> Mapping[str, Any]:
        """What a partner was told last, and has said of today; None for nothing."""
        told, pledge = self._call_outs.entries.get(partner), self._pledges.today(partner)
        return {
            "called_out": self._told(partner, told) if told else None,
            "pledge": pledge
            and {
                "people": pledge.people,
                "asked": pledge.asked,
                "given_at": self._call_outs.moment(pledge.given_at),
                "by": pledge.by,
            },
        }

    def _told(self, partner: str, told: CallOut) -> Mapping[str, Any]:
        entry = self._outbox.get(id_of(use_of(told), about(partner, told)))
        return {
            "step": told.step,
            "people": told.people if told.active else 0,
            "told_at": self._call_outs.moment(told.told_at),
            "from": self._call_outs.moment(told.from_at),
            "until": self._call_outs.moment(told.until_at),
            "message": entry.state if entry else None,
            "why": entry.why if entry else "",
        }

    # --- answers ---------------------------------------------------------------------------

    async def _pledge(self, query: Mapping[str, str]) -> server.Answer:
        """What a partner has told an operator: ?partner=ID&people=N, or none to take it back."""
        partner, given = query.get("partner", ""), query.get("people", "")
        if partner not in self._partners():
            raise server.RequestRejected(unknown("partner", partner, self._partners()))
        self._check_read()
        people: int | None = None
        if given != NONE:
            people = _people(int(given) if given.isascii() and given.isdecimal() else given)
        who = asked_by(query)
        if people is None:
            self._pledges.withdraw(partner)
            self._tell(who, "pledge taken back", partner, "")
        else:
            self._give(partner, people, self._clock(), who)
        written = await self._pledges.entries.written()
        return {"partner": partner, "people": people, "note": "" if written else NOT_WRITTEN}

    async def answered(self, partner: str, headers: Mapping[str, str], body: str) -> server.Answer:
        """What a partner has sent.  It may send the same again; one that is older does not count.

        Raises `NotSigned`, `RequestRejected` or `NotNow`.
        """
        contact = self._call_outs.settings.contacts.get(partner)
        if contact is None or not self._signed(contact, headers, body):
            log.event(logger, logging.WARNING, "an answer that no partner has signed is refused")
            raise server.NotSigned(NOT_SIGNED)
        if refusal := self._refusal():
            raise server.NotNow(refusal)
        self._check_read()
        people, given_at = _people_in(body), float(headers["webhook-timestamp"])
        pledge = self._pledges.today(partner)
        if pledge is not None and pledge.given_at > given_at:
            raise server.RequestRejected("a later answer stands")
        if pledge is None or (pledge.people, pledge.given_at) != (people, given_at):
            self._give(partner, people, given_at, BY_WEBHOOK)
        if not await self._pledges.entries.written():
            raise server.NotNow("the store is down: send it again")
        return {"partner": partner, "people": people, "asked": self.asked(partner)}

    def _signed(self, contact: Contact, headers: Mapping[str, str], body: str) -> bool:
        if contact.secret_file is None:
            return False
        try:
            secret = read_secret(contact.secret_file, contact.secret_variable, token=True)
            return is_signed(secret, headers, body, self._clock())
        except (ConfigError, ValueError) as error:
            what = "a partner's answers cannot be checked"
            why = str(error)
            if not isinstance(error, ConfigError):
                why = f"{contact.secret_file}: {error}"
            log.event(logger, logging.ERROR, what, why=why)
            raise server.NotNow("answers cannot be checked now") from None

    def _give(self, partner: str, people: int, given_at: float, by: str) -> None:
        asked = self.asked(partner)
        self._pledges.give(partner, people, asked, given_at, by)
        of = f", asked for {asked}" if asked else ""
        self._tell(by, "people pledged", partner, f"{people} today{of}")

    def _tell(self, who: str, what: str, partner: str, detail: str) -> None:
        log.event(logger, logging.INFO, what, partner=partner, detail=detail, who=who)
        self._audit_log.audit(who, what, partner, detail)

    def _check_read(self) -> None:
        if not self._call_outs.complete:
            raise server.NotNow("what is stored of partners could not be read yet")


def _people_in(body: str) -> int:
    """The people in {"people": 12}, or in the same as `data` of an event."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise server.RequestRejected(EXPECTED) from None
    if isinstance(found, dict) and isinstance(found.get("data"), dict):
        found = found["data"]
    return _people(found.get("people") if isinstance(found, dict) else None)


def _people(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= MOST_PEOPLE:
        raise server.RequestRejected(EXPECTED)
    return given

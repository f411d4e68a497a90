"""Files what callers have keyed in as tickets, through the outbox.

A caller hears of a ticket when it is in the store: from then on it survives whatever happens.  It
is there sealed, until it is delivered.  The caller then gets the case code in a message as well, if
there is one (`intake_code` in outbox.yaml) and the number can get it.

What the outbox does not take is never delivered.  What it has taken, and is not known to be stored
in time, may be: it is not taken back, for it may be on its way already, or in the store without our
knowing.  The answer says so (`unsure`).
"""

import hmac
import json
import logging
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ivrd import log
from ivrd.config.intake import CODE, TICKET
from ivrd.config.outbox_settings import OutboxSettings
from ivrd.core.call import Call
from ivrd.core.case_code import long_case_code
from ivrd.core.inputs import TicketAnswer
from ivrd.core.intake import FileTicket, IntakeCommand
from ivrd.core.ledger import Ledger
from ivrd.outbox.channels import international, reaches
from ivrd.outbox.message import Message

logger = logging.getLogger("ivrd")

NOT_FILED, UNSURE = TicketAnswer(""), TicketAnswer("", unsure=True)


class Outgoing(Protocol):
    """Takes messages; see outbox/outbox.py."""

    complete: bool  # what was put in before is known

    @property
    def readable(self) -> bool:
        """Whether what is put in can be stored now."""

    def post(self, message: Message, about: str, recipient: str, *, once: bool) -> None:
        """Have a message sent, if there is room.

        once: another one about the same is the same one, also of an ivrd that knows of none.
        """

    def holds(self, use: str, about: str) -> bool:
        """Whether the message of this name about this was put in: another one would not be."""

    async def written(self) -> bool:
        """Whether all that was put in is in the store; ends within seconds."""


class People(Protocol):
    """Who a caller is; see people/registry.py."""

    def is_shared(self, person_id: str) -> bool:
        """Whether many people use the number."""


class IntakeListener(Protocol):
    """Counts how far callers get; see progress.py."""

    def notify(self, call_id: str, command: IntakeCommand) -> None:
        """A caller is at another step, has left, or has said yes to a red flag."""

    def filing(self, call_id: str) -> None:
        """A whole ticket is about to be filed."""

    def filed(self, call_id: str, *, stored: bool) -> None:
        """A whole ticket is filed, or could not be."""


@dataclass(frozen=True)
class TicketSettings:
    """What tickets need of the configuration; replaced as a whole on a reload."""

    outbox: OutboxSettings
    hotline: str
    country: str
    languages: tuple[str, ...]


class Tickets:
    """See `calls.intake.Intake`.

    `number(call_id)`: whose call it is, as Asterisk has it.  `wall()`: the wall clock.
    """

    def __init__(
        self,
        settings: TicketSettings,
        ledger: Ledger,
        outbox: Outgoing,
        number: Callable[[str], str],
        people: People,
        listener: IntakeListener,
        wall: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._ledger = ledger
        self._outbox = outbox
        self._number = number
        self._people = people
        self._listener = listener
        self._wall = wall
        self._key = secrets.token_bytes(32)  # of this process alone; see `_about`

    def offered(self, call_id: str) -> bool:
        """See `Intake`: while a ticket is configured, and could be stored.

        There is one for each call, and one code.  Who has registered, and wants to change it or to
        register somebody else, would hear the same one again: that is for a person.
        """
        if call_id not in self._ledger.calls or TICKET not in self.settings.outbox.messages:
            return False
        known = self._outbox.readable and self._outbox.complete
        return known and not self._outbox.holds(TICKET, call_id)

    def notify(self, call_id: str, command: IntakeCommand) -> None:
        """See `Intake`."""
        self._listener.notify(call_id, command)

    def file(self, call_id: str, ticket: FileTicket) -> Coroutine[Any, Any, TicketAnswer]:
        """See `Intake`."""
        call = self._ledger.calls.get(call_id)
        number = international(self._number(call_id), self.settings.country)
        if call is None or TICKET not in self.settings.outbox.messages:
            return self._filed(call, number, "", ticket.whole)
        return self._filed(call, number, self._post(call, number, ticket), ticket.whole)

    async def find(self, call_id: str) -> TicketAnswer:
        """See `Intake`."""
        call = self._ledger.calls.get(call_id)
        if call is None or not self._outbox.holds(TICKET, call_id):
            return NOT_FILED if self._outbox.complete else UNSURE
        number = international(self._number(call_id), self.settings.country)
        self._listener.filing(call_id)
        return await self._filed(call, number, call_id, whole=True)

    async def _filed(self, call: Call | None, number: str, about: str, whole: bool) -> TicketAnswer:
        """Wait until what was put in is stored (about: what it is about; empty: nothing was)."""
        taken = bool(about) and self._outbox.holds(TICKET, about)
        stored = False
        try:
            stored = taken and await self._outbox.written()
        finally:
            if call is not None and whole:
                self._listener.filed(call.id, stored=stored)
        if call is None or not stored:
            what = "ticket not stored in time; it may be yet" if taken else "ticket not filed"
            log.event(logger, logging.WARNING, what, call=call.id if call else "")
            return UNSURE if taken else NOT_FILED
        log.event(logger, logging.INFO, "ticket filed", call=call.id, whole=whole)
        code = long_case_code(call.id)
        by_text = whole and self._send_code(call, number, code)
        return TicketAnswer(code, by_text)

    def _post(self, call: Call, number: str, ticket: FileTicket) -> str:
        """Put it in; what it is about."""
        if ticket.whole:
            self._listener.filing(call.id)
        answers = ticket.answers
        data = {
            "case": long_case_code(call.id),
            "whole": "yes" if ticket.whole else "no",
            "citizen_number": answers.citizen_number,
            "tested_on": answers.tested_on.isoformat() if answers.tested_on else "",
            "flags": ",".join(answers.flags),
            "topic": ticket.topic,
            "language": call.language,
        }
        about = call.id if ticket.whole else self._about(call.id, data)
        text = self._text(TICKET, call)
        message = Message(TICKET, number, text, self._wall(), data)
        self._outbox.post(message, about, call.caller or call.id, once=not ticket.whole)
        return about

    def _about(self, call_id: str, data: Mapping[str, str]) -> str:
        """What a ticket that is not whole is about.

        Other answers are another ticket; the same again, after an interruption, is the same one.
        The key keeps anybody from finding the answers by trying all of them.  Another process has
        another one: it does not know what was given before.
        """
        given = json.dumps(data, sort_keys=True).encode()
        return f"{call_id}/{hmac.digest(self._key, given, 'sha256').hex()}"

    def _send_code(self, call: Call, number: str, code: str) -> bool:
        """Send the caller the case code; whether that can be."""
        of = self.settings.outbox.messages.get(CODE)
        if of is None or not number or self._people.is_shared(call.caller):
            return False
        if not reaches(self.settings.outbox.channels[of.channel], number):
            return False
        message = Message(CODE, number, self._text(CODE, call), self._wall(), {"case": code})
        self._outbox.post(message, call.id, call.caller, once=True)
        return True

    def _text(self, use: str, call: Call) -> str:
        places = {"hotline": self.settings.hotline, "case": long_case_code(call.id)}
        language = call.language or self.settings.languages[0]
        return self.settings.outbox.messages[use].words(language, places)

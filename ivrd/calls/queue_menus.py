"""The menu that waiting callers can open: who may, how they are taken out of the line, and back.

The key's event takes the caller out of Asterisk's line with QueueWithdrawCaller, which takes nobody
for whom a phone is ringing, unless that does not answer.  From there on the caller is a call in a
menu like any other (ivr.py, core/queue_menu.py), under the lease, and waits all the same.

The turn of one who is in the menu comes when a seat is free and nobody who is served before waits
for it.  Recheck sees most of that at once (recheck.py); whatever else frees a seat, or brings
somebody to the head of those who wait, is looked at each second.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from panoramisk.message import Message

from ivrd.asterisk.ami_action import BadValue, ConnectionLost, mark_retrieved
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.queue_members import QueueMembers
from ivrd.calls.booking import Booking
from ivrd.calls.cases import Cases
from ivrd.calls.intake import Intake
from ivrd.calls.ivr import IvrSettings
from ivrd.calls.links import Links
from ivrd.calls.recheck import Recheck, look
from ivrd.core.call import Call, CallState
from ivrd.core.call_notices import Notice
from ivrd.core.ledger import Ledger
from ivrd.core.queue_menu import Waits
from ivrd.core.requeue import position_of
from ivrd.core.turns import turns


class Menus(Protocol):
    """Who is spoken to; see ivr.py."""

    settings: IvrSettings
    active: bool
    draining: bool

    @property
    def overloaded(self) -> bool:
        """Whether nobody is taken into a menu now."""

    def channel(self, call_id: str) -> str:
        """The channel of a call; empty for a stranger."""

    def give_way(self, call_id: str) -> None:
        """Bring a caller out of the menu to the queue."""


@dataclass
class QueueMenus:
    """Callers who open the menu while they wait, and those who are in it.

    `menus()`: who is spoken to; `recheck()`: who knows for which calls a phone is ringing.
    """

    link: AmiClient
    ledger: Ledger
    queue_members: QueueMembers
    booking: Booking
    links: Links
    intake: Intake
    cases: Cases
    menus: Callable[[], Menus]
    recheck: Callable[[], Recheck]
    _opening: set[str] = field(default_factory=set)  # asked for, and not there yet

    # --- opening ---------------------------------------------------------------------------

    def pressed(self, call_id: str, digit: str) -> bool:
        """A caller to whom nobody speaks pressed a key: whether it is one that opens the menu."""
        call = self.ledger.calls.get(call_id)
        waits = call is not None and call.state is CallState.QUEUE
        menus = self.menus()
        opens = digit == menus.settings.conversation.tree.queue_menu_key
        if call is None or not waits or not opens or call_id in self._opening:
            return False
        if menus.active and not menus.draining and not menus.overloaded:
            self._withdraw(call)
        return True

    def _withdraw(self, call: Call) -> None:
        """Have Asterisk take the call out of the line, and look for that at once."""
        channel = self.menus().channel(call.id)
        if not channel:
            return
        try:
            answer = self.link.tell("QueueWithdrawCaller", Queue=call.queue, Caller=channel)
        except (ConnectionLost, BadValue):
            return
        self._opening.add(call.id)
        answer.add_done_callback(mark_retrieved)
        answer.add_done_callback(lambda done: self._refused(call.id, done))
        look(self.link, channel)

    def _refused(self, call_id: str, done: "asyncio.Future[Message]") -> None:
        """Whoever was not taken out may try again."""
        failed = done.cancelled() or done.exception() is not None
        if failed or done.result().response == "Error":
            self._opening.discard(call_id)

    def notice(self, notice: Notice) -> None:
        """A call has joined a queue, was answered or has ended."""
        self._opening.discard(notice.call.id)

    def opened(self, call_id: str) -> None:
        """The caller is out of Asterisk's line; it may be the caller's turn."""
        self._opening.discard(call_id)

    def restart(self) -> None:
        """What was asked for before the connection was lost is not known."""
        self._opening.clear()

    # --- while it is open ------------------------------------------------------------------

    def waits(self, call_id: str) -> Waits | None:
        """The wait of a caller who is in the menu; None for all others."""
        call = self.ledger.calls.get(call_id)
        if call is None or call.state is not CallState.QUEUE_MENU:
            return None
        tree, present = self.menus().settings.conversation.tree, self.ledger.present
        language = call.language if call.language in tree.languages else tree.languages[0]
        queue = tree.routing.served(call.queue, call.topic, language)
        in_line = position_of(call, present.line(queue))
        return Waits(
            queue=queue,
            topic=call.topic,
            language=language,
            place=in_line + position_of(call, present.in_menus(queue)) - 1,
            callback=self.booking.offered(call_id),
            link=self.links.offered(call_id),
            intake=call.topic in tree.intake_topics and self.intake.offered(call_id),
            case=call.topic in tree.case_topics and not self.cases.paused,
        )

    # --- the turn --------------------------------------------------------------------------

    def reconcile(self) -> None:
        """Whoever's turn it is leaves the menu."""
        here = set(self.ledger.present.queues_of_menus())
        if not here or not self.menus().active:
            return
        free = (queues for queues in self.queue_members.free() if not here.isdisjoint(queues))
        for call_id in turns(free, self.ledger.present.waiting, self.recheck().rung()):
            call = self.ledger.calls.get(call_id)
            if call is not None and call.state is CallState.QUEUE_MENU:
                self.menus().give_way(call_id)

"""One call as menus need it: its channel, its keys, and where the caller is."""

from dataclasses import dataclass, field

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.async_agi import Session
from ivrd.asterisk.conversation import Conversation
from ivrd.core import dialogue
from ivrd.core.callback_menu import OfferVisit
from ivrd.core.case_menu import CaseVisit
from ivrd.core.commands import AddNote
from ivrd.core.dtmf import DtmfDecoder
from ivrd.core.intake_visit import IntakeVisit
from ivrd.core.link_menu import LinkVisit
from ivrd.core.menu import Visit
from ivrd.core.queue_menu import QueueVisit
from ivrd.core.situation import AnyVisit

KEYS_KEPT = 64  # of each call; more than anybody presses in the seconds that count


@dataclass(frozen=True)
class MenuPosition:
    """Where a caller is in the menu.

    `key_at`: when the last key was pressed that led there, on Asterisk's clock; 0 for none.
    """

    visit: AnyVisit
    key_at: float = 0.0


@dataclass
class MenuCall:
    """A caller's channel and, while ivrd controls it, session and conversation.

    `number`: which one of ours was dialled; empty when that is not known.

    `offered`: Asterisk waits for commands.  `keys`: the last ones received, each with when it was
    pressed; `key_at`: when the last one was, also if only an earlier ivrd has received it.
    `again`: its session is about to end, and the next goes on where it was.  `notes`: what the
    phone of whoever takes the call is to show.
    """

    channel: str
    number: str
    key_at: float = 0.0
    offered: bool = False
    again: bool = False
    session: Session | None = None
    conversation: Conversation | None = None
    position: MenuPosition | None = None
    keys: list[tuple[float, str]] = field(default_factory=list, repr=False)
    dtmf: DtmfDecoder = field(default_factory=DtmfDecoder)
    notes: list[AddNote] = field(default_factory=list, repr=False)

    def add_note(self, note: AddNote) -> None:
        """Have one thing more shown."""
        if self.session is not None and note not in self.notes:
            self.notes.append(note)
            whole = "; ".join(of.text for of in self.notes)
            in_clear = "; ".join(of.in_clear or of.text for of in self.notes)
            self.session.set_variables(
                {dialplan_names.NOTE: in_clear, dialplan_names.WHOLE_NOTE: whole}
            )

    def add_key(self, digit: str, at: float) -> None:
        """Remember a key."""
        self.key_at = at
        self.keys = [*self.keys, (at, digit)][-KEYS_KEPT:]

    def unhandled_keys(self) -> list[str]:
        """The keys that were pressed after those that led to where the caller is.

        None of who keys in a number, or registers: the question is asked again, and they were for
        another.

        When that is not known, they are all that were pressed in this session: the ivrd that
        spoke to the caller before died before it could write the position down.
        """
        if self.position is not None and dialogue.is_asked_anew(self.position.visit):
            return []
        since = self.position.key_at if self.position else float("-inf")
        return [digit for at, digit in self.keys if at > since]

    def reset(self) -> None:
        """What was received belongs to a session that is over."""
        self.offered = False
        if not self.again:
            self.position, self.keys = None, []

    def context(self) -> str:
        """Where in the dialplan a session of this kind is offered."""
        visit = self.conversation.visit if self.conversation else None
        waits = visit is not None and is_waiting(visit)
        return dialplan_names.QUEUE_MENU_CONTEXT if waits else dialplan_names.HOTLINE_CONTEXT


def is_challenged(visit: AnyVisit | None) -> bool:
    """Whether the caller is asked for a key before anything else."""
    return isinstance(visit, Visit) and visit.challenged


def is_waiting(visit: AnyVisit) -> bool:
    """Whether it is one of a caller who waits."""
    if isinstance(visit, OfferVisit | LinkVisit | IntakeVisit | CaseVisit):
        return visit.waits
    return isinstance(visit, QueueVisit)

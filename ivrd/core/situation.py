"""Where a caller can be who is spoken to, and what matters there beside keys."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ivrd.core.callback_menu import OfferVisit
from ivrd.core.case_menu import CaseVisit
from ivrd.core.commands import Command
from ivrd.core.intake_visit import IntakeVisit
from ivrd.core.link_menu import LinkVisit
from ivrd.core.menu import Visit
from ivrd.core.queue_menu import QueueVisit, Waits
from ivrd.core.slots import Slot

AnyVisit = Visit | OfferVisit | QueueVisit | LinkVisit | IntakeVisit | CaseVisit
Result = tuple[AnyVisit, tuple[Command, ...]]


@dataclass(frozen=True)
class Situation:
    """What matters now beside keys: the queues that are closed, and the wait of one who waits.

    `offers(queue)`: whether a call back is offered instead of the wait there; `slots()`: the time
    slots for one; `flooded()`: whether there are too many calls.  `link`: whether a link can be
    sent to the caller; `intake`: whether the caller can register by keys.  `day()`: where the
    hotline is.  `staffed(queue)`: whether somebody is there for its callers.  `callback()`: whether
    the caller can be called back.
    """

    closed: frozenset[str]
    waits: Waits | None
    offers: Callable[[str], bool]
    slots: Callable[[], tuple[Slot, ...]]
    flooded: Callable[[], bool]
    link: bool
    intake: bool
    day: Callable[[], date]
    staffed: Callable[[str], bool]
    callback: Callable[[], bool]

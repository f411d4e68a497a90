"""What callers are offered who ask for a person, while a crisis plan is on."""

from enum import StrEnum


class MenuMode(StrEnum):
    """FULL: nothing else than ever.  LINKS_FIRST: a link.  CALLBACK_ONLY: a call back.

    In each of them a key leads on to a person, and who is at risk is offered nothing before.
    """

    FULL = "full"
    LINKS_FIRST = "links_first"
    CALLBACK_ONLY = "callback_only"

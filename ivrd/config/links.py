"""`links:` of ivrd.yaml: when callers are no longer sent a link instead of waiting.

Whether they are at all is said by outbox.yaml: by its message `link`.
"""

from typing import Annotated

from ivrd.config.effect import RELOAD
from ivrd.config.field_types import number
from ivrd.config.model import Part
from ivrd.core.deflection import Rules

MESSAGE = "link"  # in outbox.yaml
MINUTE = 60.0


class LinksPart(Part):
    """`links:` core/deflection.py has what is done with it."""

    regret_percent: Annotated[float, number(1, 100), RELOAD] = 40
    pause_minutes: Annotated[float, number(1, 1440), RELOAD] = 60


def rules(part: LinksPart) -> Rules:
    """The settings, as a ratio and in seconds."""
    return Rules(part.regret_percent / 100, part.pause_minutes * MINUTE)

"""`waiting:` in ivrd.yaml: what callers are told who wait."""

from typing import Annotated

from ivrd.config.effect import RELOAD
from ivrd.config.field_types import TRUTH, number
from ivrd.config.model import Part
from ivrd.config.settings import WaitingSettings


class WaitingPart(Part):
    """`waiting:` whether the expected wait is said, and what of it."""

    say_expected: Annotated[bool, TRUTH, RELOAD] = True
    trusted_percent: Annotated[float, number(1, 99), RELOAD] = 65


def waiting(part: WaitingPart) -> WaitingSettings:
    """The settings, with a ratio for percents."""
    return WaitingSettings(part.say_expected, part.trusted_percent / 100)

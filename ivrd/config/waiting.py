"""`waiting:` of ivrd.yaml: what callers hear and can do while they wait for a person."""

from typing import Annotated

from ivrd.config.effect import RELOAD
from ivrd.config.field_types import TRUTH, number, pattern, whole
from ivrd.config.model import Part
from ivrd.config.settings import WaitingSettings

KEY_IN_WORDS = "9"  # the key that the words that ivrd brings along tell
KEY = pattern("a key from 0 to 9, * or #, or nothing", "[0-9*#]?")


class WaitingPart(Part):
    """`waiting:` whether the expected wait is said, and what of it; the key that opens a menu
    meanwhile (empty: none), and how often it is told."""

    say_expected: Annotated[bool, TRUTH, RELOAD] = True
    trusted_percent: Annotated[float, number(1, 99), RELOAD] = 65
    menu_key: Annotated[str, KEY, RELOAD] = ""
    menu_key_seconds: Annotated[int, whole(20, 600), RELOAD] = 60


def waiting(part: WaitingPart) -> WaitingSettings:
    """The settings, with a ratio for percents."""
    return WaitingSettings(part.say_expected, part.trusted_percent / 100)

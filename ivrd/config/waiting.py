"""`waiting:` of ivrd.yaml: what callers hear and can do while they wait for a person."""

from typing import Annotated

from ivrd.config.effect import RELOAD
from ivrd.config.field_types import choice, whole
from ivrd.config.model import Part

KEY_IN_WORDS = "9"  # the key that the words that ivrd brings along tell


class WaitingPart(Part):
    """`waiting:` the key that opens a menu meanwhile (empty: none), and how often it is told."""

    menu_key: Annotated[str, choice("", *"0123456789*#"), RELOAD] = ""
    menu_key_seconds: Annotated[int, whole(20, 600), RELOAD] = 60

"""`intake:` of menus.yaml: what callers are asked who register by keys.

A key leads there (`intake: TOPIC`), and the ticket leaves as the message `intake` of outbox.yaml.
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field
from stdnum.th import pin

from ivrd.config.effect import RELOAD
from ivrd.config.field_types import NAME, PROMPT, TRUTH, pattern, whole
from ivrd.config.model import Part
from ivrd.config.yamlfile import Key
from ivrd.core.intake import Flag, Form

TICKET = "intake"  # in outbox.yaml: what has all that was keyed in
CODE = "intake_code"  # and the case code, for the caller
NOTE = pattern(
    "at most 40 letters, digits, spaces and - of ASCII, for agents' phones",
    "[A-Za-z0-9][A-Za-z0-9 -]{0,39}",
)


class FlagPart(Part):
    """A question that is answered with yes or no."""

    ask: Annotated[str, PROMPT, RELOAD]
    said: Annotated[str, PROMPT, RELOAD]
    note: Annotated[str, NOTE, RELOAD]
    red: Annotated[bool, TRUTH, RELOAD] = False


class IntakePart(Part):
    """`intake:` core/intake_menu.py has the conversation."""

    year_after_days: Annotated[int, whole(1, 364), RELOAD] = 60
    flags: Annotated[dict[Annotated[str, NAME], FlagPart], RELOAD] = Field(default_factory=dict)


def form(part: IntakePart) -> Form:
    """What is asked for."""
    flags = tuple(Flag(name, of.ask, of.said, of.note, of.red) for name, of in part.flags.items())
    return Form(flags, part.year_after_days, pin.is_valid)


def prompts(part: IntakePart) -> Iterator[tuple[Key, str]]:
    """Each (place, prompt)."""
    for name, flag in part.flags.items():
        yield ("intake", "flags", name, "ask"), flag.ask
        yield ("intake", "flags", name, "said"), flag.said

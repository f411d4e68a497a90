"""`call_out` in partners.yaml: how partners are told that their people are needed, and answer.

There is one for all partners, with when and what they are told, and one in each that is told.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ivrd.config.control_socket import located
from ivrd.config.effect import RELOAD
from ivrd.config.field_types import LANGUAGE, NAME, PATH, number, text, whole
from ivrd.config.model import Part
from ivrd.config.outbox import OutboxFile
from ivrd.config.outbox_settings import MessageSettings
from ivrd.config.outbox_template import Template, template
from ivrd.config.problem import unknown
from ivrd.core.call_out import CallOutPolicy

MINUTE = 60.0
SECRET_VARIABLE = "IVRD_PARTNER_{}_SECRET"  # stands in for a partner's secret_file
PLACES: Mapping[str, tuple[str, ...]] = {
    "text": ("hotline", "partner", "people", "from", "until"),
    "over_text": ("hotline", "partner"),
}
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
LINE_ID = re.compile(r"[UCR][0-9a-f]{32}")

Texts = dict[Annotated[str, LANGUAGE], Annotated[str, template(670, PLACES)]]


class CallOutPart(Part):
    """For all partners."""

    sure_minutes: Annotated[float, number(0, 60), RELOAD] = 5
    for_minutes: Annotated[int, whole(10, 1440), RELOAD] = 120
    over_minutes: Annotated[int, whole(1, 240), RELOAD] = 20
    spare_ratio: Annotated[float, number(0, 1), RELOAD] = 0.2
    text: Annotated[Texts, RELOAD] = Field(default_factory=dict)
    over_text: Annotated[Texts, RELOAD] = Field(default_factory=dict)


class ContactPart(Part):
    """How one partner is told; without a channel it is not."""

    channel: Annotated[str, NAME, RELOAD] = ""
    to: Annotated[str, text(64), RELOAD] = ""
    lead_minutes: Annotated[int, whole(0, 240), RELOAD] = 15
    secret_file: Annotated[str, PATH, RELOAD] = ""


@dataclass(frozen=True)
class Contact:
    """A partner that is called out, under this name, and what it is told.

    lead_seconds: that its people need to be there.  secret_file: by which it signs its answers;
    None when it does not answer so.  `secret_variable` in the environment stands in for the file.
    """

    name: str
    to: str
    lead_seconds: float
    ask: MessageSettings
    over: MessageSettings
    secret_file: Path | None
    secret_variable: str


@dataclass(frozen=True)
class CallOutSettings:
    """When partners are called out, and who is, by the partner's id."""

    policy: CallOutPolicy
    contacts: Mapping[str, Contact]


Wrong = Iterator[tuple[tuple[str, ...], str]]  # keys below `call_out`, and what is wrong there


def check(part: CallOutPart) -> Wrong:
    """What is wrong with what is for all partners."""
    for key, places in PLACES.items():
        for language, words in getattr(part, key).items():
            if strange := Template(words).names - {*places}:
                yield (key, language), unknown("place", sorted(strange)[0], places)


def check_contact(
    part: ContactPart, language: str, of_all: CallOutPart, outbox: OutboxFile
) -> Wrong:
    """What is wrong with one partner's, which is told in `language`."""
    if not part.channel:
        if part != ContactPart():
            yield (), "channel: missing; expected one of outbox.yaml, else the partner is not told"
        return
    kinds = {
        name: kind
        for kind in ("webhooks", "sms", "line", "files")
        for name in getattr(outbox, kind)
    }
    if part.channel not in kinds:
        yield ("channel",), unknown("channel of outbox.yaml", part.channel, sorted(kinds))
        return
    if expected := _wrong_address(kinds[part.channel], part.to):
        yield ("to",), f"expected {expected}, got {part.to or 'nothing'}"
    for key in PLACES:
        if language not in getattr(of_all, key):
            yield (), f"call_out.{key} has no {language}, in which this partner is told"


def _wrong_address(kind: str, to: str) -> str:
    """What was expected in place of `to`; empty when that is right."""
    match kind:
        case "sms":
            return "" if NUMBER.fullmatch(to) else "a number such as +66812345678"
        case "line":
            right = NUMBER.fullmatch(to) or LINE_ID.fullmatch(to)
            return "" if right else "the id of a LINE user, group or room, or +66812345678"
        case "webhooks":
            return "nothing, as a webhook has its address in outbox.yaml" if to else ""
        case _:
            return ""


def contact(
    name: str, shown: str, language: str, part: ContactPart, of_all: CallOutPart, folder: Path
) -> Contact | None:
    """How the partner `name`, which people call `shown`, is told; None when it is not."""
    if not part.channel:
        return None

    def message(texts: Mapping[str, str]) -> MessageSettings:
        words = {language: Template(texts[language])}
        return MessageSettings(part.channel, of_all.for_minutes * MINUTE, words)

    return Contact(
        shown,
        part.to,
        part.lead_minutes * MINUTE,
        message(of_all.text),
        message(of_all.over_text),
        located(folder, part.secret_file) if part.secret_file else None,
        SECRET_VARIABLE.format(name.upper().replace("-", "_")),
    )


def policy(part: CallOutPart) -> CallOutPolicy:
    """When partners are told."""
    return CallOutPolicy(
        part.sure_minutes * MINUTE,
        part.for_minutes * MINUTE,
        part.over_minutes * MINUTE,
        part.spare_ratio,
    )

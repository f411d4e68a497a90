"""The channels that the configuration has."""

import time
from collections.abc import Mapping
from functools import partial
from typing import assert_never

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ivrd.config.outbox_settings import (
    ChannelSettings,
    FileSettings,
    LineSettings,
    SmsSettings,
    WebhookSettings,
)
from ivrd.outbox.channel import Channel
from ivrd.outbox.file import LogFile
from ivrd.outbox.line import Line
from ivrd.outbox.sms import Sms
from ivrd.outbox.webhook import Webhook

MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def channels(settings: Mapping[str, ChannelSettings], country: str) -> dict[str, Channel]:
    """Each by its name.  `country`: whose numbers are at home."""
    return {name: _channel(of, country) for name, of in settings.items()}


def _channel(of: ChannelSettings, country: str) -> Channel:
    match of:
        case WebhookSettings():
            return Webhook(of, time.time)
        case SmsSettings():
            return Sms(of, partial(national, home=country))
        case LineSettings():
            return Line(of)
        case FileSettings(path):
            return LogFile(path)
        case _:
            assert_never(of)


def reaches(settings: ChannelSettings, number: str) -> bool:
    """Whether what leaves through a channel can be read at a number (E.164)."""
    if not isinstance(settings, SmsSettings | LineSettings):
        return True
    return phonenumbers.number_type(phonenumbers.parse(number)) in MOBILE


def international(number: str, home: str) -> str:
    """A number as E.164, by the country of who calls without one; empty for none."""
    try:
        parsed = phonenumbers.parse(number, home)
    except phonenumbers.NumberParseException:
        return ""
    valid = phonenumbers.is_valid_number(parsed)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164) if valid else ""


def national(number: str, home: str) -> str:
    """A number (E.164) as it is dialled at home; as it is, when it is of another country."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    if phonenumbers.region_code_for_number(parsed) != home:
        return number
    text = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    return "".join(one for one in text if one.isdecimal())

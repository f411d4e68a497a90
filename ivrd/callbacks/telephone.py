"""Which numbers the hotline dials, and how: those of some countries and kinds, never a premium one.

What a caller keys in is a number as it is dialled at home, in the hotline's country.
"""

from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ivrd.config.callback import CallbackSettings
from ivrd.config.routes import TRUNK
from ivrd.core.book_result import BookResult

# A number that may be of either kind is one of each.
KINDS: dict[int, tuple[str, ...]] = {
    PhoneNumberType.FIXED_LINE: ("fixed_line",),
    PhoneNumberType.MOBILE: ("mobile",),
    PhoneNumberType.FIXED_LINE_OR_MOBILE: ("fixed_line", "mobile"),
    PhoneNumberType.VOIP: ("voip",),
    PhoneNumberType.TOLL_FREE: ("toll_free",),
    PhoneNumberType.SHARED_COST: ("shared_cost",),
    PhoneNumberType.UAN: ("uan",),
}


class NotDialled(Exception):
    """The hotline does not dial a number; `result` says why.  It names no number."""

    def __init__(self, result: BookResult) -> None:
        super().__init__(result)
        self.result = result


@dataclass(frozen=True)
class Dialable:
    """`home`: whose numbers are given without a country; the others say what is dialled.

    `prefixes`: how a number with its country begins; empty: as it likes.
    """

    home: str
    countries: tuple[str, ...]
    kinds: tuple[str, ...]
    prefixes: tuple[str, ...]

    def international(self, number: str) -> str:
        """The number with its country (E.164).  Raises `NotDialled`."""
        try:
            parsed = phonenumbers.parse(number, self.home)
        except phonenumbers.NumberParseException:
            raise NotDialled(BookResult.NO_NUMBER) from None
        if not phonenumbers.is_valid_number(parsed):
            raise NotDialled(BookResult.NO_NUMBER)
        kinds = KINDS.get(phonenumbers.number_type(parsed), ())
        country = phonenumbers.region_code_for_number(parsed)
        if country not in self.countries or not set(kinds) & set(self.kinds):
            raise NotDialled(BookResult.NOT_ALLOWED)
        found = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
        if self.prefixes and not found.startswith(self.prefixes):
            raise NotDialled(BookResult.NOT_ALLOWED)
        return found


def dialable(settings: CallbackSettings, home: str, number: str) -> bool:
    """Whether the hotline dials a number that has its country."""
    try:
        Dialable(home, settings.countries, settings.kinds, settings.prefixes).international(number)
    except NotDialled:
        return False
    return True


def destination(settings: CallbackSettings, home: str, number: str, calls: str) -> str:
    """Where such a call goes: the number as the first carrier gets it that takes it, @ its trunk.

    `calls`: callbacks or agents (ivrd/config/routes.py).
    """
    kinds = {*KINDS.get(phonenumbers.number_type(phonenumbers.parse(number)), ())}
    for one in settings.routes:
        of_kind = not one.kinds or kinds & {*one.kinds}
        begins = not one.prefixes or number.startswith(one.prefixes)
        if of_kind and begins and calls in one.calls:
            national = settings.national if one.national is None else one.national
            return f"{dialled(number, home, national)}@{one.trunk}"
    return f"{dialled(number, home, settings.national)}@{TRUNK}"


def dialled(number: str, home: str, national: bool) -> str:
    """How the carrier gets a number that has its country: as it is, or as it is dialled at home."""
    parsed = phonenumbers.parse(number)
    if not national:
        return number
    if phonenumbers.region_code_for_number(parsed) != home:
        return "00" + number.removeprefix("+")
    text = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    return "".join(one for one in text if one.isdecimal())

"""The hotline's numbers as networks spell them.

One number reaches us as `1200`, `+661200`, `661200` or `00661200`, whatever its carrier thinks
best.  Spaces, dots, dashes and brackets (RFC 3966's visual separators) are taken away before it is
compared, here and in the dialplan.
"""

import re

SEPARATORS = re.compile(r"[ .()-]")
FORM = re.compile(r"\+?[0-9]{2,15}")
INTERNATIONAL = "00"
SHORT = 6  # digits; a longer national number is dialled with the country's trunk prefix


def canonical(text: str) -> str | None:
    """A number without its separators; None for what is none."""
    digits = SEPARATORS.sub("", text)
    return digits if FORM.fullmatch(digits) else None


def spellings(number: str, country: str) -> tuple[str, ...]:
    """Every spelling of a `canonical` number at home in `country` (two letters), itself first.

    A number that begins with + is an international one (E.164), any other a national one.
    """
    from phonenumbers import country_code_for_region, ndd_prefix_for_region

    code = str(country_code_for_region(country))
    trunk = ndd_prefix_for_region(country, True) or ""
    digits = number.removeprefix("+")
    if number.startswith("+") and not digits.startswith(code):
        return (number, digits, INTERNATIONAL + digits)
    if number.startswith("+"):
        national = digits.removeprefix(code)
    elif trunk and len(digits) > SHORT:
        national = digits.removeprefix(trunk)
    else:
        national = digits
    whole = code + national
    at_home = national if len(national) <= SHORT else trunk + national
    after_trunk = [f"+{code}{trunk}{national}"] if trunk else []  # as in +66 (0) 2…
    found = (number, at_home, f"+{whole}", whole, INTERNATIONAL + whole, *after_trunk)
    return tuple(dict.fromkeys(found))

"""What a single value may be.  Each `FieldType` says so in words, and reads the value.

They are used in the models as `Annotated[int, whole(1, 500)]`.  A value is turned at once into
what the program works with: a time zone, an address, minutes.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any
from unicodedata import category
from zoneinfo import ZoneInfo

from ivrd.config.dialled import canonical
from ivrd.config.problem import one_of, quoted
from ivrd.core.numbers import LANGUAGES
from ivrd.core.schedule import MINUTES_A_DAY, Span

if TYPE_CHECKING:  # pydantic is imported where it calls: commands that read one key do without it
    from pydantic_core import CoreSchema

WRITTEN = ("th", "en")  # languages whose texts stand beside one another in every file
FURTHER = tuple(language for language in LANGUAGES if language not in WRITTEN)  # languages.py
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SIP_PORT = 5060
DNS_PORT = 53
ALL = "all"
# The name of a SIP header: a token of RFC 3261.  One letter is the short form of a header.
TOKEN = r"[A-Za-z0-9.!%*_+`'~-]{2,64}"
# Those that SIP itself puts into a call.
SIP_HEADERS = {
    *("allow", "call-id", "contact", "content-length", "content-type", "cseq", "from"),
    *("max-forwards", "p-asserted-identity", "proxy-require", "record-route", "require", "route"),
    *("session-expires", "supported", "to", "user-agent", "via"),
}


@dataclass(frozen=True)
class FieldType:
    """What a value must be.

    `read` returns the value as the program uses it, or raises ValueError; the error's text is a
    hint for the person, or empty.
    """

    what: str
    read: Callable[[object], object]

    def checked(self, value: object) -> object:
        """The value as the program uses it.  Raises ValueError with the message for a person."""
        try:
            return self.read(value)
        except ValueError as error:
            hint = f"; {error}" if str(error) else ""
            raise ValueError(f"expected {self.what}, got {got(value)}{hint}") from None

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> "CoreSchema":
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(self._value)

    def _value(self, value: object) -> object:
        from pydantic_core import PydanticCustomError

        try:
            return self.checked(value)
        except ValueError as error:
            raise PydanticCustomError("expected", "{message}", {"message": str(error)}) from None


class Described(FieldType):
    """Says what a mapping may also be, which its own model reads."""

    def __get_pydantic_core_schema__(self, source: object, handler: Any) -> "CoreSchema":
        schema: CoreSchema = handler(source)
        return schema


def described(what: str) -> Described:
    """Only for the message when the value is missing."""

    def read(value: object) -> object:
        return value

    return Described(what, read)


def got(value: object) -> str:
    """What was found, for a message."""
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return "a list" if isinstance(value, list) else "a mapping"


def not_a(what: str, value: object) -> str:
    """The message where a list or a mapping is needed.  Text is not repeated: it may be a secret
    in the wrong place."""
    return f"expected a {what}, got {'text' if isinstance(value, str) else got(value)}"


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def whole(low: int, high: int) -> FieldType:
    """A whole number."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return FieldType(f"a whole number from {low} to {high}", read)


def number(low: float, high: float) -> FieldType:
    """A number, whole or not."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        if not low <= value <= high:
            raise ValueError
        return value

    return FieldType(f"a number from {low:g} to {high:g}", read)


def choice(*names: str) -> FieldType:
    """One of these words."""
    return worded(one_of(names), lambda text: text if text in names else None)


def pattern(what: str, regex: str) -> FieldType:
    """Text of this form."""
    form = re.compile(regex)
    return worded(what, lambda text: text if form.fullmatch(text) else None)


def written(languages: Iterable[str]) -> tuple[str, ...]:
    """Those of `WRITTEN` among these languages."""
    return tuple(language for language in languages if language in WRITTEN)


def worded(what: str, reads: Callable[[str], object]) -> FieldType:
    """Text that `reads` turns into a value; None or a ValueError refuses it."""

    def read(value: object) -> object:
        if isinstance(value, int | float):
            raise ValueError("write it in quotes")
        if not isinstance(value, str):
            raise ValueError
        result = reads(value)
        if result is None:
            raise ValueError
        return result

    return FieldType(what, read)


def text(limit: int) -> FieldType:
    """One line of words to show."""
    return _text(f"one line of text of at most {limit} characters", limit, "")


def speech(limit: int) -> FieldType:
    """Words to say, in any number of lines."""
    return _text(f"text of at most {limit} characters", limit, "\n")


def _text(what: str, limit: int, controls: str) -> FieldType:
    def reads(value: str) -> str | None:
        return value if len(value) <= limit and value.strip() and _clean(value, controls) else None

    return worded(what, reads)


def _clean(value: str, controls: str = "") -> bool:
    """No control characters and line ends, other than `controls`."""
    return not any(category(c) in ("Cc", "Zl", "Zp") for c in value if c not in controls)


def all_or(names: str) -> FieldType:
    """`all`, read as None, or a list of names that is not empty."""

    def read(value: object) -> object:
        if value == ALL:
            return None
        if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
            return value
        raise ValueError

    return FieldType(f"{ALL}, or a list of {names}", read)


def _zone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (KeyError, OSError, ValueError):
        raise ValueError from None


def _region(value: str) -> str | None:
    from phonenumbers import SUPPORTED_REGIONS  # here: only who reads this setting pays for it

    return value if value in SUPPORTED_REGIONS else None


def _header(value: str) -> str | None:
    if value.lower() in SIP_HEADERS:
        raise ValueError("SIP itself uses that one")
    return value if re.fullmatch(TOKEN, value) else None


# The Buddhist era, by which Thailand counts, and the first of its years that can be meant.
BUDDHIST, BUDDHIST_FROM = 543, 2400


def _day(value: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError("there is no such day") from None
    if day.year >= BUDDHIST_FROM:
        raise ValueError(f"years are common era; did you mean {day.year - BUDDHIST}{value[4:]}?")
    return day


def _days(value: str) -> str | None:
    names = value.split("-")
    return value if len(names) <= 2 and all(name in DAYS for name in names) else None


def weekdays(days: str) -> tuple[int, ...]:
    """The weekdays (0 is Monday) that a `WEEKDAYS` value such as `mon-fri` stands for."""
    first, last = (DAYS.index(name) for name in (days[:3], days[-3:]))
    return tuple((first + n) % 7 for n in range((last - first) % 7 + 1))


def _span(value: str) -> Span:
    match = re.fullmatch(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})", value)
    if not match:
        raise ValueError
    hour, minute, end_hour, end_minute = (int(part) for part in match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if max(minute, end_minute) > 59 or start >= MINUTES_A_DAY or end > MINUTES_A_DAY:
        raise ValueError("the day runs from 00:00 to 24:00")
    if start == end:
        raise ValueError("for the whole day write 00:00-24:00")
    return Span(start, end if end > start else end + MINUTES_A_DAY)


def _full_hour(value: str) -> int | None:
    match = re.fullmatch(r"([01][0-9]|2[0-3]):00", value)
    return int(match[1]) if match else None


# Before the zone of an IPv6 address.  `ipaddress` takes any text as a zone, even line ends.
ZONE_SIGN = "%"


@dataclass(frozen=True)
class Address:
    """A host (name or IP address) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def host(value: str) -> str | None:
    """A host name or an IP address as Asterisk and the system read them; None if it is neither."""
    if ZONE_SIGN in value:
        return None
    try:
        return str(ip_address(value))
    except ValueError:
        label = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
        name = re.fullmatch(rf"({label}\.)*{label}", value)
        return value if name and len(value) <= 253 and re.search("[A-Za-z]", value) else None


def _address(value: str, port: int | None = None) -> Address | None:
    """`HOST:PORT`; without `:PORT` the port given, if any.  An IPv6 host stands in brackets."""
    match = re.fullmatch(r"(?:\[([^\]]+)\]|([^:\[\]]+))(?::([0-9]{1,5}))?", value)
    if not match:
        return None
    inside = host(match[1] or match[2])
    given = int(match[3]) if match[3] else port
    if inside is None or given is None or not 0 < given <= 65535:
        return None
    return Address(inside, given)


def _trunk(value: str) -> Address | None:
    """`HOST` or `HOST:PORT`, in small letters, so that equal ones look equal.

    In brackets stands an IPv6 address and nothing else.  Without them a port could be taken for
    its last part.
    """
    if (bare := host(value)) and ":" in bare:
        raise ValueError(f"an IPv6 address stands in brackets: [{bare}]")
    found = _address(value.lower(), SIP_PORT)
    return found if found is None or "[" not in value or ":" in found.host else None


def _name_server(value: str) -> Address | None:
    found = _address(value, DNS_PORT)
    return found if found and re.fullmatch(r"[0-9.]+|.*:.*", found.host) else None


def _ipv4(value: str) -> str | None:
    return value if re.fullmatch(r"[0-9.]+", value) and host(value) else None


def _network(value: str) -> str:
    if ZONE_SIGN in value:
        raise ValueError
    try:
        network = ip_network(value)
    except ValueError as error:
        raise ValueError("bits are set after the /" if "host bits" in str(error) else "") from None
    return str(network) if "/" in value else value


def _source(value: str) -> str | None:
    name = host(value)
    return name.lower() if name and is_name(name) else _network(value)


def is_name(source: str) -> bool:
    """Whether a `SOURCE` is a host name, and no address or network."""
    return re.fullmatch(r"[0-9.]+|.*[:/].*", source) is None


def _mode(value: str) -> int | None:
    return int(value, 8) if re.fullmatch(r"0?[0-7]{3}", value) else None


def _path(value: str) -> str | None:
    return value if 0 < len(value) <= 1000 and _clean(value) else None


NAME = pattern("a name of small letters, digits, _ and - (32 at most)", "[a-z][a-z0-9_-]{0,31}")
PROMPT = pattern("a prompt's name of small letters, digits and -", "[a-z0-9][a-z0-9-]{0,63}")
TELEPHONE = worded(
    'a telephone number in quotes, such as "1200" or "+66 2 000 1200"; further numbers go below '
    "`numbers`",
    lambda value: value if canonical(value) else None,
)
CONTACT = pattern(
    'a SIP address such as "sip:{seat}@127.0.0.1:6070"',
    r"sips?:[A-Za-z0-9._-]*\{seat\}[A-Za-z0-9._-]*@[A-Za-z0-9.-]+(:[0-9]{1,5})?",
)
ZONE = worded("a time zone such as Asia/Bangkok", _zone)
REGION = worded("a country's two letters, such as TH", _region)
HEADER = worded("the name of a SIP header, such as X-Topic (64 characters at most)", _header)
USER_AGENT = pattern(
    "a name of letters, digits, spaces, ., /, _ and - (64 characters at most)",
    r"[A-Za-z0-9](?:[A-Za-z0-9 ./_-]{0,62}[A-Za-z0-9])?",
)
LANGUAGE = worded(
    f"a language ({', '.join(LANGUAGES)})", lambda value: value if value in LANGUAGES else None
)
DAY = worded("a day such as 2026-12-07", _day)
WEEKDAYS = worded("a day or a range of days, such as mon or mon-fri", _days)
SPAN = worded('hours such as "08:00-16:30"', _span)
FULL_HOUR = worded('a full hour from "00:00" to "23:00"', _full_hour)
HOST = worded("a host name or an IP address", host)
ADDRESS = worded("a host and a port such as 127.0.0.1:9133", _address)
TRUNK = worded(f"host or host:port, such as 192.0.2.1:{SIP_PORT}", _trunk)
NAME_SERVER = worded("an IP address, with or without a port, such as 192.0.2.53", _name_server)
IPV4 = worded("an IPv4 address such as 198.51.100.7", _ipv4)
NETWORK = worded("an IP address or a network such as 192.0.2.0/28", _network)
SOURCE = worded("an IP address, a network such as 192.0.2.0/28, or a host name", _source)
MODE = worded('a file mode such as "0660"', _mode)
PATH = worded("a path", _path)
TRUTH = FieldType("true or false", _truth)
PORT = whole(1, 65535)

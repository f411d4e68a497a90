"""Text with places that are filled in: `Bearer {secret}`.  Braces themselves are written twice.

The places of a request to a gateway are those of `REQUEST`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from string import Formatter

from ivrd.config.field_types import FieldType, speech, worded
from ivrd.config.problem import unknown

# number: +66812345678, digits: 66812345678, national: 0812345678; key: the idempotency key.
REQUEST = ("number", "digits", "national", "text", "key", "secret")
IN_HEADERS = ("number", "digits", "national", "key", "secret")  # a text may have a line's end
LONGEST = 2000
DEEPEST = 8


class BadTemplate(ValueError):
    """Braces that are not in order; the message is for a person."""


@dataclass(frozen=True)
class Template:
    """Text with places."""

    text: str

    @cached_property
    def _pieces(self) -> tuple[tuple[str, str | None], ...]:
        """Literal text and the place after it, as often as there are places."""
        found = []
        try:
            for literal, name, form, conversion in Formatter().parse(self.text):
                if form or conversion or (name is not None and not name.isidentifier()):
                    raise BadTemplate(f"expected a place such as {{text}}, got {{{name}…}}")
                found.append((literal, name))
        except BadTemplate:
            raise
        except ValueError:
            raise BadTemplate("a brace that stands for itself is written twice: {{ }}") from None
        return tuple(found)

    @property
    def names(self) -> frozenset[str]:
        """The places.  Raises `BadTemplate`."""
        return frozenset(name for _literal, name in self._pieces if name is not None)

    def filled(self, values: Mapping[str, str]) -> str:
        """The text with its places filled in."""
        return "".join(
            literal + (values[name] if name is not None else "") for literal, name in self._pieces
        )


def filled(value: object, values: Mapping[str, str]) -> object:
    """A tree with the places in all its texts filled in."""
    if isinstance(value, str):
        return Template(value).filled(values)
    if isinstance(value, Mapping):
        return {key: filled(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, values) for each in value]
    return value


def template(limit: int, uses: Mapping[str, tuple[str, ...]]) -> FieldType:
    """Words with places; which of `uses` it is for is not known yet."""
    names = {name for places in uses.values() for name in places}
    plain = speech(limit)

    def read(value: object) -> object:
        text = plain.read(value)
        _checked(str(text), sorted(names))
        return text

    return FieldType(plain.what, read)


def header() -> FieldType:
    """The value of a header: no control characters, and nothing that may have some."""

    def reads(value: str) -> str | None:
        _checked(value, IN_HEADERS)
        return value if value.isascii() and value.isprintable() and len(value) <= LONGEST else None

    return worded("one line of plain text", reads)


def tree(*, flat: bool) -> FieldType:
    """A mapping whose texts have places; `flat`: of texts and numbers only, as in a query."""

    def read(value: object) -> object:
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise ValueError
        for each in value.values():
            _check_value(each, 0 if flat else DEEPEST)
        return value

    return FieldType("a mapping of text" if flat else "a mapping, as JSON has it", read)


def _check_value(value: object, deep: int) -> None:
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise ValueError(f"one text has more than {LONGEST} characters")
        _checked(value, REQUEST)
    elif isinstance(value, dict | list):
        if not deep:
            raise ValueError("a list or a mapping cannot stand in it here")
        if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
            raise ValueError("keys are text; write them in quotes")
        for each in value.values() if isinstance(value, dict) else value:
            _check_value(each, deep - 1)
    elif not (value is None or isinstance(value, bool | int | float)):
        raise ValueError("expected text, numbers, true, false or nothing in it")


def _checked(text: str, places: tuple[str, ...] | list[str]) -> None:
    if strange := Template(text).names - {*places}:
        raise ValueError(unknown("place", sorted(strange)[0], places))

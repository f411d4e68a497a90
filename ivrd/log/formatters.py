"""How a record looks: plain or JSON, and harmless.

A value from outside can neither begin a line of its own, nor pass for another field, nor command
a terminal; numbers as long as a telephone's are blotted out.
"""

import json
import logging
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo

LONGEST_VALUE = 500  # characters
LONGEST_TRACE = 20_000  # characters

Field = str | float | bool | None

OURS = ("call", "caller")  # Asterisk's id for the call, and the hash: the fields never blotted out
DIGITS_OF_A_NUMBER = 9
# An id such as 1795308674.12 is none.
NUMBER = re.compile(rf"(?<!\d)\+?\d{{{DIGITS_OF_A_NUMBER},}}(?!\d|\.\d)")


def record(words: str, **fields: Field) -> logging.LogRecord:
    """A warning of the log about itself."""
    made = logging.LogRecord("ivrd.log", logging.WARNING, "", 0, words, None, None)
    made.fields = fields
    return made


def harmless(text: str) -> str:
    """The text on one line: what is not printable is spelt out, as \\n or \\x1b."""
    if text.isprintable():
        return text
    spelt = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return "".join(spelt)


def _cut(text: str, longest: int = LONGEST_VALUE) -> str:
    if len(text) >= DIGITS_OF_A_NUMBER:
        text = NUMBER.sub("[number]", text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


class _Formatter(logging.Formatter):
    """What both forms share; `zone` is the times' zone, the machine's if None."""

    def __init__(self, zone: tzinfo | None) -> None:
        super().__init__()
        self._zone = zone

    def when(self, at: float) -> datetime:
        """Seconds since the epoch as a time with its offset."""
        return datetime.fromtimestamp(at, UTC).astimezone(self._zone)

    def fields(self, record: logging.LogRecord) -> Iterator[tuple[str, Field]]:
        """The record's fields, texts cut and numbers blotted out."""
        for name, value in getattr(record, "fields", {}).items():
            if value is None or isinstance(value, bool | int | float):
                yield name, value
            else:
                yield name, str(value)[:LONGEST_VALUE] if name in OURS else _cut(str(value))

    def trace(self, record: logging.LogRecord) -> str:
        """The record's stack trace, empty without one."""
        if not record.exc_info or record.exc_info[0] is None:
            return ""
        return _cut(self.formatException(record.exc_info), LONGEST_TRACE)


class Plain(_Formatter):
    """`2026-11-01 03:12:09 INFO call ended call=1795308674.0 queue=other wait=12.3s`."""

    def __init__(self, zone: tzinfo | None) -> None:
        super().__init__(zone)
        self._last = (-1, "")  # a second, and what it is called

    def _second(self, at: int) -> str:
        if at != self._last[0]:
            self._last = (at, f"{self.when(at):%Y-%m-%d %H:%M:%S}")
        return self._last[1]

    def format(self, record: logging.LogRecord) -> str:
        """One line; a trace follows, indented."""
        source = "" if record.name.split(".")[0] == "ivrd" else f"{record.name}: "
        words = [self._second(int(record.created)), record.levelname]
        words.append(source + harmless(_cut(record.getMessage())))
        if spoken := getattr(record, "spoken", ""):  # says what the fields say
            words.append(spoken)
        else:
            words += [self._pair(n, v) for n, v in self.fields(record) if v not in (None, "")]
        trace = (f"\n    {harmless(line)}" for line in self.trace(record).splitlines())
        return " ".join(words) + "".join(trace)

    @staticmethod
    def _pair(name: str, value: Field) -> str:
        if isinstance(value, bool):
            return f"{name}={'yes' if value else 'no'}"
        if isinstance(value, int | float) and name.endswith("_seconds"):
            return f"{name.removesuffix('_seconds')}={value:.1f}s"
        if isinstance(value, str) and (not value.isprintable() or set(value) & set(' "=\\')):
            return f"{name}={harmless(json.dumps(value, ensure_ascii=False))}"
        return f"{name}={value}"


class Json(_Formatter):
    """One object a line: time (RFC 3339 with offset), level, event, logger, and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line in ASCII, so that nothing in it can command a terminal."""
        entry: dict[str, Field] = {
            "time": self.when(record.created).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": _cut(record.getMessage()),
            "logger": record.name,
        }
        for name, value in self.fields(record):
            finite = not isinstance(value, float) or math.isfinite(value)
            entry.setdefault(name, value if finite else None)
        if trace := self.trace(record):
            entry["exception"] = trace
        return json.dumps(entry)


FORMATTERS: dict[str, Callable[[tzinfo | None], _Formatter]] = {"plain": Plain, "json": Json}

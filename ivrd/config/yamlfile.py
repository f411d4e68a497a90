"""A YAML file read into plain values, with the line of each key.

Theory of operation
-------------------
PyYAML turns the text into events (a mapping begins, a scalar, …); `_Reader` turns the events into
dict, list, str, int, float, bool and None.  The rest of PyYAML is left alone, because it does
what surprises an operator: of two equal keys it silently takes the last, `no` becomes false,
08:30 becomes 510 and 0123 becomes 83.  Here a plain word is a number only when it is written as
a decimal number, and true or false only when it says so; everything else is text.

Anchors, aliases and tags are refused: nobody needs them here, and aliases let a small file grow
without end.
"""

import re
import stat
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ivrd.config.problem import ConfigError, Problem, visible

MOST_BYTES = 1 << 20
MOST_LEVELS = 20  # our deepest file has 6

# What stands at a place: mapping keys, and positions (from 0) in lists.
Key = tuple[str | int, ...]

_WORDS: Mapping[str, bool | None] = {
    "true": True,
    "false": False,
    "null": None,
    "~": None,
    "": None,
}
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}")


# What PyYAML says of the mistakes that are made most, and what we say instead.
_COMPLAINTS = {
    "'\\t' that cannot start": "a tab; indent with spaces",
    "that cannot start any token": "a sign that cannot begin a value; write the value in quotes",
    "mapping values are not allowed": "a colon that does not fit; check the spaces, quotes and "
    "indents here and on the line before",
    "expected <block end>": "this does not fit what is above it; check the quotes and indents",
    "could not find expected ':'": "a key without a colon",
    "expected ',' or ']'": "expected a comma or ]",
    "expected ',' or '}'": "expected a comma or }",
    "unexpected end of stream": "a quote that is never closed",
    "undefined tag handle": "a value that begins with !; write it in quotes",
}


@dataclass(frozen=True)
class Document:
    """A file's values, the line of each place, and the keys that were written twice."""

    file: str
    value: object
    lines: Mapping[Key, int]
    doubles: tuple[Problem, ...] = ()

    def problem(self, key: Key, message: str) -> Problem:
        """A problem at `key`, with its line; that of what is around it when it is not there."""
        known = key
        while known not in self.lines:
            known = known[:-1]
        return Problem(self.file, self.lines[known], dotted(key), message)


def dotted(key: Key) -> str:
    """`menus.main.keys.2`; positions in lists are left out, the line tells."""
    return ".".join(visible(step) for step in key if isinstance(step, str))


def places(path: Path) -> Document:
    """Where the keys of a file stand that was read before; of one changed meanwhile no line."""
    try:
        return read(path)
    except ConfigError:
        return Document(str(path), None, {(): 0})


def read(path: Path) -> Document:
    """The file's content.  Raises `ConfigError` when it cannot be read or is not YAML."""
    file = str(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _error(file, 0, "expected a file")
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise _error(file, 0, "missing") from None
    except OSError as error:
        raise _error(file, 0, f"cannot be read: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise _error(file, 0, f"expected at most {MOST_BYTES // 1024} KiB")
    return parse(file, data)


def parse(file: str, data: bytes) -> Document:
    """The content of `data`.  Raises `ConfigError` when it is not YAML in UTF-8."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _error(file, line, f"expected UTF-8, got the byte {data[error.start]:#04x}") from None
    lines = _Lines(text)
    try:
        return _Reader(file, yaml.SafeLoader(text), lines).document()
    except yaml.reader.ReaderError as error:
        message = f"not YAML: the character U+{error.character:04X} is not allowed"
        raise _error(file, lines.at(error.position), message) from None
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(file, lines, error) from None


class _Lines:
    """Which line a character is on.

    PyYAML's own count takes characters such as U+0085 for line ends, an editor does not.
    """

    def __init__(self, text: str) -> None:
        self._ends = [at for at, character in enumerate(text) if character == "\n"]

    def at(self, index: int) -> int:
        return bisect_left(self._ends, index) + 1


def _not_yaml(file: str, lines: _Lines, error: yaml.MarkedYAMLError) -> ConfigError:
    """PyYAML's complaint in one line, with the line where the broken thing begins."""
    at = lines.at(error.problem_mark.index) if error.problem_mark else 0
    since = lines.at(error.context_mark.index) if error.context_mark else at
    what = visible(" ".join(str(error.problem).split()), 200)
    for theirs, ours in _COMPLAINTS.items():
        if theirs in what:
            what = ours
            break
    begins = f" (in what begins on line {since})" if since != at else ""
    return _error(file, at, f"not YAML: {what}{begins}")


def _error(file: str, line: int, message: str) -> ConfigError:
    return ConfigError([Problem(file, line, "", message)])


@dataclass
class _Reader:
    """Builds values from PyYAML's events."""

    file: str
    source: yaml.SafeLoader
    line_of: _Lines
    lines: dict[Key, int] = field(default_factory=lambda: {(): 1})
    doubles: list[Problem] = field(default_factory=list)
    line: int = 1  # of the event taken last

    def document(self) -> Document:
        self._take()  # the stream begins
        if self._at(yaml.StreamEndEvent):
            raise self._wrong("empty; expected a mapping")
        self._take()  # the document begins
        value = self._value(())
        self._take()  # the document ends
        if not self._at(yaml.StreamEndEvent):
            self._take()
            raise self._wrong("expected one YAML document, got a second one")
        return Document(self.file, value, self.lines, tuple(self.doubles))

    def _value(self, key: Key) -> object:
        event = self._take()
        self.lines.setdefault(key, self.line)
        if len(key) > MOST_LEVELS:
            raise self._wrong(f"nested more than {MOST_LEVELS} levels deep")
        self._refuse_extras(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        return self._list(key) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(key)

    def _mapping(self, key: Key) -> dict[str, object]:
        values: dict[str, object] = {}
        while not self._at(yaml.MappingEndEvent):
            name = self._name()
            place = (*key, name)
            if name in values:
                message = f"used twice; the first is on line {self.lines[place]}"
                self.doubles.append(Problem(self.file, self.line, dotted(place), message))
                self._value((*place, -1))  # read, so as to get past it
            else:
                self.lines[place] = self.line
                values[name] = self._value(place)
        self._take()
        return values

    def _name(self) -> str:
        """A mapping's key: always text, so that a telephone's key needs no quotes."""
        event = self._take()
        self._refuse_extras(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._wrong("expected a word before the colon, got a list or a mapping")
        return self._text(event)

    def _list(self, key: Key) -> list[object]:
        values: list[object] = []
        while not self._at(yaml.SequenceEndEvent):
            values.append(self._value((*key, len(values))))
        self._take()
        return values

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        text = self._text(event)
        if event.style is not None:  # in quotes, or a block of text
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _WHOLE.fullmatch(text):
            return int(text)
        return float(text) if _DECIMAL.fullmatch(text) else text

    def _text(self, event: yaml.ScalarEvent) -> str:
        text = str(event.value)
        if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
            raise self._wrong("half a character (\\uD800 to \\uDFFF) is not allowed")
        return text

    def _refuse_extras(self, event: yaml.Event) -> None:
        """They are not repeated: a password that begins with such a sign is read as one."""
        if isinstance(event, yaml.AliasEvent):
            raise self._extra("an alias", "*")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            if event.anchor is not None:
                raise self._extra("an anchor", "&")
            if event.tag is not None:
                raise self._extra("a tag", "!")

    def _extra(self, what: str, sign: str) -> ConfigError:
        return self._wrong(f"{what} ({sign}…) is not allowed here; write the value in quotes")

    def _at(self, kind: type[yaml.Event]) -> bool:
        return isinstance(self._peek(), kind)

    def _peek(self) -> yaml.Event:
        try:
            event: yaml.Event = self.source.peek_event()  # type: ignore[no-untyped-call]
        except (ValueError, OverflowError):  # PyYAML on "\U00110000" and the like
            self.line = self.line_of.at(self.source.get_mark().index)
            raise self._wrong("not YAML: a number or character that does not exist") from None
        return event

    def _take(self) -> yaml.Event:
        event = self._peek()
        self.source.get_event()  # type: ignore[no-untyped-call]
        if event.start_mark:
            self.line = self.line_of.at(event.start_mark.index)
        return event

    def _wrong(self, message: str) -> ConfigError:
        return _error(self.file, self.line, message)

"""An operator's own files for Asterisk: included by those that ivrd writes, and held against them.

What contradicts is told by `ivrd check`; Asterisk itself takes one of the two without a word.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ivrd.config.own_network import including

_SECTION = re.compile(r"\[([^\]]+)\](?:\(([^)]*)\))?")
_LINE = re.compile(r"([A-Za-z0-9_-]+)\s*=>?\s*(.*)")
DIALPLAN = "extensions.conf"


class AdditionError(Exception):
    """A file cannot be read; the message says which, and why."""


@dataclass
class Section:
    """A section of a file: whether it adds to one of the same name (`+`), and its lines.

    `lines`: number, key, value.
    """

    name: str
    line: int
    adds: bool = False
    lines: list[tuple[int, str, str]] = field(default_factory=list)

    def values(self, key: str) -> list[str]:
        """What the key is set to."""
        return [value for _, one, value in self.lines if one == key]


def included(path: Path) -> str:
    """The lines that include it: with its digest, so that they change when it does."""
    digest = hashlib.sha256(_read(path).encode()).hexdigest()[:16]
    return f'\n; asterisk.additions in ivrd.yaml ({digest})\n#include "{path}"\n'


def contradictions(texts: Mapping[str, str], additions: Sequence[Path]) -> Iterator[str]:
    """What in the additions is at odds with the files that ivrd writes, each in a line."""
    for path in additions:
        name = including(path)
        ours = parsed(texts[name])
        if name == DIALPLAN:
            hand_written = re.findall(r'^#include "([^"/]+)"', texts[name], flags=re.M)
            ours += [one for file in hand_written for one in parsed(texts[file])]
        text = _read(path)
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("#exec"):
                yield f"{path}:{number}: #exec runs nothing here; expected the lines themselves"
        for section in parsed(text):
            if name == DIALPLAN:
                yield from _extensions(path, section, ours)
            else:
                yield from _section(path, section, ours, name)


def _section(path: Path, section: Section, ours: list[Section], name: str) -> Iterator[str]:
    same = [one for one in ours if one.name == section.name]
    if name == "pjsip.conf" and not section.adds:
        same = [one for one in same if one.values("type") == section.values("type")]
    if name == "modules.conf" or not same:
        return
    if not section.adds:
        say = f"[{section.name}] is written by ivrd; expected another name, or [{section.name}](+)"
        yield f"{path}:{section.line}: {say}"
        return
    set_by_us = {key: value for one in same for _, key, value in one.lines}
    for number, key, value in section.lines:
        if key in set_by_us and key not in ("type", "match"):
            say = f"{key} of [{section.name}] is set by ivrd, to {set_by_us[key]}"
            yield f"{path}:{number}: {say}; expected the setting in ivrd's YAML, not {value}"


def _extensions(path: Path, section: Section, ours: list[Section]) -> Iterator[str]:
    taken = {one for of in ours if of.name == section.name for one in _first_steps(of)}
    for number, key, value in section.lines:
        extension, _, rest = value.partition(",")
        if key == "exten" and extension in taken and rest.startswith("1,"):
            say = f"extension {extension} of [{section.name}] is ivrd's; expected another"
            yield f"{path}:{number}: {say}"


def _first_steps(section: Section) -> list[str]:
    return [value.partition(",")[0] for value in section.values("exten") if ",1," in value]


def parsed(text: str) -> list[Section]:
    """The sections of one of Asterisk's files."""
    found: list[Section] = []
    for number, whole in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s);.*", "", whole).strip()
        if match := _SECTION.match(line):
            found.append(Section(match[1], number, "+" in (match[2] or "")))
        elif found and (match := _LINE.match(line)):
            found[-1].lines.append((number, match[1], match[2]))
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise AdditionError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise AdditionError(f"{path}: expected text in UTF-8") from None

"""The CSV file of agents that agents.yaml may name.

It has the columns of `COLUMNS`, and if it has them those of `SKILL_COLUMNS` and `CALLED_COLUMNS`.
"""

import codecs
import csv
from collections.abc import Collection, Iterator
from pathlib import Path

from ivrd.config.agents_file import (
    ID,
    MOST_AGENTS,
    PIN,
    SEAT,
    SHIFT,
    TELEPHONE,
    TOO_MANY,
    AgentPart,
)
from ivrd.config.field_types import LANGUAGE, NAME, text
from ivrd.config.problem import ConfigError, Problem, quoted

COLUMNS = ("id", "name", "pin", "seat")
SKILL_COLUMNS = ("languages", "topics")  # may follow; each has names with spaces between them
CALLED_COLUMNS = ("telephone", "shift")  # may follow those
KNOWN_COLUMNS = (COLUMNS, COLUMNS + SKILL_COLUMNS, COLUMNS + SKILL_COLUMNS + CALLED_COLUMNS)
MOST_BYTES = 2 << 20
TOLD_AT_MOST = 20  # problems of one CSV file


def read_csv(path: Path, own: Collection[str]) -> dict[str, AgentPart]:
    """The agents of a CSV file; `own`: the ids that agents.yaml itself has.

    Raises `ConfigError`.
    """
    rows = csv.reader(_text(path).splitlines(), strict=True)
    found: dict[str, AgentPart] = {}
    problems: list[Problem] = []
    try:
        head = next(rows, [])
        columns = tuple(head)
        if columns not in KNOWN_COLUMNS:
            say = (
                f"expected the columns {','.join(COLUMNS)}, and {','.join(SKILL_COLUMNS)} or not, "
                f"and {','.join(CALLED_COLUMNS)} after these or not, got {quoted(','.join(head))}"
            )
            raise _error(path, 1, say)
        for row in rows:
            if not row:
                continue
            if len(found) == MOST_AGENTS:
                problems.append(Problem(str(path), rows.line_num, "", TOO_MANY))
                break
            problems += _row(path, rows.line_num, columns, row, own, found)
    except csv.Error as error:
        raise _error(path, rows.line_num, f"not CSV: {error}") from None
    if problems:
        raise ConfigError(problems[:TOLD_AT_MOST])
    return found


def _row(
    path: Path,
    line: int,
    columns: tuple[str, ...],
    row: list[str],
    own: Collection[str],
    found: dict[str, AgentPart],
) -> Iterator[Problem]:
    """Put one agent into `found`, or say what is wrong."""
    if len(row) != len(columns):
        say = f"expected {len(columns)} values ({','.join(columns)}), got {len(row)}"
        yield Problem(str(path), line, "", say)
        return
    wrong = False
    more = dict(zip(columns[len(COLUMNS) :], row[len(COLUMNS) :], strict=True))
    languages, topics = [more.get(key, "").split() for key in SKILL_COLUMNS]
    called = {key: more[key].strip() for key in CALLED_COLUMNS if key in more}
    given = [*zip(COLUMNS, (ID, text(60), PIN, SEAT), row, strict=False)]
    given += [(SKILL_COLUMNS[0], LANGUAGE, language) for language in languages]
    given += [(SKILL_COLUMNS[1], NAME, topic) for topic in topics]
    given += zip(CALLED_COLUMNS, (TELEPHONE, SHIFT), called.values(), strict=False)
    for key, kind, value in given:
        try:
            kind.checked(value)
        except ValueError as error:
            wrong = True
            yield Problem(str(path), line, key, str(error) if value else f"missing; {error}")
    name = row[0]
    if name in found or name in own:
        yield Problem(
            str(path), line, "id", f"{quoted(name)} is another agent's; expected an id of its own"
        )
    elif not wrong:
        lists = {"languages": languages, "topics": topics}
        found[name] = AgentPart(
            name=row[1],
            pin=row[2],
            seat=row[3],
            telephone=called.get("telephone", ""),
            shift=called.get("shift", ""),
            **{key: of for key, of in lists.items() if of},
        )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise _error(path, 0, "missing; expected a CSV file with agents") from None
    except OSError as error:
        raise _error(path, 0, f"cannot be read: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise _error(path, 0, f"expected at most {MOST_BYTES >> 20} MiB")
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        say = "a byte order mark, as Windows writes it; expected UTF-8 without one"
        raise _error(path, 1, say)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        say = f"expected UTF-8, got the byte {data[error.start]:#04x}"
        raise _error(path, line, say) from None


def _error(path: Path, line: int, say: str) -> ConfigError:
    return ConfigError([Problem(str(path), line, "", say)])

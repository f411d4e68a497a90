"""agents.yaml: the people at the seats.  Without it, as in pools without agents, nobody signs in.

Many agents may stand in a CSV file that it names, with the columns of `COLUMNS`, and if it has
them those of `SKILL_COLUMNS`.
"""

import codecs
import csv
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ivrd.config import queues
from ivrd.config.control_socket import located
from ivrd.config.dialled import SHORT, canonical
from ivrd.config.effect import RELOAD
from ivrd.config.field_types import (
    LANGUAGE,
    NAME,
    PATH,
    TRUTH,
    FieldType,
    number,
    pattern,
    text,
    whole,
    worded,
    written,
)
from ivrd.config.main import MainFile
from ivrd.config.model import File, Part, read
from ivrd.config.pin import is_hash
from ivrd.config.problem import ConfigError, Problem, quoted, unknown
from ivrd.config.queues import QueuesFile
from ivrd.config.settings import AgentLimits, AgentSettings, SupervisionSettings
from ivrd.config.yamlfile import Document
from ivrd.core.agent_call import Request, number_of
from ivrd.core.skills import SkillRouting, Skills

FILE = "agents.yaml"
RESUME_KEYS = "*1"  # a seat's phone dials this to be rung again, whether ivrd is there or not
COLUMNS = ("id", "name", "pin", "seat")
SKILL_COLUMNS = ("languages", "topics")  # may follow; each has names with spaces between them
CALLED_COLUMNS = ("telephone", "shift")  # may follow those
KNOWN_COLUMNS = (COLUMNS, COLUMNS + SKILL_COLUMNS, COLUMNS + SKILL_COLUMNS + CALLED_COLUMNS)
MOST_AGENTS = 5_000  # two and a half for each of the most seats that there may be
TOO_MANY = f"expected at most {MOST_AGENTS} agents"
MOST_BYTES = 2 << 20
TOLD_AT_MOST = 20  # problems of one CSV file
ID = pattern("an id of 2 to 16 small letters, digits and -", "[a-z0-9-]{2,16}")


class _Hash(FieldType):
    """What is there instead is not repeated: it may be a PIN."""

    def checked(self, value: object) -> object:
        if isinstance(value, str) and is_hash(value):
            return value
        raise ValueError(f"expected {self.what}")


TELEPHONE_OR_NONE = worded(
    'a telephone number in quotes, such as "+66 2 000 1340", or "" for none',
    lambda value: value if not value or canonical(value) else None,
)
TELEPHONE = worded(
    "a telephone number with its country, such as +66 81 234 5678, or nothing",
    lambda value: value if not value or _international(value) else None,
)
PIN = _Hash("the hash that `ivrd agent pin` prints", lambda value: value)
CODE = pattern("a star and one or two digits such as *11, or nothing", r"(\*[0-9]{1,2})?")
SUPERVISION_CODE = pattern("* and 2 to 4 digits", r"\*[0-9]{2,4}")
SPOKEN = pattern("one of the hotline's languages, such as th, or nothing", "([a-z]{2})?")
SHIFT = pattern("the name of hours in hours.yaml, or nothing", "([a-z][a-z0-9_-]{0,31})?")
SEAT = pattern("a seat such as base-01", "[a-z][a-z0-9_-]{0,31}[.-]?[a-z0-9_-]{0,4}")


def _international(value: str) -> str:
    """A number with its country (E.164); empty for what is none."""
    digits = canonical(value) or ""
    return digits if digits.startswith("+") and len(digits) > SHORT else ""


class AgentPart(Part):
    """One agent.

    Without `languages` the agent speaks those of the seat's pool, without `topics` knows them all.
    """

    name: Annotated[str, text(60), RELOAD]
    pin: Annotated[str, PIN, RELOAD]
    seat: Annotated[str, SEAT, RELOAD]
    languages: Annotated[list[Annotated[str, LANGUAGE]], Field(min_length=1), RELOAD] = Field(
        default_factory=list
    )
    topics: Annotated[list[Annotated[str, NAME]], Field(min_length=1), RELOAD] = Field(
        default_factory=list
    )
    telephone: Annotated[str, TELEPHONE, RELOAD] = ""
    shift: Annotated[str, SHIFT, RELOAD] = ""


class RemindersPart(Part):
    """`reminders:` agents whose shift on the line begins, or whom ivrd has paused, are called."""

    calls: Annotated[int, whole(0, 10), RELOAD] = 3
    again_minutes: Annotated[float, number(0.1, 30), RELOAD] = 5
    ring_seconds: Annotated[int, whole(5, 90), RELOAD] = 30
    at_once: Annotated[int, whole(1, 100), RELOAD] = 10
    when_paused: Annotated[bool, TRUTH, RELOAD] = False


class CodesPart(Part):
    """What a seat's phone dials; empty for what cannot be asked for by phone."""

    sign_in: Annotated[str, CODE, RELOAD] = "*11"
    sign_out: Annotated[str, CODE, RELOAD] = "*12"
    pause: Annotated[str, CODE, RELOAD] = "*13"
    resume: Annotated[str, CODE, RELOAD] = "*14"
    extend: Annotated[str, CODE, RELOAD] = "*15"


class SupervisionPart(Part):
    """`supervision:` who may listen to agents' talks; without supervisors nobody may."""

    supervisors: Annotated[list[Annotated[str, ID]], RELOAD] = Field(default_factory=list)
    code: Annotated[str, SUPERVISION_CODE, RELOAD] = "*19"
    announced: Annotated[bool, TRUTH, RELOAD] = False


class AgentsFile(Part):
    """agents.yaml."""

    supervision: SupervisionPart = SupervisionPart()
    wrap_up_seconds: Annotated[float, number(0, 600), RELOAD] = 20
    missed_calls: Annotated[int, whole(0, 100), RELOAD] = 2
    paused_at_most: Annotated[int, whole(0, MOST_AGENTS), RELOAD] = 0
    language: Annotated[str, SPOKEN, RELOAD] = ""
    codes: CodesPart = Field(default_factory=CodesPart)
    reminders: RemindersPart = RemindersPart()
    line_number: Annotated[str, TELEPHONE_OR_NONE, RELOAD] = ""
    line_key_seconds: Annotated[int, whole(0, 15), RELOAD] = 6
    csv: Annotated[str, PATH, RELOAD] = ""
    agents: Annotated[dict[Annotated[str, ID], AgentPart], RELOAD] = Field(default_factory=dict)


def read_file(folder: Path) -> File[AgentsFile]:
    """agents.yaml with the agents of its CSV file; a folder without it has no agents.

    Raises `ConfigError`.
    """
    path = folder / FILE
    if not path.exists():
        return File(Document(str(path), None, {(): 0}), AgentsFile())
    file = read(path, AgentsFile)
    own = file.parsed
    rows = _csv(located(folder, own.csv), own.agents) if own.csv else {}
    agents = own.agents | rows
    if len(agents) > MOST_AGENTS:
        raise ConfigError([file.problem("agents", say=TOO_MANY)])
    return File(file.document, own.model_copy(update={"agents": agents}))


def check_with_program(file: File[AgentsFile], program: MainFile) -> Iterator[Problem]:
    """Languages that the hotline does not speak."""
    for name, part in file.parsed.agents.items():
        yield from _listed(file, (name, "languages"), part.languages, program.languages)
    yield from _spoken_and_dialled(file, written(program.languages))


def check_with_queues(file: File[AgentsFile], parsed: QueuesFile) -> Iterator[Problem]:
    """Seats and topics that there are not, and topics for which the seat's pool has no callers."""
    pool_of, queue_of = queues.seats(parsed), parsed.queue_of()
    for name, part in file.parsed.agents.items():
        yield from _listed(file, (name, "topics"), part.topics, queue_of)
        pool = pool_of.get(part.seat)
        if pool is None:
            say = unknown("seat", part.seat, sorted(pool_of))
            yield file.problem("agents", name, "seat", say=say)
        elif part.topics and not _any_served(part.topics, queue_of, parsed.pools[pool].queues):
            say = f"the pool {pool}, to which {part.seat} belongs, serves the queue of none of them"
            yield file.problem("agents", name, "topics", say=say)
    yield from _numbers(file)


def _numbers(file: File[AgentsFile]) -> Iterator[Problem]:
    """Agents of one seat who cannot say by the keys of its phone which of them they are."""
    parsed = file.parsed
    shared = Counter(part.seat for part in parsed.agents.values())
    taken: dict[tuple[str, str], str] = {}
    for name, part in parsed.agents.items():
        if shared[part.seat] == 1:
            continue
        number = number_of(name)
        if other := taken.get((part.seat, number)):
            say = f"{other} has the same digits and the same seat, {part.seat}; expected other ones"
        elif not number:
            say = f"expected digits in the id, to be keyed in at {part.seat}, which others have too"
        else:
            taken[part.seat, number] = name
            continue
        yield file.problem("agents", name, say=f"{quoted(name)}: {say}")


def _spoken_and_dialled(file: File[AgentsFile], languages: Collection[str]) -> Iterator[Problem]:
    """A language in which nothing is said to agents, and codes that mean something else."""
    parsed = file.parsed
    if parsed.language and parsed.language not in languages:
        yield file.problem("language", say=unknown("language", parsed.language, languages))
    taken = {RESUME_KEYS: "a seat that is to be rung again"}
    codes: list[tuple[tuple[str, str], str]] = [
        *((("codes", key), code) for key, code in parsed.codes.model_dump().items()),
        (("supervision", "code"), parsed.supervision.code),
    ]
    for key, code in codes:
        if code in taken:
            say = f"{code} is dialled for {taken[code]} already; expected another code"
            yield file.problem(*key, say=say)
        elif code:
            taken[code] = ".".join(key)


def limits(parsed: AgentsFile) -> AgentLimits:
    """What agents are not let do."""
    return AgentLimits(parsed.missed_calls, parsed.paused_at_most)


def codes(parsed: AgentsFile) -> dict[Request, str]:
    """What is dialled for what."""
    of = parsed.codes
    return {
        Request.IN: of.sign_in,
        Request.OUT: of.sign_out,
        Request.PAUSE: of.pause,
        Request.RESUME: of.resume,
        Request.EXTEND: of.extend,
    }


def check_supervision(file: File[AgentsFile]) -> Iterator[Problem]:
    """Supervisors that there are not, and what is announced for nothing."""
    of = file.parsed.supervision
    for name in of.supervisors:
        if name not in file.parsed.agents:
            say = unknown("agent", name, sorted(file.parsed.agents))
            yield file.problem("supervision", "supervisors", say=say)
    if of.announced and not of.supervisors:
        say = "expected supervisors as well: without any nobody can listen"
        yield file.problem("supervision", "announced", say=say)


def supervision(parsed: AgentsFile) -> SupervisionSettings:
    """Who may listen, as the program works with it."""
    of = parsed.supervision
    return SupervisionSettings(frozenset(of.supervisors), of.code, of.announced)


def _any_served(
    topics: Collection[str], queue_of: Mapping[str, str], served: Collection[str] | None
) -> bool:
    known = [queue_of[topic] for topic in topics if topic in queue_of]
    return served is None or not known or any(queue in served for queue in known)


def _listed(
    file: File[AgentsFile], key: tuple[str, str], given: Collection[str], known: Collection[str]
) -> Iterator[Problem]:
    """What an agent's list names twice, or what is not known."""
    seen: set[str] = set()
    for one in given:
        if one not in known:
            say = unknown(key[1].removesuffix("s"), one, known)
            yield file.problem("agents", *key, say=say)
        elif one in seen:
            yield file.problem("agents", *key, say=f"{one} is named twice")
        seen.add(one)


def skills(parsed: AgentsFile, pools: Mapping[str, Skills]) -> dict[str, Skills]:
    """Whom each agent can help; `pools`: by seat, whom the people of its pool can help."""
    return {
        name: replace(
            pools[part.seat],
            topics=frozenset(part.topics) or None,
            languages=frozenset(part.languages) or pools[part.seat].languages,
            declared=bool(part.languages) or pools[part.seat].declared,
        )
        for name, part in parsed.agents.items()
    }


def agents(
    parsed: AgentsFile, skilled: Mapping[str, Skills], routing: SkillRouting
) -> tuple[AgentSettings, ...]:
    """The agents as the program works with them."""
    queues_for = {of: frozenset(routing.queues_for(of)) for of in set(skilled.values())}
    return tuple(
        AgentSettings(
            id=name,
            name=part.name,
            pin=part.pin,
            seat=part.seat,
            languages=tuple(part.languages),
            topics=tuple(part.topics),
            queues=queues_for[skilled[name]],
            telephone=_international(part.telephone),
            shift=part.shift,
        )
        for name, part in parsed.agents.items()
    )


# --- the CSV file ------------------------------------------------------------------------------


def _csv(path: Path, own: Collection[str]) -> dict[str, AgentPart]:
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

"""agents.yaml: the people at the seats.  Without it, as in pools without agents, nobody signs in.

Many agents may stand in a CSV file that it names (agents_csv.py).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ivrd.config import queues
from ivrd.config.agents_csv import read_csv
from ivrd.config.agents_file import MOST_AGENTS, TOO_MANY, AgentsFile, international
from ivrd.config.control_socket import located
from ivrd.config.field_types import written
from ivrd.config.main import MainFile
from ivrd.config.model import File, read
from ivrd.config.problem import ConfigError, Problem, quoted, unknown
from ivrd.config.queues import QueuesFile
from ivrd.config.settings import AgentLimits, AgentSettings, SupervisionSettings
from ivrd.config.yamlfile import Document
from ivrd.core.agent_call import Request, number_of
from ivrd.core.skills import SkillRouting, Skills

FILE = "agents.yaml"
RESUME_KEYS = "*1"  # a seat's phone dials this to be rung again, whether ivrd is there or not


def read_file(folder: Path) -> File[AgentsFile]:
    """agents.yaml with the agents of its CSV file; a folder without it has no agents.

    Raises `ConfigError`.
    """
    path = folder / FILE
    if not path.exists():
        return File(Document(str(path), None, {(): 0}), AgentsFile())
    file = read(path, AgentsFile)
    own = file.parsed
    rows = read_csv(located(folder, own.csv), own.agents) if own.csv else {}
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
            telephone=international(part.telephone),
            shift=part.shift,
        )
        for name, part in parsed.agents.items()
    )

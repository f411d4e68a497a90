"""Who can help whom, by queues.yaml, agents.yaml and partners.yaml together."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ivrd.config import agents, partners, queues, yamlfile
from ivrd.config.agents_file import AgentsFile
from ivrd.config.field_types import written
from ivrd.config.model import File
from ivrd.config.partners import PartnersFile
from ivrd.config.problem import Problem
from ivrd.config.queues import QueuesFile
from ivrd.config.settings import Settings
from ivrd.core.skills import SkillRouting, Skills, divide, unserved, without_speakers


@dataclass(frozen=True)
class Staff:
    """All who serve the queues.

    `at_seats`: by seat, the skills of all who may sit there; `agents`: by id; `skills`: all that
    there are, partners' among them.  `routing`: the queues as these people make it necessary.
    """

    at_seats: Mapping[str, Sequence[Skills]]
    agents: Mapping[str, Skills]
    skills: Collection[Skills]
    routing: SkillRouting


def staff(
    waiting: QueuesFile, people: AgentsFile, helpers: PartnersFile, languages: Sequence[str]
) -> Staff:
    """Who serves the queues, by files that agree with one another."""
    of_pool = queues.skills(waiting, languages)
    pool_at = {seat: of_pool[pool] for seat, pool in queues.seats(waiting).items()}
    skilled = agents.skills(people, pool_at)
    at_seats: dict[str, list[Skills]] = {}
    for name, part in people.agents.items():
        at_seats.setdefault(part.seat, []).append(skilled[name])
    for seat, of in pool_at.items():
        at_seats.setdefault(seat, [of])
    ours = (of for here in at_seats.values() for of in here)
    every = set(ours).union(partners.skills(helpers, waiting, languages[0]))
    fallback = waiting.fallback_language or languages[0]
    assumed = written(languages)
    routing = divide(waiting.queue_of(), waiting.default, languages, assumed, fallback, every)
    return Staff(at_seats, skilled, every, routing)


def check(file: File[QueuesFile], of: Staff) -> Iterator[Problem]:
    """Callers whom nobody could help."""
    for group in unserved(of.routing, of.skills):
        who = f"speaks {group.language}" if group.language else "is trained for it"
        if group.topic:
            place: tuple[str, ...] = ("queues", group.queue, "topics", group.topic)
        else:
            place = ("queues", group.queue)
        say = f"nobody who serves this queue {who}; expected a pool, an agent or a partner who does"
        yield file.problem(*place, say=say)


def without_language(settings: Settings) -> list[Problem]:
    """Languages that nobody speaks who serves a queue, and who takes their callers."""
    place = yamlfile.places(settings.folder / queues.FILE)
    return [
        place.problem(
            ("queues", group.queue, *(("topics", group.topic) if group.topic else ())),
            f"nobody who serves it speaks {group.language}; its callers who chose that go to "
            f"people who speak {heard}",
        )
        for group, heard in without_speakers(settings.tree.routing)
    ]

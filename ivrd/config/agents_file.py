"""The model of agents.yaml, and what an agent's values may be there and in its CSV file."""

from typing import Annotated

from pydantic import Field

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
)
from ivrd.config.model import Part
from ivrd.config.pin import is_hash

MOST_AGENTS = 5_000  # two and a half for each of the most seats that there may be
TOO_MANY = f"expected at most {MOST_AGENTS} agents"
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
    lambda value: value if not value or international(value) else None,
)
PIN = _Hash("the hash that `ivrd agent pin` prints", lambda value: value)
CODE = pattern("a star and one or two digits such as *11, or nothing", r"(\*[0-9]{1,2})?")
SUPERVISION_CODE = pattern("* and 2 to 4 digits", r"\*[0-9]{2,4}")
SPOKEN = pattern("one of the hotline's languages, such as th, or nothing", "([a-z]{2})?")
SHIFT = pattern("the name of hours in hours.yaml, or nothing", "([a-z][a-z0-9_-]{0,31})?")
SEAT = pattern("a seat such as base-01", "[a-z][a-z0-9_-]{0,31}[.-]?[a-z0-9_-]{0,4}")


def international(value: str) -> str:
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

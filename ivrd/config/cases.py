"""cases.yaml: whether callers can ask for the state of a case, where it is known, what is said.

Without it nobody can.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field
from stdnum.th import pin

from ivrd.config.control_socket import located
from ivrd.config.effect import RELOAD
from ivrd.config.field_types import PATH, PROMPT, TRUTH, number, text, whole
from ivrd.config.model import File, Part, read
from ivrd.config.outbox import FIELD, URL
from ivrd.config.outbox_settings import HttpSettings
from ivrd.config.problem import Problem
from ivrd.config.secret import CASES_SECRET
from ivrd.config.yamlfile import Document, Key
from ivrd.core.cases import CaseTable

FILE = "cases.yaml"
MOST_CODE_DIGITS = 20
SPARE_SECONDS = 1.0  # so much later the connection ends, should it not heed the deadline

Prompts = Annotated[list[Annotated[str, PROMPT]], Field(min_length=1)]


class CrmPart(Part):
    """`crm:` the system that has the cases; without url there is none."""

    url: Annotated[str, URL, RELOAD] = ""
    secret_file: Annotated[str, PATH, RELOAD] = ""
    ca_file: Annotated[str, PATH, RELOAD] = ""
    field: Annotated[str, FIELD, RELOAD] = "state"
    deadline_seconds: Annotated[float, number(0.1, 10), RELOAD] = 2
    at_once: Annotated[int, whole(1, 200), RELOAD] = 20
    cache_seconds: Annotated[float, number(0, 3600), RELOAD] = 60
    failures: Annotated[int, whole(1, 100), RELOAD] = 3
    pause_seconds: Annotated[float, number(1, 600), RELOAD] = 30


class CasesFile(Part):
    """cases.yaml."""

    crm: CrmPart = CrmPart()
    code_digits: Annotated[int, whole(0, MOST_CODE_DIGITS), RELOAD] = 0
    by_person: Annotated[bool, TRUTH, RELOAD] = False
    states: Annotated[dict[Annotated[str, text(100)], Prompts], RELOAD] = Field(
        default_factory=dict
    )


@dataclass(frozen=True)
class CrmSettings:
    """How the system is asked, and which states there are something to say of.

    field: where in its answer the state stands.  failures: so many in a row are too many, and
    nothing is asked for pause_seconds.
    """

    http: HttpSettings
    field: str
    states: frozenset[str]
    deadline_seconds: float
    cache_seconds: float
    failures: int
    pause_seconds: float


def read_file(folder: Path) -> File[CasesFile]:
    """cases.yaml; in a folder without it nobody can ask.  Raises `ConfigError`."""
    path = folder / FILE
    if not path.exists():
        return File(Document(str(path), None, {(): 0}), CasesFile())
    return read(path, CasesFile)


def check(file: File[CasesFile]) -> Iterator[Problem]:
    """What is wrong between the values of this file."""
    parsed = file.parsed
    if not parsed.crm.url:
        for name in ("code_digits", "by_person", "states"):
            if getattr(parsed, name):
                say = "nobody can ask for a case: crm.url is missing"
                yield file.problem(name, say=say)
        return
    if not parsed.crm.secret_file:
        say = "secret_file: missing; expected a file with the secret by which questions are signed"
        yield file.problem("crm", say=say)
    if not (parsed.code_digits or parsed.by_person):
        yield file.problem("crm", say="expected code_digits, by_person: true, or both")
    if not parsed.states:
        yield file.problem("states", say="expected the prompts of at least one state")


def prompts(parsed: CasesFile) -> Iterator[tuple[Key, str]]:
    """Each (place, prompt) in this file."""
    for state, said in parsed.states.items():
        for at, prompt in enumerate(said):
            yield ("states", state, at), prompt


def table(parsed: CasesFile) -> CaseTable | None:
    """What callers can ask, as the menu machine wants it."""
    if not parsed.crm.url:
        return None
    states: Mapping[str, tuple[str, ...]] = {
        state: tuple(said) for state, said in parsed.states.items()
    }
    return CaseTable(parsed.code_digits, parsed.by_person, states, pin.is_valid)


def crm(parsed: CasesFile, folder: Path) -> CrmSettings | None:
    """How the system is asked."""
    of = parsed.crm
    if not of.url:
        return None
    http = HttpSettings(
        of.url,
        located(folder, of.secret_file),
        CASES_SECRET,
        located(folder, of.ca_file) if of.ca_file else None,
        of.deadline_seconds + SPARE_SECONDS,
        of.at_once,
        float(of.at_once),
    )
    return CrmSettings(
        http,
        of.field,
        frozenset(parsed.states),
        of.deadline_seconds,
        of.cache_seconds,
        of.failures,
        of.pause_seconds,
    )

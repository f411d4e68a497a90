"""The files of the configuration, each read and right by itself."""

from dataclasses import dataclass
from pathlib import Path

from ivrd.config import (
    agents,
    cases,
    hours,
    languages,
    main,
    menus,
    model,
    outbox,
    partners,
    plans,
    prompts,
    queues,
)
from ivrd.config.agents_file import AgentsFile
from ivrd.config.model import File, M
from ivrd.config.problem import ConfigError, Problem

FILES = (main.FILE, menus.FILE, queues.FILE, hours.FILE, partners.FILE, prompts.FILE)
OPTIONAL_FILES = (agents.FILE, outbox.FILE, plans.FILE, cases.FILE, *languages.FILES)


@dataclass(frozen=True)
class Files:
    """Each file, parsed; None when it is not right by itself."""

    program: File[main.MainFile] | None
    menus: File[menus.MenusFile] | None
    queues: File[queues.QueuesFile] | None
    hours: File[hours.HoursFile] | None
    partners: File[partners.PartnersFile] | None
    prompts: File[prompts.PromptsFile] | None
    agents: File[AgentsFile] | None
    outbox: File[outbox.OutboxFile] | None
    plans: File[plans.PlansFile] | None
    cases: File[cases.CasesFile] | None
    languages: languages.LanguageFiles


def read(folder: Path, found: list[Problem]) -> Files:
    """All files in `folder`; what is wrong inside of one is added to `found`."""
    program = _read(folder / main.FILE, main.MainFile, found)
    wanted = program.parsed.languages if program else []
    return Files(
        program=program,
        menus=_read(folder / menus.FILE, menus.MenusFile, found),
        queues=_read(folder / queues.FILE, queues.QueuesFile, found),
        hours=_read(folder / hours.FILE, hours.HoursFile, found),
        partners=_read(folder / partners.FILE, partners.PartnersFile, found),
        prompts=_read(folder / prompts.FILE, prompts.PromptsFile, found),
        agents=_read_agents(folder, found),
        outbox=_read_outbox(folder, found),
        plans=_read_plans(folder, found),
        cases=_read_cases(folder, found),
        languages=languages.read_files(folder, wanted, found),
    )


def _read(path: Path, of: type[M], found: list[Problem]) -> File[M] | None:
    try:
        return model.read(path, of)
    except ConfigError as error:
        found.extend(error.problems)
        return None


def _read_agents(folder: Path, found: list[Problem]) -> File[AgentsFile] | None:
    try:
        return agents.read_file(folder)
    except ConfigError as error:
        found.extend(error.problems)
        return None


def _read_outbox(folder: Path, found: list[Problem]) -> File[outbox.OutboxFile] | None:
    try:
        return outbox.read_file(folder)
    except ConfigError as error:
        found.extend(error.problems)
        return None


def _read_plans(folder: Path, found: list[Problem]) -> File[plans.PlansFile] | None:
    try:
        return plans.read_file(folder)
    except ConfigError as error:
        found.extend(error.problems)
        return None


def _read_cases(folder: Path, found: list[Problem]) -> File[cases.CasesFile] | None:
    try:
        return cases.read_file(folder)
    except ConfigError as error:
        found.extend(error.problems)
        return None

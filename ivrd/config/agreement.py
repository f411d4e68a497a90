"""What is wrong between the values of one file, and what does not agree between files."""

from collections.abc import Iterable
from pathlib import Path

from ivrd.config import (
    agents,
    callback,
    cases,
    hours,
    languages,
    line,
    main,
    menus,
    outbox,
    partners,
    plans,
    prompt_validity,
    prompts,
    queues,
    reminders,
)
from ivrd.config.files import Files
from ivrd.config.problem import Problem


def disagreements(files: Files, folder: Path) -> Iterable[Problem]:
    """All of it, as far as the files are right by themselves."""
    yield from _alone(files, folder)
    yield from _with_program(files)
    yield from _together(files)


def _alone(files: Files, folder: Path) -> Iterable[Problem]:
    """What is wrong inside one file."""
    if files.program:
        yield from main.check(files.program, folder)
    if files.menus:
        yield from menus.check(files.menus)
    if files.queues:
        yield from queues.check(files.queues)
    if files.hours:
        yield from hours.check(files.hours)
    if files.partners:
        yield from partners.check(files.partners)
    if files.outbox:
        yield from outbox.check(files.outbox)
    if files.prompts:
        yield from prompt_validity.check(files.prompts)
    if files.plans:
        yield from plans.check(files.plans)
    if files.cases:
        yield from cases.check(files.cases)


def _with_program(files: Files) -> Iterable[Problem]:
    """What does not agree with ivrd.yaml."""
    if not files.program:
        return
    parsed = files.program.parsed
    if files.menus:
        yield from menus.check_with_program(files.menus, parsed)
    if files.menus and files.plans:
        begins = plans.starts(files.plans.parsed)
        yield from menus.check_numbers(files.menus, files.program, begins)
    if files.queues:
        yield from queues.check_with_program(files.queues, parsed)
    if files.partners:
        yield from partners.check_with_program(files.partners, parsed)
        if files.outbox:
            first = parsed.languages[0]
            yield from partners.check_with_outbox(files.partners, files.outbox.parsed, first)
    if files.outbox:
        yield from outbox.check_with_program(files.outbox, parsed.languages)
    if files.agents:
        yield from agents.check_with_program(files.agents, parsed)
    if files.plans:
        yield from plans.check_with_program(files.plans, parsed)


def _together(files: Files) -> Iterable[Problem]:
    """What does not agree between the other files."""
    if files.menus and files.queues:
        yield from menus.check_with_queues(files.menus, files.queues.parsed)
    if files.queues and files.hours:
        yield from queues.check_with_hours(files.queues, files.hours.parsed)
    if files.partners and files.queues:
        yield from partners.check_with_queues(files.partners, files.queues.parsed)
        yield from queues.check_transfers(files.queues, files.partners.parsed.partners)
    if files.partners and files.hours:
        yield from partners.check_with_hours(files.partners, files.hours.parsed)
    yield from _agents_together(files)
    if files.program and files.hours:
        part = files.program.parsed.callback
        for key, say in callback.check_with_hours(part, files.hours.parsed):
            yield files.program.problem(*key, say=say)
    yield from _planned(files)
    yield from _said(files)


def _agents_together(files: Files) -> Iterable[Problem]:
    """What agents.yaml names, and is not there."""
    if files.agents:
        yield from agents.check_supervision(files.agents)
    if files.agents and files.queues:
        yield from agents.check_with_queues(files.agents, files.queues.parsed)
    if files.agents and files.queues and files.program:
        yield from line.check(files.agents, files.queues.parsed, files.program.parsed)
    if files.agents and files.hours and files.program:
        yield from reminders.check(files.agents, files.hours.parsed, files.program.parsed)


def _planned(files: Files) -> Iterable[Problem]:
    """What crisis plans name, and is not there."""
    if not files.plans:
        return
    if files.menus:
        yield from plans.check_with_menus(files.plans, files.menus.parsed)
    if files.queues:
        yield from plans.check_with_queues(files.plans, files.queues.parsed)
    if files.partners:
        yield from plans.check_with_partners(files.plans, files.partners.parsed)
    if files.outbox:
        yield from plans.check_with_outbox(files.plans, files.outbox.parsed.messages)


def _said(files: Files) -> Iterable[Problem]:
    """Prompts and messages that are named, and that there are."""
    if files.menus and files.outbox:
        yield from menus.check_with_outbox(files.menus, files.outbox.parsed.messages)
    if files.menus and files.cases:
        yield from menus.check_with_cases(files.menus, cases.table(files.cases.parsed))
    if files.prompts and files.program:
        spoken = files.program.parsed.languages
        known = prompts.with_defaults(files.prompts.parsed.texts, spoken)
        yield from languages.check(files.languages, known)
        if files.menus:
            uses = menus.prompts(files.menus.parsed)
            yield from prompts.check_uses(known, spoken, files.menus, uses)
        if files.queues:
            uses = queues.prompts(files.queues.parsed)
            yield from prompts.check_uses(known, spoken, files.queues, uses)
        uses = prompt_validity.prompts(files.prompts.parsed)
        yield from prompts.check_uses(known, spoken, files.prompts, uses)
        if files.menus and files.queues:
            yield from prompt_validity.check_places(
                files.prompts, files.menus, files.queues, files.plans
            )
        if files.plans:
            uses = plans.prompts(files.plans.parsed)
            yield from prompts.check_uses(known, spoken, files.plans, uses)
        if files.cases:
            uses = cases.prompts(files.cases.parsed)
            yield from prompts.check_uses(known, spoken, files.cases, uses)

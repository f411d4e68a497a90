"""The whole configuration: each file by itself, then the files together, then the settings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ivrd.config import (
    agents,
    callback,
    cases,
    hours,
    languages,
    line,
    links,
    main,
    menus,
    model,
    outbox,
    partners,
    people,
    plans,
    priority,
    prompt_validity,
    prompts,
    queues,
    reminders,
    skills,
    store,
)
from ivrd.config import waiting as waits
from ivrd.config.control_socket import check_folder, located
from ivrd.config.field_types import FURTHER, written
from ivrd.config.model import File, M
from ivrd.config.problem import ConfigError, Problem
from ivrd.config.settings import Settings
from ivrd.config.skills import Staff
from ivrd.config.trunk_settings import TrunkSettings

FILES = (main.FILE, menus.FILE, queues.FILE, hours.FILE, partners.FILE, prompts.FILE)
OPTIONAL_FILES = (agents.FILE, outbox.FILE, plans.FILE, cases.FILE, *languages.FILES)


def load(folder: Path) -> Settings:
    """The configuration in `folder`.

    Raises `ConfigError` with everything that is wrong.  Files are compared with one another as
    far as they are right by themselves.
    """
    check_folder(folder)
    found: list[Problem] = []
    program = _read(folder / main.FILE, main.MainFile, found)
    wanted = program.parsed.languages if program else []
    files = _Files(
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
    for problems in (_alone(files, folder), _with_program(files), _together(files)):
        found.extend(problems)
    settings = None if found else _with_further(files, wanted, folder)
    if settings is not None and files.queues:
        staff = _staff(files, settings.languages)
        found.extend(skills.check(files.queues, staff) if staff else ())
    if settings is None or found:
        order = {str(folder / name): at for at, name in enumerate((*FILES, *OPTIONAL_FILES))}
        last = len(order)  # a file that one of these names

        def place(problem: Problem) -> tuple[int, int]:
            return order.get(problem.file, last), problem.line

        raise ConfigError(sorted(found, key=place))
    return settings


@dataclass(frozen=True)
class _Files:
    """Each file, parsed; None when it is not right by itself."""

    program: File[main.MainFile] | None
    menus: File[menus.MenusFile] | None
    queues: File[queues.QueuesFile] | None
    hours: File[hours.HoursFile] | None
    partners: File[partners.PartnersFile] | None
    prompts: File[prompts.PromptsFile] | None
    agents: File[agents.AgentsFile] | None
    outbox: File[outbox.OutboxFile] | None
    plans: File[plans.PlansFile] | None
    cases: File[cases.CasesFile] | None
    languages: languages.LanguageFiles


def _read(path: Path, of: type[M], found: list[Problem]) -> File[M] | None:
    try:
        return model.read(path, of)
    except ConfigError as error:
        found.extend(error.problems)
        return None


def _read_agents(folder: Path, found: list[Problem]) -> File[agents.AgentsFile] | None:
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


def _alone(files: _Files, folder: Path) -> Iterable[Problem]:
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


def _with_program(files: _Files) -> Iterable[Problem]:
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


def _together(files: _Files) -> Iterable[Problem]:
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


def _agents_together(files: _Files) -> Iterable[Problem]:
    """What agents.yaml names, and is not there."""
    if files.agents:
        yield from agents.check_supervision(files.agents)
    if files.agents and files.queues:
        yield from agents.check_with_queues(files.agents, files.queues.parsed)
    if files.agents and files.queues and files.program:
        yield from line.check(files.agents, files.queues.parsed, files.program.parsed)
    if files.agents and files.hours and files.program:
        yield from reminders.check(files.agents, files.hours.parsed, files.program.parsed)


def _planned(files: _Files) -> Iterable[Problem]:
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


def _said(files: _Files) -> Iterable[Problem]:
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


def _staff(files: _Files, spoken: Sequence[str]) -> Staff | None:
    """Who can help whom; None when a file is not there."""
    if not (files.queues and files.agents and files.partners):
        return None
    return skills.staff(files.queues.parsed, files.agents.parsed, files.partners.parsed, spoken)


def _trunks(
    program: main.MainFile, helpers: partners.PartnersFile, folder: Path
) -> dict[str, TrunkSettings]:
    """All trunks, by their names in Asterisk."""
    found = {**main.carriers(program, folder), **partners.dialled_trunks(helpers, folder)}
    if exchange := callback.exchange(program.callback, folder):
        found[callback.TRUNK] = exchange
    return found


def _with_further(files: _Files, wanted: Sequence[str], folder: Path) -> Settings | None:
    """The settings with those further languages that have all of their prompts."""
    settings = _settings(files, written(wanted), {}, folder)
    if settings is None or settings.languages == tuple(wanted):
        return settings
    missing = {
        language: languages.missing(settings, language, files.languages[language])
        for language in wanted
        if language in FURTHER
    }
    off = {language: problems for language, problems in missing.items() if problems}
    return _settings(files, [one for one in wanted if one not in off], off, folder)


def _settings(
    files: _Files,
    spoken: Sequence[str],
    off: Mapping[str, tuple[Problem, ...]],
    folder: Path,
) -> Settings | None:
    """The settings that the files make together; None when one is not there.

    `spoken`: the languages that are on; `off`: the others that are wanted, and why.
    """
    staff = _staff(files, spoken)
    top, tree, waiting = files.program, files.menus, files.queues
    if not (top and tree and waiting and files.hours and files.partners and files.prompts):
        return None
    if not (files.agents and files.outbox and files.plans and files.cases and staff):
        return None
    parsed, first, routing = top.parsed, spoken[0], staff.routing
    numbers = main.numbers(parsed, spoken)
    named = hours.schedules(files.hours.parsed, parsed.time_zone)
    trunks = _trunks(parsed, files.partners.parsed, folder)
    helpers = partners.partners(files.partners.parsed, waiting.parsed, first, trunks)
    return Settings(
        folder=folder,
        numbers=numbers,
        country=parsed.country,
        zone=parsed.time_zone,
        languages=tuple(spoken),
        languages_off=off,
        service_level_seconds=parsed.service_level_seconds,
        lease_seconds=parsed.lease_seconds,
        drain_seconds=parsed.drain_seconds,
        sounds=located(folder, parsed.sounds),
        state_dir=located(folder, parsed.state_dir),
        store=store.store(parsed.store, folder, located(folder, parsed.state_dir)),
        callback=callback.settings(
            parsed.callback, named, parsed.country, trunks.get(callback.TRUNK)
        ),
        people=people.rules(parsed.people),
        priority=priority.rules(parsed.priority, waiting.parsed.urgency()),
        recover_after_seconds=parsed.people.recover_after_seconds,
        log_format=parsed.log.format,
        log_level=parsed.log.level,
        caller_key_file=located(folder, parsed.caller_key_file),
        number_key_file=people.number_key_file(
            parsed.people, folder, located(folder, parsed.caller_key_file)
        ),
        web_host=parsed.web.listen.host,
        web_port=parsed.web.listen.port,
        control_socket=located(folder, parsed.control.socket),
        control_mode=parsed.control.mode,
        asterisk=main.asterisk(folder, top),
        tree=menus.tree(
            tree.parsed,
            waiting.parsed,
            routing,
            tuple(spoken),
            numbers,
            parsed.waiting.menu_key,
            cases.table(files.cases.parsed),
        ),
        menu_key_seconds=parsed.waiting.menu_key_seconds,
        default_queue=waiting.parsed.default,
        queues=queues.queues(waiting.parsed, routing),
        schedules={name: named[part.hours] for name, part in waiting.parsed.queues.items()},
        pools=queues.pools(waiting.parsed, routing, staff.at_seats),
        ring_seconds=waiting.parsed.ring_seconds,
        transfers=queues.transfer_numbers(waiting.parsed),
        transfer_code=waiting.parsed.transfers.code,
        agents=agents.agents(files.agents.parsed, staff.agents, routing),
        wrap_up_seconds=files.agents.parsed.wrap_up_seconds,
        outbox=outbox.settings(files.outbox.parsed, folder),
        crm=cases.crm(files.cases.parsed, folder),
        line_numbers=line.line_number(files.agents.parsed, parsed),
        agent_limits=agents.limits(files.agents.parsed),
        agent_codes=agents.codes(files.agents.parsed),
        agent_language=files.agents.parsed.language or first,
        line_key_seconds=files.agents.parsed.line_key_seconds,
        reminders=reminders.settings(files.agents.parsed, named, parsed),
        supervision=agents.supervision(files.agents.parsed),
        policy=main.policy(parsed),
        waiting=waits.waiting(parsed.waiting),
        links=links.rules(parsed.links),
        callers_at_most=parsed.limits.callers,
        music_at_most=parsed.limits.music,
        menus_at_most=parsed.limits.menus,
        behind_seconds=parsed.limits.behind_seconds,
        challenge=main.challenge(parsed),
        partners=helpers,
        call_outs=partners.call_outs(files.partners.parsed, folder, first),
        partner_schedules={partner.id: named[partner.hours] for partner in helpers},
        validities=prompt_validity.validities(files.prompts.parsed),
        plans=plans.plans(files.plans.parsed),
        left_out={},
        prompts=prompts.with_texts(
            prompts.with_defaults(files.prompts.parsed.texts, spoken),
            spoken,
            {language: of.parsed for language, of in files.languages.items()},
        ),
        trunks=trunks,
        files={
            main.FILE: parsed,
            menus.FILE: tree.parsed,
            queues.FILE: waiting.parsed,
            hours.FILE: files.hours.parsed,
            partners.FILE: files.partners.parsed,
            prompts.FILE: files.prompts.parsed,
            agents.FILE: files.agents.parsed,
            outbox.FILE: files.outbox.parsed,
            plans.FILE: files.plans.parsed,
            cases.FILE: files.cases.parsed,
            **{prompts.file_name(one): of.parsed for one, of in files.languages.items()},
        },
    )

"""The whole configuration: each file by itself, then the files together, then the settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ivrd.config import (
    agents,
    asterisk,
    callback,
    cases,
    hours,
    languages,
    line,
    links,
    main,
    menus,
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
from ivrd.config.agreement import disagreements
from ivrd.config.control_socket import check_folder, located
from ivrd.config.field_types import FURTHER, written
from ivrd.config.files import FILES, OPTIONAL_FILES, Files, read
from ivrd.config.problem import ConfigError, Problem
from ivrd.config.settings import Settings
from ivrd.config.skills import Staff
from ivrd.config.trunk_settings import TrunkSettings


def load(folder: Path) -> Settings:
    """The configuration in `folder`.

    Raises `ConfigError` with everything that is wrong.  Files are compared with one another as
    far as they are right by themselves.
    """
    check_folder(folder)
    found: list[Problem] = []
    files = read(folder, found)
    wanted = files.program.parsed.languages if files.program else []
    found.extend(disagreements(files, folder))
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


def _staff(files: Files, spoken: Sequence[str]) -> Staff | None:
    """Who can help whom; None when a file is not there."""
    if not (files.queues and files.agents and files.partners):
        return None
    return skills.staff(files.queues.parsed, files.agents.parsed, files.partners.parsed, spoken)


def _trunks(
    program: main.MainFile, helpers: partners.PartnersFile, folder: Path
) -> dict[str, TrunkSettings]:
    """All trunks, by their names in Asterisk."""
    found = {
        **asterisk.carriers(program.asterisk, folder),
        **partners.dialled_trunks(helpers, folder),
    }
    if exchange := callback.exchange(program.callback, folder):
        found[callback.TRUNK] = exchange
    return found


def _with_further(files: Files, wanted: Sequence[str], folder: Path) -> Settings | None:
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
    files: Files,
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
        asterisk=asterisk.settings(folder, parsed.asterisk, top.document),
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

"""The whole configuration: each file by itself, then the files together, then the settings."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

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
    routes,
    skills,
    store,
)
from ivrd.config import waiting as waits
from ivrd.config.agreement import disagreements
from ivrd.config.control_socket import check_folder, located
from ivrd.config.field_types import FURTHER, written
from ivrd.config.files import FILES, OPTIONAL_FILES, Files, read
from ivrd.config.model import File
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
    return {
        **asterisk.carriers(program.asterisk, folder),
        **partners.dialled_trunks(helpers, folder),
        **callback.exchanges(program.callback, folder),
    }


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


def _parsed(files: Files) -> dict[str, BaseModel]:
    """What each file says, by its name."""
    named: dict[str, File[Any] | None] = {
        main.FILE: files.program,
        menus.FILE: files.menus,
        queues.FILE: files.queues,
        hours.FILE: files.hours,
        partners.FILE: files.partners,
        prompts.FILE: files.prompts,
        agents.FILE: files.agents,
        outbox.FILE: files.outbox,
        plans.FILE: files.plans,
        cases.FILE: files.cases,
        **{prompts.file_name(language): of for language, of in files.languages.items()},
    }
    return {name: of.parsed for name, of in named.items() if of}


def _texts(files: Files, own: prompts.Prompts, spoken: Sequence[str]) -> prompts.Prompts:
    """The prompts in the languages that are on."""
    further = {language: of.parsed for language, of in files.languages.items()}
    return prompts.with_texts(prompts.with_defaults(own, spoken), spoken, further)


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
    parsed, queue, agent, case = top.parsed, waiting.parsed, files.agents.parsed, files.cases.parsed
    first, on, routing = spoken[0], tuple(spoken), staff.routing
    numbers = main.numbers(parsed, spoken)
    named = hours.schedules(files.hours.parsed, parsed.time_zone)
    trunks = _trunks(parsed, files.partners.parsed, folder)
    exchange = trunks.get(routes.TRUNK)
    helpers = partners.partners(files.partners.parsed, queue, first, trunks)
    state_dir = located(folder, parsed.state_dir)
    caller_key = located(folder, parsed.caller_key_file)
    return Settings(
        folder=folder,
        numbers=numbers,
        country=parsed.country,
        zone=parsed.time_zone,
        languages=on,
        languages_off=off,
        service_level_seconds=parsed.service_level_seconds,
        lease_seconds=parsed.lease_seconds,
        drain_seconds=parsed.drain_seconds,
        sounds=located(folder, parsed.sounds),
        state_dir=state_dir,
        store=store.store(parsed.store, folder, state_dir),
        callback=callback.settings(parsed.callback, named, parsed.country, exchange),
        people=people.rules(parsed.people),
        priority=priority.rules(parsed.priority, queue.urgency()),
        recover_after_seconds=parsed.people.recover_after_seconds,
        log_format=parsed.log.format,
        log_level=parsed.log.level,
        caller_key_file=caller_key,
        number_key_file=people.number_key_file(parsed.people, folder, caller_key),
        web_host=parsed.web.listen.host,
        web_port=parsed.web.listen.port,
        control_socket=located(folder, parsed.control.socket),
        control_mode=parsed.control.mode,
        asterisk=asterisk.settings(folder, parsed.asterisk, top.document),
        tree=menus.tree(
            tree.parsed, queue, routing, on, numbers, parsed.waiting.menu_key, cases.table(case)
        ),
        menu_key_seconds=parsed.waiting.menu_key_seconds,
        default_queue=queue.default,
        queues=queues.queues(queue, routing),
        schedules={name: named[part.hours] for name, part in queue.queues.items()},
        pools=queues.pools(queue, routing, staff.at_seats),
        ring_seconds=queue.ring_seconds,
        transfers=queues.transfer_numbers(queue),
        transfer_code=queue.transfers.code,
        agents=agents.agents(agent, staff.agents, routing),
        wrap_up_seconds=agent.wrap_up_seconds,
        outbox=outbox.settings(files.outbox.parsed, folder),
        crm=cases.crm(case, folder),
        line_numbers=line.line_number(agent, parsed),
        agent_limits=agents.limits(agent),
        agent_codes=agents.codes(agent),
        agent_language=agent.language or first,
        line_key_seconds=agent.line_key_seconds,
        reminders=reminders.settings(agent, named, parsed),
        supervision=agents.supervision(agent),
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
        prompts=_texts(files, files.prompts.parsed.texts, spoken),
        trunks=trunks,
        files=_parsed(files),
    )

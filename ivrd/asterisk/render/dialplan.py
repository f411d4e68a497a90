"""extensions.conf: what the YAML decides; the rest stands in dialplans/."""

from collections.abc import Sequence

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.render import partners
from ivrd.asterisk.render.transfers import extensions
from ivrd.config.agents import RESUME_KEYS
from ivrd.config.settings import NumberSettings, Settings
from ivrd.config.trunk_settings import PLAIN
from ivrd.core.partner import Partner
from ivrd.core.skills import SkillRouting

# Takes a caller whom an agent transfers there; a seat's own channel goes on.
TRANSFERRED = 'GotoIf($["${IVRD_CALL}" = "${UNIQUEID}"]?seat-transfer,back,1)'


def _number(of: NumberSettings) -> str:
    """What a call to this number is: an ordinary one, but for its name and its language."""
    steps = [f"exten => {of.number},1,Set({dialplan_names.NUMBER}={of.number})"]
    if of.language:
        steps.append(f" same => n,Set({dialplan_names.LANGUAGE}={of.language})")
    steps.append(f" same => n,Goto({dialplan_names.HOTLINE_CONTEXT},s,1)")
    others = (spelling for spelling in of.spellings if spelling != of.number)
    return "\n".join([*steps, *(f"exten => {other},1,Goto({of.number},1)" for other in others)])


def _default_queues(routing: SkillRouting, languages: Sequence[str]) -> str:
    """One for each language whose callers do not wait in the default queue as it is rendered."""
    name = dialplan_names.QUEUE
    first = routing.queue_for("", languages[0])
    others = {of: routing.queue_for("", of) for of in languages}
    steps = [
        f"exten => {of},1,Set({name}={queue})\n same => n,Return()"
        for of, queue in others.items()
        if queue != first
    ]
    usual = f"exten => _!,1,Set({name}=${{{dialplan_names.DEFAULT_QUEUE}}})\n same => n,Return()"
    return "\n".join([*steps, usual])


def _carriers_limits(settings: Settings) -> str:
    """A carrier with as many calls as it may have at once gets no further one."""
    refused = dialplan_names.REFUSED_CONTEXT
    carriers = {
        name: settings.trunks[name].network.at_once for name, _ in settings.asterisk.carriers
    }
    limits = [(name, most) for name, most in carriers.items() if most]
    text = "".join(
        f' same => n,GotoIf($["${{CHANNEL(endpoint)}}" = "{name}" & '
        f"${{GROUP_COUNT({name}@carrier)}} > {most}]?{refused},486,1)\n"
        for name, most in limits
    )
    return f" same => n,Set(GROUP(carrier)=${{CHANNEL(endpoint)}})\n{text}" if limits else ""


def _trunks(settings: Settings) -> str:
    """Of each trunk for the hotline's own calls how many it takes at once (0: any number), and its
    transport.
    """
    return "".join(
        f"{dialplan_names.TRUNK_FACTS}{name}={trunk.network.at_once}:{trunk.transport.upper()}\n"
        for name, trunk in settings.trunks.items()
        if name.startswith(dialplan_names.CALLBACK_TRUNK)
    )


def _asks(settings: Settings) -> str:
    """The queues and the partners whose callers are asked after the talk."""
    queues = (queue.name for queue in settings.queues if queue.ask_settled)
    partners_ = (partner.id for partner in settings.partners if partner.ask_settled)
    return ":".join((*queues, *partners_))


def _supervision(settings: Settings) -> str:
    """The code that a supervisor's phone dials, if there are supervisors."""
    of = settings.supervision
    if not of.supervisors:
        return ""
    steps = f"exten => {of.code},1,{TRANSFERRED}\n same => n,Goto({dialplan_names.SUPERVISION},s,1)"
    return f"; A supervisor's phone, after `ivrd agent listen`.\n{steps}\n"


def _seats(settings: Settings, partner: Partner) -> str:
    trunk = settings.trunks.get(dialplan_names.PARTNER_PREFIX + partner.id, PLAIN)
    sip = settings.asterisk
    usual = (sip.topic_header, sip.case_header, sip.note_header)
    headers = [own or other for own, other in zip(trunk.headers, usual, strict=True)]
    redirects = bool(trunk.network.redirects_to)
    return partners.context(partner, settings.languages, redirects, trunk.transport, headers)


def _globals(settings: Settings) -> str:
    """What hand-written files and functions read of the configuration."""
    first, sip = settings.languages[0], settings.asterisk
    values = {
        dialplan_names.LEASE: f"{settings.lease_seconds:g}",
        dialplan_names.LANGUAGE: first,
        dialplan_names.NUMBER: settings.number,
        dialplan_names.DEFAULT_QUEUE: settings.tree.routing.queue_for("", first),
        dialplan_names.CALLERS: settings.callers_at_most,
        dialplan_names.ANNOUNCES: "yes" if settings.supervision.announced else "no",
        dialplan_names.MUSIC_CALLERS: settings.music_at_most,
        dialplan_names.RING_SECONDS: settings.ring_seconds,
        dialplan_names.SILENT_SECONDS: sip.silent_seconds or sip.held_seconds,
        dialplan_names.TOPIC_HEADER: sip.topic_header,
        dialplan_names.CASE_HEADER: sip.case_header,
        dialplan_names.NOTE_HEADER: sip.note_header,
        dialplan_names.AGENT_LANGUAGE: settings.agent_language,
        dialplan_names.ASKS: _asks(settings),
        dialplan_names.LINE_KEY_SECONDS: settings.line_key_seconds,
        dialplan_names.SEAT_KEYS: "T" if settings.transfer_code else "",
    }
    return "".join(f"{name}={value}\n" for name, value in values.items()) + _trunks(settings)


def _numbers(settings: Settings) -> str:
    """The hotline's numbers, and that of people who stay on the line."""
    numbers = [_number(number) for number in settings.numbers]
    to_line = f"1,Goto({dialplan_names.LINE_ACCESS},s,1)"
    line = (f"exten => {spelling},{to_line}" for spelling in settings.line_numbers)
    return "\n".join([*numbers, "\n".join(line)])


def _seat_calls(settings: Settings) -> str:
    """What a seat's phone can dial."""
    codes = "\n".join(
        f"exten => {code},1,{TRANSFERRED}\n same => n,Goto({dialplan_names.AGENT_CALL},{request},1)"
        for request, code in settings.agent_codes.items()
        if code
    )
    return f"""\
{extensions(settings)}
exten => {RESUME_KEYS},1,{TRANSFERRED}
 same => n,UnpauseQueueMember(,PJSIP/${{CHANNEL(endpoint)}})
 same => n,GotoIf($["${{UPQMSTATUS}}" = "NOTFOUND"]?nobody)
 same => n,UserEvent({dialplan_names.SEAT_RESUMED},Seat: ${{CHANNEL(endpoint)}})
 same => n,Answer(500)
 same => n,Hangup(16)
 same => n(nobody),Hangup(21)
{codes}
{_supervision(settings)}"""


def carrier_sources(settings: Settings) -> str:
    """What puts into the database where carriers' names lead by DNS, if any has one.

    ivrd has put the addresses into the carrier's global variable, and says so by a call to it.
    PJSIP looks into the database at each call (sorcery.conf), which AMI may not write.  Each is
    taken once: without the variable the call changes nothing, whoever has made it.
    """
    if not settings.asterisk.carrier_names:
        return ""
    host, variable = dialplan_names.HOST_EXTENSION, dialplan_names.SOURCES_OF
    key = f"{dialplan_names.SOURCES}/${{IVRD_VIA}}{dialplan_names.SOURCES_END}"
    section = '{"endpoint":"${IVRD_VIA}","match":"${IVRD_WANTED}"}'
    return f"""
[{dialplan_names.CALLBACK_DIAL}](+)
exten => _{host}.,1,Set(IVRD_VIA=${{FILTER(-a-z0-9_,${{EXTEN:{len(host)}}})}})
 same => n,Set(IVRD_WANTED=${{GLOBAL({variable}${{IVRD_VIA}})}})
 same => n,Set(GLOBAL({variable}${{IVRD_VIA}})=)
 same => n,GotoIf($["${{IVRD_WANTED}}" = ""]?taken)
 same => n,GotoIf($["${{IVRD_WANTED}}" = "{dialplan_names.NO_SOURCES}"]?nowhere)
 same => n,Set(DB({key})={section})
 same => n(taken),Hangup(17)
 same => n(nowhere),Set(IVRD_WANTED=${{DB_DELETE({key})}})
 same => n,Hangup(17)
"""


def extensions_conf(settings: Settings) -> str:
    """Globals, the numbers that carriers dial, partners' seats, and the hand-written files."""
    seats = "\n".join(_seats(settings, partner) for partner in settings.partners)
    return f"""\
[general]
static=yes
writeprotect=yes
autofallthrough=yes

[globals]
{_globals(settings)}
; Whatever a carrier dials comes here, so that what we refuse is counted.
[{dialplan_names.CARRIER_CONTEXT}]
exten => _!,1,Set({dialplan_names.DIALLED}=${{EXTEN:0:64}})
{_carriers_limits(settings)} same => n,Goto({dialplan_names.DIALLED_CONTEXT},s,1)

; The hotline's numbers, in all their spellings, and that of people who stay on the line.
[{dialplan_names.NUMBERS_CONTEXT}]
{_numbers(settings)}
exten => i,1,Goto({dialplan_names.REFUSED_CONTEXT},404,1)

; Where a caller waits who has chosen nothing, by language.
[{dialplan_names.DEFAULT_QUEUE_CONTEXT}]
{_default_queues(settings.tree.routing, settings.languages)}

; A seat's phone can call other seats, and nobody else. When an agent transfers a caller, it is the
; caller who comes here: with the hotline's number, back to the queue (transfers.conf). What a seat
; can dial besides is for ivrd: an agent's codes, and, which works without it as well, that the
; seat is to be rung again after it was paused.
[{dialplan_names.SEAT_CONTEXT}]
{_seat_calls(settings)}
{seats}
#include "hotline.conf"
#include "partners.conf"
#include "callback.conf"
#include "transfers.conf"
#include "agent-calls.conf"
#include "supervision.conf"
#include "line.conf"
"""

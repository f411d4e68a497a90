"""The numbers in the context of agents' phones: what is to be had there is in transfers.conf."""

from collections.abc import Iterable

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.dialplan_names import interface
from ivrd.config.settings import Settings
from ivrd.config.transfers import TransferNumber

# What leads nowhere; single letters are Asterisk's own.
UNKNOWN = ("_[0-9#*+].", "_[0-9#*+]", "_[A-Za-z].")


def extensions(settings: Settings) -> str:
    """An extension for each number of `transfers`, for the hotline's own, and for all others."""
    spellings = [spelling for number in settings.numbers for spelling in number.spellings]
    lines = [*(f"exten => {spelling},1,{_leads('back')}" for spelling in spellings)]
    lines += [line for number in settings.transfers for line in _lines(number, settings)]
    lines += [f"exten => {pattern},1,{_leads('unknown')}" for pattern in UNKNOWN]
    return "\n".join(lines)


def _lines(of: TransferNumber, settings: Settings) -> list[str]:
    if of.topic:
        first, *others = settings.languages
        usual = settings.tree.routing.queue_for(of.topic, first)
        more = _other_queues(of.topic, usual, others, settings)
        return [*_sets(of.number, of.topic, usual), *more, f" same => n,{_leads('topic')}"]
    if of.partner:
        # Its last seat: the policy opens the first ones first.
        cap = next(partner.cap for partner in settings.partners if partner.id == of.partner)
        to = interface(f"{of.partner}/{cap:02}")
        return [*_sets(of.number, to), f" same => n,{_leads('partner')}"]
    return [*_sets(of.number, of.seat), f" same => n,{_leads('seat')}"]


def _sets(number: str, to: str, about: str = "") -> list[str]:
    return [
        f"exten => {number},1,Set({dialplan_names.TO}={to})",
        f" same => n,Set({dialplan_names.ABOUT}={about})",
    ]


def _other_queues(
    topic: str, usual: str, languages: Iterable[str], settings: Settings
) -> list[str]:
    """Where callers about a topic wait in whose languages it is not the `usual` queue."""
    steps = []
    for language in languages:
        if (queue := settings.tree.routing.queue_for(topic, language)) != usual:
            test = f'$["${{CHANNEL(language):0:2}}" = "{language}"]'
            steps.append(f" same => n,ExecIf({test}?Set({dialplan_names.ABOUT}={queue}))")
    return steps


def _leads(kind: str) -> str:
    return f"Goto({dialplan_names.SEAT_TRANSFER},{kind},1)"

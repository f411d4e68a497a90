"""extensions.conf: what the YAML decides; the rest stands in dialplans/."""

from ivrd.asterisk import names
from ivrd.asterisk.render import partners
from ivrd.config import Settings


def extensions_conf(settings: Settings) -> str:
    """Globals, the number that carriers dial, partners' seats, and the hand-written files."""
    seats = "\n".join(partners.context(partner) for partner in settings.partners)
    return f"""\
[general]
static=yes
writeprotect=yes
autofallthrough=yes

[globals]
{names.LEASE}={settings.lease_seconds:g}
{names.LANGUAGE}={settings.languages[0]}
{names.NUMBER}={settings.number}
{names.DEFAULT_QUEUE}={settings.default_queue}

[{names.CARRIER_CONTEXT}]
exten => {settings.number},1,Goto({names.HOTLINE_CONTEXT},s,1)

; A seat's phone can call nobody.
[{names.SEAT_CONTEXT}]
exten => {settings.number},1,Hangup(21)

{seats}
#include "hotline.conf"
#include "partners.conf"
"""

"""Trunks in pjsip.conf: the transports, and another exchange by its settings."""

from collections.abc import Mapping, Sequence

from ivrd.asterisk import dialplan_names
from ivrd.config.settings import AsteriskSettings
from ivrd.config.trunk_settings import (
    NONE,
    OFFERED,
    PLAIN,
    TCP,
    TLS,
    UDP,
    TlsSettings,
    TrunkSettings,
    uses,
)

# A trunk that stops answering is known after at most the sum of both (seconds); until then a
# call to it costs the partner's `response_seconds`.
QUALIFY = "qualify_frequency=5\nqualify_timeout=2\n"
# What a carrier or a partner may not do inside or outside a call: transfer it, or subscribe.
CLOSED = "allow_transfer=no\nallow_subscribe=no\n"
# A registrar that says no is asked again: it may have got our password only now.
REGISTERS = """\
expiration=300
retry_interval=10
forbidden_retry_interval=60
fatal_retry_interval=60
max_retries=4294967295
auth_rejection_permanent=no
"""


def transports(sip: AsteriskSettings, trunks: Sequence[TrunkSettings]) -> list[str]:
    """UDP for all, the others for trunks that are spoken to so."""
    bind = f"bind={sip.sip_host}:{sip.sip_port}\n"
    found = [f"[{UDP}]\ntype=transport\nprotocol={UDP}\n{bind}"]
    if uses(trunks, TCP):
        found.append(f"[{TCP}]\ntype=transport\nprotocol={TCP}\n{bind}")
    if uses(trunks, TLS):
        found.append(_tls(sip.tls))
    return found


def _tls(of: TlsSettings) -> str:
    """The other side's certificate has to be valid and for the host that is called."""
    return (
        f"[{TLS}]\ntype=transport\nprotocol={TLS}\nbind={of.host}:{of.port}\n"
        f"cert_file={of.cert_file}\npriv_key_file={of.key_file}\n"
        f"ca_list_file={of.ca_file}\nverify_server=yes\n"
    )


def media(sip: AsteriskSettings, trunk: TrunkSettings = PLAIN) -> str:
    """What an endpoint has for sound.  A side that has vanished without a word is hung up."""
    srtp = ""
    if trunk.srtp != NONE:
        srtp = f"media_encryption=sdes\nmedia_encryption_optimistic={_yes(trunk.srtp == OFFERED)}\n"
    return f"""\
transport={trunk.transport}
disallow=all
allow={",".join(trunk.codecs)}
{srtp}direct_media=no
rtp_symmetric=yes
force_rport=yes
dtmf_mode={trunk.dtmf}
rtp_timeout={sip.silent_seconds}
rtp_timeout_hold={sip.held_seconds}
"""


def _yes(true: bool) -> str:
    return "yes" if true else "no"


def dialled(
    name: str, trunk: TrunkSettings, number: str, sip: AsteriskSettings, secrets: Mapping[str, str]
) -> str:
    """An exchange that the hotline calls, and that can call nobody by it.

    `number` is the hotline's.  Each address is an AOR: Asterisk calls the first that answers its
    OPTIONS.
    """
    several = len(trunk.addresses) > 1
    aors = [f"{name}.{at}" if several else name for at in range(1, len(trunk.addresses) + 1)]
    shown = "" if trunk.shows_caller else f"from_user={number}\n"
    endpoint = (
        f"[{name}]\ntype=endpoint\ncontext={dialplan_names.SEAT_CONTEXT}\n{media(sip, trunk)}"
        f"aors={','.join(aors)}\nidentify_by=ip\nsend_pai=no\n{shown}{_with_auth(name, trunk)}"
        f"{CLOSED}"
    )
    user = trunk.number or number
    contacts = [
        f"\n[{aor}]\ntype=aor\ncontact={_uri(user, address, trunk)}\n{QUALIFY}"
        for aor, address in zip(aors, trunk.addresses, strict=True)
    ]
    return "".join([endpoint, *contacts, account(name, trunk, number, secrets)])


def _with_auth(name: str, trunk: TrunkSettings) -> str:
    return f"outbound_auth={name}\n" if trunk.user else ""


def account(name: str, trunk: TrunkSettings, number: str, secrets: Mapping[str, str]) -> str:
    """The password for a trunk and where the hotline registers; empty without either."""
    if not trunk.user:
        return ""
    # The space: what follows = directly and begins with > would be read as something else.
    text = (
        f"\n[{name}]\ntype=auth\nauth_type=userpass\nusername={trunk.user}\n"
        f"password= {secrets[name]}\n"
    )
    for at, registrar in enumerate(trunk.registrars, 1):
        text += (
            f"\n[{name}.{at}]\ntype=registration\ntransport={trunk.transport}\n"
            f"outbound_auth={name}\nserver_uri={_uri('', registrar, trunk)}\n"
            f"client_uri={_uri(trunk.user.partition('@')[0], registrar, trunk)}\n"
            f"contact_user={number}\n{REGISTERS}"
        )
    return text


def _uri(user: str, address: str, trunk: TrunkSettings) -> str:
    at = f"{user}@" if user else ""
    transport = "" if trunk.transport == UDP else f"\\;transport={trunk.transport}"
    return f"sip:{at}{address}{transport}"

"""Trunks in pjsip.conf: the transports, and another exchange by its settings."""

from collections.abc import Mapping, Sequence

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.render import network
from ivrd.config.settings import AsteriskSettings
from ivrd.config.trunk_settings import (
    DTLS,
    DTLS_SAVPF,
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
QUALIFY_TIMEOUT = 2
QUALIFY = f"qualify_frequency=5\nqualify_timeout={QUALIFY_TIMEOUT}\n"
DTLS_SRTP = """\
media_encryption=dtls
dtls_auto_generate_cert=yes
dtls_verify=fingerprint
dtls_setup=actpass
rtcp_mux=yes
"""
# What a carrier or a partner may not do inside or outside a call: transfer it, or subscribe.
CLOSED = "allow_transfer=no\nallow_subscribe=no\n"
NOWHERE = "nowhere"  # a context that does not exist: who calls there hears 404
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
    found = []
    for protocol in (UDP, TCP, TLS):
        if protocol == UDP or uses(trunks, protocol):
            more = _tls(sip.tls) if protocol == TLS else ""
            for bind in network.binds(protocol, sip):
                found.append(network.transport(protocol, bind, sip.network, more))
    return found


def _tls(of: TlsSettings) -> str:
    """The other side's certificate has to be valid and for the host that is called.

    Without `method` Asterisk speaks TLS 1.0 alone, which is refused nearly everywhere (RFC 8996).
    """
    return (
        f"cert_file={of.cert_file}\npriv_key_file={of.key_file}\n"
        f"ca_list_file={of.ca_file}\nverify_server=yes\nmethod=tlsv1_2\n"
    )


def media(sip: AsteriskSettings, trunk: TrunkSettings = PLAIN) -> str:
    """What an endpoint has for sound.  A side that has vanished without a word is hung up."""
    return f"""\
transport={network.transport_of(trunk, sip)}
disallow=all
allow={",".join(trunk.codecs)}
{_encryption(trunk.srtp)}direct_media=no
rtp_symmetric=yes
force_rport=yes
dtmf_mode={trunk.dtmf}
rtp_timeout={sip.silent_seconds}
rtp_timeout_hold={sip.held_seconds}
{network.endpoint(trunk, sip)}"""


def _encryption(srtp: str) -> str:
    """How sound is encrypted.  With DTLS the other side's certificate has to be the one whose
    fingerprint its SDP has (RFC 5763); an endpoint takes either the profile with feedback or that
    without.
    """
    if srtp == NONE:
        return ""
    if srtp in (DTLS, DTLS_SAVPF):
        return DTLS_SRTP + ("use_avpf=yes\n" if srtp == DTLS_SAVPF else "")
    optimistic = "yes" if srtp == OFFERED else "no"
    return f"media_encryption=sdes\nmedia_encryption_optimistic={optimistic}\n"


def dialled(
    name: str, trunk: TrunkSettings, number: str, sip: AsteriskSettings, secrets: Mapping[str, str]
) -> str:
    """An exchange that the hotline calls, and that can call nobody by it.

    `number` is the hotline's.  Where a call goes on that is answered with 302 is an endpoint of its
    own.
    """
    if trunk.network.registers_here:
        found = [_registered(name, trunk, number, sip)]
    else:
        found = [_called(name, name, trunk, trunk.addresses, number, sip)]
    if moved := trunk.network.redirects_to:
        found.append(_called(name + dialplan_names.MOVED, name, trunk, moved, number, sip))
    return "\n".join(found) + account(name, trunk, sip, number, secrets)


def _called(
    name: str,
    account_name: str,
    trunk: TrunkSettings,
    addresses: Sequence[str],
    number: str,
    sip: AsteriskSettings,
) -> str:
    """Each address is an AOR: Asterisk calls the first that answers its OPTIONS."""
    aors = dialplan_names.aors_of(name, len(addresses))
    auth = f"outbound_auth={account_name}\n" if _calls_with_auth(trunk) else ""
    user = trunk.number or number
    asked = QUALIFY if trunk.network.qualify else ""
    contacts = [
        f"\n[{aor}]\ntype=aor\ncontact={_uri(user, address, trunk)}\n{asked}"
        for aor, address in zip(aors, addresses, strict=True)
    ]
    endpoint = _endpoint(name, trunk, number, sip, f"aors={','.join(aors)}\nidentify_by=ip\n", auth)
    return "".join([endpoint, *contacts])


def _registered(name: str, trunk: TrunkSettings, number: str, sip: AsteriskSettings) -> str:
    """An exchange that registers here; the context for its calls does not exist."""
    of = f"aors={name}\nidentify_by=username\nrewrite_contact=yes\n"
    endpoint = _endpoint(name, trunk, number, sip, of, f"auth={name}\n", NOWHERE)
    return f"{endpoint}\n[{name}]\ntype=aor\nmax_contacts=1\nremove_existing=yes\n{QUALIFY}"


def _endpoint(
    name: str,
    trunk: TrunkSettings,
    number: str,
    sip: AsteriskSettings,
    of: str,
    auth: str,
    context: str = dialplan_names.SEAT_CONTEXT,
) -> str:
    # Who diverted a caller to the hotline is nobody's business at the other end.
    shown = "" if trunk.shows_caller else f"from_user={number}\n"
    return (
        f"[{name}]\ntype=endpoint\ncontext={context}\n{media(sip, trunk)}"
        f"{of}send_pai=no\nsend_diversion=no\n{shown}{auth}{CLOSED}"
    )


def _calls_with_auth(trunk: TrunkSettings) -> bool:
    return bool(trunk.user) and not trunk.network.registers_here


def account(
    name: str,
    trunk: TrunkSettings,
    sip: AsteriskSettings,
    number: str,
    secrets: Mapping[str, str],
) -> str:
    """The password for a trunk and where the hotline registers; empty without either."""
    if not trunk.user:
        return ""
    # The space: what follows = directly and begins with > would be read as something else.
    text = (
        f"\n[{name}]\ntype=auth\nauth_type=userpass\nusername={trunk.user}\n"
        f"password= {secrets[name]}\n"
    )
    for at, registrar in enumerate(trunk.registrars, 1):
        server, client = (_escaped(uri) for uri in registration_uris(trunk, registrar))
        text += (
            f"\n[{name}.{at}]\ntype=registration\ntransport={network.transport_of(trunk, sip)}\n"
            f"outbound_auth={name}\nserver_uri={server}\nclient_uri={client}\n"
            f"contact_user={number}\n{REGISTERS}"
        )
    return text


def registration_uris(trunk: TrunkSettings, registrar: str) -> tuple[str, str]:
    """Where we register and as whom, as Asterisk names a registration in what it tells of it."""
    user = trunk.user.partition("@")[0]
    return _plain_uri("", registrar, trunk), _plain_uri(user, registrar, trunk)


def _uri(user: str, address: str, trunk: TrunkSettings) -> str:
    return _escaped(_plain_uri(user, address, trunk))


def _escaped(uri: str) -> str:
    """In a file of Asterisk's a comment begins with a semicolon."""
    return uri.replace(";", "\\;")


def _plain_uri(user: str, address: str, trunk: TrunkSettings) -> str:
    at = f"{user}@" if user else ""
    transport = "" if trunk.transport == UDP else f";transport={trunk.transport}"
    return f"sip:{at}{address}{transport}"

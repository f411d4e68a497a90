"""pjsip.conf: trunks of carriers and partners, and the seats' phones."""

import hashlib
import hmac
from collections.abc import Mapping

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.call_request import HOST, SOURCE
from ivrd.asterisk.render import trunks
from ivrd.asterisk.render.trunks import CLOSED
from ivrd.config.settings import AsteriskSettings, Settings
from ivrd.config.trunk_settings import TrunkSettings
from ivrd.core.seats import on_line

# Codecs that Asterisk knows and that are refused, unless a carrier's trunk names them. A call
# in one comes to the dialplan, which refuses and counts it; nobody else would tell us of it.
FOREIGN = (
    *("g722", "g729", "g726", "g723", "gsm", "ilbc", "opus", "speex", "speex16", "speex32", "g719"),
    *("siren7", "siren14", "adpcm", "lpc10", "slin", "slin16"),
)


def pjsip_conf(
    settings: Settings, seats_secret: str | None, trunk_secrets: Mapping[str, str]
) -> str:
    """The file's text.

    `seats_secret` makes the passwords of seats that register; `trunk_secrets` has those of trunks
    with a user, by the trunks' names.
    """
    sip, sound = settings.asterisk, trunks.media(settings.asterisk)
    parts = [
        f"[global]\ntype=global\nuser_agent={sip.user_agent}\n"
        "endpoint_identifier_order=ip,username\n"
        # Mobile networks call sip:NUMBER;phone-context=+CC@…;user=phone: that is the number, too.
        "ignore_uri_user_options=yes\n"
        # Otherwise new calls are dropped without a word while events for ivrd pile up.
        "taskprocessor_overload_trigger=pjsip_only\n",
        *trunks.transports(sip, [*settings.trunks.values()]),
    ]
    for name, addresses in sip.carrier_addresses.items():
        trunk = settings.trunks[name]
        account = trunks.account(name, trunk, sip, settings.number, trunk_secrets)
        parts.append(_carrier(name, addresses, trunk, sip) + account)
    for partner in settings.partners:
        name = dialplan_names.PARTNER_PREFIX + partner.id
        trunk = settings.trunks[name]
        parts.append(trunks.dialled(name, trunk, settings.number, sip, trunk_secrets))
    if settings.callback.trunk:
        for name in (dialplan_names.CALLBACK_TRUNK, *(of.trunk for of in settings.callback.routes)):
            trunk = settings.trunks[name]
            parts.append(trunks.dialled(name, trunk, settings.number, sip, trunk_secrets))
    if settings.callback.trunk or settings.reminders.when_paused or settings.asterisk.carrier_names:
        parts.append(_call_requests(settings))
    for pool in settings.pools:
        for seat in pool.seats:
            if on_line(seat):
                continue  # its people call
            parts.append(_seat(seat, sound, sip.seat_contact, seats_secret))
    return "\n".join(parts)


def _carrier(
    name: str, addresses: tuple[str, ...], trunk: TrunkSettings, sip: AsteriskSettings
) -> str:
    foreign = [codec for codec in FOREIGN if codec not in trunk.codecs]
    ours = f"-{'-'.join(trunk.codecs)}-"
    sound = trunks.media(sip, trunk)
    # Of host names ivrd tells the addresses (sorcery.conf).
    matches = "".join(f"match={address}\n" for address in addresses)
    identify = f"\n[{name}]\ntype=identify\nendpoint={name}\n{matches}" if matches else ""
    return (
        f"[{name}]\ntype=endpoint\ncontext={dialplan_names.CARRIER_CONTEXT}\n{sound}"
        # The answer names one codec, of ours if there is one.
        f"allow={','.join(foreign)}\nincoming_call_offer_pref=local_first\n"
        f"trust_id_inbound=yes\nidentify_by=ip\naors=\n{CLOSED}"
        f"set_var={dialplan_names.CODECS}={ours}\n{identify}"
    )


def _call_requests(settings: Settings) -> str:
    """ivrd, which has the hotline's own calls made.

    It is known by an address that is this machine's alone; its calls lead to a context that dials
    what ivrd has put there (callback.conf).
    """
    dial = dialplan_names.CALLBACK_DIAL
    return (
        f"[{dial}]\ntype=transport\nprotocol=udp\nbind={HOST}:{settings.callback.port}\n"
        f"\n[{dial}]\ntype=endpoint\ncontext={dial}\ntransport={dial}\ndisallow=all\n"
        f"allow=alaw\naors=\nidentify_by=ip\n{CLOSED}"
        f"\n[{dial}]\ntype=identify\nendpoint={dial}\nmatch={SOURCE}\n"
    )


def _seat(seat: str, sound: str, contact: str | None, secret: str | None) -> str:
    """A seat takes one call at a time (queues.conf) and can call nobody.

    One that registers may sit behind NAT: it is reached where its packets come from.
    """
    endpoint = (
        f"[{seat}]\ntype=endpoint\ncontext={dialplan_names.SEAT_CONTEXT}\n{sound}"
        f"aors={seat}\nsend_pai=no\nidentify_by=username\n"
    )
    if contact is not None:
        address = contact.replace("{seat}", seat)
        return f"{endpoint}\n[{seat}]\ntype=aor\ncontact={address}\n"
    password = seat_password(seat, secret or "")
    return (
        f"{endpoint}auth={seat}\nrewrite_contact=yes\n"
        f"\n[{seat}]\ntype=aor\nmax_contacts=1\nremove_existing=yes\nqualify_frequency=30\n"
        f"\n[{seat}]\ntype=auth\nauth_type=userpass\nusername={seat}\npassword={password}\n"
    )


def seat_password(seat: str, secret: str) -> str:
    """The password with which this seat's phone registers: 20 letters and digits."""
    return hmac.new(secret.encode(), seat.encode(), hashlib.sha256).hexdigest()[:20]

"""Each setting of a trunk that a reload applies, and where it is read."""

from ivrd.daemon.wiring import Wiring
from tests.daemon.reload_probes import IVRD, PARTNERS, Change, Each, Look, asterisk, both, put

PJSIP = asterisk("pjsip.conf")
_ALIKE = {"srtp": "offered", "codecs": ["g722"], "dtmf": "info", "transport": "tcp"}
_NETWORK = {
    "session_timers": "required",
    "session_seconds": 600,
    "reliable_provisional": "none",
    "at_once": 20,
}
_NAT = "asterisk.nat"
_ACCOUNT = {"user": "hotline", "secret_file": "./other.secret"}
_CARRIER, _BANK = "asterisk.carriers.carrier", "partners.north-bank.trunk"
_TRUNK = {"addresses": ["192.0.2.98"]}


def trunks(parts: Wiring) -> object:
    """What Asterisk's files are written from; these need a password."""
    return parts.operations.settings.trunks


def carrier(**more: object) -> Change:
    return both(*(put(f"{_CARRIER}.{key}", value) for key, value in more.items()))


def bank(**more: object) -> Change:
    return put(_BANK, {**_TRUNK, **more})


def _file(key: str) -> Look:
    return asterisk("extensions.conf") if key == "at_once" else PJSIP


def route(**more: object) -> Change:
    """A route whose exchange, and more, is so."""
    return put("callback.routes", {"mobile": {**_ROUTE, **more}})


def route_trunk(**more: object) -> Change:
    return route(trunk={**_TRUNK, **more})


def routes(parts: Wiring) -> object:
    """Where it is read which call goes where."""
    callbacks, agents = parts.callbacks, parts.agents
    return Each((callbacks.dialler.settings.callback.routes, agents.settings.callback.routes))


_ROUTE = {"trunk": "192.0.2.98", "kinds": ["mobile"]}
_ROUTES = "callback.routes"
_ROUTE_PROBES = {
    (IVRD, _ROUTES): (route(), routes),
    **{
        (IVRD, f"{_ROUTES}.*.{key}"): (route(**{key: value}), routes)
        for key, value in {
            "kinds": ["fixed_line"],
            "prefixes": ["+668"],
            "calls": ["agents"],
            "number_form": "national",
        }.items()
    },
    **{
        (IVRD, f"{_ROUTES}.*.trunk.{key}"): (route_trunk(**{key: value}), PJSIP)
        for key, value in {**_ALIKE, **_NETWORK, "qualify": False}.items()
        if key != "at_once"
    },
    (IVRD, f"{_ROUTES}.*.trunk.addresses"): (route_trunk(), PJSIP),
    (IVRD, f"{_ROUTES}.*.trunk.ipv6"): (route_trunk(ipv6=True, addresses=["a.example"]), PJSIP),
    (IVRD, f"{_ROUTES}.*.trunk.at_once"): (route_trunk(at_once=20), asterisk("extensions.conf")),
    (IVRD, f"{_ROUTES}.*.trunk.registers"): (route_trunk(**_ACCOUNT, registers=True), trunks),
    **{(IVRD, f"{_ROUTES}.*.trunk.{key}"): (route_trunk(**_ACCOUNT), trunks) for key in _ACCOUNT},
}
_REGISTERS = carrier(**_ACCOUNT, registrar="sip.carrier.example")
TRUNK_PROBES = {
    **_ROUTE_PROBES,
    (IVRD, "asterisk.carriers.*.addresses"): (carrier(addresses=["192.0.2.200"]), PJSIP),
    **{(IVRD, f"asterisk.carriers.*.{key}"): (_REGISTERS, trunks) for key in _ACCOUNT},
    (IVRD, "asterisk.carriers.*.registrar"): (_REGISTERS, trunks),
    **{
        (IVRD, f"asterisk.carriers.*.{key}"): (carrier(**{key: value}), PJSIP)
        for key, value in _ALIKE.items()
    },
    (PARTNERS, "partners.*.trunk.addresses"): (bank(), PJSIP),
    **{
        (PARTNERS, f"partners.*.trunk.{key}"): (bank(**{key: value}), PJSIP)
        for key, value in {**_ALIKE, "number": "0261234567", "caller_identity": "caller"}.items()
    },
    **{(PARTNERS, f"partners.*.trunk.{key}"): (bank(**_ACCOUNT), trunks) for key in _ACCOUNT},
    **{
        (IVRD, f"asterisk.carriers.*.{key}"): (carrier(**{key: value}), _file(key))
        for key, value in _NETWORK.items()
    },
    **{
        (PARTNERS, f"partners.*.trunk.{key}"): (bank(**{key: value}), PJSIP)
        for key, value in {**_NETWORK, "qualify": False, "redirects_to": ["192.0.2.97"]}.items()
        if key != "at_once"
    },
    (IVRD, "asterisk.carriers.*.ipv6"): (carrier(ipv6=True, addresses=["2001:db8::7"]), PJSIP),
    **{
        (PARTNERS, f"partners.*.trunk.headers.{key}"): (
            bank(headers={key: "X-Other"}),
            asterisk("extensions.conf"),
        )
        for key in ("topic", "case", "note")
    },
    (PARTNERS, "partners.*.trunk.ipv6"): (bank(ipv6=True, addresses=["a.example"]), PJSIP),
    (PARTNERS, "partners.*.trunk.at_once"): (bank(at_once=11), asterisk("extensions.conf")),
    (PARTNERS, "partners.*.trunk.registers_here"): (
        put(_BANK, {"addresses": [], "registers_here": True, "secret_file": "./other.secret"}),
        trunks,
    ),
    (IVRD, "asterisk.nat.external_address"): (
        put(f"{_NAT}.external_address", "203.0.113.7"),
        PJSIP,
    ),
    (IVRD, "asterisk.nat.local_net"): (
        put(_NAT, {"external_address": "203.0.113.7", "local_net": ["10.0.0.0/8"]}),
        PJSIP,
    ),
    (IVRD, "asterisk.additions"): (put("asterisk.additions", ["pjsip-own.conf"]), PJSIP),
    (PARTNERS, "partners.*.trunk.registers"): (bank(**_ACCOUNT, registers=True), trunks),
}

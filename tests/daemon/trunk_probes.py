"""Each setting of a trunk that a reload applies, and where it is read."""

from ivrd.daemon.wiring import Wiring
from tests.daemon.reload_probes import IVRD, PARTNERS, Change, asterisk, both, put

PJSIP = asterisk("pjsip.conf")
_ALIKE = {"srtp": "offered", "codecs": ["g722"], "dtmf": "info", "transport": "tcp"}
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


_REGISTERS = carrier(**_ACCOUNT, registrar="sip.carrier.example")
TRUNK_PROBES = {
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
    (PARTNERS, "partners.*.trunk.registers"): (bank(**_ACCOUNT, registers=True), trunks),
}

"""A trunk in the YAML: a partner's, the one for the hotline's own calls, a carrier's.

One that is called is an address, or a mapping when more has to be said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivrd.config import trunk_network
from ivrd.config.control_socket import located
from ivrd.config.effect import ASTERISK_RESTART, RELOAD
from ivrd.config.field_types import (
    ADDRESS,
    HEADER,
    PATH,
    SIP_PORT,
    TRUNK,
    TRUTH,
    Address,
    choice,
    described,
    pattern,
)
from ivrd.config.model import Part
from ivrd.config.trunk_network import (
    EXCHANGE,
    SIPS_PORT,
    DialledNetworkPart,
    NetworkPart,
    PartnerNetworkPart,
    usual_port,
)
from ivrd.config.trunk_settings import (
    AUTO,
    CODECS,
    DTMF,
    G711,
    INBAND,
    NONE,
    SRTP,
    TLS,
    TRANSPORTS,
    UDP,
    TlsSettings,
    TrunkSettings,
)
from ivrd.config.yamlfile import Key

HOTLINE, CALLER = "hotline", "caller"
SYSTEM_CAS = "/etc/ssl/certs/ca-certificates.crt"
PARTNER_SECRET = "IVRD_PARTNER_{}_SECRET"  # stands in for a partner's trunk.secret_file
CARRIER_SECRET = "IVRD_CARRIER_{}_SECRET"  # for a carrier's
CALLBACK_SECRET = "IVRD_CALLBACK_SECRET"  # for callback.trunk.secret_file

_NUMBER = r"[+0-9A-Za-z][0-9A-Za-z._-]{0,63}"
NUMBER = pattern('a number in quotes, such as "0261234567" or "+66261234567"', _NUMBER)
USER = pattern(
    "a user name of letters, digits, ., +, _, @ and - (64 at most)", r"[A-Za-z0-9.+_@-]{1,64}"
)


DIALLED = described(f"{TRUNK.what}, or a mapping with addresses")
PARTNER_TRUNK = described(f"{TRUNK.what}, NUMBER@ before it or not, or a mapping with addresses")


class TrunkPart(NetworkPart):
    """What a carrier and a partner have alike.  `user` and `secret_file`: digest authentication."""

    transport: Annotated[str, choice(*TRANSPORTS), RELOAD] = UDP
    srtp: Annotated[str, choice(*SRTP), RELOAD] = NONE
    codecs: Annotated[list[Annotated[str, choice(*CODECS)]], Field(min_length=1), RELOAD] = Field(
        default=[*G711]
    )
    dtmf: Annotated[str, choice(*DTMF), RELOAD] = AUTO
    user: Annotated[str, USER, RELOAD] = ""
    secret_file: Annotated[str, PATH, RELOAD] = ""


class DialledPart(TrunkPart, DialledNetworkPart):
    """An exchange that the hotline calls, at the first of its addresses that responds.

    Text is short for one address.
    """

    addresses: Annotated[list[Annotated[str, EXCHANGE]], Field(min_length=1, max_length=8), RELOAD]
    registers: Annotated[bool, TRUTH, RELOAD] = False

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: object) -> object:
        """An address alone, as the mapping that it is short for."""
        if isinstance(value, dict):
            return value
        try:
            return cls.short_for(value)
        except ValueError as error:
            raise PydanticCustomError("expected", "{message}", {"message": str(error)}) from None

    @classmethod
    def short_for(cls, value: object) -> dict[str, object]:
        """The mapping.  Raises ValueError with the message for a person."""
        return {"addresses": [EXCHANGE.checked(value)]}


class OwnHeadersPart(Part):
    """`headers:` the names by which a partner's exchange wants these; empty: as in ivrd.yaml."""

    topic: Annotated[str, HEADER, RELOAD] = ""
    case: Annotated[str, HEADER, RELOAD] = ""
    note: Annotated[str, HEADER, RELOAD] = ""

    def names(self, usual: Sequence[str]) -> tuple[str, ...]:
        """Those of topic, case and note; `usual`: for which nothing is said here."""
        own = (self.topic, self.case, self.note)
        return tuple(mine or other for mine, other in zip(own, usual, strict=True))


class PartnerTrunkPart(DialledPart, PartnerNetworkPart):
    """`trunk:` of a partner.

    Text is short for one address, with `NUMBER@` before it or not.
    """

    addresses: Annotated[list[Annotated[str, EXCHANGE]], Field(max_length=8), RELOAD]
    number: Annotated[str, NUMBER, RELOAD] = ""
    caller_identity: Annotated[str, choice(HOTLINE, CALLER), RELOAD] = HOTLINE
    headers: OwnHeadersPart = OwnHeadersPart()

    @classmethod
    def short_for(cls, value: object) -> dict[str, object]:
        """The mapping.  Raises ValueError with the message for a person."""
        number, sign, address = value.rpartition("@") if isinstance(value, str) else ("", "", value)
        plain = super().short_for(address)
        own = {"number": NUMBER.checked(number)} if sign else {}
        return {**plain, **own}


class TlsPart(Part):
    """`tls:` for trunks with `transport: tls`."""

    listen: Annotated[Address, ADDRESS, ASTERISK_RESTART] = Address("0.0.0.0", SIPS_PORT)
    cert_file: Annotated[str, PATH, ASTERISK_RESTART] = ""
    key_file: Annotated[str, PATH, ASTERISK_RESTART] = ""
    ca_file: Annotated[str, PATH, ASTERISK_RESTART] = SYSTEM_CAS


def check(part: TrunkPart) -> Iterator[tuple[Key, str]]:
    """What is wrong between the values of a trunk: the key in it, and what."""
    for at, codec in enumerate(part.codecs):
        if codec in part.codecs[:at]:
            yield ("codecs", at), f"{codec} is named twice"
    if part.dtmf == INBAND and (others := [codec for codec in part.codecs if codec not in G711]):
        say = f"in-band digits are found in alaw and ulaw alone, not in {others[0]}"
        yield ("dtmf",), f"{say}; expected no other codecs, or rfc4733"
    if part.user and not part.secret_file:
        yield ("user",), "its password is missing; expected secret_file, the file that has it"
    if _registers_here(part):
        yield from _check_registers_here(part)
    elif part.secret_file and not part.user:
        yield ("secret_file",), "whose password is it? expected user"
    if part.secret_file and not {"/", "."} & set(part.secret_file):  # it may be the secret itself
        yield ("secret_file",), "expected the path of a file with the secret, such as ./bank.secret"
    if isinstance(part, DialledPart):
        yield from _check_dialled(part)


def _registers_here(part: TrunkPart) -> bool:
    return isinstance(part, PartnerTrunkPart) and part.registers_here


def _check_registers_here(part: TrunkPart) -> Iterator[tuple[Key, str]]:
    if part.user:
        say = "its exchange registers by its name in Asterisk, partner- and its id; expected none"
        yield ("user",), say
    if not part.secret_file:
        yield ("registers_here",), "its password is missing; expected secret_file"


def check_sources(part: TrunkPart, sources: Sequence[str]) -> Iterator[tuple[Key, str]]:
    """What is wrong with where a carrier's calls come from."""
    yield from trunk_network.check(part, [Address(one, SIP_PORT) for one in _hosts(sources)])


def _check_dialled(part: DialledPart) -> Iterator[tuple[Key, str]]:
    places = places_of(part)
    for at, one in enumerate(places):
        if one in places[:at]:
            yield ("addresses", at), f"{one} is named twice"
    yield from trunk_network.check(part, places)
    if part.registers and not part.user:
        yield ("registers",), "nobody registers without a name; expected user and secret_file"


def without_certificate(part: TrunkPart, of: TlsPart) -> str:
    """What is wrong with TLS for this trunk; empty when nothing is.

    The other side ends a call by a connection of its own, and cannot open one to a host without a
    certificate: the call would stay, in silence.
    """
    if part.transport != TLS or of.cert_file:
        return ""
    return "the other side needs our certificate to end a call; expected asterisk.tls.cert_file"


def check_tls(part: TlsPart, sip: Address) -> Iterator[tuple[Key, str]]:
    """What is wrong with `asterisk.tls`."""
    for key, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
        if getattr(part, key) and not getattr(part, other):
            yield (key,), f"missing beside it: {other}"
    if part.listen.port == sip.port:
        yield ("listen",), f"{sip.port} is the port of asterisk.sip; expected another"


def place(part: TrunkPart, address: str) -> Address:
    """Where an address leads, with its port."""
    host, port = trunk_network.split(address)
    return Address(host, port or usual_port(part.transport))


def places_of(part: DialledPart) -> list[Address]:
    """Where its addresses lead."""
    return [place(part, address) for address in part.addresses]


def dialled(part: DialledPart, folder: Path, secret: str) -> TrunkSettings:
    """The settings; `secret`: the environment's variable that stands in for its file."""
    addresses = tuple(_short(part, address) for address in part.addresses)
    registrars = addresses if part.registers else ()
    network = trunk_network.settings(part, places_of(part))
    return replace(
        _alike(part, folder, secret), addresses=addresses, registrars=registrars, network=network
    )


def check_headers(part: PartnerTrunkPart, usual: Sequence[str]) -> Iterator[tuple[Key, str]]:
    """Names that two headers would have; `usual`: those in ivrd.yaml, of topic, case and note."""
    names = [name.lower() for name in part.headers.names(usual)]
    for at, field in enumerate(("topic", "case", "note")):
        if names.index(names[at]) != at and getattr(part.headers, field):
            yield ("headers", field), "another header has this name; expected one of its own"


def partner(part: PartnerTrunkPart, folder: Path, name: str) -> TrunkSettings:
    """The settings of a partner's, which has this name."""
    shows_caller = part.caller_identity == CALLER
    found = dialled(part, folder, variable(PARTNER_SECRET, name))
    user = f"partner-{name}" if part.registers_here else found.user
    own = replace(found, number=part.number, shows_caller=shows_caller, user=user)
    return replace(own, headers=part.headers.names(("", "", "")))


def carrier(
    part: TrunkPart, sources: Sequence[str], registrar: str, folder: Path, name: str
) -> TrunkSettings:
    """The settings of one that calls us, from `sources` (addresses or networks).

    `registrar`: where we register, empty for nowhere.
    """
    registrars = (_short(part, registrar),) if registrar else ()
    network = trunk_network.settings(part, [Address(one, SIP_PORT) for one in _hosts(sources)])
    found = _alike(part, folder, variable(CARRIER_SECRET, name))
    return replace(found, registrars=registrars, network=network)


def sources_ipv6(part: TrunkPart, sources: Sequence[str]) -> bool:
    """Whether a carrier that calls from these is spoken to over IPv6."""
    return part.ipv6 or any(trunk_network.version(one) == 6 for one in _hosts(sources))


def over_ipv6(part: DialledPart) -> bool:
    """Whether a trunk is called over IPv6."""
    return part.ipv6 or any(trunk_network.version(one.host) == 6 for one in places_of(part))


def _hosts(networks: Sequence[str]) -> list[str]:
    return [network.partition("/")[0] for network in networks]


def _alike(part: TrunkPart, folder: Path, secret: str) -> TrunkSettings:
    return TrunkSettings(
        transport=part.transport,
        srtp=part.srtp,
        codecs=tuple(part.codecs),
        dtmf=part.dtmf,
        user=part.user,
        secret_file=located(folder, part.secret_file) if part.secret_file else None,
        secret_variable=secret,
    )


def tls(part: TlsPart, folder: Path) -> TlsSettings:
    """The settings of the transport."""
    return TlsSettings(
        part.listen.host,
        part.listen.port,
        located(folder, part.cert_file) if part.cert_file else None,
        located(folder, part.key_file) if part.key_file else None,
        located(folder, part.ca_file),
    )


def variable(form: str, name: str) -> str:
    """The environment's variable for the secret of the one that has this name."""
    return form.format(name.upper().replace("-", "_"))


def _short(part: TrunkPart, address: str) -> str:
    """Without the port when it is the transport's own.

    A name keeps it: without one Asterisk asks for its SRV records.
    """
    if trunk_network.version(trunk_network.split(address)[0]) is None:
        return address
    return address.removesuffix(f":{usual_port(part.transport)}")

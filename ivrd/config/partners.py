"""partners.yaml: organisations whose call centres help when the hotline's own is full."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Annotated

from ivrd.config.kinds import NAME, SIP_PORT, TRUNK, Address, choice, text, whole
from ivrd.config.model import File, Part
from ivrd.config.problem import Problem
from ivrd.config.program import Program
from ivrd.core.partner import Partner, State

FILE = "partners.yaml"


class NamePart(Part):
    """`name:` in Thai and in English."""

    th: Annotated[str, text(120)]
    en: Annotated[str, text(120)]


class PartnerPart(Part):
    """One partner.  `pledged` and `cap` count seats."""

    name: NamePart
    trunk: Annotated[Address, TRUNK]
    pledged: Annotated[int, whole(0, 999)]
    cap: Annotated[int, whole(0, 999)]
    state: Annotated[str, choice(*State)] = State.ONBOARDING.value


class Partners(Part):
    """partners.yaml."""

    partners: dict[Annotated[str, NAME], PartnerPart]


def check(file: File[Partners]) -> Iterator[Problem]:
    """What is wrong between the values of this file."""
    first: dict[Address, str] = {}
    for name, part in file.says.partners.items():
        if part.trunk in first:
            say = f"{first[part.trunk]} has this trunk already"
            yield file.problem("partners", name, "trunk", say=say)
        first.setdefault(part.trunk, name)
        if part.cap < part.pledged:
            say = f"expected at least the pledged {part.pledged}, got {part.cap}"
            yield file.problem("partners", name, "cap", say=say)


def check_with_program(file: File[Partners], program: Program) -> Iterator[Problem]:
    """What does not agree with ivrd.yaml."""
    for name, part in file.says.partners.items():
        if name in program.asterisk.carriers:
            yield file.problem("partners", name, say="a carrier in ivrd.yaml has this name")
        for carrier, of in program.asterisk.carriers.items():
            if any(_within(part.trunk.host, addresses) for addresses in of.addresses):
                say = f"the address belongs to {carrier}, a carrier in ivrd.yaml"
                yield file.problem("partners", name, "trunk", say=say)


def _within(host: str, addresses: str) -> bool:
    try:
        return ip_address(host) in ip_network(addresses)
    except ValueError:  # a host name
        return False


def partners(says: Partners) -> tuple[Partner, ...]:
    """The partners as the program works with them."""
    return tuple(
        Partner(
            id=name,
            name_th=part.name.th,
            name_en=part.name.en,
            trunk=_short(part.trunk),
            pledged=part.pledged,
            cap=part.cap,
            state=State(part.state),
        )
        for name, part in says.partners.items()
    )


def _short(trunk: Address) -> str:
    """Without the port when it is SIP's own."""
    full = str(trunk)
    return full.removesuffix(f":{SIP_PORT}")

"""Where a trunk's name leads by DNS, asked of a small name server."""

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from ivrd.config.field_types import Address
from ivrd.config.trunk_settings import TCP, TLS, UDP
from ivrd.trunks.names import Finding, Resolver, TrunkName
from lab.name_server import NameServer, Records

BANK = "sip.bank.example"
A, B = "192.0.2.1", "192.0.2.2"
SOON = 0.05  # seconds


def asked(
    records: Records, name: TrunkName, hosts: Path = Path("/none"), late: Mapping[str, float] = {}
) -> Finding:
    with NameServer(records, late) as server:
        host, port = server.address.split(":")
        seconds = SOON if late else 60.0

        async def body() -> Finding:
            return await Resolver([Address(host, int(port))], hosts, seconds).look_up(name)

        return asyncio.run(body())


def bank(transport: str = UDP, port: int | None = None, ipv6: bool = False) -> TrunkName:
    return TrunkName(BANK, port, transport, ipv6)


def test_targets_of_srv_records_in_their_order() -> None:
    records = {
        BANK: {"A": ["192.0.2.99"]},  # does not count beside them
        f"_sip._udp.{BANK}": {
            "SRV": ["20 0 5070 c.example.", "10 1 5060 b.example.", "10 9 5062 a.example."]
        },
        "a.example": {"A": [A, B]},
        "c.example": {"AAAA": ["2001:db8::1"]},
    }
    assert asked(records, bank()) == Finding(
        True,
        f"SRV a.example:5062 ({A}, {B}) or b.example:5060 (name not found), "
        "then c.example:5070 (only over IPv6: 2001:db8::1)",
    )
    assert asked(records, bank(ipv6=True)).text.endswith("then c.example:5070 (2001:db8::1)")


@pytest.mark.parametrize(
    ("transport", "service"), [(UDP, "_sip._udp"), (TCP, "_sip._tcp"), (TLS, "_sips._tcp")]
)
def test_each_transport_has_its_own_records(transport: str, service: str) -> None:
    records = {f"{service}.{BANK}": {"SRV": ["1 1 5099 a.example."]}, "a.example": {"A": [A]}}
    assert asked(records, bank(transport)) == Finding(True, f"SRV a.example:5099 ({A})")


def test_records_of_naptr_prevail() -> None:
    records = {
        BANK: {
            "NAPTR": [
                '20 1 "s" "SIP+D2T" "" later.example.',
                '10 1 "s" "SIP+D2T" "" first.example.',
                '5 1 "s" "SIP+D2U" "" other.example.',
            ]
        },
        f"_sip._tcp.{BANK}": {"SRV": ["1 1 5060 a.example."]},
        "first.example": {"SRV": ["1 1 5070 b.example."]},
        "b.example": {"A": [B]},
    }
    assert asked(records, bank(TCP)) == Finding(True, f"SRV b.example:5070 ({B})")


def test_srv_records_that_lead_nowhere() -> None:
    dead = {f"_sip._udp.{BANK}": {"SRV": ["1 1 5060 a.example."]}, BANK: {"A": [A]}}
    say = "its SRV records lead to no address: a.example:5060 (name not found)"
    assert asked(dead, bank()) == Finding(False, say)
    none = {f"_sip._udp.{BANK}": {"SRV": ["0 0 0 ."]}, BANK: {"A": [A]}}
    say = "its SRV records say that there is no such service (_sip._udp)"
    assert asked(none, bank()) == Finding(False, say)


def test_a_name_without_srv_records() -> None:
    records = {BANK: {"A": [A, B], "AAAA": ["2001:db8::1"]}}
    unused = "AAAA 2001:db8::1 does not count, for the trunk is of IPv4"
    assert asked(records, bank()) == Finding(
        True, f"no SRV records (_sip._udp); A {A}, {B}; {unused}"
    )
    assert asked(records, bank(port=5060)) == Finding(True, f"A {A}, {B}; {unused}")
    found = asked({BANK: {"AAAA": ["2001:db8::1"]}}, bank(port=5060))
    assert found == Finding(False, f"no A; {unused}")


def test_fifty_addresses() -> None:
    found = asked({BANK: {"A": [f"192.0.2.{n}" for n in range(1, 51)]}}, bank(port=5060))
    assert found.found
    assert "192.0.2.8 and 42 more; of these 50 addresses Asterisk takes 8" in found.text
    assert "192.0.2.9" not in found.text


@pytest.mark.parametrize("name", [bank(), bank(port=5060), TrunkName("a" * 64, 5060, UDP, False)])
def test_a_name_that_is_not_found(name: TrunkName) -> None:
    assert asked({}, name) == Finding(False, "name not found")


def test_a_name_without_addresses() -> None:
    also = "DNS has no address for this name"
    assert asked({BANK: {}}, bank(port=5060)) == Finding(False, also)
    assert asked({BANK: {}}, bank()).text == f"{also}, and no SRV records (_sip._udp)"


@pytest.mark.parametrize("late", [BANK, f"_sip._udp.{BANK}"])
def test_dns_that_answers_late(late: str) -> None:
    """An answer to one question is not enough: Asterisk waits for all."""
    found = asked({BANK: {"A": [A]}}, bank(), late={late: 600.0})
    assert not found.found
    assert found.text.startswith(f"DNS answered nothing within {SOON} s, asked for ")


def test_dns_that_is_not_there() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]

    async def body() -> Finding:
        return await Resolver([Address("127.0.0.1", port)], Path("/none"), SOON).look_up(bank())

    found = asyncio.run(body())
    assert not found.found
    assert "DNS" in found.text


def test_the_hosts_file_comes_first(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(f"# {B} {BANK}\n{A}\tother {BANK.upper()} # {B}\n2001:db8::7 {BANK}\n")
    records = {BANK: {"A": [B]}}
    found = asked(records, bank(port=5060), hosts)
    assert (found.found, found.text.partition(";")[0]) == (True, f"A {A} (in {hosts})")

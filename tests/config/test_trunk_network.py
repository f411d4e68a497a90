"""What a trunk says of the network: IPv6, timers, limits, redirects; and the hotline's own side."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.trunk_settings import TrunkSettings

Change = Callable[[str, str, str], None]
PLACE = "trunk: 198.51.100.1"
IPV6 = ("ivrd.yaml", 'listen: "0.0.0.0:5060"', 'listen: "0.0.0.0:5060", listen_ipv6: "[::]:5060"')


@pytest.fixture
def refused(folder: Path, change: Change) -> Callable[[], str]:
    """The first thing that is wrong with the folder."""

    def told() -> str:
        with pytest.raises(ConfigError) as caught:
            load(folder)
        return str(caught.value).splitlines()[0]

    return told


def of_partner(folder: Path, change: Change, text: str) -> TrunkSettings:
    change("partners.yaml", PLACE, f"trunk: {text}")
    return load(folder).trunks["partner-a-bank"]


def of_asterisk(change: Change, text: str) -> None:
    change("ivrd.yaml", "asterisk:\n", f"asterisk:\n  {text}\n")


def test_an_ipv6_address_is_a_trunk_as_well(folder: Path, change: Change) -> None:
    change(*IPV6)
    found = of_partner(folder, change, '"0261234567@[2001:DB8:0::7]:5070"')
    assert found.addresses == ("[2001:db8::7]:5070",)
    assert found.network.ipv6
    assert str(load(folder).asterisk.network.listen_ipv6) == "[::]:5060"


def test_a_name_keeps_its_port_since_without_one_srv_is_asked(folder: Path, change: Change) -> None:
    text = '{addresses: ["bank.example:5060", "198.51.100.9:5060", "sip.bank.example"]}'
    found = of_partner(folder, change, text)
    assert found.addresses == ("bank.example:5060", "198.51.100.9", "sip.bank.example")


def test_what_is_said_of_the_network(folder: Path, change: Change) -> None:
    text = (
        "{addresses: [a.example], qualify: false, session_timers: required, session_seconds: 90, "
        "reliable_provisional: none, at_once: 11, redirects_to: [Other.example, 198.51.100.8]}"
    )
    of = of_partner(folder, change, text).network
    assert (of.qualify, of.session_timers, of.session_seconds) == (False, "required", 90)
    assert (of.reliable_provisional, of.at_once) == ("none", 11)
    assert of.redirects_to == ("other.example", "198.51.100.8")


def test_a_partner_has_no_more_seats_than_its_trunk_takes_calls(
    folder: Path, change: Change
) -> None:
    of_partner(folder, change, "{addresses: [a.example], at_once: 11}")
    (partner,) = [one for one in load(folder).partners if one.id == "a-bank"]
    assert partner.cap == 11


def test_an_exchange_that_registers_here_has_no_address(folder: Path, change: Change) -> None:
    text = "{addresses: [], registers_here: true, secret_file: ./bank.secret}"
    found = of_partner(folder, change, text)
    assert (found.user, found.addresses) == ("partner-a-bank", ())
    assert load(folder).partners[0].trunk == "where it registers"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"[2001:db8::7]"', "trunk.addresses: over IPv6 nothing can be called"),
        (
            '{addresses: ["2001:DB8::7:5070"]}',
            'got "2001:DB8::7:5070"; an IPv6 address stands in brackets: [2001:db8::7:5070]',
        ),
        ("{addresses: [198.51.100.9], ipv6: true}", "addresses: ipv6 is true; expected a trunk"),
        ("{addresses: [a.example, b.example], qualify: false}", "trunk.qualify: which of several"),
        ("{addresses: [a.example], session_seconds: 60}", "expected a whole number from 90"),
        (
            "{addresses: [a.example], session_timers: none, session_seconds: 90}",
            "trunk.session_seconds: session_timers is none",
        ),
        ("{addresses: [a.example], session_timers: yes}", "expected one of none, offered, always"),
        ("{addresses: [a.example], reliable_provisional: 1}", "expected one of none, offered"),
        ("{addresses: [a.example], at_once: 3}", "trunk.at_once: expected at least the pledged"),
        ("{addresses: [a.example], redirects_to: ['b example']}", "expected host or host:port"),
        ("{addresses: [a.example], redirects_to: [b.example, b.example]}", "is named twice"),
        (
            "{addresses: [a.example], redirects_to: ['[2001:db8::1]']}",
            "expected an address of IPv4",
        ),
        ("{addresses: []}", "trunk.addresses: expected at least one"),
        (
            "{addresses: [a.example], registers_here: true, secret_file: ./s}",
            "trunk.addresses: registers_here is true",
        ),
        ("{addresses: [], registers_here: true}", "registers_here: its password is missing"),
        (
            "{addresses: [], registers_here: true, user: me, secret_file: ./s}",
            "trunk.user: its exchange registers by its name in Asterisk",
        ),
        (
            "{addresses: [], registers_here: true, secret_file: ./s, qualify: false}",
            "trunk.qualify: whether an exchange that has registered",
        ),
    ],
)
def test_what_cannot_be(
    folder: Path, change: Change, refused: Callable[[], str], text: str, told: str
) -> None:
    change("partners.yaml", PLACE, f"trunk: {text}")
    line = refused()
    assert told in line
    assert line.startswith(f"{folder / 'partners.yaml'}:")


def test_nat_and_name_servers(folder: Path, change: Change) -> None:
    of_asterisk(change, 'nat: {external_address: 203.0.113.7}\n  dns_servers: ["127.0.0.1:5353"]')
    of = load(folder).asterisk.network
    assert (of.external_address, of.local_net[0]) == ("203.0.113.7", "10.0.0.0/8")
    assert [str(server) for server in of.dns_servers] == ["127.0.0.1:5353"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nat: {external_address: hotline.example}", "nat.external_address: expected an IPv4"),
        ("nat: {external_address: 10.1.2.3}", "nat.local_net: 10.0.0.0/8 has 10.1.2.3"),
        ("nat: {local_net: [10.0.0.0/8]}", "nat.local_net: does nothing without external_address"),
        ("dns_servers: [dns.example]", "dns_servers: expected an IP address"),
        ("additions: [pjsip.conf, pjsip.conf]", "additions: pjsip.conf is named twice"),
        ("additions: [asterisk.d/bank.conf]", "additions: expected a name as pjsip.conf"),
    ],
)
def test_what_the_hotlines_own_side_cannot_be(
    folder: Path, change: Change, refused: Callable[[], str], text: str, told: str
) -> None:
    of_asterisk(change, text)
    line = refused()
    assert told in line
    assert line.startswith(f"{folder / 'ivrd.yaml'}:")


def test_listen_ipv6_is_ipv6(folder: Path, change: Change, refused: Callable[[], str]) -> None:
    change(IPV6[0], IPV6[1], IPV6[1] + ', listen_ipv6: "0.0.0.0:5070"')
    assert "sip.listen_ipv6: expected an IPv6 address and a port" in refused()

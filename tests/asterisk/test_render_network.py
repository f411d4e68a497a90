"""The network in Asterisk's files: IPv6, NAT, timers, limits, redirects, who registers here."""

from dataclasses import replace

from ivrd.asterisk.render import rendered, trunks
from ivrd.asterisk.render.network import resolver_unbound_conf
from ivrd.config.field_types import Address
from ivrd.config.load import load
from ivrd.config.network_settings import NetworkSettings, OwnNetwork
from ivrd.config.settings import Settings
from ivrd.config.trunk_settings import PLAIN, TrunkSettings
from tests.asterisk.test_render_trunks import sections
from tests.fixtures.hotline import HOTLINE

SETTINGS = load(HOTLINE)
SIP = SETTINGS.asterisk
BOTH = replace(SIP, network=OwnNetwork(listen_ipv6=Address("::1", 5060)))
BANK = TrunkSettings(addresses=("a.example",))
NAME = "partner-bank"


def bank(**network: object) -> TrunkSettings:
    return replace(BANK, network=NetworkSettings(**network))  # type: ignore[arg-type]


def files(**networks: NetworkSettings) -> dict[str, str]:
    """Asterisk's files when these trunks have these networks."""
    of = {name: replace(SETTINGS.trunks[name], network=own) for name, own in networks.items()}
    changed: Settings = replace(SETTINGS, trunks={**SETTINGS.trunks, **of})
    return rendered(changed, "secret", "secret")


def test_what_is_as_usual_is_not_said() -> None:
    text = trunks.dialled(NAME, BANK, "1330", SIP, {})
    for key in ("rtp_ipv6", "timers", "100rel"):
        assert key not in text
    assert "qualify_frequency=5" in text
    assert "from_user=1330" in text


def test_over_ipv6_both_signalling_and_sound_go() -> None:
    addresses = replace(bank(ipv6=True), addresses=("[2001:db8::7]:5070",))
    of = sections(trunks.dialled(NAME, addresses, "1330", BOTH, {}))
    assert {"transport=udp6", "rtp_ipv6=yes"} <= set(of[NAME, "endpoint"])
    assert "contact=sip:1330@[2001:db8::7]:5070" in of[NAME, "aor"]
    listens = sections("\n".join(trunks.transports(BOTH, [BANK])))
    assert f"bind={SIP.sip_host}:{SIP.sip_port}" in listens["udp", "transport"]
    assert "bind=[::1]:5060" in listens["udp6", "transport"]
    alone = replace(SIP, sip_host="::", sip_port=5060)
    (udp,) = trunks.transports(alone, [BANK])
    assert udp == "[udp]\ntype=transport\nprotocol=udp\nbind=[::]:5060\n"
    assert "transport=udp\n" in trunks.dialled(NAME, addresses, "1330", alone, {})


def test_behind_nat_each_transport_of_ipv4_tells_the_external_address() -> None:
    own = OwnNetwork(Address("::1", 5060), "203.0.113.7", ("10.0.0.0/8", "127.0.0.0/8"))
    udp, udp6 = trunks.transports(replace(SIP, network=own), [PLAIN])
    assert "external_signaling_address=203.0.113.7\nexternal_media_address=203.0.113.7\n" in udp
    assert "local_net=10.0.0.0/8\nlocal_net=127.0.0.0/8\n" in udp
    assert "203.0.113.7" not in udp6


def test_timers_and_100rel() -> None:
    text = trunks.dialled(
        NAME,
        bank(session_timers="always", session_seconds=90, reliable_provisional="required"),
        *("1330", SIP, {}),
    )
    assert "timers=always\ntimers_sess_expires=90\n100rel=required\n" in text


def test_without_qualify_it_is_not_asked() -> None:
    assert "qualify" not in trunks.dialled(NAME, bank(qualify=False), "1330", SIP, {})


def test_redirects_lead_to_an_endpoint_of_their_own_with_the_same_password() -> None:
    trunk = replace(bank(redirects_to=("b.example", "[::1]")), user="hotline")
    of = sections(trunks.dialled(NAME, trunk, "1330", SIP, {NAME: "pass-word"}))
    moved = of[f"{NAME}.moved", "endpoint"]
    assert {f"aors={NAME}.moved.1,{NAME}.moved.2", f"outbound_auth={NAME}"} <= set(moved)
    assert "contact=sip:1330@[::1]" in of[f"{NAME}.moved.2", "aor"]
    (partner, *_) = SETTINGS.partners
    network = {f"partner-{partner.id}": NetworkSettings(redirects_to=("b.example",))}
    assert f",{partner.cap},yes,udp," in files(**network)["extensions.conf"]
    assert f",{partner.cap},,udp," in files()["extensions.conf"]
    assert "load=res_pjsip_diversion.so\n" in files(**network)["modules.conf"]
    assert "res_pjsip_diversion" not in files()["modules.conf"]


def test_an_exchange_that_registers_here_can_call_nobody() -> None:
    trunk = TrunkSettings(user=NAME, network=NetworkSettings(registers_here=True))
    of = sections(trunks.dialled(NAME, trunk, "1330", SIP, {NAME: "pass-word"}))
    wanted = {f"auth={NAME}", "identify_by=username", "context=nowhere", f"aors={NAME}"}
    assert wanted <= set(of[NAME, "endpoint"])
    assert not any(line.startswith("outbound_auth") for line in of[NAME, "endpoint"])
    assert "max_contacts=1" in of[NAME, "aor"]
    assert "[nowhere]" not in files()["extensions.conf"]


def test_a_carrier_with_a_limit_gets_no_further_call() -> None:
    (name, _), *_ = SIP.carriers
    text = files(**{name: NetworkSettings(at_once=30)})["extensions.conf"]
    assert f"${{GROUP_COUNT({name}@carrier)}} > 30]?carrier-refused,486,1)" in text
    assert "GROUP(carrier)" not in files()["extensions.conf"]


def test_whom_asterisk_asks_for_names() -> None:
    assert resolver_unbound_conf(()) == "[general]\nhosts=system\nresolv=system\n"
    asked = resolver_unbound_conf([Address("192.0.2.53", 53), Address("::1", 5353)])
    assert asked.endswith("resolv=\nnameserver=192.0.2.53@53\nnameserver=::1@5353\n")


def test_a_carriers_names_are_no_matter_of_pjsip_conf_but_of_the_database() -> None:
    assert rendered(SETTINGS, "secret", "secret")["sorcery.conf"].count("\n") == 1
    (name, _addresses), *_others = SIP.carriers
    found = {}
    for sources in (("198.51.100.0/24", "border.example"), ("border.example",)):
        asterisk = replace(SIP, carriers=((name, sources),))
        of = rendered(replace(SETTINGS, asterisk=asterisk), "secret", "secret")
        assert "identify=config,pjsip.conf,criteria=type=identify\n" in of["sorcery.conf"]
        assert "identify=astdb,carriers\n" in of["sorcery.conf"]
        found[sources] = sections(of["pjsip.conf"])
        assert found[sources]["callback-dial", "endpoint"]  # by which the database is written
        assert (name, "endpoint") in found[sources]
    both, named = found.values()
    assert [of for of in both[name, "identify"] if "match" in of] == ["match=198.51.100.0/24"]
    assert (name, "identify") not in named

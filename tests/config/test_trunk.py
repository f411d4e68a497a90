"""A trunk: an address, or a mapping; contradictions are told with file, line and key."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.trunk_media import COSTS, notes
from ivrd.config.trunk_settings import CODECS, G711, TrunkSettings

Change = Callable[[str, str, str], None]
PLACE = "trunk: 198.51.100.1"


def trunk(folder: Path, change: Change, text: str) -> TrunkSettings:
    change("partners.yaml", PLACE, f"trunk: {text}")
    return load(folder).trunks["partner-a-bank"]


def test_an_address_is_short_for_a_trunk_over_udp(folder: Path, change: Change) -> None:
    found = trunk(folder, change, '"0261234567@198.51.100.1:5070"')
    assert (found.addresses, found.number) == (("198.51.100.1:5070",), "0261234567")
    assert (found.transport, found.srtp, found.codecs) == ("udp", "none", ("alaw", "ulaw"))
    assert found.dtmf == "auto"
    assert not found.shows_caller
    assert str(found) == "0261234567@198.51.100.1:5070"


def test_a_mapping_says_more_and_shows_no_caller(folder: Path, change: Change) -> None:
    tls = "tls: {cert_file: ./own.pem, key_file: ./own.key}"
    change("ivrd.yaml", "asterisk:\n", f"asterisk:\n  {tls}\n")
    text = (
        '{addresses: [SIP.bank.example, "198.51.100.2:5061"], transport: tls, srtp: required, '
        "codecs: [g722, alaw], dtmf: auto, user: hotline, secret_file: ./bank.secret, "
        "registers: true}"
    )
    found = trunk(folder, change, text)
    assert found.addresses == found.registrars == ("sip.bank.example", "198.51.100.2")
    assert (found.transport, found.srtp, found.dtmf) == ("tls", "required", "auto")
    assert found.codecs == ("g722", "alaw")
    assert (found.user, found.secret_file) == ("hotline", folder / "bank.secret")
    assert found.secret_variable == "IVRD_PARTNER_A_BANK_SECRET"
    assert not found.shows_caller
    assert load(folder).partners[0].trunk == (
        "sip.bank.example, 198.51.100.2 (tls, SRTP required, registers)"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{address: a.example}", "trunk.addresses: missing"),
        ("{addresses: []}", "trunk.addresses: expected at least one"),
        ("{addresses: [a.example, 'a.example:5060']}", "trunk.addresses: a.example:5060 is named"),
        ("{addresses: [a.example], transport: sctp}", "transport: expected one of udp, tcp, tls"),
        ("{addresses: [a.example], transport: tls}", "trunk.transport: the other side needs our"),
        ("{addresses: [a.example], registers: true}", "trunk.registers: nobody registers without"),
        ("{addresses: [a.example], user: me}", "trunk.user: its password is missing"),
        ("{addresses: [a.example], secret_file: ./x}", "trunk.secret_file: whose password is it"),
        ("{addresses: [a.example], user: me, password: hunter22}", "no secret may stand here"),
        ("{addresses: [a.example], codecs: [alaw, alaw]}", "codecs: alaw is named twice"),
        ("{addresses: [a.example], codecs: [alaw, g729]}", "codecs: expected one of alaw"),
        ("{addresses: [a.example], codecs: [alaw, gsm], dtmf: inband}", "alone, not in gsm"),
        ("{addresses: [a.example], codecs: [g722, alaw], dtmf: inband}", "alone, not in g722"),
        (
            "{addresses: [a.example], headers: {topic: X-Same, note: x-same}}",
            "trunk.headers.note: another header has this name",
        ),
        (
            "{addresses: [a.example], headers: {note: X-1330-Case}}",
            "trunk.headers.note: another header has this name",
        ),
        ("{addresses: [a.example], headers: {topic: Via}}", "headers.topic: expected the name of"),
        ('"0261 234@a.example"', "trunk: expected a number in quotes"),
        ('{addresses: ["sip.b-bank.example:5080"]}', "b-bank.trunk: a-bank has this trunk already"),
    ],
)
def test_what_cannot_be(folder: Path, change: Change, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        trunk(folder, change, text)
    (line,) = [one for one in str(caught.value).splitlines() if told in one] or [str(caught.value)]
    assert told in line
    assert line.startswith(f"{folder / 'partners.yaml'}:")
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (", registrar: sip.carrier.example", "carrier: expected registrar, user and secret_file"),
        (", transport: tls", "carrier.transport: the other side needs our certificate"),
        (", codecs: [g729]", "carrier.codecs: expected one of alaw, ulaw, g722, opus, gsm"),
    ],
)
def test_a_carrier_is_a_trunk_as_well(folder: Path, change: Change, more: str, told: str) -> None:
    text = (folder / "ivrd.yaml").read_text("utf-8")
    at = text.index("carrier: {addresses: [")
    old = text[at : text.index("}", at)]
    change("ivrd.yaml", old, old + more)
    with pytest.raises(ConfigError, match=r"ivrd\.yaml:") as caught:
        load(folder)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("addresses", "told"),
    [
        ("[a.example, A.example]", "carriers.carrier.addresses: a.example is named already, by"),
        ("['a.example:5060']", "expected an IP address, a network such as 192.0.2.0/28, or a host"),
        ("['a.example/28']", "or a host name, got"),
    ],
)
def test_a_carrier_may_have_names(folder: Path, change: Change, addresses: str, told: str) -> None:
    text = (folder / "ivrd.yaml").read_text("utf-8")
    at = text.index("carrier: {addresses: [")
    old = text[at : text.index("}", at)]
    change("ivrd.yaml", old, "carrier: {addresses: [192.0.2.1, Border.example]")
    assert load(folder).asterisk.carrier_names == {"carrier": ("border.example",)}
    change("ivrd.yaml", "[192.0.2.1, Border.example]", addresses)
    with pytest.raises(ConfigError, match=r"ivrd\.yaml:\d+: asterisk\.carriers") as caught:
        load(folder)
    assert told in str(caught.value)


def test_a_carriers_name_needs_a_port_of_its_own(folder: Path, change: Change) -> None:
    text = (folder / "ivrd.yaml").read_text("utf-8")
    at = text.index("carrier: {addresses: [")
    change("ivrd.yaml", text[at : text.index("}", at)], "carrier: {addresses: [a.example]")
    change("ivrd.yaml", "asterisk:\n", "callback: {port: 5060}\nasterisk:\n")
    with pytest.raises(ConfigError, match=r"callback\.port: 5060 is the port of asterisk\.sip"):
        load(folder)


@pytest.mark.parametrize(
    ("tls", "told"),
    [
        ("{cert_file: ./own.pem}", "tls.cert_file: missing beside it: key_file"),
        ("{key_file: ./own.key}", "tls.key_file: missing beside it: cert_file"),
        ('{listen: "0.0.0.0:5060"}', "tls.listen: 5060 is the port of asterisk.sip; expected"),
    ],
)
def test_a_certificate_without_its_key_is_told_with_line_and_key(
    folder: Path, change: Change, tls: str, told: str
) -> None:
    change("ivrd.yaml", "asterisk:\n", f"asterisk:\n  tls: {tls}\n")
    with pytest.raises(ConfigError, match=rf"ivrd\.yaml:\d+: asterisk\.{re.escape(told)}"):
        load(folder)


def test_what_transcoding_costs_is_noted_where_it_stands(folder: Path, change: Change) -> None:
    assert [str(note) for note in notes(load(folder))] == []
    trunk(folder, change, "{addresses: [a.example], codecs: [g722, alaw]}")
    (said,) = (str(note) for note in notes(load(folder)))
    assert re.match(rf"{folder / 'partners.yaml'}:\d+: partners.a-bank.trunk.codecs: ", said)
    assert re.search(r"g722 takes [1-9]\S* times what alaw takes to wait, [1-9]\S* to talk;", said)
    assert said.endswith("keys that are sent as sound are found in alaw and ulaw alone")
    assert set(COSTS) == set(CODECS) - set(G711)


def test_a_carriers_and_the_callbacks_trunk_have_their_lines(folder: Path, change: Change) -> None:
    text = (folder / "ivrd.yaml").read_text("utf-8")
    at = text.index("carrier: {addresses: [")
    old = text[at : text.index("}", at)]
    change("ivrd.yaml", old, f"{old}, codecs: [alaw, opus]")
    (note,) = (str(note) for note in notes(load(folder)))
    assert "ivrd.yaml:" in note
    assert "asterisk.carriers.carrier.codecs: transcoded here: opus takes" in note

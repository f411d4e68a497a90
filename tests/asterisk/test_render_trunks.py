"""Trunks in pjsip.conf: what each setting leads to, and nothing where nothing was said."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ivrd.asterisk.render import trunks
from ivrd.asterisk.render.pjsip import pjsip_conf
from ivrd.config.load import load
from ivrd.config.trunk_settings import PLAIN, TrunkSettings
from tests.fixtures.hotline import HOTLINE

SETTINGS = load(HOTLINE)
SIP = SETTINGS.asterisk
BANK = TrunkSettings(
    addresses=("a.example", "192.0.2.2:5070"),
    number="0261234567",
    transport="tls",
    srtp="required",
    codecs=("g722", "alaw"),
    shows_caller=False,
    user="hotline@bank",
    secret_file=Path("/bank.secret"),
    registrars=("a.example",),
)


def sections(text: str) -> dict[tuple[str, str], list[str]]:
    """Each section's lines, by name and type."""
    found = {}
    for part in re.split(r"^(?=\[)", text, flags=re.M):
        if match := re.match(r"\[(.+)\]\ntype=(\w+)\n", part):
            found[match[1], match[2]] = part.splitlines()
    return found


def test_all_that_a_trunk_may_be() -> None:
    of = sections(trunks.dialled("partner-bank", BANK, "1330", SIP, {"partner-bank": ">secret"}))
    endpoint = of["partner-bank", "endpoint"]
    assert {
        *("transport=tls", "allow=g722,alaw", "media_encryption=sdes", "from_user=1330"),
        *("media_encryption_optimistic=no", "outbound_auth=partner-bank", "context=from-seat"),
        *("aors=partner-bank.1,partner-bank.2", "send_pai=no", "allow_transfer=no"),
    } <= set(endpoint)
    # the order is kept: Asterisk calls the first that responds
    first, second = of["partner-bank.1", "aor"], of["partner-bank.2", "aor"]
    assert first[2] == "contact=sip:0261234567@a.example\\;transport=tls"
    assert second[2] == "contact=sip:0261234567@192.0.2.2:5070\\;transport=tls"
    assert "qualify_frequency=5" in first
    assert "password= >secret" in of["partner-bank", "auth"]
    registration = of["partner-bank.1", "registration"]
    assert "client_uri=sip:hotline@a.example\\;transport=tls" in registration
    assert "contact_user=1330" in registration
    assert ("partner-bank.2", "registration") not in of


@pytest.mark.parametrize(("srtp", "feedback"), [("dtls", False), ("dtls_savpf", True)])
def test_by_dtls_the_fingerprint_in_the_sdp_is_what_counts(srtp: str, feedback: bool) -> None:
    lines = trunks.media(SIP, replace(PLAIN, srtp=srtp)).splitlines()
    assert {"media_encryption=dtls", "dtls_verify=fingerprint", "dtls_auto_generate_cert=yes"} <= {
        *lines
    }
    assert ("use_avpf=yes" in lines) is feedback
    assert not any("optimistic" in line for line in lines)


@pytest.mark.parametrize(("srtp", "optimistic"), [("offered", "yes"), ("required", "no")])
def test_sound_is_encrypted_when_it_was_said(srtp: str, optimistic: str) -> None:
    text = trunks.media(SIP, replace(PLAIN, srtp=srtp))
    assert f"media_encryption_optimistic={optimistic}\n" in text
    assert "media_encryption" not in trunks.media(SIP)


def test_a_transport_listens_only_when_a_trunk_uses_it() -> None:
    def protocols(*of: TrunkSettings) -> list[str]:
        return re.findall(r"protocol=(\w+)", "".join(trunks.transports(SIP, of)))

    tcp = replace(PLAIN, transport="tcp")
    assert protocols(PLAIN) == ["udp"]
    assert protocols(tcp, PLAIN, tcp) == ["udp", "tcp"]
    assert protocols(BANK) == ["udp", "tls"]
    assert "verify_server=yes\nmethod=tlsv1_2\n" in trunks.transports(SIP, [BANK])[1]


def test_a_carriers_codecs_come_first_and_once() -> None:
    (name, _), *_ = SIP.carriers
    trunk = replace(PLAIN, codecs=("g722", "alaw"), user="1330", registrars=("sip.example",))
    settings = replace(SETTINGS, trunks={**SETTINGS.trunks, name: trunk})
    of = sections(pjsip_conf(settings, "seats-secret", {name: "pass-word"}))
    ours, foreign = [line for line in of[name, "endpoint"] if line.startswith("allow=")]
    assert ours == "allow=g722,alaw"
    assert "g722" not in foreign
    assert "gsm" in foreign
    assert "set_var=IVRD_CODECS=-g722-alaw-" in of[name, "endpoint"]
    assert "server_uri=sip:sip.example" in of[f"{name}.1", "registration"]

"""Callers who speak one codec alone, or nothing unencrypted, or not by UDP: phones of others."""

import socket

import pytest

from lab.agents.agents import Manner
from lab.baresip import Baresip, Speaks
from lab.callers import Hear
from lab.exchange import certificate
from lab.ports import free_port
from tests.real.rig import WAIT, final_ledger

HERE = "127.0.0.1"
IMPURE = ("GSM/8000/1",)  # keeps no tone so pure that an agent of the lab knows it
KINDS = {
    "g722": Speaks(codec="G722/16000/1"),
    "gsm": Speaks(codec="GSM/8000/1"),
    "opus": Speaks(codec="opus/48000/2"),
    "info": Speaks(keys="info"),
    "srtp": Speaks(encryption="srtp-mand"),
}


@pytest.fixture(scope="module")
def lab(shared_hotline):
    """A carrier that takes all of it."""

    def change(name, settings):
        if name == "ivrd.yaml":
            codecs = ["alaw", "ulaw", "g722", "opus", "gsm"]
            settings["asterisk"]["carriers"]["carrier"] |= {"codecs": codecs, "srtp": "offered"}

    return shared_hotline(agents=1, change=change)


def talks(lab, port, speaks, name):
    """A call with sound both ways, to a person who was asked for by a key."""
    before = len(lab.agents.ledger())
    lab.agents.behave("base-01", Manner(ring=1.0, talk=3.0, first=(Hear(),)))
    phone = Baresip(
        lab.folder / name, (HERE, port), "0200000001", voice="caller", host=HERE, speaks=speaks
    )
    with phone:
        call = phone.dial("1330")
        assert call.state == "established", call
        phone.hears_something(WAIT)  # a key by INFO sooner can cost the sound: decision 0058
        phone.press(call, "0")
        phone.hears("inhouse", WAIT)
        phone.until_state(call, "closed", seconds=WAIT)
    lab.until("it has ended", lambda s: s["calls"]["talk"] == 0)
    (talk,) = final_ledger(lab.agents)[before:]
    assert talk.ended == "agent"  # who hangs up some time after a sound has come
    assert talk.heard_caller or speaks.codec in IMPURE


@pytest.mark.lasts(6)
def test_who_speaks_opus_alone_talks_with_a_person(lab):
    talks(lab, lab.sip_port, KINDS["opus"], "opus")


@pytest.mark.verify
@pytest.mark.lasts(8)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "opus"])
def test_who_speaks_nothing_else_talks_with_a_person(lab, kind):
    talks(lab, lab.sip_port, KINDS[kind], kind)


@pytest.mark.verify
@pytest.mark.lasts(12)
@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_who_calls_by_another_transport_talks_with_a_person(hotline, tmp_path, transport):
    own = certificate(tmp_path / "hotline.pem", HERE)
    tls_port = free_port(socket.SOCK_STREAM)

    def change(name, settings):
        if name == "ivrd.yaml":
            settings["asterisk"]["carriers"]["carrier"]["transport"] = transport
            settings["asterisk"]["tls"] = {
                "listen": f"{HERE}:{tls_port}",
                "ca_file": str(own),
                "cert_file": str(own),
                "key_file": str(own.with_suffix(".key")),
            }

    lab = hotline(agents=1, change=change)
    both = tmp_path / "both.pem"
    both.write_text(own.read_text() + own.with_suffix(".key").read_text())
    port = tls_port if transport == "tls" else lab.sip_port
    talks(lab, port, Speaks(transport=transport, certificate=both), transport)

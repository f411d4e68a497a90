"""Partners that speak other codecs, or send their key in another way: programs of others."""

import socket
from contextlib import closing

import pytest

from lab.baresip import Baresip, Speaks
from lab.callers import rtp
from lab.callers.ear import voice
from lab.exchange import USER, Exchange
from lab.ivrd import PROJECT
from lab.phone import Phone
from lab.ports import free_port
from tests.real.overflow_rig import drill, partner, with_partners
from tests.real.rig import WAIT

HERE, CALLER, NUMBER = "127.0.0.1", "127.0.0.40", "0261234567"
# How a bank's phone speaks, and its trunk.
BANKS = {
    "g722": (Speaks(codec="G722/16000/1"), {"codecs": ["g722", "alaw"]}),
    "gsm": (Speaks(codec="GSM/8000/1"), {"codecs": ["gsm"]}),
    "opus": (Speaks(codec="opus/48000/2"), {"codecs": ["opus", "alaw"]}),
    "srtp, by INFO": (Speaks(encryption="srtp-mand", keys="info"), {"srtp": "required"}),
    "tcp": (Speaks(transport="tcp"), {"transport": "tcp"}),
    "dtls": (Speaks(encryption="dtls_srtp"), {"srtp": "dtls_savpf"}),
}


def change(trunks):
    """Plan.change: these partners at 127.0.0.1, where no carrier is then."""
    usual = with_partners(trunks)

    def changed(name, settings):
        usual(name, settings)
        if name == "ivrd.yaml":
            settings["asterisk"]["carriers"] = {"carrier": {"addresses": [CALLER]}}

    return changed


def next_two_ports() -> int:
    """The first of them: baresip takes another one for TLS."""
    first = free_port(socket.SOCK_STREAM, HERE)
    free_port(socket.SOCK_STREAM, HERE)
    return first


def hears(phone, kind):
    """Wait until this person is heard."""
    phone.sound.settimeout(WAIT)
    while voice(phone.sound.recv(2000)[rtp.HEADER :]) != kind:
        pass


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_banks_of_each_kind_take_a_call_with_the_key_and_sound_both_ways(hotline, tmp_path):
    ports = {name: next_two_ports() for name in BANKS}
    trunks = {
        f"bank-{at}": partner({"addresses": [f"{HERE}:{ports[name]}"], "number": NUMBER, **more}, 1)
        for at, (name, (_, more)) in enumerate(BANKS.items())
    }
    lab = hotline(agents=1, change=change(trunks))
    lab.tolerated = ("sending OPTIONS request to endpoint partner-",)  # before a bank is there
    lab.ivrd.once("seats", "close", "base", "--yes")
    for at, (name, (speaks, _)) in enumerate(BANKS.items()):
        there = {"voice": "partner", "port": ports[name], "host": HERE, "speaks": speaks}
        bank = Baresip(tmp_path / str(at), (HERE, lab.sip_port), NUMBER, **there)
        with bank, closing(Phone(lab.sip, host=CALLER)) as caller:
            lab.ivrd.once("partner", "override", "open", f"bank-{at}")
            caller.invite()
            caller.press("0")
            with caller.sending(payload=rtp.tone(rtp.VOICES["caller"])):
                call = bank.accept(bank.rung(WAIT))
                bank.press(call, "1")
                bank.hears("caller", WAIT)
                hears(caller, "partner")
                caller.hang_up()
                bank.until_state(call, "closed")
            lab.ivrd.once("partner", "override", "closed", f"bank-{at}")
    assert lab.settled().total("ivrd_calls_total", by="partner") == len(BANKS)


@pytest.mark.verify
@pytest.mark.lasts(10)
@pytest.mark.parametrize(
    ("dtmf", "sent"),
    [
        *(("rfc4733", "rfc4733"), ("info", "info"), ("inband", "inband")),
        *(("auto", "rfc4733"), ("auto", "inband"), ("auto", "info")),
    ],
)
def test_a_banks_key_is_taken_in_the_way_in_which_it_is_sent(hotline, tmp_path, dtmf, sent):
    with Exchange(tmp_path / "bank", PROJECT / "sounds", dtmf=sent) as bank:
        secret = tmp_path / "bank.secret"
        secret.touch(0o600)
        secret.write_text(bank.password)
        trunk = {"addresses": [bank.udp], "user": USER, "secret_file": str(secret), "dtmf": dtmf}
        lab = hotline(agents=1, change=with_partners({"bank": partner(trunk, 1)}))
        drill(lab, "bank")

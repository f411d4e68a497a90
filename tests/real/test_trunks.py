"""Trunks to an exchange that wants a password, TLS, TCP or its own number: calls with sound."""

import socket
import time

import pytest

from lab.exchange import USER, Exchange, certificate
from lab.hotline import NUMBER
from lab.ivrd import PROJECT
from lab.ports import free_port
from lab.running import LabError
from tests.real.overflow_rig import DEAD, calls, drill, partner, with_partners
from tests.real.rig import WAIT

CALLER_PITCH, OFF = 1150, 30  # Hz


@pytest.fixture
def bank(tmp_path):
    """A second Asterisk."""
    with Exchange(tmp_path / "bank", PROJECT / "sounds") as exchange:
        yield exchange


def write_password(bank):
    """The file that has the bank's password."""
    path = bank.folder / "bank.secret"
    path.touch(0o600)
    path.write_text(bank.password)
    return path


def trunk(bank, number, *addresses, **more):
    """A partner with one seat there."""
    account = {"user": USER, "secret_file": str(write_password(bank))}
    return partner({"addresses": [*addresses], "number": number, **account, **more}, 1, cap=1)


def change(bank, partners):
    """Plan.change: these partners, and TLS that trusts the bank's certificate."""
    usual = with_partners(partners)

    def changed(name, settings):
        usual(name, settings)
        if name == "ivrd.yaml":
            listen = f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"
            own = certificate(bank.folder / "hotline.pem", "127.0.0.1")
            settings["asterisk"]["tls"] = {
                "listen": listen,
                "ca_file": str(bank.certificate),
                "cert_file": str(own),
                "key_file": str(own.with_suffix(".key")),
            }

    return changed


def within(seconds, what, true):
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_calls_with_sound_both_ways_and_keys_over_each_kind_of_trunk(bank, hotline):
    tls = {"transport": "tls", "srtp": "required", "codecs": ["g722", "alaw"], "registers": True}
    partners = {
        "tls": trunk(bank, "0261234567", bank.tls, **tls),
        "tcp": trunk(bank, "0261234568", bank.tcp, transport="tcp", caller_identity="caller"),
        "spare": trunk(bank, "+66261234569", DEAD, bank.udp, srtp="offered"),
    }
    lab = hotline(agents=1, change=change(bank, partners))
    lab.ivrd.once("seats", "close", "base", "--yes")
    for name in partners:
        drill(lab, name)
        lab.ivrd.once("partner", "override", "open", name)
    ledger = lab.calling(calls(1, 3), rate=3.0).wait(WAIT)
    assert [entry.person for entry in ledger.entries] == ["partner"] * 3
    assert lab.settled().balances
    within(30, "the bank's calls end", lambda: len(bank.calls()) == 3)
    took = {call.number: call for call in bank.calls()}
    over_tls, over_tcp, spare = (took[f"{n}"] for n in ("0261234567", "0261234568", "+66261234569"))
    assert (over_tls.signalling, over_tls.sound, over_tls.shown) == (True, True, NUMBER)
    assert "g722" in over_tls.codec
    assert (over_tcp.signalling, over_tcp.sound) == (False, False)
    assert over_tcp.shown in {entry.number for entry in ledger.entries}
    assert (spare.sound, spare.shown) == (True, NUMBER)
    assert [abs(pitch - CALLER_PITCH) < OFF for pitch in bank.heard()] == [True] * 3
    within(30, "the hotline registers", bank.registered)

    lab.tolerated = ("Authentication credentials not accepted by server",)
    bank.change_password()
    with pytest.raises(LabError):
        lab.ivrd.once("partner", "drill", "tcp")
    write_password(bank)
    lab.ivrd.once("reload")
    drill(lab, "tcp")

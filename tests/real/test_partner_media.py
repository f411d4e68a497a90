"""Partners that speak other codecs, or send their key in another way: programs of others."""

import pytest

from lab.baresip import Baresip, Speaks
from lab.exchange import USER, Exchange
from lab.ivrd import PROJECT
from lab.ports import free_port
from tests.real.overflow_rig import calls, drill, partner, with_partners
from tests.real.rig import WAIT

HERE, NUMBER = "127.0.0.1", "0261234567"
# How a bank's phone speaks, and its trunk.
BANKS = {
    "g722": (Speaks(codec="G722/16000/1"), {"codecs": ["g722", "alaw"]}),
    "gsm": (Speaks(codec="GSM/8000/1"), {"codecs": ["gsm"]}),
    "opus": (Speaks(codec="opus/48000/2"), {"codecs": ["opus", "alaw"]}),
    "srtp, by INFO": (Speaks(encryption="srtp-mand", keys="info"), {"srtp": "required"}),
    "dtls": (Speaks(encryption="dtls_srtp"), {"srtp": "dtls"}),
    "tcp": (Speaks(transport="tcp"), {"transport": "tcp"}),
}


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_banks_of_each_kind_take_a_call_with_the_key_and_sound_both_ways(hotline, tmp_path):
    ports = {name: free_port(host=HERE) for name in BANKS}
    trunks = {
        f"bank-{at}": partner({"addresses": [f"{HERE}:{ports[name]}"], "number": NUMBER, **more}, 1)
        for at, (name, (_, more)) in enumerate(BANKS.items())
    }
    lab = hotline(agents=1, change=with_partners(trunks))
    lab.ivrd.once("seats", "close", "base", "--yes")
    for at, (name, (speaks, _)) in enumerate(BANKS.items()):
        phone = Baresip(
            tmp_path / str(at),
            (HERE, lab.sip_port),
            NUMBER,
            voice="partner",
            port=ports[name],
            host=HERE,
            speaks=speaks,
        )
        with phone:
            lab.ivrd.once("partner", "override", "open", f"bank-{at}")
            calling = lab.calling(calls(at + 1, 1), rate=1.0, name=f"caller-{at}")
            call = phone.accept(phone.rung(WAIT))
            phone.press(call, "1")
            phone.hears("caller", WAIT)
            lab.until(f"they talk ({name})", lambda s: s["calls"]["talk"] == 1)
            phone.hang_up(call)
            (entry,) = calling.wait(WAIT).entries
            assert entry.person == "partner", name
            lab.ivrd.once("partner", "override", "closed", f"bank-{at}")
    assert lab.settled().balances


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

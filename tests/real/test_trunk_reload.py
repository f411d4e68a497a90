"""What an operator changes of trunks and of Asterisk itself while the hotline runs."""

import re

import pytest

from lab.baresip import Speaks
from lab.exchange import HOST
from lab.ivrd import PROJECT
from lab.network_exchange import NetworkExchange
from lab.phone import Phone
from lab.ports import free_port
from lab.running import LabError
from tests.real.overflow_rig import drill
from tests.real.test_codecs import talks
from tests.real.test_reload import edit
from tests.real.test_trunk_network import changed, trunk
from tests.real.test_trunks import within

OUTSIDE, FAR = "203.0.113.7", "127.0.0.9"
OPUS = "codec_opus_open_source"


@pytest.mark.verify
@pytest.mark.lasts(30)
def test_provisional_answers_that_have_to_be_acknowledged_both_ways(hotline, tmp_path):
    needs = {"reliable_provisional": "required"}
    carriers = {
        "carrier": {"addresses": ["127.0.0.1"]},
        "reliable": {"addresses": [HOST], **needs},
    }
    with NetworkExchange(tmp_path / "bank", PROJECT / "sounds", ipv6=True) as bank:
        partners = {"bank": trunk("0261234567", bank.udp6, **needs)}  # the carrier has its IPv4
        ipv6 = {"listen_ipv6": f"[::1]:{free_port()}"}
        lab = hotline(agents=1, change=changed(partners, carriers=carriers, sip=ipv6))

        def acknowledged(side: str) -> bool:
            text = (bank.asterisk.log / "sip.log").read_text("utf-8", "replace")
            return re.search(rf"<--- {side} SIP request.*\nPRACK ", text) is not None

        bank.watch()
        drill(lab, "bank")
        within(30, "our PRACK", lambda: acknowledged("Received"))
        dial = f"PJSIP/hotline/sip:1330@{lab.sip}"
        bank.asterisk.cli(f"channel originate {dial} application Wait 5")
        within(30, "the carrier's PRACK", lambda: acknowledged("Transmitting"))
        lab.until("it waits or talks", lambda s: sum(s["calls"].values()) > 0)
        lab.settled()
        phone = Phone(lab.sip, host=HOST)
        assert phone.invite().status == 421  # it does not know PRACK
        phone.close()


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_additions_nat_and_opus_by_a_reload(hotline, tmp_path):
    own = tmp_path / "asterisk.d" / "pjsip-own.conf"
    own.parent.mkdir()
    own.write_text("[own]\ntype=aor\nmax_contacts=1\n")

    def change(name, settings):
        if name == "ivrd.yaml":
            settings["asterisk"]["additions"] = [str(own)]
            settings["asterisk"]["carriers"]["far"] = {"addresses": [FAR]}

    lab = hotline(agents=1, talk=3.0, change=change)

    def most() -> str:
        found = re.search(r"max_contacts +: (\d+)", lab.asterisk.cli("pjsip show aor own"))
        return found[1] if found else ""

    assert most() == "1"
    own.write_text("[own]\ntype=aor\nmax_contacts=3\n")
    with pytest.raises(LabError, match=r"pjsip\.conf"):
        lab.ivrd.once("check")
    lab.ivrd.once("render")
    assert most() == "1"
    with pytest.raises(LabError, match="reload"):  # Asterisk has not read it
        lab.ivrd.once("check")
    lab.ivrd.once("reload")
    within(30, "Asterisk has the addition", lambda: most() == "3")

    def sound_at() -> str:
        phone = Phone(lab.sip, host=FAR)
        answer = phone.invite()
        phone.hang_up()
        phone.close()
        return re.search(r"^c=IN IP4 (\S+)", answer.body, re.MULTILINE)[1]

    def nat(settings):
        inside = ["127.0.0.1/32"]  # Asterisk is, and the caller is not
        settings["asterisk"]["nat"] = {"external_address": OUTSIDE, "local_net": inside}

    assert sound_at() == "127.0.0.1"
    edit(lab, "ivrd.yaml", nat)
    lab.ivrd.once("reload")
    within(30, "the address outside is told", lambda: sound_at() == OUTSIDE)
    edit(lab, "ivrd.yaml", lambda settings: settings["asterisk"].pop("nat"))
    lab.ivrd.once("reload")
    within(30, "the own address is told", lambda: sound_at() == "127.0.0.1")

    def opus(settings):
        settings["asterisk"]["carriers"]["carrier"]["codecs"] = ["alaw", "opus"]

    assert f"{OPUS}.so" not in lab.asterisk.cli(f"module show like {OPUS}")
    edit(lab, "ivrd.yaml", opus)
    lab.ivrd.once("reload")
    assert re.search(rf"{OPUS}\.so .*Running", lab.asterisk.cli(f"module show like {OPUS}"))
    talks(lab, lab.sip_port, Speaks(codec="opus/48000/2"), "opus")

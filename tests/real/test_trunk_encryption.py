"""Who may have which calls by how its trunk is encrypted, and what is written down of that."""

import pytest

from lab.exchange import USER, Exchange
from lab.ivrd import PROJECT
from tests.real.overflow_rig import calls, drill
from tests.real.rig import WAIT
from tests.real.test_trunks import change, trunk

HEALTH = "other"  # the topic of whoever presses 0


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_calls_that_need_encryption_go_to_the_encrypted_partner_alone(tmp_path, hotline):
    with Exchange(tmp_path / "bank", PROJECT / "sounds") as bank:
        tls = {"transport": "tls", "srtp": "required"}
        partners = {
            "clear": trunk(bank, "0261234568", bank.udp),
            "tls": trunk(bank, "0261234567", bank.tls, **tls),
        }
        usual = change(bank, partners)

        def changed(name, settings):
            usual(name, settings)
            if name == "queues.yaml":
                settings["needs_encryption"] = [HEALTH]

        lab = hotline(agents=1, change=changed)
        lab.ivrd.once("seats", "close", "base", "--yes")
        for name in partners:
            drill(lab, name)
            lab.ivrd.once("partner", "override", "open", name)
        ledger = lab.calling(calls(1, 2), rate=0.2).wait(WAIT)
        assert [entry.person for entry in ledger.entries] == ["partner"] * 2
        assert {call.number for call in bank.calls()} == {"0261234567"}
        explained = " ".join(lab.ivrd.once("explain").split())
        assert f"no calls about {HEALTH}: its trunk is not encrypted" in explained
        ended = [line for line in lab.ivrd.log_text().splitlines() if " call ended" in line]
        assert len(ended) == 2
        assert all("caller_leg=clear answer_leg=tls+srtp" in line for line in ended)
        assert "2 of 2 calls to partners were encrypted (100.0%)" in lab.ivrd.once("report", "day")
        taken = 'ivrd_partner_calls_by_security_total{security="tls+srtp"} 2.0'
        assert taken in lab.ivrd.http("/metrics")
        assert USER  # the account that both have

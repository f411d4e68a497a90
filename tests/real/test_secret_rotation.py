"""A trunk's password changes by a reload while calls come: nobody is lost."""

import time

import pytest

from lab.callers import Caller, Keys
from lab.exchange import USER, Exchange
from lab.ivrd import PROJECT
from tests.real.overflow_rig import drill, partner, rows, with_partners
from tests.real.rig import WAIT

CALLS, RATE = 40, 1.5
BY_PARTNER = 10  # at least so many, or the run says nothing


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_a_secret_is_rotated_twice_under_load_and_every_caller_is_answered(hotline, tmp_path):
    with Exchange(tmp_path / "bank", PROJECT / "sounds") as bank:
        secret = tmp_path / "bank.secret"
        secret.touch(0o600)
        secret.write_text(bank.password)
        trunk = {"addresses": [bank.udp], "user": USER, "secret_file": str(secret)}
        bank_seats = partner({**trunk, "number": "0261234567"}, 10)
        lab = hotline(agents=2, talk=4.0, change=with_partners({"bank": bank_seats}))
        lab.tolerated = ("Authentication credentials not accepted by server",)
        drill(lab, "bank")
        lab.ivrd.once("partner", "override", "open", "bank")
        people = [Caller(n, "key 0", (Keys("0"),)) for n in range(1, CALLS + 1)]
        calling = lab.calling(people, rate=RATE)
        for nth in (1, 2):
            lab.until("calls are on", lambda s, n=nth: s["calls"]["received"] >= n * CALLS // 3)
            bank.change_password()
            time.sleep(1.0)  # an operator has to write it, too: calls meet the new one meanwhile
            secret.write_text(bank.password)
            lab.ivrd.once("reload")
        ledger = calling.wait(WAIT)
        by = [entry.person for entry in ledger.entries]
        assert set(by) == {"partner", "inhouse"}, by
        assert by.count("partner") >= BY_PARTNER
        scrape = lab.settled()
        assert scrape.balances
        assert scrape.ended("answered") == scrape.total("ivrd_calls_received_total") == CALLS
        assert scrape.total("ivrd_calls_total", by="partner") == by.count("partner")
        assert rows(lab)["bank"]["state"] == "active"

"""`ivrd check --live --call`: partners that answer, refuse, and say nothing."""

import json
import socket

import pytest

from lab.exchange import HOST, Exchange
from lab.ivrd import PROJECT
from lab.running import LabError
from tests.real.overflow_rig import drill, partner, with_partners
from tests.real.test_trunks import trunk

NOBODY = "nobody"  # a number that the exchange does not know


@pytest.mark.verify
@pytest.mark.lasts(40)
def test_calls_that_are_answered_refused_and_not_answered(hotline, tmp_path):
    with (
        Exchange(tmp_path / "bank", PROJECT / "sounds") as bank,
        socket.socket(type=socket.SOCK_DGRAM) as deaf,
    ):
        deaf.bind((HOST, 0))
        silent = {"addresses": [f"{HOST}:{deaf.getsockname()[1]}"], "qualify": False}
        partners = {
            "good": trunk(bank, "0261234567", bank.udp),
            "refuses": trunk(bank, NOBODY, bank.tcp, transport="tcp"),
            "silent": partner(silent, 1, cap=1),
        }
        lab = hotline(agents=1, change=with_partners(partners))
        drill(lab, "good")
        asked = [word for name in partners for word in ("--call", name)]
        with pytest.raises(LabError) as failed:
            lab.ivrd.once("check", "--live", "--json", *asked)
        answer = json.loads(str(failed.value).partition(": ")[2])
        assert not answer["ok"]
        good, refuses, dead = answer["calls"]
        assert (good["partner"], good["ok"], good["state"]) == ("good", True, "active")
        assert not refuses["ok"]
        assert "404" in refuses["detail"] or "refused" in refuses["detail"]
        assert not dead["ok"]
        assert dead["detail"] != refuses["detail"]
        with pytest.raises(LabError) as failed:
            lab.ivrd.once("check", "--live", "--call", "refuses")
        assert "refuses: not confirmed: " in str(failed.value)
        assert "good: " not in str(failed.value)  # that is no complaint
        assert f"does not know the number {NOBODY} (404)" in str(failed.value)

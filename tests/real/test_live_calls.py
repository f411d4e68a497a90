"""`ivrd check --live --call`: partners that answer, refuse, and say nothing."""

import json
import socket

import pytest

from lab.exchange import HOST, Exchange
from lab.ivrd import PROJECT
from lab.running import LabError
from tests.real.overflow_rig import drill, partner, with_partners
from tests.real.test_trunks import trunk

LATE = ("Asterisk does not answer", "its trunk does not answer")
NOBODY = "nobody"  # a number that the exchange does not know


def said(lab, *arguments: str) -> str:
    """What it says of trunks of which not all work; a machine that is busy may be too slow once."""
    while True:
        with pytest.raises(LabError) as failed:
            lab.ivrd.once("check", "--live", *arguments)
        words = str(failed.value)
        if not any(late in words for late in LATE):
            return words.partition(": ")[2]


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
        answer = json.loads(said(lab, "--json", *asked))
        assert not answer["ok"]
        good, refuses, dead = answer["calls"]
        assert (good["partner"], good["ok"], good["state"]) == ("good", True, "active")
        assert (refuses["ok"], dead["ok"]) == (False, False)
        assert refuses["detail"].startswith("the call was refused: "), refuses
        assert dead["detail"] == "its exchange did not respond to the call"
        words = said(lab, "--call", "refuses")
        assert "refuses: not confirmed: the call was refused: " in words
        assert f"does not know the number {NOBODY} (404)" in words

"""Calls through a border of others, Kamailio: a carrier's to us, and ours to a partner."""

import pytest

from lab.agents.agents import Manner
from lab.baresip import Baresip
from lab.border import Border
from lab.callers import Hear
from lab.exchange import USER, Exchange
from lab.ivrd import PROJECT
from tests.real.overflow_rig import calls, drill, partner, with_partners
from tests.real.rig import WAIT, final_ledger

HERE = "127.0.0.1"  # the lab's carrier
THERE = "127.0.0.4"  # no carrier's
NOBODY = "127.0.0.2:9"


@pytest.mark.lasts(10)
def test_a_call_by_a_carriers_border_that_finds_a_hotline_dead_and_asks_the_next(hotline, tmp_path):
    """Sound both ways and the key; and the hotline ends the call along the border's route."""
    lab = hotline(agents=1)
    lab.agents.behave("base-01", Manner(ring=1.0, talk=3.0, first=(Hear(),)))
    with Border(tmp_path / "border", NOBODY, lab.sip) as border:
        server = (border.host, border.port)
        with Baresip(tmp_path / "phone", server, "0200000001", voice="caller", host=HERE) as phone:
            call = phone.dial("1330")
            assert call.state == "established", call
            phone.press(call, "0")
            phone.hears("inhouse", WAIT)
            phone.until_state(call, "closed", seconds=WAIT)
        assert border.relayed("INVITE") == [NOBODY, lab.sip]
        assert border.relayed("ACK") == border.relayed("BYE") == ["along its route"]
    assert lab.settled().ended("answered") == 1
    (talk,) = final_ledger(lab.agents)
    assert (talk.heard_caller, talk.number) == (True, "0200000001")


@pytest.mark.verify
@pytest.mark.lasts(40)
def test_a_partner_behind_two_borders_is_reached_by_the_second_when_the_first_is_dead(
    hotline, tmp_path
):
    with (
        Exchange(tmp_path / "bank", PROJECT / "sounds") as bank,
        Border(tmp_path / "one", bank.udp, host=THERE) as one,
        Border(tmp_path / "two", bank.udp, host=THERE) as two,
    ):
        secret = tmp_path / "bank.secret"
        secret.touch(0o600)
        secret.write_text(bank.password)
        account = {"user": USER, "secret_file": str(secret), "number": "0261234567"}
        trunk = {"addresses": [one.address, two.address], **account}
        lab = hotline(agents=1, change=with_partners({"bank": partner(trunk, 1, cap=1)}))
        lab.ivrd.once("seats", "close", "base", "--yes")
        drill(lab, "bank")
        lab.ivrd.once("partner", "override", "open", "bank")
        first = lab.calling(calls(1, 1), rate=1.0, name="first").wait(WAIT)
        assert two.relayed("INVITE") == []
        asked = len(one.relayed("INVITE"))
        assert asked >= 4  # a drill and a call, each asked for the password first
        one.stop()
        second = lab.calling(calls(2, 1), rate=1.0, name="second").wait(WAIT)
        assert [e.person for e in (*first.entries, *second.entries)] == ["partner"] * 2
        assert len(two.relayed("INVITE")) >= 2
        assert {pitch > 1000 for pitch in bank.heard()} == {True}  # the callers' voice
        assert lab.settled().balances

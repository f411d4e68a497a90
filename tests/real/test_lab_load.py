"""The lab at the size of the day: 20 calls a second, and every talk comes to its end."""

import pytest

from lab.callers import Caller, Keys
from lab.machine import Machine


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_at_20_calls_a_second_every_talk_ends_and_the_ledgers_agree(hotline) -> None:
    lab = hotline(agents=60, talk=2.0, ring=0.3, rtp_ports=2000)
    people = [Caller(n, "key 0", (Keys("0"),)) for n in range(1, 401)]
    calling = lab.calling(people, rate=20.0)
    with Machine((calling, lab.agents), lab.pids) as machine:
        ledger = calling.wait(300)
    print(machine.usage())
    rows = lab.rows(people, ledger)
    assert all(row.agrees for row in rows), rows
    lab.agents.stop()  # nobody was left in a talk: then it would be told as failed
    assert {talk.ended for talk in lab.agents.ledger()} <= {"agent", "caller"}
    assert lab.agents.progress()["talking"] == lab.agents.progress()["ringing"] == 0

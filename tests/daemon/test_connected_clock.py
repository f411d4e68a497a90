"""Asterisk's clock is set back: who waits begins to wait anew, seen over a fake Asterisk."""

from pathlib import Path

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.queue_priority import milliseconds
from tests.daemon.hotline import Hotline, live, until


def test_who_waits_enters_the_queue_again_at_the_same_place(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        call = at.call_id()
        at.arrive(call)
        at.emit("QueueCallerJoin", call, Queue=at.queue)
        await until(lambda: at.wiring.ledger.offered)
        arrived_at = at.wiring.timeline.now() - 100.0
        at.wiring.ledger.note(call, effective_at=arrived_at)
        at.wiring.asterisk_clock.set_back += 1
        await at.wiring.rejoin.reconcile()
        (sent,) = at.ami.named("Redirect")
        assert (sent["Channel"], sent["Context"]) == (f"PJSIP/c-{call}", "hotline-queue")
        told = {one["Variable"]: one["Value"] for one in at.ami.named("Setvar")}
        reading = at.wiring.asterisk_clock.reading(arrived_at)
        assert told[dialplan_names.EFFECTIVE] == milliseconds(reading)

    live(tmp_path, body)

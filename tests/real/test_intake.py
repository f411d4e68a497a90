"""Callers who register by keys: real Asterisk, a webhook, hang-ups at every step, kills."""

from pathlib import Path
from typing import Any

import pytest

from lab.callers import Caller, HangUp, Hear, Keys, Meet, Quiet, Wait
from tests.outbox.receiver import ReceiverThread, answer
from tests.real.intake_rig import (
    BEGINS,
    STEPS,
    citizen,
    keys,
    nowhere,
    received,
    tickets,
    typed,
    with_intake,
)
from tests.real.rig import WAIT
from tests.real.test_callback import number
from tests.real.test_outbox import until

TAKES, FAILS = answer(200), answer(500)
STAYS = Quiet(120)


@pytest.mark.lasts(15)
def test_who_completes_has_a_ticket_and_who_hangs_up_has_left_nothing(
    hotline: Any, tmp_path: Path
) -> None:
    with ReceiverThread(TAKES) as receiver:
        change = with_intake(tmp_path, receiver.url, seats_open=True)
        lab = hotline(agents=2, talk=1.0, ring=0.2, change=change)
        people = [
            Caller(n, f"hangs up after {at} keys", (keys(BEGINS + typed(n)[:at]), HangUp()))
            for n, at in enumerate(STEPS, 1)
        ]
        whole, red = 20, 30
        shown, dialled = number(whole)
        people += [
            Caller(
                whole,
                "completes, and wants a person",
                (keys(BEGINS + typed(whole)), keys("0"), Meet()),
                number=shown,
            ),
            Caller(red, "cannot breathe", (keys(BEGINS + "111"), Meet())),
        ]
        entries = {e.id: e for e in lab.calling(people, rate=20.0).wait(WAIT).entries}
        assert [entries[n].outcome for n in (whole, red)] == ["answered"] * 2
        lab.settled()
        lab.until("nothing waits", lambda _s: lab.ivrd.get("outbox")["entries"] == [])
        found = {ticket["to"]: ticket for ticket in tickets(receiver.requests)}
        ticket = found[dialled]
        assert (ticket["citizen_number"], ticket["flags"]) == (citizen(whole), "over-60")
        assert (ticket["whole"], ticket["topic"]) == ("yes", "other")
        assert [t["flags"] for t in found.values() if t["whole"] == "no"] == ["breath"]
        assert len(found) == 2
        shown_to_agents = {talk.number: talk.note for talk in lab.talks()}
        assert sorted(shown_to_agents.values()) == [
            "over 60; registration keyed in",
            "red flag: short of breath",
        ]
        scrape = lab.ivrd.scrape()
        started, left = (scrape.total(f"ivrd_intakes_{what}_total") for what in ("started", "left"))
        assert 2 <= started <= len(people)  # some have gone before ivrd could ask
        assert scrape.total("ivrd_intakes_completed_total") == started - left == 1
        assert scrape.total("ivrd_intake_red_flags_total") == 1
        assert scrape.total("ivrd_queue_log_differences_total") == 0
    lab.ivrd.stop()
    nowhere(lab.folder, [citizen(n) for n in (*range(1, 11), whole)])


@pytest.mark.verify
@pytest.mark.lasts(200)
def test_tickets_are_those_that_callers_completed_over_kills(hotline: Any, tmp_path: Path) -> None:
    """100 callers, of whom a third while waiting; ivrd is killed twice, the webhook goes down."""
    callers, over = range(1, 101), {n: STEPS[n % len(STEPS)] for n in range(1, 101) if n % 2}

    def script(n: int) -> tuple[Any, ...]:
        if n % 3:
            begin: tuple[Any, ...] = (Hear(), Wait(0.2 * (n % 7)), Keys(BEGINS))
        else:
            begin = (Keys("0"), Hear(), Wait(3), Keys("9"), Hear(), Wait(1), Keys(BEGINS))
        if n in over:
            return (*begin, Hear(), keys(typed(n)[: over[n]]), Wait(0.1), HangUp())
        return (*begin, Hear(), Keys(typed(n)), STAYS)

    with ReceiverThread(FAILS) as first:
        change = with_intake(tmp_path, first.url, seats_open=False)
        lab = hotline(agents=1, talk=0.5, ring=0.2, rtp_ports=800, change=change)
        people = [
            Caller(n, f"{n}", script(n), number=number(n)[0], hangs_up_after=150.0) for n in callers
        ]
        calling = lab.calling(people, rate=2.0)
        until("attempts", lambda: len(first.requests) >= 3)
        lab.ivrd.kill()
        lab.ivrd.start()
        until("another one", lambda: len(received(first.requests, "intake")) >= 2)
    with ReceiverThread(TAKES, port=first.port) as second:
        until("some are there", lambda: len(received(second.requests, "intake")) >= 15)
        lab.ivrd.kill()
        lab.ivrd.start()
        entries = {entry.id: entry for entry in calling.wait(WAIT).entries}
        lab.settled()
        lab.until("nothing waits", lambda _s: lab.ivrd.get("outbox")["entries"] == [])
        whole = [t for t in tickets(second.requests) if t["whole"] == "yes"]
        have = {ticket["citizen_number"]: ticket["to"] for ticket in whole}
        assert len(have) == len(whole)  # each once
        all_typed = {n for n in callers if n not in over}
        assert {*have} <= {citizen(n) for n in all_typed}
        # Who was told so: the hotline said goodbye, or brought who waits back to the queue.
        told = {n for n in all_typed if n % 3 and entries[n].ended == "network"}
        print(f"{len(told)} were told, {len(whole)} tickets, {len(all_typed)} typed all")
        assert {citizen(n) for n in told} <= {*have}
        assert all(have[citizen(n)] == number(n)[1] for n in told)
        assert len(told) >= 10
        scrape = lab.ivrd.scrape()
        assert scrape.total("ivrd_queue_log_differences_total") == 0
    lab.ivrd.stop()
    nowhere(lab.folder, [citizen(n) for n in callers])

"""Callers who stay on the line after the talk are asked one question: real Asterisk, kills."""

import time
from pathlib import Path
from typing import Any

import pytest

from lab.callers import Caller, HangUp, Hear, Keys, Meet, Quiet, Wait
from lab.partners import takes
from tests.real.overflow_rig import Sites, drill, partner, with_partners
from tests.real.rig import WAIT
from tests.real.test_callback import number

TALKS = (Keys("0"), Meet(), Wait(3))  # until the person, who speaks for a second, has hung up
STAYS = Quiet(60)
SAYS_YES = (*TALKS, Keys("1"), STAYS)
SAYS_NO = (*TALKS, Keys("2"), STAYS)


def asked(name: str, settings: dict[str, Any]) -> None:
    if name == "queues.yaml":
        settings["queues"]["other"]["ask_settled"] = True


def said(lab: Any) -> list[str]:
    """What queue_log has of answers, without when it was."""
    lines = lab.asterisk.queue_log.read_text().splitlines()
    return [line.partition("|SETTLED|")[2] for line in lines if "|SETTLED|" in line]


def answers(lab: Any, count: int) -> dict[str, float]:
    """When there are so many."""
    deadline = time.monotonic() + 60
    while (scrape := lab.ivrd.scrape()).total("ivrd_settled_answers_total") < count:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return {
        answer: scrape.total("ivrd_settled_answers_total", answer=answer)
        for answer in ("settled", "not_settled", "no_answer")
    }


@pytest.mark.verify
@pytest.mark.lasts(25)
def test_who_stays_on_the_line_is_asked_and_every_answer_counts_once(hotline: Any) -> None:
    lab = hotline(agents=4, talk=1.0, ring=0.2, change=asked)
    people = [
        Caller(1, "says yes", SAYS_YES, number=number(1)[0]),
        Caller(2, "says no", SAYS_NO),
        Caller(3, "says nothing", (*TALKS, STAYS)),
        Caller(4, "hangs up when asked", (*TALKS, HangUp())),
        Caller(5, "hangs up in the talk", (Keys("0"), Meet(), HangUp())),
        Caller(
            6,
            "says yes in the end",
            (*TALKS, Keys("7"), Wait(2), Keys("1"), STAYS),
        ),
    ]
    ledger = lab.calling(people, rate=2.0).wait(WAIT)
    entries = {entry.id: entry for entry in ledger.entries}
    assert {entry.outcome for entry in entries.values()} == {"answered"}
    assert [entries[n].ended for n in (1, 2, 3, 6)] == ["network"] * 4  # goodbye was said
    assert lab.nobody_was_in_silence(ledger, 6.0)
    assert answers(lab, 5) == {"settled": 2, "not_settled": 1, "no_answer": 2}
    assert sorted(said(lab)) == [
        *["no_answer|other|"] * 2,
        "not_settled|other|",
        *["settled|other|"] * 2,
    ]
    scrape = lab.settled()
    assert scrape.total("ivrd_queue_log_differences_total") == 0
    assert lab.ivrd.status()["outcomes"]["answered"] == len(people)
    again = Caller(1, "dials again", (Hear(), HangUp()), number=number(1)[0])
    lab.calling([again], rate=5.0, name="again").wait(WAIT)
    lab.settled()
    assert lab.ivrd.scrape().total("ivrd_repeat_calls_total", after="settled") == 1
    served = lab.ivrd.get("day")["served"]
    assert served["settled_share"] == pytest.approx(2 / 3)
    assert served["settled"] == {"calls": 2, "known": 2, "redialled": 1}
    assert "settled: 67%" in lab.ivrd.once("report", "day")


def in_question(lab: Any) -> bool:
    return "hotline-settled" in lab.asterisk.cli("core show channels concise")


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_without_ivrd_nobody_is_asked_and_what_was_said_while_it_was_away_counts(
    hotline: Any,
) -> None:
    lab = hotline(agents=2, talk=1.0, ring=0.2, change=asked)
    calling = lab.calling([Caller(1, "says yes", SAYS_YES)], rate=5.0)
    lab.until("asked", lambda _status: in_question(lab))
    lab.ivrd.kill()
    assert [entry.ended for entry in calling.wait(WAIT).entries] == ["network"]
    time.sleep(6.0)  # the lease
    alone = Caller(2, "waits for a person", (Meet(), Quiet(30)))
    (entry,) = lab.calling([alone], rate=5.0, name="alone").wait(WAIT).entries
    assert (entry.outcome, entry.ended) == ("answered", "network")
    assert entry.silence < lab.lag.stretched(3.0)
    assert said(lab) == ["settled|other|"]
    lab.ivrd.start()
    assert answers(lab, 1) == {"settled": 1, "not_settled": 0, "no_answer": 0}
    scrape = lab.settled()
    assert scrape.total("ivrd_queue_log_differences_total") == 0
    assert lab.ivrd.get("day")["served"]["settled"]["calls"] == 1


@pytest.fixture
def sites(tmp_path: Path) -> Any:
    made = Sites(tmp_path)
    yield made
    made.stop()


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_after_a_talk_with_a_partner_that_has_it_switched_on_as_well(
    hotline: Any, sites: Sites
) -> None:
    ours = sites("asks", takes(talk=6.0))
    with_asks = with_partners({"asks": partner(ours.trunk, ask_settled=True)}, floor_seats=2)

    def change(name: str, settings: dict[str, Any]) -> None:
        asked(name, settings)
        with_asks(name, settings)
        if name == "queues.yaml":
            settings["pools"]["base"]["open"] = False

    lab = hotline(agents=1, change=change)
    drill(lab, "asks")
    says = (Keys("0"), Meet(), Wait(8), Keys("2"), STAYS)  # the partner talks for six seconds
    ledger = lab.calling([Caller(1, "says no", says)], rate=5.0).wait(WAIT)
    assert {entry.outcome for entry in ledger.entries} == {"answered"}
    assert answers(lab, 1) == {"settled": 0, "not_settled": 1, "no_answer": 0}
    assert said(lab) == ["not_settled|other|asks"]
    (row,) = lab.ivrd.get("report")["rows"]
    assert (row["settled"], row["not_settled"]) == (0, 1)
    lab.settled()

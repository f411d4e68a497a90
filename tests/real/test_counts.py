"""The truth of the counts: the callers' own ledger against ivrd's."""

import time
from collections import Counter
from contextlib import suppress

import pytest

from ivrd.core.call import Stage
from lab.callers import Caller, Expected, HangUp, Keys, Wait
from lab.callers.mix import mix, read_paths
from lab.changes import nobody_for_vaccination
from lab.comparison import IN_QUEUE, Tally, of_callers, rows, talked_to
from lab.connected import who_met
from lab.running import LabError
from tests.fixtures.hotline import HOTLINE
from tests.real.rig import WAIT

GOES = Expected("abandoned", "queue")
ABANDONED = ("abandoned", "queue")
UNSERVED = ("vaccine-register", "vaccine-trouble", "lab-results")


def eight_kinds(count: int) -> list[Caller]:
    """A mix in which exactly those wait where nobody answers who lose their patience in the queue.

    A caller who hangs up in the very moment in which an agent answers knows nothing of it.
    """
    fits = [
        caller
        for caller in mix(3 * count, seed=22, config=HOTLINE)
        if (caller.behaviour == "abandons in queue") == (caller.expected.leaf in UNSERVED)
    ]
    return fits[:count]


@pytest.mark.parametrize(
    "callers",
    [
        pytest.param(60, marks=pytest.mark.lasts(30)),
        pytest.param(300, marks=[pytest.mark.lasts(80), pytest.mark.verify]),
    ],
)
def test_callers_of_eight_kinds_are_counted_as_they_count_themselves(hotline, callers):
    people = eight_kinds(callers)
    lab = hotline(agents=60, talk=4.0, ring=0.5, change=nobody_for_vaccination)
    ledger = lab.calling(people, rate=10.0).wait(WAIT)
    made = lab.rows(people, ledger)
    assert [row for row in made if not row.agrees] == []
    seen = {row.what: row.ivrd for row in made}
    assert len({caller.behaviour for caller in people}) == 8
    assert all(seen[what] > callers / 30 for what in list(seen)[:6])
    assert ledger.outcomes()["failed"] == ledger.outcomes()["refused"] == 0
    # nobody sat in silence for longer than a menu waits for a key, and a little
    assert lab.nobody_was_in_silence(ledger, 5.5)


def test_keys_80_ms_apart_reach_the_right_leaf_every_time(hotline):
    lab = hotline(agents=40, talk=2.0, ring=0.2)
    paths, _operator = read_paths(lab.config)
    topics = [path for path in paths if path.kind == "topic"]
    people = [
        Caller(n, "typed ahead", (Keys(topics[n % len(topics)].keys, tone=0.04, gap=0.04),))
        for n in range(1, 101)
    ]
    ledger = lab.calling(people, rate=8.0).wait(WAIT)
    assert ledger.outcomes() == {"answered": 100}
    wanted = {person.shown: topics[person.id % len(topics)].leaf for person in people}
    lab.until("all talks are over", lambda _status: len(lab.agents.ledger()) >= 100)
    assert {talk.number: talk.topic for talk in lab.agents.ledger()} == wanted


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_every_scrape_adds_up_while_calls_come_and_go(hotline):
    lab = hotline(agents=10, talk=2.0, ring=0.2)
    people = mix(40, seed=5, pace=0.5, config=HOTLINE)
    calling = lab.calling(people, rate=4.0)
    scrapes = [lab.ivrd.scrape()]
    while calling.progress()["done"] < len(people):
        scrapes.append(lab.ivrd.scrape())
    assert all(scrape.balances for scrape in scrapes)
    assert max(scrape.in_progress for scrape in scrapes) > 5
    received = [scrape.total("ivrd_calls_received_total") for scrape in scrapes]
    assert received == sorted(received)
    stages = {stage.value for stage in Stage}
    assert all(
        any(s.total("ivrd_calls_in_progress", stage=stage) for s in scrapes) for stage in stages
    )
    calling.wait(5)


SOURCE = "${IMPORT(${IVRD_CHANNEL},CHANNEL(hangupsource))}"
ASKS = 'same => n,GotoIf($["' + SOURCE + '" = "${IVRD_CHANNEL}"]?gone)'
HOLDS = 'same => n(hold),Wait(0.1)\n same => n,GotoIf($["' + SOURCE + '" = ""]?hold)\n '


@pytest.mark.verify
@pytest.mark.lasts(40)
def test_who_hangs_up_in_the_moment_of_the_answer_has_given_up(hotline):
    """An agent's phone has answered, and the two are not put through before the caller has gone:
    to app_queue the call is an answered one.  Once seen by ivrd, and once while it is dead."""
    lab = hotline(agents=1, talk=2.0, ring=0.2)
    path = lab.folder / "etc" / "hotline.conf"
    dialplan = path.read_text("utf-8")
    assert ASKS in dialplan
    path.write_text(dialplan.replace(ASKS, HOLDS + ASKS), "utf-8")
    lab.asterisk.cli("dialplan reload")
    people = [Caller(n, "goes", (Keys("0"),), expected=GOES) for n in (1, 2)]
    entries = []
    for person in people:
        calling = lab.calling([person], rate=1.0, name=f"caller{person.id}")
        until(lambda: lab.agents.progress()["talking"])
        calling.hang_up({person.id})
        entries += calling.wait(WAIT).entries
        if person.id == 1:
            assert until(lambda: ends(lab, 1)) == [(*ABANDONED, 1)]
            lab.ivrd.kill()
    until(lambda: not lab.agents.progress()["talking"])
    lab.ivrd.start()
    assert until(lambda: ends(lab, 2)) == [(*ABANDONED, 2)]
    log = lab.asterisk.queue_log.read_text("utf-8")
    assert log.count("|CONNECT|") == 2
    talks, of_asterisk = lab.agents.ledger(), lab.asterisk.connected()
    assert of_asterisk == set()
    counted = of_callers(people, entries, talks, connected=of_asterisk)
    talked = talked_to(talks, who_met(entries, talks, of_asterisk), of_asterisk)
    ivrd = Tally(2, Counter({IN_QUEUE: 2}))
    assert [row for row in rows(counted, talked, ivrd) if not row.agrees] == []


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_twenty_who_hang_up_around_the_answer_are_counted_as_they_were_connected(hotline):
    """One after the other, whatever they hear at that moment; the last four stay."""
    lab = hotline(agents=20, talk=3.0, ring=0.3)
    people = [
        Caller(n, "goes", (Keys("0"), Wait(0.04 * n), HangUp()), expected=Expected("abandoned"))
        for n in range(1, 17)
    ]
    people += [Caller(n, "stays", (Keys("0"),)) for n in range(17, 21)]
    ledger = lab.calling(people, rate=5.0).wait(WAIT)
    made = lab.rows(people, ledger)
    assert [row for row in made if not row.agrees] == []
    seen = {row.what: row.ivrd for row in made}
    assert 0 < seen["answered by a person"] < 20


def until(true):
    deadline = time.monotonic() + WAIT
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def ends(lab, count):
    """How the day's calls ended, by ivrd's ledger, when it has so many; else nothing.

    On a busy machine the store may answer too late; it is asked again.
    """
    with suppress(LabError):
        rows = lab.ivrd.get("day")["rows"]
        if sum(row["calls"] for row in rows) == count:
            return [(row["outcome"], row["stage"], row["calls"]) for row in rows]
    return []

"""Callers wait in a queue that a reload takes away: they wait on in the other, in their order."""

import pytest
import yaml

from lab.callers import Caller, Keys
from lab.comparison import compare, of_day, of_scrape
from tests.real.rig import WAIT

TAKEN, LEFT = "home_isolation", "other"
RENAMED = "home_care"
INTO_TAKEN, INTO_LEFT = "111", "0"


def closed(name, settings) -> None:
    """No seat takes calls until somebody opens it."""
    if name == "queues.yaml":
        settings["pools"]["base"]["open"] = False


def queue_goes(lab) -> None:
    """The topics of one queue go to the other, and the queue is no more."""
    path = lab.config / "queues.yaml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    settings["queues"][LEFT]["topics"].update(settings["queues"].pop(TAKEN)["topics"])
    path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")


def queue_is_renamed(lab) -> None:
    path = lab.config / "queues.yaml"
    text = path.read_text("utf-8")
    assert text.count(TAKEN) == 1
    path.write_text(text.replace(TAKEN, RENAMED), "utf-8")


def waiting(lab, keys) -> tuple[list[Caller], list]:
    """A caller for each of these keys; one after the other has joined a queue."""
    people = [Caller(n, "waits", (Keys(of),)) for n, of in enumerate(keys, 1)]
    calls = []
    for caller in people:
        calls.append(lab.calling([caller], rate=5.0, name=f"caller{caller.id}"))
        lab.until("one more waits", lambda s, n=caller.id: s["calls"]["queue"] == n)
    return people, calls


def moved(lab, queue, count) -> None:
    lab.until("all have moved", lambda s: of(s, queue) == count)


def of(status, queue) -> int:
    return sum(row["waiting"] for row in status["queues"] if row["name"] == queue)


def answered_in_order(lab, people, calls) -> None:
    """An agent takes them one by one, the longest waiting first; both sides count the same.

    Who is being told the place when a seat becomes free may be passed by one who is not
    (docs/decisions/0030-one-fairness-clock.md).
    """
    lab.ivrd.once("seats", "open", "base")
    entries = [entry for calling in calls for entry in calling.wait(WAIT).entries]
    scrape = lab.over()
    talks = sorted(lab.agents.ledger(), key=lambda talk: talk.rung_at)
    places = {caller.shown: place for place, caller in enumerate(people)}
    assert sorted(places) == sorted(talk.number for talk in talks)
    assert all(abs(places[talk.number] - turn) <= 1 for turn, talk in enumerate(talks))
    rows = compare(people, entries, talks, scrape)
    assert [row for row in rows if not row.agrees] == []
    assert scrape.ended("answered") == len(people)
    assert scrape.total("ivrd_events_refused_total") == 0
    day = lab.ivrd.get("day")
    assert of_day(day) == of_scrape(scrape)
    assert day["offered"] == len(people)


def test_callers_of_a_queue_that_a_reload_removes_take_their_place_in_the_other(hotline):
    lab = hotline(agents=1, talk=4.0, ring=0.2, change=closed)
    keys = [INTO_TAKEN, INTO_LEFT, INTO_TAKEN, INTO_TAKEN, INTO_LEFT, INTO_TAKEN]
    people, calls = waiting(lab, keys)
    queue_goes(lab)
    lab.ivrd.once("reload")
    moved(lab, LEFT, len(people))
    answered_in_order(lab, people, calls)
    scrape = lab.ivrd.scrape()
    assert scrape.total("ivrd_calls_offered_total", queue=TAKEN) == keys.count(INTO_TAKEN)
    assert scrape.total("ivrd_calls_offered_total") == len(people)
    assert scrape.total("ivrd_calls_total", queue=LEFT) == len(people)
    assert scrape.total("ivrd_wait_seconds_count") == len(people)


@pytest.mark.parametrize("stored", [pytest.param(True, marks=pytest.mark.verify), False])
def test_callers_of_a_queue_that_was_renamed_while_no_ivrd_ran_are_moved_by_the_next(
    hotline, stored
):
    lab = hotline(agents=1, talk=4.0, ring=0.2, change=closed)
    people, calls = waiting(lab, [INTO_TAKEN] * 3)
    lab.ivrd.kill()
    if not stored:  # what they chose is known to Asterisk alone
        for file in (lab.folder / "state").glob("ivrd.sqlite*"):
            file.unlink()
    queue_is_renamed(lab)
    lab.ivrd.once("render")
    lab.asterisk.cli("queue reload all")
    lab.ivrd.start()
    moved(lab, RENAMED, len(people))
    answered_in_order(lab, people, calls)

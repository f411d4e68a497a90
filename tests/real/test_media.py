"""Phones and lines that vanish without a word, and those that are only silent."""

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ivrd.config.asterisk import LEAST_SILENCE
from lab.agents import Manner, answers, in_turn, vanishes_ringing, vanishes_talking
from lab.callers import Caller, Expected, Hear, Keys, Vanish, Wait
from lab.changes import nobody_for_vaccination
from lab.partners import takes
from lab.phone import COMFORT_NOISE, Phone
from tests.real.conftest import Hotline
from tests.real.overflow_rig import Sites, partner
from tests.real.rig import WAIT

HELD_SECONDS = 2 * LEAST_SILENCE
ALIVE_SECONDS = HELD_SECONDS - 2.0  # so long, and not yet as long as a call may be on hold
GONE_SECONDS = 60.0  # generous: nothing is judged by it
LOST = "ivrd_calls_media_lost_total"


def soon_lost(name: str, settings: dict[str, Any]) -> None:
    """The shortest times, and one queue in which nobody answers."""
    nobody_for_vaccination(name, settings)
    if name == "queues.yaml":
        settings["ring_seconds"] = 5
    if name == "ivrd.yaml":
        media = {"silent_seconds": LEAST_SILENCE, "held_seconds": HELD_SECONDS}
        settings["asterisk"]["media"] = media


def ghost(number: int, keys: str, stage: str) -> Caller:
    """Presses the keys, waits a little, and vanishes."""
    script = (Hear(), *([Keys(keys)] if keys else []), Wait(1), Vanish())
    return Caller(number, "vanishes", script, expected=Expected("abandoned", stage))


def waiting(number: int) -> Caller:
    """Waits where nobody answers, and sends sound."""
    return Caller(number, "waits", (Keys("121"),))


def ended(lab: Hotline, count: int) -> dict[str, Any]:
    return dict(lab.until(f"{count} have ended", lambda s: s["calls"]["ended"] == count))


# --- callers -------------------------------------------------------------------------------


@pytest.mark.lasts(30)
def test_callers_who_vanish_have_abandoned_the_call_with_ivrd_and_without_it(hotline) -> None:
    lab = hotline(agents=1, change=soon_lost)
    people = [*(ghost(n, "121", "queue") for n in (1, 2, 3)), ghost(4, "", "ivr")]
    ledger = lab.calling(people, rate=4.0, name="seen").wait(WAIT)
    scrape = lab.settled()
    assert [row for row in lab.rows(people, ledger) if not row.agrees] == []
    assert (scrape.ended("abandoned", "queue"), scrape.ended("abandoned", "ivr")) == (3, 1)
    assert (scrape.total(LOST, stage="queue"), scrape.total(LOST, stage="ivr")) == (3, 1)
    assert lab.ivrd.log_text().count("media_lost=yes") == 4
    waits = re.findall(r"wait=([0-9.]+)s .*media_lost=yes", lab.ivrd.log_text())
    assert len(waits) == 3
    assert all(float(wait) < LEAST_SILENCE for wait in waits)  # until they vanished

    unseen = lab.calling([waiting(5), waiting(6)], rate=4.0, name="killed")
    lab.until("they wait", lambda s: s["calls"]["queue"] == 2)
    lab.ivrd.kill()
    os.kill(unseen.pid, signal.SIGKILL)  # no sound any more, and no answer to a BYE
    calls = lambda: lab.asterisk.cli("core show channels count")  # noqa: E731  a look, no more
    waits_for(lambda: "0 active channels" in calls())
    unseen.stop()
    lab.ivrd.start()
    lab.until("it knows how they ended", lambda s: s["outcomes"]["abandoned"] == 2)
    day = lab.ivrd.get("day", day="")
    assert (day["received"], day["media_lost"]) == (6, 6)


def waits_for(true: Callable[[], bool]) -> None:
    over = threading.Event()
    for _ in range(round(GONE_SECONDS / 0.2)):
        if true():
            return
        over.wait(0.2)
    raise AssertionError("not in time")


@contextmanager
def phone(lab: Hotline, keys: str = "121") -> Iterator[Phone]:
    """A caller's telephone, in the queue in which nobody answers."""
    calling = Phone(lab.sip)
    try:
        assert calling.invite().status == 200
        calling.press(keys)
        yield calling
    finally:
        calling.close()


SAYS_LITTLE: dict[str, Callable[[Phone], Any]] = {
    "comfort noise": lambda phone: phone.sending(5.0, COMFORT_NOISE, b"\x40"),
    "hardly a packet": lambda phone: phone.sending(6.0),
    "reports, no sound": lambda phone: phone.reporting(),
}


@pytest.mark.lasts(30)
def test_phones_that_say_little_or_are_on_hold_are_not_given_up(hotline) -> None:
    lab = hotline(agents=1, change=soon_lost)
    with ExitStack() as open_lines:
        phones = [open_lines.enter_context(phone(lab)) for _ in SAYS_LITTLE]
        for each, says in zip(phones, SAYS_LITTLE.values(), strict=True):
            open_lines.enter_context(says(each))
        held = open_lines.enter_context(phone(lab))
        held.hold()
        lab.until("all wait", lambda s: s["calls"]["queue"] == len(phones) + 1)
        held.nobody_hangs_up(ALIVE_SECONDS)
        assert lab.ivrd.status()["calls"]["queue"] == len(phones) + 1
        held.wait_for("BYE", GONE_SECONDS)  # not for ever
        for each in phones:
            each.nobody_hangs_up(0.1)
    ended(lab, len(phones) + 1)  # vanished now, all of them


@pytest.mark.verify
@pytest.mark.lasts(30)
def test_who_was_never_heard_is_not_taken_to_a_person_by_silence(hotline) -> None:
    def change(name: str, settings: dict[str, Any]) -> None:
        soon_lost(name, settings)
        if name == "ivrd.yaml":  # longer than the menu waits for a key
            settings["asterisk"]["media"] = {"silent_seconds": 25}
        if name == "menus.yaml":
            settings.update(retries=0, wait_seconds=1)
            settings["menus"]["language"]["prompts"] = ["choose-language"]

    lab = hotline(agents=2, talk=60.0, ring=0.2, change=change)
    unheard, heard = Phone(lab.sip), Phone(lab.sip, "0200000002")
    try:
        assert unheard.invite().status == heard.invite().status == 200
        heard.speak(0.1)
        with heard.sending(2.0):
            lab.until("who was heard has a person", lambda s: s["calls"]["talk"] == 1)
            unheard.wait_for("BYE", GONE_SECONDS)
            status = ended(lab, 1)
        assert (status["calls"]["talk"], status["outcomes"]["abandoned"]) == (1, 1)
        assert lab.ivrd.scrape().total("ivrd_calls_offered_total") == 1
        heard.hang_up()
    finally:
        unheard.close()
        heard.close()


# --- seats and partners --------------------------------------------------------------------


@pytest.mark.verify
@pytest.mark.lasts(30)
def test_who_talked_to_a_phone_that_vanished_is_the_first_to_be_answered_again(hotline) -> None:
    lab = hotline(agents=2, talk=2.0, ring=0.2, change=soon_lost)
    dead = in_turn(vanishes_talking(0.2, 1.0), *[vanishes_ringing(0.2)] * 9)
    lab.agents.behave("base-01", dead)
    long_talk = LEAST_SILENCE + 12.0  # until the first caller is back for sure
    lab.agents.behave("base-02", in_turn(answers(0.2, long_talk), *[answers(0.2, 2.0)] * 9))
    people = [Caller(n, "key 0", (Keys("0"),)) for n in (1, 2, 3)]
    first = lab.calling(people[:1], rate=1.0, name="first")
    lab.until("the first talks", lambda s: s["calls"]["talk"] == 1)
    others = lab.calling(people[1:], rate=4.0, name="others")
    lab.until("one waits, and then two", lambda s: s["calls"]["queue"] == 2)
    entries = [*first.wait(WAIT).entries, *others.wait(WAIT).entries]
    scrape = lab.settled()
    assert {entry.person for entry in entries} == {"inhouse"}
    told = lab.agents.ledger()
    died = next(talk.number for talk in told if talk.seat == "base-01" and talk.talked)
    talks = [talk.number for talk in told if talk.seat == "base-02"]
    assert talks.index(died) == 1  # before the one who waited all the time
    assert (scrape.ended("answered"), scrape.total("ivrd_calls_received_total")) == (3, 3)
    assert scrape.total("ivrd_ring_no_answer_total", pool="base", reason="lost") == 1
    assert "fell silent in a talk" in lab.ivrd.once("seats", "list")
    assert scrape.total(LOST) == scrape.total("ivrd_talks_cut_off_total") == 0


@pytest.mark.verify
@pytest.mark.lasts(60, waiting=True)
def test_who_talked_to_a_partner_that_vanished_goes_back_to_the_front(
    hotline, tmp_path: Path
) -> None:
    sites = Sites(tmp_path)
    try:
        dies = Manner(0.3, 2.0, "partner", first=takes().first, vanishes=True)
        site = sites("good", dies)

        def change(name: str, settings: dict[str, Any]) -> None:
            soon_lost(name, settings)
            if name == "partners.yaml":
                settings["partners"] = {"good": partner(site.trunk)}
            if name == "ivrd.yaml":
                settings["overflow"] = {"floor_seats": 2}

        lab = hotline(agents=1, change=change)
        lab.ivrd.once("seats", "close", "base", "--yes")
        lab.ivrd.once("partner", "override", "open", "good")
        callers = [Caller(1, "key 0", (Keys("0"),))]
        calling = lab.calling(callers, rate=1.0)
        lab.until("they talk", lambda s: s["calls"]["talk"] == 1)
        site.become(takes(ring=0.3, talk=6.0))
        ledger = calling.wait(WAIT)
        assert [entry.person for entry in ledger.entries] == ["partner"]
        scrape = lab.settled()
        assert (scrape.ended("answered"), scrape.total("ivrd_calls_received_total")) == (1, 1)
        offers = {"partner": "good", "result": "dropped"}
        assert scrape.total("ivrd_partner_offers_total", **offers) == 1
        assert len(site.taken()) == 2
        assert scrape.total("ivrd_talks_cut_off_total") == 0
    finally:
        sites.stop()


@pytest.mark.verify
@pytest.mark.lasts(60, waiting=True)
def test_an_agents_phone_that_rings_long_or_holds_the_caller_is_not_given_up(hotline) -> None:
    agent = Phone(user="base-01")

    def change(name: str, settings: dict[str, Any]) -> None:
        soon_lost(name, settings)
        if name == "queues.yaml":
            settings["ring_seconds"] = 15
        if name == "ivrd.yaml":
            contact = f"sip:{{seat}}@127.0.0.1:{agent.port}"
            settings["asterisk"]["seats"]["contact"] = contact

    try:
        lab = hotline(agents=1, change=change)
        with phone(lab, "0") as caller, caller.sending():
            agent.take(ring_seconds=LEAST_SILENCE + 2.0)  # before the answer nothing is due
            lab.until("they talk", lambda s: s["calls"]["talk"] == 1)
            agent.hold()
            agent.nobody_hangs_up(ALIVE_SECONDS)
            agent.hold()  # said again: the time begins anew
            agent.nobody_hangs_up(ALIVE_SECONDS)
            assert lab.ivrd.status()["calls"]["talk"] == 1
            agent.wait_for("BYE", GONE_SECONDS)
            lab.until("the caller waits again", lambda s: s["calls"]["queue"] == 1)
    finally:
        agent.close()

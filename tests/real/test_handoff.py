"""A waiting caller and a partner: whoever does not press the key costs the caller nothing."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from lab.agents import (
    Manner,
    drops,
    in_turn,
    never_answers,
    refuses,
    silent,
    without_sdp,
)
from lab.ami_events import AmiEvents
from lab.callers import Caller, Hear, Keys, Meet, Quiet, Wait
from lab.partners import (
    PartnerSite,
    keeps_silent,
    leaves_early,
    sends_back,
    shown_callers,
    takes,
)
from tests.real.rig import WAIT, final_ledger

QUEUE = "vaccination"
TOPIC, LABEL = "lab-results", "ผลตรวจ"
MUSIC_GAP = 0.7  # seconds: no silence that a caller would take for the end of the call


class Waiting:
    """A hotline without ivrd, one or more callers in its queue, and partners who may be asked."""

    def __init__(self, lab, people):
        self.lab = lab
        self.news = AmiEvents(lab.ami_port, lab.ami_secret)
        lab.ivrd.once("seats", "close", "base", "--yes")
        self.calling = lab.calling(people, rate=2.0)
        lab.until("all wait", lambda s: s["calls"]["queue"] == len(people))
        lab.ivrd.kill()

    def add(self, partner: str, seats: int = 1, penalty: int = 10) -> None:
        for number in range(1, seats + 1):
            seat = f"Local/{number:02}@partner-{partner}/n"
            added = self.lab.asterisk.cli(
                f"queue add member {seat} to {QUEUE} penalty {penalty} as {partner}/{number:02}"
            )
            assert "Added" in added

    def remove(self, partner: str) -> None:
        self.lab.asterisk.cli(f"queue remove member Local/01@partner-{partner}/n from {QUEUE}")

    def open_base(self) -> None:
        self.lab.asterisk.cli("queue unpause member PJSIP/base-01")

    def second_call(self, partner: str, after: float, most: int) -> None:
        """As ivrd says it, which is there for as long as the test takes."""
        for name, value in ((f"IVRD_SECOND_{partner}", f"{after}:{most}"), ("IVRD_SEEN", 2**33)):
            self.lab.asterisk.cli(f"dialplan set global {name} {value}")

    def told(self, partner: str) -> list[str]:
        """What the dialplan has told of the partner so far."""
        events = [event for event in self.news.events if event.get("partner") == partner]
        return [event["userevent"].removeprefix("IvrdPartner") for event in events]

    def trunk_is(self, partner: str, state: str) -> None:
        """Wait until `qualify` has found out."""
        deadline = time.monotonic() + 60
        while state not in (said := self.lab.asterisk.cli(f"pjsip show aor partner-{partner}")):
            assert time.monotonic() < deadline, said
            time.sleep(0.05)  # the event for it is filtered out

    def ended(self):
        ledger = self.calling.wait(WAIT)
        assert self.lab.nobody_was_in_silence(ledger, MUSIC_GAP)
        return ledger

    def within(self, least: float, seconds: str, most: float) -> bool:
        """Whether a time that Asterisk took lies there, on a machine as busy as this one."""
        return least <= float(seconds) <= self.lab.lag.stretched(most)


def usual(count: int = 1) -> list[Caller]:
    return [Caller(n, "laboratory results", (Keys("123"),)) for n in range(1, count + 1)]


@pytest.fixture
def site(tmp_path) -> Iterator:
    """Starts a partner's call centre."""
    sites = []

    def start(manner) -> PartnerSite:
        one = PartnerSite(tmp_path / f"site{len(sites)}", manner)
        one.start()
        sites.append(one)
        return one

    yield start
    for one in sites:
        one.stop()


@pytest.fixture
def waiting(hotline) -> Iterator:
    """Starts a hotline with these partners (name: trunk), and callers who wait."""
    all_of_them = []

    def start(callers=1, confirm=True, people=(), times=None, **trunks: str) -> Waiting:
        def change(name, settings):
            if name == "ivrd.yaml":
                settings["asterisk"]["carriers"]["carrier"]["addresses"] = ["127.0.0.1/32"]
            if name == "partners.yaml":
                settings["partners"] = {
                    partner: {
                        "name": {"th": partner, "en": partner},
                        "trunk": shown_callers(trunk),
                        "pledged": 1,
                        "cap": 12,
                        "hours": "always",
                        "topics": "all",
                        "confirm": confirm,
                        **(times or {}).get(partner, {}),
                    }
                    for partner, trunk in trunks.items()
                }

        lab = hotline(agents=1, talk=2.0, ring=0.2, change=change)
        all_of_them.append(Waiting(lab, people or usual(callers)))
        return all_of_them[-1]

    yield start
    for one in all_of_them:
        one.news.close()


def test_a_confirmed_caller_is_put_through_with_topic_case_name_and_number(waiting, site):
    partner = site(takes(ring=0.5, talk=5.5))
    at = waiting(good=partner.trunk)
    at.add("good")
    entry = at.ended().entries[0]
    assert (entry.person, entry.ended) == ("partner", "network")
    (talk,) = final_ledger(partner)
    assert re.fullmatch(r"\d{5}-\d{3}", talk.case)
    assert (talk.topic, talk.name, talk.number) == (TOPIC, f"{LABEL} {talk.case}", entry.number)
    assert talk.heard_caller
    assert talk.ended == "agent"
    (offered,) = at.news.named("IvrdPartnerOffered")
    (confirmed,) = at.news.named("IvrdPartnerConfirmed")
    (connect,) = at.news.named("AgentConnect")
    assert offered["partner"] == confirmed["partner"] == "good"
    assert offered["seat"] == confirmed["seat"] == "01"
    assert offered["call"] == confirmed["call"] == connect["uniqueid"]
    assert at.within(0.4, confirmed["rang"], 1.5)
    assert at.within(0.4, confirmed["after"], 2.5)
    log = at.lab.asterisk.queue_log.read_text("utf-8")
    assert re.search(rf"{offered['call']}\|hotline\|NONE\|ENDED\|queue\|{TOPIC}", log)
    assert "ABANDON" not in log


EARLY = [
    ("before the first word", (Wait(0.1), Keys("1")), 1.0),
    ("in the first word", (Hear(), Wait(0.1), Keys("1")), 1.5),
    ("before the second words", (Hear(), Quiet(1.0), Keys("1")), 4.5),
    ("in the topic", (Hear(), Quiet(1.0), Hear(), Keys("1")), 5.5),
    ("between topic and key", (Hear(), Quiet(1.0), Hear(), Wait(0.85), Keys("1")), 6.5),
]


@pytest.mark.verify
@pytest.mark.parametrize(("when", "first", "within"), EARLY)
def test_the_key_counts_whenever_it_is_pressed(waiting, site, when, first, within):
    partner = site(Manner(ring=0.2, talk=5.5, voice="partner", first=first))
    at = waiting(good=partner.trunk)
    at.add("good")
    (confirmed,) = at.news.named("IvrdPartnerConfirmed")
    assert at.within(0.0, confirmed["after"], within), when
    assert at.ended().entries[0].person == "partner"


def test_when_the_first_call_still_rings_another_person_there_can_take_the_caller(waiting, site):
    partner = site(in_turn(never_answers(), takes(ring=0.3, talk=5.5)))
    at = waiting(good=partner.trunk)
    at.second_call("good", 1.5, 2)
    at.add("good")
    (confirmed,) = at.news.named("IvrdPartnerConfirmed")
    assert (confirmed["seat"], confirmed["turn"]) == ("01", "second")
    assert at.within(1.7, confirmed["rang"], 3.0)
    (connect,) = at.news.named("AgentConnect")
    assert connect["uniqueid"] == confirmed["call"]
    assert at.ended().entries[0].person == "partner"
    unanswered, talk = sorted(final_ledger(partner), key=lambda of: of.heard_caller)
    assert unanswered.ended == "cancelled"
    assert (talk.topic, talk.name, talk.number) == (
        TOPIC,
        f"{LABEL} {talk.case}",
        at.calling.wait(WAIT).entries[0].number,
    )
    assert talk.ended == "agent"
    assert at.told("good") == ["Offered", "Confirmed"]  # nothing that the breaker counts


def test_of_two_persons_who_are_rung_the_first_key_gets_the_caller(waiting, site):
    slow = Manner(ring=2.5, talk=5.5, voice="partner", first=(Hear(), Wait(0.2), Keys("1")))
    partner = site(in_turn(slow, keeps_silent(ring=0.2)))
    at = waiting(good=partner.trunk)
    at.second_call("good", 1.0, 2)
    at.add("good")
    (confirmed,) = at.news.named("IvrdPartnerConfirmed")
    assert confirmed["turn"] == "first"
    assert at.ended().entries[0].person == "partner"
    late, talk = sorted(final_ledger(partner), key=lambda of: of.heard_caller)
    assert late.ended == "caller"  # has been told that the caller is taken, and is let go
    assert late.talked < at.lab.lag.stretched(9.0)
    assert talk.heard_caller
    assert at.told("good") == ["Offered", "Confirmed"]


@pytest.mark.verify
def test_whoever_presses_the_key_too_late_has_no_caller(waiting, site):
    first = Manner(ring=1.5, talk=5.5, voice="partner", first=(Hear(), Wait(2.5), Keys("1")))
    second = takes(ring=0.2, after=1.0, talk=5.5)
    partner = site(in_turn(first, second))
    at = waiting(good=partner.trunk)
    at.second_call("good", 1.0, 2)
    at.add("good")
    (confirmed,) = at.news.named("IvrdPartnerConfirmed")
    assert confirmed["turn"] == "second"
    assert at.ended().entries[0].person == "partner"
    assert [talk.heard_caller for talk in final_ledger(partner)].count(True) == 1
    assert at.told("good") == ["Offered", "Confirmed"]


@pytest.mark.verify
def test_a_refusal_is_told_at_once_and_no_second_call_is_made(waiting, site):
    bad, good = site(refuses(503)), site(takes(talk=5.5))
    at = waiting(bad=bad.trunk, good=good.trunk)
    at.second_call("bad", 6.0, 12)
    at.add("good", penalty=11)
    at.add("bad")
    (refused,) = at.news.named("IvrdPartnerRefused")
    assert (refused["status"], refused["cause"]) == ("CONGESTION", "34")
    assert at.within(0.0, refused["rang"], 1.0)
    assert at.ended().entries[0].person == "partner"
    assert len(final_ledger(bad)) == 1


@pytest.mark.verify
def test_two_calls_in_vain_are_one_failure_and_a_full_partner_gets_no_second_one(waiting, site):
    bad, good = site(never_answers()), site(takes(talk=5.5))
    times = {"bad": {"ring_seconds": 4}}
    at = waiting(bad=bad.trunk, good=good.trunk, times=times)
    at.add("good", penalty=11)
    at.second_call("bad", 1.0, 1)
    at.add("bad")
    at.news.named("IvrdPartnerRefused")
    assert at.told("bad") == ["Offered", "Refused"]
    assert len(final_ledger(bad)) == 1
    assert at.ended().entries[0].person == "partner"


@pytest.mark.verify
def test_a_caller_who_goes_while_two_are_rung_leaves_nobody_ringing(waiting, site):
    partner = site(never_answers())
    at = waiting(good=partner.trunk)
    at.second_call("good", 1.0, 2)
    at.add("good")
    until(lambda: partner.progress()["ringing"] == 2)
    at.calling.stop()
    assert [talk.ended for talk in final_ledger(partner)] == ["cancelled"] * 2
    assert at.told("good") == ["Offered"]


def test_a_partner_without_confirmation_gets_the_caller_at_once(waiting, site):
    partner = site(silent(ring=0.2, talk=5.5))
    at = waiting(confirm=False, good=partner.trunk)
    at.add("good")
    (confirmed,) = at.news.named("IvrdPartnerConfirmed")
    assert at.within(0.0, confirmed["after"], 0.1)
    at.calling.wait(WAIT)  # nobody speaks, so the caller does hear silence now
    assert final_ledger(partner)[0].talked > 5


REFUSALS = [
    (refuses(486), "BUSY", "17", "no"),
    (refuses(503), "CONGESTION", "34", "no"),
    (refuses(480), "NOANSWER", "19", "no"),
    (refuses(404), "CHANUNAVAIL", "1", "no"),
    (never_answers(), "NOANSWER", "0", "yes"),
]


@pytest.mark.parametrize(("manner", "status", "cause", "alerted"), REFUSALS)
def test_a_refused_caller_goes_on_to_the_next(waiting, site, manner, status, cause, alerted):
    bad, good = site(manner), site(takes(talk=5.5))
    at = waiting(bad=bad.trunk, good=good.trunk)
    at.add("good", penalty=11)
    at.add("bad")
    (refused,) = at.news.named("IvrdPartnerRefused")
    assert (refused["partner"], refused["status"], refused["cause"]) == ("bad", status, cause)
    assert refused["alerted"] == alerted
    assert (float(refused["rang"]) > 7.9) == (manner == never_answers())
    assert at.ended().entries[0].person == "partner"
    assert [talk.heard_caller for talk in final_ledger(good)] == [True]


UNCONFIRMED = [
    (keeps_silent(), "no_key", (10.8, 12.0)),
    (without_sdp(), "no_media", (0.0, 0.5)),
    (takes(key="2"), "wrong_key", (0.3, 2.0)),
    (leaves_early(after=1.0), "hung_up", (0.8, 2.0)),
    (drops(), "hung_up", (0.0, 0.5)),
]


@pytest.mark.parametrize(("manner", "reason", "after"), UNCONFIRMED)
def test_who_does_not_press_the_key_does_not_get_the_caller(waiting, site, manner, reason, after):
    bad, good = site(manner), site(takes(talk=5.5))
    at = waiting(bad=bad.trunk, good=good.trunk)
    if reason == "hung_up":
        at.lab.tolerated = ("Abnormal 'Gosub(partners-answered,s,1)' exit",)
    if reason == "no_media":
        at.lab.tolerated = ("has no audio media/RTP session", "rtp,dest")
    at.add("good", penalty=11)
    at.add("bad")
    (said,) = at.news.named("IvrdPartnerUnconfirmed")
    assert (said["partner"], said["reason"]) == ("bad", reason)
    assert at.within(after[0], said["after"], after[1])
    assert at.ended().entries[0].person == "partner"
    assert [talk.heard_caller for talk in final_ledger(bad)] == [False]
    assert [talk.heard_caller for talk in final_ledger(good)] == [True]


def until(true: Callable[[], object]) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# Its exchange answers after 9 s and plays music; its agent comes to the line in the middle of the
# second whisper and knows only after the third one what the call is.
IN_A_QUEUE = (Hear(), Quiet(1.5), Hear(), Quiet(1.5), Hear(), Quiet(1.5), Keys("1"))
SLOW = {"ring_seconds": 14, "key_seconds": 30}


@pytest.mark.verify
@pytest.mark.lasts(50, waiting=True)
def test_a_partner_whose_people_come_late_takes_calls_with_times_of_its_own(waiting, site):
    slow = site(Manner(ring=9.0, talk=5.5, voice="partner", first=IN_A_QUEUE))
    at = waiting(slow=slow.trunk, times={"slow": SLOW})
    at.add("slow")
    (confirmed,) = at.news.named("IvrdPartnerConfirmed")
    assert at.within(9.0, confirmed["rang"], 11.0)
    assert at.within(8.0, confirmed["after"], 25.0)  # whisper, topic, whisper
    at.calling.wait(WAIT)
    (talk,) = final_ledger(slow)  # app_queue has not given it up after 20 s
    assert talk.heard_caller
    assert talk.ended == "agent"


def test_who_presses_the_key_for_a_caller_who_has_gone_has_taken_nobody(waiting, site):
    late = site(takes(ring=0.2, after=9.0))
    at = waiting(late=late.trunk, times={"late": {"key_seconds": 40}})
    at.add("late")
    until(lambda: late.progress()["talking"])
    at.calling.stop()
    until(late.ledger)  # the whisper ends with its round, not after 40 s
    (talk,) = final_ledger(late)
    assert (talk.talked or 0.0) < at.lab.lag.stretched(20.0)  # None: it was over at once
    until(lambda: at.told("late") == ["Offered", "Left"])
    (left,) = at.news.named("IvrdPartnerLeft")  # for how long the person had not pressed it
    assert at.within(1.0, left["after"], 9.0)


def test_where_nobody_pressed_the_key_the_partner_has_failed_though_the_caller_has_gone(
    waiting, site
):
    quiet = site(keeps_silent())
    at = waiting(quiet=quiet.trunk, times={"quiet": {"key_seconds": 5}})
    at.add("quiet")
    until(lambda: quiet.progress()["talking"])
    at.calling.stop()
    (said,) = at.news.named("IvrdPartnerUnconfirmed")
    assert (said["partner"], said["reason"]) == ("quiet", "no_key")


def test_a_caller_is_not_kept_in_vain_by_two_seats_of_a_partner_one_after_the_other(waiting, site):
    """Before anybody can have paused the second seat the caller would be rung for there."""
    quiet, good = site(keeps_silent()), site(takes(talk=5.5))
    at = waiting(quiet=quiet.trunk, good=good.trunk, times={"quiet": {"key_seconds": 8}})
    at.add("good", penalty=11)
    at.add("quiet", seats=4)
    assert at.ended().entries[0].person == "partner"
    assert len(final_ledger(quiet)) == 1


def test_a_partner_is_given_up_when_its_own_times_are_over(waiting, site):
    rings, quiet, good = site(never_answers()), site(keeps_silent()), site(takes(talk=5.5))
    times = {"rings": {"ring_seconds": 4}, "quiet": {"key_seconds": 8}}
    trunks = {"rings": rings.trunk, "quiet": quiet.trunk, "good": good.trunk}
    at = waiting(**trunks, times=times)
    for partner, penalty in (("good", 12), ("quiet", 11), ("rings", 10)):
        at.add(partner, penalty=penalty)
    (refused,) = at.news.named("IvrdPartnerRefused")
    assert (refused["partner"], refused["alerted"]) == ("rings", "yes")
    assert at.within(4.0, refused["rang"], 5.0)
    (said,) = at.news.named("IvrdPartnerUnconfirmed")
    assert (said["partner"], said["reason"]) == ("quiet", "no_key")
    assert at.within(7.8, said["after"], 9.0)
    assert at.ended().entries[0].person == "partner"


RESPONSES = [
    (None, "CHANUNAVAIL", "no", 3.0),
    ("100 Trying", "CHANUNAVAIL", "no", 3.0),
    ("183 Session Progress", "NOANSWER", "yes", 8.0),
    ("180 Ringing", "NOANSWER", "yes", 8.0),
]


@pytest.mark.parametrize(("response", "status", "alerted", "seconds"), RESPONSES)
def test_an_exchange_that_does_not_respond_is_told_from_one_that_rings(
    waiting, site, response, status, alerted, seconds
):
    good = site(takes(talk=5.5))
    with Exchange(response) as bad:
        at = waiting(bad=bad.trunk, good=good.trunk)
        at.trunk_is("bad", "Avail ")
        at.add("good", penalty=11)
        at.add("bad")
        (refused,) = at.news.named("IvrdPartnerRefused")
        assert (refused["partner"], refused["status"]) == ("bad", status)
        assert (refused["cause"], refused["alerted"]) == ("0", alerted)
        assert at.within(seconds, refused["rang"], seconds + 1.0)
        assert at.ended().entries[0].person == "partner"


def test_an_answer_without_a_packet_of_sound_is_told_as_silence(waiting, site):
    good = site(takes(talk=5.5))
    with Exchange("200 OK") as bad:
        at = waiting(bad=bad.trunk, good=good.trunk, times={"bad": {"key_seconds": 8}})
        at.trunk_is("bad", "Avail ")
        at.add("good", penalty=11)
        at.add("bad")
        (said,) = at.news.named("IvrdPartnerUnconfirmed")
        assert (said["partner"], said["reason"]) == ("bad", "no_media")
        assert at.ended().entries[0].person == "partner"


class Exchange:
    """Answers OPTIONS, and INVITE with one response and nothing more, or not at all."""

    def __init__(self, response: str | None) -> None:
        self._response = response
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.2", 0))
        self.trunk = f"127.0.0.2:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._answer, daemon=True)

    def __enter__(self) -> Exchange:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def _answer(self) -> None:
        with suppress(OSError):  # until it is closed
            while True:
                packet, sender = self._socket.recvfrom(65535)
                method = packet.split(b" ", 1)[0]
                statuses = dict.fromkeys((b"OPTIONS", b"CANCEL", b"BYE"), "200 OK")
                statuses[b"INVITE"] = self._response or ""
                if status := statuses.get(method):
                    sdp = SDP if (method, status) == (b"INVITE", "200 OK") else ""
                    self._socket.sendto(_response(packet, status, sdp), sender)


SDP = "\r\n".join(
    (
        *("v=0", "o=- 1 1 IN IP4 127.0.0.2", "s=-", "c=IN IP4 127.0.0.2", "t=0 0"),
        *("m=audio 9 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000", ""),
    )
)


def _response(request: bytes, status: str, sdp: str) -> bytes:
    """A response (RFC 3261, 8.2.6)."""
    lines = request.decode().split("\r\n\r\n")[0].split("\r\n")[1:]
    named = ("via:", "from:", "to:", "call-id:", "cseq:")
    kept = [line for line in lines if line.lower().startswith(named)]
    tagged = [f"{line};tag=x" if line.lower().startswith("to:") else line for line in kept]
    head = [f"SIP/2.0 {status}", *tagged, "Contact: <sip:1330@127.0.0.2>"]
    head += ["Content-Type: application/sdp"] if sdp else []
    return "\r\n".join([*head, f"Content-Length: {len(sdp)}", "", sdp]).encode()


def test_an_agent_takes_the_caller_whom_no_partner_takes(waiting, site):
    bad = site(keeps_silent())
    at = waiting(bad=bad.trunk)
    at.add("bad")
    at.news.named("IvrdPartnerOffered")
    at.open_base()
    at.news.named("IvrdPartnerUnconfirmed")
    assert at.ended().entries[0].person == "inhouse"
    assert at.lab.talks()[0].case == final_ledger(bad)[0].case


def test_a_trunk_that_is_known_to_be_dead_is_not_dialled(waiting, site):
    good = site(takes(talk=5.5))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.2", 0))
        at = waiting(dead=f"127.0.0.2:{nobody.getsockname()[1]}", good=good.trunk)
        at.trunk_is("dead", "Unavail")
        at.add("good", penalty=11)
        at.add("dead")
        (refused,) = at.news.named("IvrdPartnerRefused")
        offers = at.news.named("IvrdPartnerOffered", 2)
        assert [offer["partner"] for offer in offers] == ["dead", "good"]
        assert (refused["status"], refused["cause"], refused["rang"]) == ("CHANUNAVAIL", "20", "0")
        assert at.ended().entries[0].person == "partner"
        # only the question whether it is there ever came
        assert {packet.split()[0] for packet in received(nobody)} == {b"OPTIONS"}


def received(end: socket.socket) -> Iterator[bytes]:
    """All packets that wait to be read."""
    end.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            yield end.recv(65535)


def test_a_trunk_that_has_just_died_costs_three_seconds(waiting, site):
    dying, good = site(takes()), site(takes(talk=5.5))
    at = waiting(dying=dying.trunk, good=good.trunk)
    at.trunk_is("dying", "Avail ")
    dying.stop()
    at.add("good", penalty=11)
    at.add("dying")
    (refused,) = at.news.named("IvrdPartnerRefused")
    assert refused["status"] == "CHANUNAVAIL"
    assert at.within(0.0, refused["rang"], 3.2)
    assert at.ended().entries[0].person == "partner"


BACK = [
    (takes(talk=1.0), "IvrdPartnerDropped", "DROPPED"),
    (sends_back(talk=1.0), "IvrdPartnerReturned", "RETURNED"),
    (sends_back(talk=6.0), "IvrdPartnerReturned", "RETURNED"),
]


@pytest.mark.parametrize(("manner", "event", "why"), BACK)
def test_who_comes_back_from_a_partner_is_first_again(waiting, site, manner, event, why):
    first = site(in_turn(manner, *[takes(talk=5.5)] * 2))
    at = waiting(callers=2, good=first.trunk)
    at.add("good")
    (said,) = at.news.named(event)
    assert said["partner"] == "good"
    if why == "DROPPED":
        assert at.within(0.1, said["after"], 5.0)
    joins = at.news.named("QueueCallerJoin", 3)
    assert joins[2]["uniqueid"] == said["call"] == joins[0]["uniqueid"]
    assert joins[2]["position"] == "1"
    ledger = at.ended()
    assert ledger.outcomes() == {"answered": 2}
    assert [entry.ended for entry in ledger.entries] == ["network"] * 2
    numbers = [talk.number for talk in final_ledger(first) if talk.heard_caller]
    assert numbers == [ledger.entries[0].number] * 2 + [ledger.entries[1].number]
    log = at.lab.asterisk.queue_log.read_text("utf-8")
    assert log.count(f"{said['call']}|hotline|NONE|BACK|{why}") == 1
    assert "ABANDON" not in log


def test_the_keys_for_back_are_the_partners_alone(waiting, site):
    partner = site(takes(talk=6.0))
    keys = (Keys("123"), Meet(), Wait(1), Keys("*9"))
    at = waiting(people=[Caller(1, "presses them as well", keys)], good=partner.trunk)
    at.add("good")
    assert at.ended().entries[0].person == "partner"
    assert len(final_ledger(partner)) == 1
    assert not [e for e in at.news.events if e.get("userevent") == "IvrdPartnerReturned"]

"""Real SIPp callers and real SIPp agents on the phone with one another, without a hotline."""

import os
import re
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from lab.agents import Agents, Talk, answers, drops, never_answers, refuses, silent
from lab.callers import (
    Caller,
    Callers,
    Entry,
    HangUp,
    Hear,
    Keys,
    Ledger,
    Meet,
    Patience,
    SippError,
    Step,
    Wait,
)
from lab.callers.mix import BEHAVIOURS, SHIPPED, mix
from tests.real.rig import final_ledger

SOON = 20.0  # seconds: far more than any of these calls lasts


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[Agents]:
    seats = {
        "busy": refuses(486),
        "broken": refuses(503),
        "away": refuses(480),
        "unknown": refuses(404),
        "never": never_answers(),
        "silent": silent(ring=0, talk=60),
        "drops": drops(ring=0),
        "partner": answers(ring=0, talk=0.3, kind="partner"),
    }
    with Agents(folder=tmp_path / "agents", ring=0.2, talk=0.5, seats=seats) as agents:
        yield agents


class Dial:
    """Lets callers dial a seat. As a context it leaves nobody behind when a test has failed."""

    def __init__(self, agents: Agents, folder: Path) -> None:
        self.agents = agents
        self._folder = folder
        self._open = ExitStack()

    def __enter__(self) -> "Dial":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def start(self, seat: str, *callers: Caller, rate: float = 50) -> Callers:
        target = f"127.0.0.1:{self.agents.port}"
        run = Callers(target, callers, folder=self._folder / seat, rate=rate, dialled=seat)
        return self._open.enter_context(run)

    def __call__(self, seat: str, *callers: Caller) -> Ledger:
        return self.start(seat, *callers).wait(SOON)


@pytest.fixture
def dial(agents: Agents, tmp_path: Path) -> Iterator[Dial]:
    with Dial(agents, tmp_path) as dial:
        yield dial


def test_an_agent_answers_both_hear_one_another_and_the_agent_hangs_up(dial: Dial) -> None:
    caller = Caller(7, "talks", (Keys("12*0#", 0.04, 0.04),), name="นิด, Nid")
    (entry,) = dial("seat-1", caller).entries
    (talk,) = final_ledger(dial.agents)
    assert (entry.outcome, entry.ended, entry.person) == ("answered", "network", "inhouse")
    assert entry.number == talk.number == "0200000007"
    assert (talk.seat, talk.name, talk.ended) == ("seat-1", "นิด, Nid", "agent")
    assert talk.heard_caller
    assert entry.answered_after == pytest.approx(0.2, abs=0.15)
    assert talk.talked == pytest.approx(0.5, abs=0.15)
    assert entry.typed == "12*0#"
    assert entry.typed_at == pytest.approx(0.32)
    assert entry.waited == pytest.approx(0.02, abs=0.1)


def test_a_caller_hangs_up_on_an_agent(dial: Dial) -> None:
    (entry,) = dial("partner", Caller(1, "short", (Meet(), HangUp()))).entries
    (talk,) = final_ledger(dial.agents)
    assert (entry.outcome, entry.ended, entry.person) == ("answered", "caller", "partner")
    assert talk.ended == "caller"


@pytest.mark.parametrize(
    ("seat", "code"), [("busy", "486"), ("broken", "503"), ("away", "480"), ("unknown", "404")]
)
def test_a_refusal_is_told_with_its_status(dial: Dial, seat: str, code: str) -> None:
    (entry,) = dial(seat, Caller(1, "refused")).entries
    assert (entry.outcome, entry.code, entry.answered_after) == ("refused", code, None)
    (talk,) = final_ledger(dial.agents)
    assert (talk.seat, talk.ended, talk.talked) == (seat, "refused", None)


def test_a_caller_gives_up_while_it_rings(dial: Dial) -> None:
    (entry,) = dial("never", Caller(1, "impatient", rings_at_most=0.3)).entries
    assert (entry.outcome, entry.ended) == ("abandoned", "cancelled")
    assert entry.lasted == pytest.approx(0.3, abs=0.2)
    (talk,) = final_ledger(dial.agents)
    assert (talk.ended, talk.talked) == ("cancelled", None)


def test_a_caller_loses_patience_in_silence(dial: Dial) -> None:
    (entry,) = dial("silent", Caller(1, "impatient", (Patience(0.6),))).entries
    assert (entry.outcome, entry.ended, entry.person) == ("abandoned", "caller", None)
    assert entry.first_sound is None
    assert entry.silence == pytest.approx(0.6, abs=0.15)
    assert entry.silence_at == 0.0


def test_the_other_side_drops_the_call(dial: Dial) -> None:
    (entry,) = dial("drops", Caller(1, "dropped")).entries
    assert (entry.outcome, entry.ended) == ("dropped", "network")
    (talk,) = final_ledger(dial.agents)
    assert talk.ended == "agent"


def test_both_ledgers_of_many_calls_agree(dial: Dial, tmp_path: Path) -> None:
    callers = [Caller(n, "many", (Meet(), Wait(0.1), HangUp())[: 3 * (n % 2)]) for n in range(40)]
    run = dial.start("seat-1", *callers)
    ledger = run.wait(SOON)
    assert ledger.outcomes() == {"answered": 40}
    assert Counter(entry.ended for entry in ledger.entries) == {"caller": 20, "network": 20}
    talks = final_ledger(dial.agents)
    assert {talk.number for talk in talks} == {entry.number for entry in ledger.entries}
    assert Counter(talk.ended for talk in talks) == {"caller": 20, "agent": 20}
    assert run.progress() == {
        "planned": 40, "ringing": 0, "listening": 0, "with_person": 0, "done": 40, "answered": 40
    }  # fmt: skip
    assert (tmp_path / "seat-1" / "callers.jsonl").read_text().count("\n") == 40
    assert (tmp_path / "agents" / "agents.jsonl").read_text().count("\n") == 40


def test_stop_lets_everybody_hang_up(dial: Dial) -> None:
    run = dial.start("silent", Caller(1, "waits"), Caller(2, "waits"), Caller(3, "waits"))
    with pytest.raises(TimeoutError, match="3 of 3 callers are not done yet"):
        run.wait(0.3)
    ledger = run.stop()
    assert ledger.outcomes() == {"abandoned": 3}
    assert not Path(f"/proc/{run.pid}").exists()


def test_stop_before_anybody_has_dialled(dial: Dial) -> None:
    run = dial.start("never", Caller(1, "first"), Caller(2, "never gets there"), rate=0.01)
    ledger = run.stop()
    assert set(ledger.outcomes()) <= {"abandoned", "never dialled"}
    assert ledger.entries[1].outcome == "never dialled"


def test_agents_who_stop_refuse_what_rings_and_end_their_talks(tmp_path: Path) -> None:
    agents = Agents(folder=tmp_path, ring=0, talk=60, seats={"never": never_answers()})
    with agents, Dial(agents, tmp_path) as dial:
        ringing = dial.start("never", Caller(1, "rings"))
        talking = dial.start("seat-1", Caller(2, "talks"), Caller(3, "talks"))
        wait_for(lambda: talking.progress()["with_person"] == 2)
        assert agents.progress() == {"ringing": 1, "talking": 2}
        agents.stop()
        assert ringing.wait(SOON).outcomes() == {"refused": 1}
        assert talking.wait(SOON).outcomes() == {"answered": 2}
    assert Counter(talk.ended for talk in final_ledger(agents)) == {"refused": 1, "agent": 2}
    assert not Path(f"/proc/{agents.pid}").exists()


def wait_for(met: Any) -> None:
    """There is no event for it: the two sides are apart, as they are in life."""
    clock = threading.Event()
    for _ in range(200):
        if met():
            return
        clock.wait(0.05)
    raise AssertionError("it has not come about")


def test_an_answer_that_reaches_nobody_is_no_talk(agents: Agents) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.settimeout(SOON)
        phone.connect(("127.0.0.1", agents.port))

        def say(method: str, cseq: int, body: str = "") -> None:
            lines = [f"{method} sip:silent@127.0.0.1 SIP/2.0"]
            lines += [f"Via: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bK{method}{cseq}"]
            lines += ['From: "x" <sip:0200000009@127.0.0.1>;tag=1', "To: <sip:silent@127.0.0.1>"]
            lines += ["Call-ID: nobody", f"CSeq: {cseq} {method}", f"Content-Length: {len(body)}"]
            lines += ["Contact: <sip:127.0.0.1:1>", "", body]
            phone.send("\r\n".join(lines).encode())

        def hear(status: str) -> None:
            while not phone.recv(4096).decode().startswith(f"SIP/2.0 {status}"):
                pass

        say("INVITE", 1, "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 8\r\n")
        hear("200")
        say("ACK", 1)
        say("BYE", 2)
        hear("200")
    wait_for(agents.ledger)
    (talk,) = final_ledger(agents)
    assert (talk.number, talk.ended, talk.talked) == ("0200000009", "caller", None)


# --- without sound, and callers who come by the way ----------------------------------------------


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Agents]:
    seats = {"busy": refuses(486), "silent": silent(ring=0, talk=60), "drops": drops(ring=0)}
    seats["partner"] = answers(ring=0, talk=0.3, kind="partner")
    folder = tmp_path / "agents"
    with Agents(folder=folder, ring=0.2, talk=0.5, seats=seats, sound=False) as agents:
        yield agents


def outcome_at(agents: Agents, folder: Path, seat: str, *script: Step) -> tuple[Entry, Talk]:
    """One call without sound to this seat: by both ends' ledgers."""
    target = f"127.0.0.1:{agents.port}"
    people = [Caller(1, "one", script)]
    with Callers(target, people, folder=folder / seat, dialled=seat, sound=False) as run:
        (entry,) = run.wait(SOON).entries
    wait_for(agents.ledger)
    (talk,) = final_ledger(agents)
    return entry, talk


def test_without_sound_both_know_that_they_talked(many: Agents, tmp_path: Path) -> None:
    entry, talk = outcome_at(many, tmp_path, "seat-1", Hear(), Keys("12*0#", 0.04, 0.04))
    assert (entry.outcome, entry.ended, entry.person) == ("answered", "network", "inhouse")
    assert (entry.typed, talk.heard_caller, talk.ended) == ("12*0#", True, "agent")
    assert entry.waited == pytest.approx(0.02, abs=0.2)
    assert talk.talked == pytest.approx(0.5, abs=0.15)


def test_without_sound_a_caller_hangs_up_on_an_agent(many: Agents, tmp_path: Path) -> None:
    entry, talk = outcome_at(many, tmp_path, "partner", Meet(), HangUp())
    assert (entry.outcome, entry.ended, entry.person) == ("answered", "caller", "partner")
    assert talk.ended == "caller"


def test_without_sound_patience_is_lost_in_silence(many: Agents, tmp_path: Path) -> None:
    entry, talk = outcome_at(many, tmp_path, "silent", Patience(0.6))
    assert (entry.outcome, entry.ended, entry.person) == ("abandoned", "caller", None)
    assert (talk.ended, talk.heard_caller) == ("caller", False)


@pytest.mark.parametrize(("seat", "ended"), [("busy", "refused"), ("drops", "dropped")])
def test_without_sound_a_call_that_comes_to_nothing_is_told(
    many: Agents, tmp_path: Path, seat: str, ended: str
) -> None:
    entry, _talk = outcome_at(many, tmp_path, seat)
    assert entry.outcome == ended


def test_callers_come_while_others_call_and_each_end_is_told_once(
    many: Agents, tmp_path: Path
) -> None:
    told: list[Entry] = []
    target = f"127.0.0.1:{many.port}"
    run = Callers(
        target,
        folder=tmp_path / "run",
        dialled="seat-1",
        sound=False,
        open=True,
        on_end=told.append,
    )
    with pytest.raises(SippError, match="sipp has not been started"):
        run.call(Caller(0, "too early"))
    with run:
        for n in range(1, 21):
            run.call(Caller(n, "comes", (Meet(),)))
        wait_for(lambda: len(told) == 20)
        run.call(Caller(21, "comes late", (Meet(), HangUp())))
        with pytest.raises(ValueError, match="caller 21: expected an id of its own"):
            run.call(Caller(21, "another"))
        run.finish()
        with pytest.raises(SippError, match="caller 22: no more callers were to come"):
            run.call(Caller(22, "too late"))
        ledger = run.wait(SOON)
    assert sorted(entry.id for entry in told) == list(range(1, 22))
    assert Counter(entry.outcome for entry in told) == ledger.outcomes() == {"answered": 21}
    assert run.progress()["done"] == run.progress()["answered"] == 21


def test_nobody_comes_and_it_ends(tmp_path: Path) -> None:
    with Callers("127.0.0.1:9", folder=tmp_path, sound=False, open=True) as run:
        run.finish()
        assert run.wait(SOON).entries == ()


# --- what goes wrong -----------------------------------------------------------------------------


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        agents = Agents(taken.getsockname()[1], folder=tmp_path)
        with pytest.raises(SippError, match=r"^sipp did not start: .*[Uu]nable to bind.*$"):
            agents.start()


def test_sipp_that_dies_leaves_a_ledger(dial: Dial) -> None:
    run = dial.start("silent", Caller(1, "waits"), Caller(2, "waits"))
    wait_for(lambda: run.progress()["listening"] == 2)
    os.kill(run.pid, signal.SIGKILL)
    assert run.wait(SOON).outcomes() == {"failed": 2}


def test_what_a_row_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="caller 1: expected a number and a name without"):
        Caller(1, "hostile", name="a;b")
    with pytest.raises(ValueError, match="callers: expected at least one"):
        Callers("127.0.0.1:1", [], folder=Path())
    with pytest.raises(ValueError, match="each with an id of its own"):
        Callers("127.0.0.1:1", [Caller(1, "x"), Caller(1, "y")], folder=Path())
    with pytest.raises(ValueError, match=r"code: expected one of .*, got 999"):
        refuses(999)


class Hotline:
    """A hotline of one socket. `reactions`: what it sends when a request of that method comes."""

    def __init__(self, reactions: dict[str, list[str]]) -> None:
        self.methods: list[str] = []
        self._reactions = reactions
        self._invite = ""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(SOON)
        self.target = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        with self._socket:
            while "BYE" not in self.methods:
                data, caller = self._socket.recvfrom(4096)
                request = data.decode()
                method = request.split(" ", 1)[0]
                self.methods.append(method)
                if method == "INVITE":
                    self._invite = request
                for word in self._reactions.get(method, []):
                    self._socket.sendto(self._message(word, request), caller)

    def _message(self, word: str, request: str) -> bytes:
        """A status for this request, "answer" for the INVITE, or a BYE of the hotline's own."""
        first, of, body = f"SIP/2.0 {word}", request, ""
        if word == "answer":
            first, of = "SIP/2.0 200 OK", self._invite
            body = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 8\r\n"
        elif word == "BYE":
            first = "BYE sip:caller SIP/2.0"
        kept = re.findall(r"^(?:Via|From|Call-ID|CSeq):.*$", of, re.MULTILINE)
        lines = [first, *(line.strip() for line in kept)]
        lines += [f"To: <sip:1330@{self.target}>;tag=1", f"Contact: <sip:{self.target}>"]
        lines += [f"Content-Length: {len(body)}", "", body]
        return "\r\n".join(lines).encode()


def test_an_answer_that_crosses_the_cancel_is_hung_up(tmp_path: Path) -> None:
    hotline = Hotline(
        {"INVITE": ["180 Ringing"], "CANCEL": ["200 OK", "answer"], "BYE": ["200 OK"]}
    )
    with Callers(hotline.target, [Caller(1, "late", rings_at_most=0.2)], folder=tmp_path) as run:
        (entry,) = run.wait(SOON).entries
    hotline.thread.join(SOON)
    assert hotline.methods == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert (entry.outcome, entry.ended) == ("abandoned", "caller")


def test_when_both_hang_up_at_once_the_caller_has_done_it(tmp_path: Path) -> None:
    hotline = Hotline({"INVITE": ["answer"], "BYE": ["BYE", "200 OK"]})
    with Callers(hotline.target, [Caller(1, "quick", hangs_up_after=0.1)], folder=tmp_path) as run:
        (entry,) = run.wait(SOON).entries
    hotline.thread.join(SOON)
    assert hotline.methods == ["INVITE", "ACK", "BYE"]
    assert (entry.outcome, entry.ended) == ("abandoned", "caller")


# --- who calls -----------------------------------------------------------------------------------


def leaf(keys: str) -> str:
    """Where the shipped menus lead with these keys, walked by hand."""
    menus = yaml.safe_load((SHIPPED / "menus.yaml").read_text())
    place: dict[str, str] = {"menu": menus["start"]}
    for key in keys:
        if key == "0":
            return str(menus["operator"])
        place = menus["menus"][place["menu"]]["keys"][key]
    return place.get("topic") or place.get("info") or ""


def keys_of(caller: Caller) -> str:
    return "".join(step.keys for step in caller.script if isinstance(step, Keys))


def test_a_mix_has_all_behaviours_and_is_the_same_for_the_same_seed() -> None:
    callers = mix(60, seed=1)
    assert callers == mix(60, seed=1)
    assert callers != mix(60, seed=2)
    assert [caller.id for caller in callers] == list(range(1, 61))
    counts = Counter(caller.behaviour for caller in callers)
    assert set(counts) == set(BEHAVIOURS)
    assert set(counts.values()) == {7, 8}


def test_the_keys_of_a_mix_lead_to_what_is_expected() -> None:
    for caller in mix(200, seed=3):
        assert caller.expected is not None
        if caller.behaviour in ("answered", "abandons in queue", "self-served", "typed ahead"):
            assert leaf(keys_of(caller)) == caller.expected.leaf != ""
        elif caller.behaviour == "key 0":
            assert leaf(keys_of(caller)) == caller.expected.leaf
        elif caller.behaviour == "abandons in menu":
            assert leaf(keys_of(caller)) == "", "no leaf is reached"
            assert caller.expected.stage == "ivr"


def test_nobody_of_a_mix_calls_for_what_may_be_closed() -> None:
    queues = yaml.safe_load((SHIPPED / "queues.yaml").read_text())["queues"]
    closing = {t for q in queues.values() if q["hours"] != "always" for t in q["topics"]}
    assert closing, "or this test shows nothing"
    leaves = {c.expected.leaf for c in mix(400, seed=4) if c.expected}
    assert not leaves & closing


def test_pace_scales_how_long_people_listen() -> None:
    def waits(pace: float) -> float:
        callers = mix(40, seed=5, behaviours=["answered"], pace=pace)
        return sum(s.seconds for c in callers for s in c.script if isinstance(s, Wait))

    assert waits(0.5) == pytest.approx(waits(1.0) / 2, rel=0.05)


def test_a_mix_of_some_behaviours_only() -> None:
    callers = mix(10, seed=Random(0).randrange(10), behaviours=["typed ahead"], first_id=100)
    assert {caller.behaviour for caller in callers} == {"typed ahead"}
    assert callers[0].id == 100
    assert all(not isinstance(step, Hear) for caller in callers for step in caller.script)

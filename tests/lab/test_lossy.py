"""SIPp callers and agents on a bad line: whatever is lost, late or comes twice, every call ends."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.agents import Agents, Choice, answers, in_turn, never_answers, refuses
from lab.callers import Caller, Callers, HangUp, Meet, Wait
from lab.lossy import LATE_SECONDS, Fate, LossyLine, Message, kind_of
from tests.real.rig import final_ledger

UP, DOWN = True, False
# The messages of each kind of call, and which way they go.
KINDS = {
    "the agent hangs up": [
        ("INVITE", UP), ("180 INVITE", DOWN), ("200 INVITE", DOWN), ("ACK", UP),
        ("BYE", DOWN), ("200 BYE", UP),
    ],
    "the caller hangs up": [("200 INVITE", DOWN), ("ACK", UP), ("BYE", UP), ("200 BYE", DOWN)],
    "refused": [("INVITE", UP), ("486 INVITE", DOWN)],
    "given up": [
        ("180 INVITE", DOWN), ("CANCEL", UP), ("200 CANCEL", DOWN), ("487 INVITE", DOWN),
        ("ACK", UP),
    ],
}  # fmt: skip
ENDS = {  # as the caller tells it, and as the agent does
    "the agent hangs up": ("network", "agent"),
    "the caller hangs up": ("caller", "caller"),
    "refused": ("refused", "refused"),
    "given up": ("cancelled", "cancelled"),
}
GIVEN_UP = 32.0  # seconds: 64 T1, when a phone ends a call that it could not set up
LIMIT = 60.0  # seconds; a message that is sent again takes a few


def manner(how: str, calls: int) -> Choice:
    """One call is longer, so that the callers' phones are there until all is said."""
    talk = 60.0 if how == "the caller hangs up" else 0.6
    short = {"refused": refuses(486), "given up": never_answers()}.get(how, answers(0.2, talk))
    return in_turn(*[short] * (calls - 1), answers(ring=0.2, talk=5.0))


def people(how: str, count: int) -> list[Caller]:
    script = (Meet(), Wait(0.2), HangUp()) if how == "the caller hangs up" else ()
    rings = 1.0 if how == "given up" else None
    return [Caller(n, how, script, rings_at_most=rings) for n in range(1, count + 1)]


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[Agents]:
    with Agents(folder=tmp_path / "agents") as agents:
        yield agents


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.TWICE, Fate.LATE], ids=lambda fate: fate.value)
@pytest.mark.parametrize("how", KINDS)
def test_a_call_ends_whichever_of_its_messages_is_struck(
    agents: Agents, tmp_path: Path, how: str, fate: Fate
) -> None:
    kinds = KINDS[how]
    callers = people(how, len(kinds) + 1)
    agents.behave("seat", manner(how, len(callers)))

    def strike(message: Message) -> Fate:
        call = int(message.call.split("-")[0]) - 1  # SIPp counts its calls from 1
        struck = [(message.kind, message.up)] == kinds[call : call + 1] and message.nth == 1
        return fate if struck else Fate.PASSES

    with LossyLine(agents.port, strike) as line:
        where = f"127.0.0.1:{line.port}"
        with Callers(where, callers, folder=tmp_path / "run", rate=50, dialled="seat") as run:
            ledger = run.wait(LIMIT)
        assert {(m.kind, m.up) for m in line.struck} == set(kinds)
    of_caller, of_agent = ENDS[how]
    longest = of_caller if how == "the caller hangs up" else "network"
    assert Counter(e.ended for e in ledger.entries) == Counter([of_caller] * len(kinds) + [longest])
    agents.stop()
    longest = of_agent if how == "the caller hangs up" else "agent"
    ends = Counter(talk.ended for talk in final_ledger(agents))
    assert ends == Counter([of_agent] * len(kinds) + [longest])


def test_the_first_invite_may_come_again_before_the_answer_is_acknowledged(
    agents: Agents, tmp_path: Path
) -> None:
    """As at many calls a second: it was sent again while the phone was too busy to say that it
    rings.  Taken for one inside the call, it would wait for its turn until the call is given up.
    """
    agents.behave("seat", answers(ring=LATE_SECONDS - 0.1, talk=1.0))
    fates = {("INVITE", 1): Fate.TWICE, ("ACK", 1): Fate.LOST, ("ACK", 2): Fate.LOST}

    with LossyLine(agents.port, lambda m: fates.get((m.kind, m.nth), Fate.PASSES)) as line:
        where = f"127.0.0.1:{line.port}"
        callers = [Caller(n, "waits") for n in range(1, 4)]
        with Callers(where, callers, folder=tmp_path / "run", rate=50, dialled="seat") as run:
            entries = run.wait(LIMIT).entries
    assert {entry.ended for entry in entries} == {"network"}
    assert max(entry.lasted for entry in entries) < GIVEN_UP
    assert [talk.ended for talk in final_ledger(agents)] == ["agent"] * len(callers)


@pytest.mark.verify
@pytest.mark.lasts(60, waiting=True)
def test_a_call_ends_also_when_nobody_answers_any_more(agents: Agents, tmp_path: Path) -> None:
    """Whoever waits for an acknowledgement, or for the answer to a BYE, gives up after 64 T1."""
    deaf = [("ACK", UP), ("BYE", UP), ("BYE", DOWN)]
    agents.behave("seat", in_turn(*(answers(ring=0.2, talk=talk) for talk in (1.0, 40.0, 1.0))))
    callers = [
        Caller(1, "never acknowledges"),
        Caller(2, "its BYE is not heard", (Meet(), HangUp())),
        Caller(3, "hears no BYE", hangs_up_after=50.0),
    ]

    def strike(message: Message) -> Fate:
        call = int(message.call.split("-")[0]) - 1
        return Fate.LOST if (message.kind, message.up) == deaf[call] else Fate.PASSES

    with LossyLine(agents.port, strike) as line:
        where = f"127.0.0.1:{line.port}"
        with Callers(where, callers, folder=tmp_path / "run", rate=50, dialled="seat") as run:
            ledger = run.wait(180)
            assert [entry.ended for entry in ledger.entries] == ["network", "caller", "caller"]
            assert [talk.ended for talk in final_ledger(agents)] == ["agent"] * 3


@pytest.mark.parametrize(
    ("message", "call", "kind"),
    [
        (b"BYE sip:a@b SIP/2.0\r\nCall-ID: 1@x\r\nCSeq: 2 BYE\r\n\r\n", "1@x", "BYE"),
        (b"SIP/2.0 487 Gone\r\nCSeq: 1 INVITE\r\ncall-id: 7\r\n\r\n", "7", "487 INVITE"),
    ],
)
def test_the_kind_of_a_message(message: bytes, call: str, kind: str) -> None:
    assert kind_of(message) == (call, kind)

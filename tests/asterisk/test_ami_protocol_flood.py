"""Events that nobody reads are dropped before anything is made of them, and nothing else is."""

import asyncio
import itertools
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from panoramisk.message import Message

from ivrd.asterisk import ami_protocol
from ivrd.asterisk.ami_message import parsed
from ivrd.asterisk.ami_protocol import RATION, AmiProtocol
from ivrd.asterisk.facts import Fact
from ivrd.asterisk.translate import EVENTS, STRANGERS_EVENTS, fact
from tests.examples import examples

RECORDED = Path(__file__).with_name("recorded")
GREETING = b"Asterisk Call Manager/11.0.0\r\n"
NOISE = (
    b"Event: VarSet\r\nPrivilege: dialplan,all\r\nVariable: X\r\nValue: Event: Hangup\r\n\r\n",
    b"Event: Hangups\r\nUniqueid: 1.1\r\n\r\n",
    b"Event: hangup\r\nUniqueid: 1.1\r\n\r\n",
    b"Event: \r\n\r\n",
    b"Event: Newexten\r\n\r\n",
    b"Event: \xff\xe0\xb8\r\nUniqueid: 1.1\r\n\r\n",
)


class Nowhere(asyncio.Transport):
    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


class Rig:
    def __init__(self, wanted: Collection[str] | None) -> None:
        self.messages: list[Message] = []
        self.wire = AmiProtocol(self.messages.append, lambda _why: None, wanted)
        self.wire.connection_made(Nowhere())
        self.wire.data_received(GREETING)


def recorded(name: str) -> bytes:
    text = (RECORDED / f"{name}.txt").read_text("utf-8").strip("\n")
    return text.replace("\n", "\r\n").encode() + b"\r\n\r\n"


def facts(pieces: list[bytes], wanted: Collection[str] | None) -> tuple[list[Fact], AmiProtocol]:
    rig = Rig(wanted)
    for piece in pieces:
        rig.wire.data_received(piece)
    return [found for m in rig.messages if (found := fact(m)) is not None], rig.wire


CALLS = [block + b"\r\n\r\n" for block in recorded("calls").split(b"\r\n\r\n") if block]


@settings(max_examples=examples(40))
@given(st.lists(st.sampled_from(NOISE), max_size=60), st.randoms(use_true_random=False))
def test_the_recorded_calls_mean_the_same_whatever_noise_is_between(noise, random) -> None:
    blocks = list(CALLS)
    for one in noise:
        blocks.insert(random.randrange(len(blocks) + 1), one)
    stream = b"".join(blocks)
    cuts = sorted(random.sample(range(1, len(stream)), 40))
    pieces = [stream[a:b] for a, b in itertools.pairwise([0, *cuts, len(stream)])]
    plainly, _ = facts(CALLS, None)
    dropping, wire = facts(pieces, EVENTS)
    assert dropping == plainly
    assert wire.dropped == len(noise)


def test_what_is_dropped_is_never_made_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []
    monkeypatch.setattr(ami_protocol, "parsed", lambda block: made.append(block) or parsed(block))
    rig = Rig(EVENTS)
    rig.wire.data_received(b"".join(NOISE) * 1000 + b"Event: Hangup\r\nUniqueid: 1.1\r\n\r\n")
    assert len(made) == 1
    assert rig.wire.dropped == 1000 * len(NOISE)


@pytest.mark.parametrize("name", ["channels", "queues"])
@pytest.mark.parametrize("wanted", [EVENTS, ()])
def test_a_list_that_we_asked_for_is_whole_in_the_middle_of_a_flood(
    name: str, wanted: Collection[str]
) -> None:
    async def body() -> None:
        rig = Rig(wanted)
        answer = recorded(name)
        action_id = answer.partition(b"ActionID: ")[2].partition(b"\r\n")[0]
        future = rig.wire.send({"Action": "List"}, as_list=True)
        (new_id,) = rig.wire.responses
        answer = answer.replace(action_id, new_id.encode())
        blocks = [block + b"\r\n\r\n" for block in answer.split(b"\r\n\r\n") if block]
        for block in blocks:
            rig.wire.data_received(NOISE[0] * 50 + block + NOISE[1] * 50)
        assert len(await future) == len(blocks)
        assert rig.wire.dropped == 100 * len(blocks)

    asyncio.run(body())


def test_without_a_list_of_names_every_event_comes() -> None:
    rig = Rig(None)
    rig.wire.data_received(b"".join(NOISE))
    assert rig.wire.dropped == 0
    assert len(rig.messages) == 5  # the one without a name is none


def test_a_greeting_that_never_ends_is_given_up() -> None:
    async def body() -> None:
        wire = AmiProtocol(lambda _message: None, lambda _why: None)
        wire.connection_made(Nowhere())
        wire.data_received(b"Asterisk Call Manager/" + b"1" * 2000)
        assert wire.closed

    asyncio.run(body())


def test_of_what_strangers_can_have_made_so_many_are_read_in_a_second_and_all_counted() -> None:
    seen: list[Message] = []
    wire = AmiProtocol(seen.append, lambda _why: None, EVENTS, STRANGERS_EVENTS)
    wire.connection_made(Nowhere())
    wire.data_received(GREETING)
    event = b"Event: ChallengeSent\r\nRemoteAddress: IPV4/UDP/192.0.2.9/5060\r\n\r\n"
    wire.data_received(event * (RATION + 5_000))
    assert len(seen) == RATION
    assert wire.surplus == {"ChallengeSent": 5_000}
    wire.data_received(b"Event: Hangup\r\nUniqueid: 1.2\r\n\r\n")
    assert seen[-1].event == "Hangup"

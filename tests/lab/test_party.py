"""People without sound of their own: they send little, hear what matters, act as all others do."""

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from lab.callers import rtp, socket_filter
from lab.callers.party import Wire
from lab.callers.script import HangUp, Hear, Keys, Meet, Patience, Step, Wait
from tests.lab.media_rig import Packet, Person, Run, heard, key_of, sound, taken_apart

MUSIC = heard(sound({300: 5000}))
VOICES = {kind: heard(rtp.tone(hertz)) for kind, hertz in rtp.VOICES.items()}


class Silent(Person):
    """Has no sound, and answers whoever speaks."""

    script: tuple[Step, ...] = ()

    def __init__(self, call: str, wire: Wire) -> None:
        super().__init__(call, wire, sound=False)
        self.reply = "caller"


def pressed(packets: list[Packet]) -> bool:
    """Whether a key is among them."""
    return any(p.kind == rtp.EVENT_TYPE for p in packets)


class Line:
    """The other end of one such person's sound."""

    def __init__(self, run: Run, peer: socket.socket) -> None:
        self.run, self.peer = run, peer

    def answered(self, *script: Step) -> Packet:
        """Somebody with this script is on the phone; the first packet that comes."""
        self.run.kind = type("Scripted", (Silent,), {"script": script})
        port = str(self.peer.getsockname()[1])
        self.run.wire.happens("a", "talking", ip="127.0.0.1", port=port)
        data, self.address = self.peer.recvfrom(2048)
        return taken_apart(data)

    def say(self, *packets: bytes) -> None:
        for packet in packets:
            self.peer.sendto(packet, self.address)

    def received(self, seconds: float) -> list[Packet]:
        until, packets = time.monotonic() + seconds, []
        while time.monotonic() < until:
            self.peer.settimeout(max(0.001, until - time.monotonic()))
            with suppress(TimeoutError):
                packets.append(taken_apart(self.peer.recv(2048)))
        return packets

    def until(self, enough: Callable[[list[Packet]], bool]) -> list[Packet]:
        """All that comes until it is enough."""
        packets: list[Packet] = []
        self.peer.settimeout(4)  # less than from one sign of life to the next
        while not enough(packets):
            packets.append(taken_apart(self.peer.recv(2048)))
        return packets

    def until_ordered(self, packet: bytes | None = None, packets: int = 500) -> tuple[str, str]:
        """What SIPp is told to do, while this packet comes 50 times a second."""
        for _ in range(packets):
            if packet:
                self.say(packet)
            with suppress(queue.Empty):
                return self.run.wire.orders.get(timeout=rtp.FRAME)
        raise AssertionError("nothing is ordered")

    def over(self) -> Person:
        self.run.wire.happens("a", "bye")
        return self.run.parted.get(timeout=5)


@pytest.fixture
def line(peer: socket.socket) -> Iterator[Line]:
    run = Run()
    yield Line(run, peer)
    run.wire.end()
    assert run.engine.finished.wait(5)


def test_who_has_nothing_to_say_sends_a_few_packets_and_then_hardly_any(line: Line) -> None:
    assert line.answered().payload == rtp.SILENCE
    assert len(line.received(1.0)) <= 6, "one with sound sends 50"


def test_a_key_is_sent_whole_and_something_follows_it(line: Line) -> None:
    first = line.answered(Wait(0.3), Keys("7"))
    packets = line.until(
        lambda of: [p.kind for p in of[-9:]] == [rtp.ALAW_TYPE] * 9 and pressed(of)
    )
    events = [key_of(p) for p in packets if p.kind == rtp.EVENT_TYPE]
    assert events == [
        (7, False, 160), (7, False, 320), (7, False, 480), (7, False, 640), (7, False, 800),
        *[(7, True, 800)] * 3,
    ]  # fmt: skip
    assert len({p.time for p in packets if p.kind == rtp.EVENT_TYPE}) == 1
    began = next(p.time for p in packets if p.kind == rtp.EVENT_TYPE)
    assert (began - first.time) / rtp.RATE > 0.25, "time goes on while nothing is sent"


def test_music_is_not_even_read_and_a_voice_in_it_is_heard_and_answered(line: Line) -> None:
    line.answered(Meet(), HangUp())
    for _ in range(10):
        line.say(MUSIC)
        time.sleep(rtp.FRAME)
    for _ in range(4):
        line.say(MUSIC, VOICES["inhouse"])
        line.say(VOICES["inhouse"], MUSIC)
    assert line.until_ordered() == ("a", "hang-up")
    person = line.over()
    assert person.ear is not None
    assert list(person.ear.voices) == ["inhouse"]
    assert person.ear.packets < 20, "of 28"


def test_whoever_is_spoken_to_speaks_back(line: Line) -> None:
    line.answered()
    line.say(MUSIC, *[VOICES["partner"]] * 2)
    tone = rtp.tone(rtp.VOICES["caller"])
    line.until(lambda of: [p.payload for p in of].count(tone) == 4)


def test_whoever_speaks_says_so_until_somebody_speaks_back(line: Line) -> None:
    class Speaker(Silent):
        def talk(self, *details: object) -> None:
            super().talk(*details)  # type: ignore[arg-type]
            self.reply = None
            assert self.mouth is not None
            self.mouth.speak("inhouse")

    line.run.kind = Speaker
    port = str(line.peer.getsockname()[1])
    line.run.wire.happens("a", "talking", ip="127.0.0.1", port=port)
    line.address = line.peer.recvfrom(2048)[1]
    line.until(lambda of: len(of) == 20)
    line.say(*[VOICES["caller"]] * 2)
    while line.received(0.5):  # until it is quiet
        pass


def test_a_key_is_pressed_when_a_sound_has_come_after_the_step_has_begun(line: Line) -> None:
    line.answered(Wait(0.2), Hear(), Keys("5"))
    line.say(MUSIC)  # too early
    assert not pressed(line.received(0.6))
    line.say(MUSIC)
    assert key_of(line.until(pressed)[-1])[0] == 5


def test_one_without_patience_hangs_up_on_music(line: Line) -> None:
    line.answered(Patience(0.2))
    assert line.until_ordered(MUSIC) == ("a", "hang-up")


def test_one_without_patience_hangs_up_in_dead_air(line: Line) -> None:
    line.answered(Patience(0.2))
    assert line.until_ordered() == ("a", "hang-up")


def test_one_without_patience_stays_with_a_person(line: Line) -> None:
    line.answered(Patience(0.3))
    line.say(*[VOICES["desk"]] * 2)
    with pytest.raises(AssertionError, match="nothing is ordered"):
        line.until_ordered(VOICES["desk"], packets=50)


def test_the_filter_lets_through_voices_and_nothing_else() -> None:
    marks = {socket_filter.mark(rtp.tone(hertz)) for hertz in rtp.VOICES.values()}
    assert len(marks) == len(rtp.VOICES)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth,
    ):
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(5)
        mouth.connect(ear.getsockname())
        socket_filter.only_voices(ear)
        key = rtp.packet(rtp.EVENT_TYPE, 1, 1, 1, rtp.key_event("1", 160))
        for packet in (b"", b"short", key, heard(rtp.SILENCE), MUSIC, *VOICES.values()):
            mouth.send(packet)
        assert [ear.recv(2048) for _ in VOICES] == list(VOICES.values())
        socket_filter.everything(ear)
        mouth.send(MUSIC)
        assert ear.recv(2048) == MUSIC


def test_an_engine_that_was_kept_from_its_work_says_so(line: Line) -> None:
    line.answered(*[Wait(0.02)] * 60)
    assert line.run.engine.limited("callers") is None
    line.run.wire.happens("b", "held", ip="", port="")
    assert line.run.held.wait(5)
    threading.Event().wait(0.5)
    line.run.released.set()
    while line.run.engine.lateness.steps < 25:
        time.sleep(0.02)  # nothing tells
    said = line.run.engine.limited("callers")
    assert said is not None
    assert "steps of the callers were done more than 0.25 s late (the latest by 0." in said

"""What callers send and hear: the packets, the tones, the silences, and when a script acts."""

import queue
import socket
import struct
import time
import wave
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.callers import prompts, rtp
from lab.callers.ear import Ear, purity, voice
from lab.callers.mouth import Mouth
from lab.callers.script import Actor, HangUp, Hear, Keys, Meet, Patience, Quiet, Step, Until, Wait
from lab.callers.sipp import Event, read_line, read_message, write_order
from tests.lab.media_rig import Packet, Person, Run, heard, key_of, sent, sound, taken_apart

# --- the wire ------------------------------------------------------------------------------------


def test_a_silent_line_sends_a_packet_of_silence_each_20_ms() -> None:
    packets = sent(Mouth(7), 0.1)
    assert [(p.kind, p.payload) for p in packets] == [(8, b"\xd5" * 160)] * 5
    for earlier, later in pairwise(packets):
        assert later.sequence == earlier.sequence + 1
        assert later.time == earlier.time + 160
        assert later.source == earlier.source


def test_a_key_is_one_event_that_grows_and_ends_three_times() -> None:
    mouth = Mouth(7)
    mouth.press("#", tone=0.06, gap=0.04)
    packets = sent(mouth, 0.1)
    events = [p for p in packets if p.kind == 101]
    assert [key_of(p) for p in events] == [
        (11, False, 160), (11, False, 320), (11, False, 480), *[(11, True, 480)] * 3
    ]  # fmt: skip
    assert [p.marker for p in events] == [True] + [False] * 5
    assert len({p.time for p in events}) == 1, "an event has the time of its beginning"
    assert [p.sequence - packets[0].sequence for p in packets] == list(range(len(packets)))
    assert [p.time - packets[0].time for p in packets if p.kind == 8] == [480, 640]
    assert mouth.typed == "#"
    assert not mouth.pressing


def test_keys_80_ms_apart_begin_80_ms_apart() -> None:
    mouth = Mouth(7)
    mouth.press("0123456789*#", tone=0.04, gap=0.04)
    begins = [p for p in sent(mouth, 1.0) if p.kind == 101 and p.marker]
    assert [key_of(p)[0] for p in begins] == list(range(12))
    assert {b.time - a.time for a, b in pairwise(begins)} == {640}


def test_the_counters_wrap_around() -> None:
    mouth = Mouth(0xFFFF_FFFF)
    packets = sent(mouth, 20.0 * 60)
    for earlier, later in pairwise(packets):
        assert later.sequence == (earlier.sequence + 1) % 2**16
        assert later.time == (earlier.time + 160) % 2**32


def test_a_law_is_that_of_g711() -> None:
    # the ends of the scale and the two steps around zero, from the tables of G.711
    assert {code: rtp.LINEAR[code] for code in (0xAA, 0x2A, 0xD5, 0x55)} == {
        0xAA: 32256, 0x2A: -32256, 0xD5: 8, 0x55: -8
    }  # fmt: skip
    assert [rtp.alaw(sample) for sample in rtp.LINEAR] == list(range(256))
    assert rtp.alaw(99_999) == 0xAA


# --- the ear -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", rtp.VOICES)
def test_a_person_is_recognised_loud_or_soft_and_through_noise(kind: str) -> None:
    hertz = rtp.VOICES[kind]
    assert voice(rtp.tone(hertz)) == kind
    assert voice(sound({hertz: 30000})) == kind
    assert voice(sound({hertz: 500})) == kind
    assert voice(sound({hertz: 4000}, noise=1500)) == kind


@pytest.mark.parametrize("hertz", [400, 425, 697, 770, 831, 880, 941, 1109, 1175, 1319, 1397, 1865])
def test_no_note_and_no_telephone_tone_is_a_person(hertz: float) -> None:
    assert voice(sound({hertz: 8000})) is None


@given(st.sampled_from(sorted(rtp.VOICES.values())), st.integers(200, 3000))
def test_a_chord_is_not_a_person(hertz: int, other: int) -> None:
    if abs(hertz - other) > 50:  # closer than that, 20 ms are too short to tell two from one
        assert voice(sound({hertz: 8000, other: 6000})) is None


def test_purity_of_silence_and_of_nothing_in_particular() -> None:
    assert purity(rtp.SILENCE, 850) < 0.1
    assert voice(b"\xd5" * 10) is None


def test_the_longest_silence_counts_quiet_packets_and_missing_ones() -> None:
    ear = Ear(start=100.0)
    ear.hear(heard(sound({300: 5000})), 100.5)
    for n in range(100):  # two seconds of packets in which nothing sounds
        ear.hear(heard(rtp.SILENCE), 100.52 + n / 50)
    ear.hear(heard(sound({300: 5000})), 103.5)
    assert ear.longest_silence(104.0) == (3.0, 100.5)
    assert ear.longest_silence(108.0) == (4.5, 103.5), "nothing at all since then"
    assert ear.first_sound == 100.5
    assert ear.packets == 102


def test_faint_noise_is_silence_and_keys_are_no_sound() -> None:
    ear = Ear(start=0.0)
    ear.hear(heard(sound({300: 150})), 1.0)
    ear.hear(rtp.packet(101, 1, 160, 1, rtp.key_event("5", 160)), 2.0)
    ear.hear(b"\x80\x08", 3.0)
    ear.hear(b"", 3.5)
    assert ear.first_sound is None
    assert ear.longest_silence(4.0) == (4.0, 0.0)


def test_an_ear_remembers_when_it_first_heard_each_person() -> None:
    ear = Ear(start=0.0)
    ear.hear(heard(rtp.tone(850)), 0.5)
    begun = ear.met
    assert not ear.voices, "one packet is not enough to be sure"
    ear.hear(heard(sound({300: 5000})), 0.52)
    assert (begun, ear.met) == (True, False)
    for n in range(10):
        ear.hear(heard(rtp.tone(850)), 1.0 + n / 50)
        ear.hear(heard(rtp.SILENCE), 1.01 + n / 50)
    ear.hear(heard(rtp.tone(1350)), 2.0)
    ear.hear(heard(rtp.tone(1350)), 2.02)
    assert ear.voices == {"inhouse": 1.0, "partner": 2.0}


@pytest.mark.parametrize("prompt", rtp.PROMPTS)
def test_a_prompt_is_recognised_in_a_recording_and_is_no_person(
    prompt: str, tmp_path: Path
) -> None:
    prompts.tone(tmp_path / "prompt.wav", rtp.PROMPTS[prompt], 0.1)
    with wave.open(str(tmp_path / "prompt.wav")) as file:
        samples = struct.unpack("<160h", file.readframes(160))
    payload, ear = bytes(rtp.alaw(sample) for sample in samples), Ear(start=0.0)
    for n in range(100):  # one that lasts, and the same again
        ear.hear(heard(payload), 1.0 + n / 50)
    ear.hear(heard(payload), 9.0)
    assert (ear.voices, ear.met, ear.speaker) == ({}, False, None)
    assert ear.prompts == {prompt: 9.0}


# --- the script ----------------------------------------------------------------------------------


class Stage:
    """Plays a script against a clock of its own.

    `sounds`: when there is sound, in seconds; `prompts`: and prompts, each of which lasts one.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        sounds: Sequence[tuple[float, float]] = (),
        person: float | None = None,
        at_most: float | None = None,
        prompts: Sequence[tuple[float, str]] = (),
    ) -> None:
        self.pressed: list[tuple[float, str]] = []
        self.hung_up: float | None = None
        mouth, ear = Mouth(1), Ear(start=1000.0)
        actor = Actor(steps, mouth, ear, at_most)
        for n in range(1000):
            now, typed = 1000.0 + n / 50, mouth.typed
            mouth.next()
            if mouth.typed != typed:
                self.pressed.append((n / 50, mouth.typed[-1]))
            payload = rtp.SILENCE
            if person is not None and n / 50 >= person:
                payload = rtp.tone(850)
            elif any(begin <= n / 50 < end for begin, end in sounds):
                payload = sound({300: 5000})
            for begins, prompt in prompts:
                if begins <= n / 50 < begins + 1:
                    payload = rtp.tone(rtp.PROMPTS[prompt])
            if (ear.hear(heard(payload), now) and actor.impatient(now)) or actor.act(now):
                self.hung_up = n / 50
                break


def test_all_keys_go_out_at_once_when_nothing_is_waited_for() -> None:
    stage = Stage([Keys("121", tone=0.04, gap=0.04)])
    assert stage.pressed == [(0.0, "1"), (0.08, "2"), (0.16, "1")]
    assert stage.hung_up is None


def test_a_key_is_pressed_some_time_into_a_prompt_and_after_the_next_one() -> None:
    steps: list[Step] = [Hear(), Wait(2), Keys("1"), Hear(), Quiet(1), Keys("3"), Wait(1), HangUp()]
    stage = Stage(steps, sounds=[(0.5, 2.5), (4.0, 6.0)])
    (first, one), (second, three) = stage.pressed
    assert (one, three) == ("1", "3")
    assert first == pytest.approx(2.5, abs=0.05)
    assert second == pytest.approx(7.0, abs=0.05), "one second after the second prompt"
    assert stage.hung_up == pytest.approx(8.2, abs=0.1)


def test_patience_ends_unless_a_person_has_spoken() -> None:
    steps: list[Step] = [Wait(1), Patience(5)]
    assert Stage(steps, sounds=[(0, 20)]).hung_up == pytest.approx(6.0, abs=0.05)
    assert Stage(steps, sounds=[(0, 5)]).hung_up == pytest.approx(6.0, abs=0.05)
    assert Stage(steps).hung_up == pytest.approx(6.0, abs=0.05)
    assert Stage(steps, sounds=[(0, 5.8)], person=5.9).hung_up is None
    assert Stage(steps, person=6.0).hung_up is None, "one does not hang up on a first word"


def test_nobody_loses_patience_in_the_moment_in_which_a_person_answers() -> None:
    steps: list[Step] = [Patience(5)]
    assert Stage(steps, sounds=[(0, 4.98)], person=5.2).hung_up is None
    assert Stage(steps, sounds=[(0, 4.98)]).hung_up == pytest.approx(5.26, abs=0.05)


def test_who_meets_a_person_goes_on_with_the_script() -> None:
    stage = Stage([Meet(), Wait(2), HangUp()], person=3.0)
    assert stage.hung_up == pytest.approx(5.0, abs=0.1)


def test_no_script_keeps_a_caller_longer_than_at_most() -> None:
    assert Stage([Meet()], at_most=4.0).hung_up == pytest.approx(4.0, abs=0.05)


def test_who_waits_for_a_prompt_does_something_else_first_whenever_another_is_said() -> None:
    steps: list[Step] = [Until("filed", {"anew": (Quiet(0.5), Keys("1"))}), Wait(1), HangUp()]
    said = [(1.0, "told"), (2.0, "anew"), (5.0, "anew"), (8.0, "filed")]
    stage = Stage(steps, prompts=said)
    assert stage.pressed == [(pytest.approx(3.5, abs=0.1), "1"), (pytest.approx(6.5, abs=0.1), "1")]
    assert stage.hung_up == pytest.approx(9.1, abs=0.1)
    assert Stage([Until("filed")], prompts=[(1.0, "told")]).hung_up is None


def test_a_key_that_no_telephone_has_is_refused() -> None:
    with pytest.raises(ValueError, match="keys: expected only 0123456789"):
        Keys("1x")


# --- the engine ----------------------------------------------------------------------------------


@pytest.fixture
def run() -> Iterator[Run]:
    run = Run()
    yield run
    run.wire.end()
    assert run.engine.finished.wait(5), "the thread ends with its wire"


def test_a_call_types_hears_and_hangs_up(run: Run, peer: socket.socket) -> None:
    run.wire.happens("a", "talking", ip="127.0.0.1", port=str(peer.getsockname()[1]))
    packets: list[Packet] = []
    while len(packets) < 50:
        data, address = peer.recvfrom(2048)
        packets.append(taken_apart(data))
    keys = [key_of(p)[0] for p in packets if p.kind == 101 and p.marker]
    assert keys == [4, 2]
    assert packets[0].kind == 101, "who types ahead does not wait for anything"
    assert run.wire.orders.empty()
    for _ in range(2):
        peer.sendto(heard(rtp.tone(rtp.VOICES["partner"])), address)
    assert run.wire.orders.get(timeout=60) == ("a", "hang-up")
    run.wire.happens("a", "bye")
    person = run.parted.get(timeout=60)
    assert person.ear is not None
    assert list(person.ear.voices) == ["partner"]
    assert run.engine.parties() == []


@pytest.mark.parametrize("packets_of_music", [20, 150])
def test_all_that_was_said_before_the_end_of_a_call_is_heard_however_late(
    run: Run, peer: socket.socket, packets_of_music: int
) -> None:
    run.wire.happens("a", "talking", ip="127.0.0.1", port=str(peer.getsockname()[1]))
    _, address = peer.recvfrom(2048)
    run.wire.happens("b", "held", ip="", port="")
    assert run.held.wait(5)
    music = heard(sound({300: 5000}))
    for _ in range(packets_of_music):
        peer.sendto(music, address)
    for _ in range(2):
        peer.sendto(heard(rtp.tone(rtp.VOICES["partner"])), address)
    run.wire.happens("a", "bye")
    run.released.set()
    person = run.parted.get(timeout=60)
    assert person.ear is not None
    assert list(person.ear.voices) == ["partner"]


def test_one_without_patience_hangs_up_while_the_music_plays(
    run: Run, peer: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Person, "script", (Patience(0.1),))
    run.wire.happens("a", "talking", ip="127.0.0.1", port=str(peer.getsockname()[1]))
    _, address = peer.recvfrom(2048)
    order = None
    for _ in range(100):  # two seconds of music
        peer.sendto(heard(sound({300: 5000})), address)
        with suppress(queue.Empty):
            order = run.wire.orders.get(timeout=0.02)
            break
    assert order == ("a", "hang-up")


def test_sound_is_sent_50_times_a_second_to_everybody(run: Run, peer: socket.socket) -> None:
    port = str(peer.getsockname()[1])
    for call in range(10):
        run.wire.happens(str(call), "talking", ip="127.0.0.1", port=port)
    times: dict[int, set[int]] = {}
    began = time.monotonic()
    while len(times) < 10 or min(map(len, times.values())) < 50:
        packet = taken_apart(peer.recv(2048))
        times.setdefault(packet.source, set()).add(packet.time)
    assert time.monotonic() - began > 0.75, "50 packets last a second, but for the keys' 10"
    assert max(map(len, times.values())) <= 55, "nobody is far ahead of the others"


def test_everybody_hangs_up_when_asked(run: Run, peer: socket.socket) -> None:
    port = str(peer.getsockname()[1])
    for call in "ab":
        run.wire.happens(call, "talking", ip="127.0.0.1", port=port)
        peer.recv(2048)
    run.engine.hang_up_all()
    orders = {run.wire.orders.get(timeout=60) for _ in range(2)}
    assert orders == {("a", "hang-up"), ("b", "hang-up")}


def test_a_call_that_sipp_has_lost_ends_all_the_same(run: Run, peer: socket.socket) -> None:
    run.engine.overdue = 0.2
    run.wire.happens("a", "talking", ip="127.0.0.1", port=str(peer.getsockname()[1]))
    peer.recv(2048)
    run.engine.hang_up_all()
    assert run.parted.get(timeout=60).ended == "aborted"
    assert run.engine.parties() == []
    assert run.engine.limited("callers") == "SIPp lost 1 of the callers' calls"


def test_the_engine_knows_how_much_sound_it_has_left_out(run: Run, peer: socket.socket) -> None:
    class Slow(Person):
        def tick(self, now: float) -> float:
            time.sleep(0.3)
            self.socket.send(b"late")
            return rtp.FRAME

    run.kind = Slow
    run.wire.happens("a", "talking", ip="127.0.0.1", port=str(peer.getsockname()[1]))
    while run.engine.behind_seconds == 0.0:
        peer.recv(2048)
    assert run.engine.behind_seconds > 0.2


def test_nothing_is_late_while_nobody_talks(run: Run, peer: socket.socket) -> None:
    port = str(peer.getsockname()[1])
    run.wire.happens("a", "talking", ip="127.0.0.1", port=port)
    peer.recv(2048)
    run.wire.happens("a", "bye")
    run.parted.get(timeout=60)
    before = run.engine.behind_seconds
    began = time.monotonic()
    time.sleep(3.0)  # nobody is there
    run.wire.happens("b", "talking", ip="127.0.0.1", port=port)
    assert peer.recv(2048)
    assert run.engine.behind_seconds - before < (time.monotonic() - began) / 2


def test_what_belongs_to_no_call_is_passed_over(run: Run, peer: socket.socket) -> None:
    run.wire.happens("gone", "bye")
    run.wire.happens("a", "talking", ip="127.0.0.1", port=str(peer.getsockname()[1]))
    assert taken_apart(peer.recv(2048)).kind == 101


def test_a_fault_ends_the_thread_and_is_kept() -> None:
    run = Run()
    run.wire.happens("a", "broken")
    assert run.engine.finished.wait(5)
    assert str(run.engine.error) == "a fault"


# --- the wire to SIPp ----------------------------------------------------------------------------


def test_events_are_read_as_sipp_writes_them() -> None:
    said = "Call-ID: 3-99-caller\r\nevent: talking\r\nip: 127.0.0.1\r\nport: 40000\r\n\r\n"
    assert read_message(said.encode()) == Event(
        "3-99-caller", "talking", {"ip": "127.0.0.1", "port": "40000"}
    )
    assert read_message(b"call-id: x\ninternal-cmd: abort_call\n\n") == Event("x", "aborted", {})
    assert read_message(b'Call-ID: x\nevent: invite\nfrom: "a: b" <sip:1@h>') == Event(
        "x", "invite", {"from": '"a: b" <sip:1@h>'}
    )
    assert read_message(b"\xff\xfe rubbish") is None
    assert read_line(b"call=3-99-caller event=refused code=486") == Event(
        "3-99-caller", "refused", {"code": "486"}
    )
    assert read_line(b"") is None
    assert read_line(b"rubbish event=bye") is None


def test_an_order_is_what_sipp_takes_for_a_message_of_the_call() -> None:
    assert write_order("x", "dial", {"port": 4}) == (
        b"Call-ID: x\r\norder: dial\r\nport: 4\r\n\r\n\x1b"
    )

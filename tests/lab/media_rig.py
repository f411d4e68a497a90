"""What tests of simulated people share: packets taken apart, sounds, an engine without SIPp."""

import math
import queue
import random
import socket
import struct
import threading
from dataclasses import dataclass

from lab.callers import rtp
from lab.callers.media import Engine
from lab.callers.mouth import Mouth
from lab.callers.party import Party
from lab.callers.script import HangUp, Keys, Meet, Step
from lab.callers.sipp import Event


@dataclass(frozen=True)
class Packet:
    """An RTP packet (RFC 3550, 5.1), taken apart by other code than the one that made it."""

    kind: int
    marker: bool
    sequence: int
    time: int
    source: int
    payload: bytes


def taken_apart(packet: bytes) -> Packet:
    first, second, sequence = packet[0], packet[1], int.from_bytes(packet[2:4], "big")
    assert first == 0x80, "version 2, no padding, no extension, no CSRC"
    time, source = struct.unpack(">LL", packet[4:12])
    return Packet(second % 128, second >= 128, sequence, time, source, packet[12:])


def key_of(packet: Packet) -> tuple[int, bool, int]:
    """(event, end, duration) of a key's packet (RFC 4733, 2.3)."""
    event, flags, duration = struct.unpack(">BBH", packet.payload)
    return event, flags >= 128, duration


def sent(mouth: Mouth, seconds: float) -> list[Packet]:
    return [taken_apart(p) for _ in range(round(seconds / 0.02)) for p in mouth.next()]


def sound(parts: dict[float, float], noise: float = 0.0) -> bytes:
    """20 ms of sine waves, hertz to loudness, with noise."""
    chance = random.Random(1)
    return bytes(
        rtp.alaw(
            sum(size * math.sin(2 * math.pi * hertz * n / 8000) for hertz, size in parts.items())
            + chance.uniform(-noise, noise)
        )
        for n in range(160)
    )


def heard(payload: bytes) -> bytes:
    return rtp.packet(8, 1, 160, 1, payload)


class Wire:
    """What a Sipp is to the engine, without a process."""

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.orders: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def happens(self, call: str, word: str, **fields: str) -> None:
        self._events.put(Event(call, word, fields))
        self._there.send(b".")

    def end(self) -> None:
        self._there.close()

    @property
    def sources(self) -> tuple[int, ...]:
        return (self._here.fileno(),)

    def receive(self) -> list[Event] | None:
        return [self._events.get()] if self._here.recv(1) else None

    def order(self, call: str, word: str, **fields: object) -> None:
        self.orders.put((call, word))


class Person(Party):
    """Someone whose telephone is answered at once."""

    script: tuple[Step, ...] = (Keys("42"), Meet(), HangUp())

    def received(self, event: Event, now: float) -> None:
        if event.word == "talking":
            self.talk(event, self.script, now)
        else:
            self.ended = event.word

    def rung(self, now: float) -> None:
        raise AssertionError("nobody has asked for it")


class Run:
    kind: type[Person] = Person

    def __init__(self) -> None:
        self.wire = Wire()
        self.parted: queue.SimpleQueue[Person] = queue.SimpleQueue()
        self.held, self.released = threading.Event(), threading.Event()
        self.engine = Engine(self.wire, self._greet, lambda who, event, now: self.parted.put(who))
        self.engine.start()

    def _greet(self, event: Event, now: float) -> Person | None:
        if event.word == "broken":
            raise RuntimeError("a fault")
        if event.word == "held":  # as by a machine that does other work
            self.held.set()
            assert self.released.wait(5)
        return self.kind(event.call, self.wire) if event.word == "talking" else None

"""The people on the phone: one thread that moves the sound of all calls of one SIPp.

A plain loop over epoll, no asyncio: with 250 calls 25,000 packets pass each second. Four times in
20 ms a quarter of the people send their packet (so that Asterisk is not hit by all at once), and
everything that has arrived is heard. What SIPp says is taken at once.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from lab.callers import rtp
from lab.callers.ear import Ear
from lab.callers.mouth import Mouth
from lab.callers.script import Actor, Step
from lab.callers.sipp import Event, SippError

SLOTS = 4
SLOT = rtp.FRAME / SLOTS
ENDS_IN = 60.0  # seconds after SIPp; only a machine that is stuck takes so long
TOO_LATE = 0.2  # seconds behind after which packets are left out instead of sent in a burst
MOST_AT_ONCE = 25  # packets of one call that are heard in a row: half a second, then others speak
# Seconds that SIPp may take to end a call: 64 T1 until it gives up an answer that nobody
# acknowledges, as many for the BYE, and some more.  Then it has lost the call.
OVERDUE = 75.0


class Wire(Protocol):
    """What the engine needs of a Sipp."""

    @property
    def sources(self) -> tuple[int, ...]:
        """File descriptors that are readable when there is something to receive."""

    def receive(self) -> list[Event] | None:
        """What has happened; None when there will be no more."""

    def order(self, call: str, word: str, **fields: object) -> None:
        """Tells SIPp what to do with a call."""


class Party(ABC):
    """One person in one call. All methods run in the engine's thread.

    `ended` is None until the call is over; then the engine forgets the party.
    """

    def __init__(self, call: str, wire: Wire, host: str = "127.0.0.1") -> None:
        self.call = call
        self.ended: str | None = None
        self.ear: Ear | None = None
        self.mouth: Mouth | None = None
        self.due: float | None = None  # when the ringing is over, by this party's wish
        self.reply: str | None = None  # the voice with which a person who speaks is answered
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self._wire = wire
        self._actor: Actor | None = None
        self.hanging_up = False
        self.leaving: float | None = None  # since when this party wants the call to be over

    @abstractmethod
    def received(self, event: Event, now: float) -> None:
        """SIPp says what has happened to the call. Sets `ended` when it is over."""

    @abstractmethod
    def rung(self, now: float) -> None:
        """It has been ringing until `due`."""

    @property
    def vanished(self) -> bool:
        """Whether the phone is dead: it sends nothing more, and hangs up only when made to."""
        return self._actor is not None and self._actor.vanished

    @property
    def port(self) -> int:
        """Where this party's sound is to be sent."""
        return int(self.socket.getsockname()[1])

    def order(self, word: str, **fields: object) -> None:
        """Tells SIPp what to do with this call."""
        self._wire.order(self.call, word, **fields)

    def hang_up(self) -> None:
        """Ends the call in whatever state it is, as soon as it can be; may be called again."""
        if not self.hanging_up:
            self.hanging_up = True
            self._actor = None
            self.order("hang-up")

    def move(self, event: Event) -> None:
        """Sends and hears to and from the address that the other side has given."""
        self.socket.connect((event.fields["ip"], int(event.fields["port"])))

    def talk(
        self, event: Event, steps: Sequence[Step], now: float, at_most: float | None = None
    ) -> None:
        """The call is answered: from now on sound flows and the script runs."""
        self.move(event)
        self.due = None
        self.mouth = Mouth(self.socket.fileno() << 16 | self.port)
        self.ear = Ear(now)
        self._actor = Actor(steps, self.mouth, self.ear, at_most)

    def tick(self, now: float) -> None:
        """Does what is due in these 20 ms."""
        if self.mouth is None:
            if self.due is not None and now >= self.due:
                self.due = None
                self.rung(now)
            return
        if self.hanging_up or self.vanished:
            return
        try:
            for packet in self.mouth.next():
                self.socket.send(packet)
        except OSError:
            pass  # the other side has closed its port, or the kernel is full: sound is lost
        if self.reply and self.ear is not None and self.ear.voices:
            self.mouth.speak(self.reply)
            self.reply = None
        if self._actor is not None and self._actor.act(now):
            self.leave(now)

    def leave(self, now: float) -> None:
        """Hangs up, and remembers since when."""
        self.leaving = now if self.leaving is None else self.leaving
        self.hang_up()

    def listen(self, now: float) -> None:
        """Takes one packet that has arrived."""
        try:
            packet = self.socket.recv(2048)
        except OSError:
            return  # the other side has closed its port: the BYE is on its way
        sound = self.ear is not None and self.ear.hear(packet, now)
        if sound and self._actor is not None and not self.vanished and self._actor.impatient(now):
            self.leave(now)


P = TypeVar("P", bound=Party)


class Engine(Generic[P]):
    """Runs the thread.

    `greet` makes the party for the first event of a call, or None when it is none of ours;
    `part` is called with the party and the event that ended its call. Both get the time.
    """

    def __init__(
        self,
        wire: Wire,
        greet: Callable[[Event, float], P | None],
        part: Callable[[P, Event, float], None],
    ) -> None:
        self.cpu_seconds = 0.0  # that the thread has used
        self.behind_seconds = 0.0  # of sound that was left out, because the thread came too late
        self.overdue = OVERDUE
        self.finished = threading.Event()
        self.error: BaseException | None = None
        self._wire = wire
        self._greet = greet
        self._part = part
        self._parties: dict[str, P] = {}
        self._by_socket: dict[int, P] = {}
        self._slots: list[dict[str, P]] = [{} for _ in range(SLOTS)]
        self._leaving = False
        self.finished.set()

    def start(self) -> None:
        """Needs a SIPp that has been started. `finished` tells when it has ended."""
        self.finished.clear()
        threading.Thread(target=self._run, name="people", daemon=True).start()

    def hang_up_all(self) -> None:
        """Lets everybody hang up from now on; returns before they have."""
        self._leaving = True

    def parties(self) -> list[P]:
        """Those whose calls are open at this moment."""
        return list(self._parties.values())

    def _run(self) -> None:
        try:
            with select.epoll() as word, select.epoll() as self._sound:
                for source in self._wire.sources:
                    word.register(source, select.EPOLLIN)
                self._loop(word)
        except Exception as error:
            self.error = error
        finally:
            for party in self.parties():
                party.socket.close()
            self.finished.set()

    def _loop(self, word: select.epoll) -> None:
        due, turn = time.monotonic(), 0
        while True:
            alone = not self._parties  # nobody is waited for: nothing can be late
            wait = None if alone else max(0.0, due - time.monotonic())
            if word.poll(wait):
                self._hear_sound(time.monotonic())  # what was said before a call ended
                if not self._hear_word():
                    return
            now = time.monotonic()
            if self._leaving:
                for party in self.parties():
                    party.leave(now)
            if now - due > TOO_LATE:
                self.behind_seconds += 0.0 if alone else now - due
                due = now
            while due <= now:
                for party in self._slots[turn].values():
                    party.tick(now)
                due, turn = due + SLOT, (turn + 1) % SLOTS
            self._hear_sound(now)
            self._give_up(now)
            self.cpu_seconds = time.thread_time()

    def _hear_sound(self, now: float) -> None:
        """Takes all that has arrived: one packet of each would be heard seconds late on a machine
        that is so busy that two come between two looks."""
        for _ in range(MOST_AT_ONCE if self._by_socket else 0):
            arrived = self._sound.poll(0, len(self._by_socket))
            if not arrived:
                return
            for source, _ in arrived:
                self._by_socket[source].listen(now)

    def _give_up(self, now: float) -> None:
        """Ends the calls that SIPp has lost: one for which an order came in the wrong moment."""
        for party in self.parties():
            if party.leaving is not None and now - party.leaving > self.overdue:
                self._tell(Event(party.call, "aborted", {}), now)

    def _hear_word(self) -> bool:
        """Takes what SIPp says; False when it has ended, and with it all that was open."""
        events = self._wire.receive()
        now = time.monotonic()
        lost = [Event(party.call, "aborted", {}) for party in self.parties()]
        for event in lost if events is None else events:
            self._tell(event, now)
        return events is not None

    def _tell(self, event: Event, now: float) -> None:
        party = self._parties.get(event.call) or self._meet(event, now)
        if party is None:
            return  # a call that is over, or none of ours
        party.received(event, now)
        if party.ended is not None:
            self._part(party, event, now)
            self._forget(party)

    def _meet(self, event: Event, now: float) -> P | None:
        try:
            party = self._greet(event, now)
        except OSError as error:
            raise SippError(f"no socket for another call: {error.strerror}") from error
        if party is not None:
            self._parties[event.call] = party
            self._by_socket[party.socket.fileno()] = party
            min(self._slots, key=len)[event.call] = party
            self._sound.register(party.socket.fileno(), select.EPOLLIN)
        return party

    def _forget(self, party: P) -> None:
        del self._parties[party.call]
        del self._by_socket[party.socket.fileno()]
        for slot in self._slots:
            slot.pop(party.call, None)
        # To close it is not enough: a process that is just being started has it open as well.
        self._sound.unregister(party.socket.fileno())
        party.socket.close()

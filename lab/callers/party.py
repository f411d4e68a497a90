"""One person in one call: sends, hears, and follows a script.

With sound a person sends a packet each 20 ms and hears all that comes, as a telephone does; some
hundred are all that one thread can do so.  Without, the same person does the same at the same
moments and costs next to nothing: sends when there is something to say, and has the kernel throw
away what need not be heard (socket_filter.py).  So that nobody is missed all the same, whoever
speaks does so again and again until somebody speaks back, and then is quiet but for a sign of life.
"""

from __future__ import annotations

import math
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from lab.callers import rtp, socket_filter
from lab.callers.ear import SURE_AFTER, Ear
from lab.callers.mouth import Mouth
from lab.callers.script import Actor, Step
from lab.callers.sipp import Event

# Of those without sound; packets in a row:
GREETING = 5  # when a call begins, when somebody has spoken, and after keys
WORD = SURE_AFTER
SIGN_OF_LIFE = 1
# and seconds:
UNHEARD = 0.1  # from one word to the next until somebody speaks back; less than script.DEAD_AIR
ALIVE = 5.0  # from one sign of life to the next; Asterisk ends a call after some more without


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

    carried_out: frozenset[str] = frozenset()  # what SIPp says when it has done the last order

    def __init__(
        self, call: str, wire: Wire, host: str = "127.0.0.1", *, sound: bool = True
    ) -> None:
        self.call = call
        self.sound = sound
        self.slot = 0  # the engine's: when it looks at this party again
        self.ended: str | None = None
        self.ear: Ear | None = None
        self.mouth: Mouth | None = None
        self.due: float | None = None  # when the ringing is over, by this party's wish
        self.reply: str | None = None  # the voice with which a person who speaks is answered
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((host, 0))
        self.ordered = 0.0  # when SIPp was last told to do something
        self._wire = wire
        self._actor: Actor | None = None
        self._open = True  # whether all that arrives is heard
        self._to_send = GREETING  # packets
        self._next_word = 0.0
        self._replied = 0.0
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
        self.ordered = time.monotonic()
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

    def tick(self, now: float) -> float:
        """Does what is due; in how many seconds there may be more to do."""
        if self.leaving is not None:
            self.hang_up()
        if self.mouth is None or self.ear is None:
            if self.due is not None and now >= self.due:
                self.due = None
                self.rung(now)
            return self._idle if self.due is None else self.due - now
        if self.hanging_up or self.vanished:
            return self._idle
        if self.reply and self.ear.voices and not self.mouth.speaking:
            self.mouth.speak(self.reply)
        if self.sound or self._says_something(self.mouth, self.ear, now):
            self._send(self.mouth)
        if self._actor is not None and self._actor.act(now):
            self.leave(now)
        if self.sound:
            return rtp.FRAME
        self._listen_to_all(self._listens(self.ear, now), now)
        if self.mouth.pressing or self._to_send:
            return rtp.FRAME
        due = self._next_word if self._actor is None else min(self._next_word, self._actor.due(now))
        return max(rtp.FRAME, due - now)

    @property
    def _idle(self) -> float:
        return rtp.FRAME if self.sound else math.inf

    def _send(self, mouth: Mouth) -> None:
        try:
            for packet in mouth.next():
                self.socket.send(packet)
        except OSError:
            pass  # the other side has closed its port, or the kernel is full: sound is lost

    def _says_something(self, mouth: Mouth, ear: Ear, now: float) -> bool:
        """Whether one without sound sends in these 20 ms."""
        if now >= self._next_word:
            unheard = mouth.speaking and not ear.voices
            self._next_word = now + (UNHEARD if unheard else ALIVE)
            self._to_send = max(self._to_send, WORD if unheard else SIGN_OF_LIFE)
        if mouth.pressing:
            self._to_send = GREETING + 1  # Asterisk ends a key by what follows it
        if not self._to_send:
            return False
        self._to_send -= 1
        mouth.pause(now - ear.start)
        return True

    def _listens(self, ear: Ear, now: float) -> bool:
        """Whether one without sound has to hear everything: also how a call begins."""
        if ear.first_sound is None:
            return True
        return self._actor is not None and self._actor.listening(now)

    def _listen_to_all(self, wanted: bool, now: float) -> None:
        if wanted == self._open or self.ear is None:
            return
        self._open = wanted
        if wanted:
            self.ear.opened = now
            socket_filter.everything(self.socket)
        else:
            socket_filter.only_voices(self.socket)

    def leave(self, now: float) -> None:
        """Hangs up, and remembers since when."""
        self.leaving = now if self.leaving is None else self.leaving
        self.hang_up()

    def listen(self, now: float) -> bool:
        """Takes one packet that has arrived; False when there is none."""
        try:
            packet = self.socket.recv(2048)
        except ConnectionError:
            return True  # the other side has closed its port: the BYE is on its way
        except OSError:
            return False
        if self.ear is None:
            return True
        sound = self.ear.hear(packet, now)
        if self.ended is not None:
            return True
        if sound and self._actor is not None and not self.vanished and self._actor.impatient(now):
            self.leave(now)
        if self.reply and self.ear.speaker and now >= self._replied + UNHEARD:
            self._replied = now
            self._to_send = GREETING
        return True

"""The people on the phone: one thread that moves the sound of all calls of one SIPp.

A plain loop over epoll, no asyncio: with 250 calls 25,000 packets pass each second. Time goes in
slots of 5 ms; each party is looked at in the slot in which it next has something to do. With sound
that is each fourth one, a quarter of the people in each (so that Asterisk is not hit by all at
once). Everything that has arrived is heard, and what SIPp says is taken at once.
"""

from __future__ import annotations

import math
import os
import resource
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from lab.callers import rtp
from lab.callers.lateness import Lateness
from lab.callers.party import Party, Wire
from lab.callers.sipp import Event, SippError

SLOTS = 4
SLOT = rtp.FRAME / SLOTS
ENDS_IN = 60.0  # seconds after SIPp; only a machine that is stuck takes so long
TOO_LATE = 0.2  # seconds behind after which packets are left out instead of sent in a burst
MOST_AT_ONCE = 25  # packets of one call that are heard in a row: half a second, then others speak
MOST_FILES = 8192  # sockets; each open call takes one
# Seconds that SIPp may take to end a call: 64 T1 until it gives up an answer that nobody
# acknowledges, as many for the BYE, and some more.  Then it has lost the call.
OVERDUE = 75.0
FAR = 5.0  # seconds; the longest that nobody looks at a party
LOST_LOOK = 1.0  # seconds between two looks for those

P = TypeVar("P", bound=Party)
Errand = Callable[[float], None]  # gets the time


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
        self.lateness = Lateness()
        self.lost = 0  # calls that SIPp has lost
        self.overdue = OVERDUE
        self.finished = threading.Event()
        self.error: BaseException | None = None
        self._wire = wire
        self._greet = greet
        self._part = part
        self._parties: dict[str, P] = {}
        self._by_socket: dict[int, P] = {}
        self._errands: deque[Errand] = deque()
        self._bell = -1
        self._ends = threading.Lock()
        self._leaving = False
        self._looked = 0.0  # for lost calls
        self.finished.set()

    def start(self) -> None:
        """Needs a SIPp that has been started. `finished` tells when it has ended."""
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, MOST_FILES)), hard))
        self.finished.clear()
        threading.Thread(target=self._run, name="people", daemon=True).start()

    def soon(self, errand: Errand) -> None:
        """Has the thread do this, at once; may be called in any thread.

        Raises SippError when the thread does not run.
        """
        with self._ends:
            if self.finished.is_set():
                raise SippError("nobody is on the phone: SIPp has ended, or was not started")
            self._errands.append(errand)
            os.eventfd_write(self._bell, 1)

    def leave(self, whom: Callable[[P], bool]) -> None:
        """Lets those hang up; returns when they send nothing more.  In no errand."""
        done = threading.Event()

        def hang_up(now: float) -> None:
            for party in filter(whom, self.parties()):
                party.leave(now)
            done.set()

        self.soon(hang_up)
        done.wait(ENDS_IN)

    def limited(self, who: str) -> str | None:
        """Why what these people did is not what they were to do; None when it is."""
        if self.lost:
            return f"SIPp lost {self.lost} of the {who}' calls"
        if self.behind_seconds:
            return f"{self.behind_seconds:.1f} s of the {who}' sound were not sent in time"
        return self.lateness.limited(who)

    def hang_up_all(self) -> None:
        """Lets everybody hang up from now on; returns before they have."""
        self._leaving = True

    def parties(self) -> list[P]:
        """Those whose calls are open at this moment."""
        return list(self._parties.values())

    def _run(self) -> None:
        try:
            with select.epoll() as word, select.epoll() as self._sound:
                for source in (*self._wire.sources, self._bell):
                    word.register(source, select.EPOLLIN)
                self._loop(word)
        except Exception as error:
            self.error = error
        finally:
            for party in self.parties():
                party.socket.close()
            with self._ends:
                self.finished.set()
                os.close(self._bell)

    def _loop(self, word: select.epoll) -> None:
        self._wheel: dict[int, list[P]] = {}
        self._slot = _slot(time.monotonic())
        while True:
            alone = not self._parties  # nobody is waited for: nothing can be late
            next_slot = min(self._wheel, default=self._slot)
            until_slot = next_slot * SLOT - time.monotonic()
            # What arrives is heard within the time of a packet, also when nothing else is due.
            wait = None if alone else min(max(0.0, until_slot), rtp.FRAME)
            happened = [source for source, _ in word.poll(wait)]
            if alone:
                self._wheel.clear()
                self._slot = _slot(time.monotonic())
            if self._bell in happened:
                os.eventfd_read(self._bell)
                self._run_errands()
                happened.remove(self._bell)
            if happened:
                self._hear_sound(time.monotonic())  # what was said before a call ended
                if not self._hear_word():
                    return
            now = time.monotonic()
            if self._leaving:
                for party in self.parties():
                    party.leave(now)
            self._turn(now)
            self._hear_sound(now)
            self._give_up(now)
            self.cpu_seconds = time.thread_time()

    def _run_errands(self) -> None:
        while self._errands:
            self._errands.popleft()(time.monotonic())

    def _turn(self, now: float) -> None:
        """Looks at all whose slot has come."""
        first = min(self._wheel, default=self._slot)
        behind = now - first * SLOT
        if behind > TOO_LATE and self._leave_out(first, _slot(now)):
            self.behind_seconds += behind
            self.lateness.note(behind)
        while self._slot * SLOT <= now:
            for party in self._wheel.pop(self._slot, ()):
                if party.slot == self._slot and party.ended is None:
                    self.lateness.note(now - self._slot * SLOT)
                    self._look_again(party, party.tick(now), now)
            self._slot += 1

    def _look_again(self, party: P, seconds: float, now: float) -> None:
        since = self._slot if party.sound else _slot(now)  # sound keeps its pace
        self._plan(party, since + max(1, math.ceil(min(seconds, FAR) / SLOT)))

    def _plan(self, party: P, slot: int) -> None:
        party.slot = slot
        self._wheel.setdefault(slot, []).append(party)

    def _leave_out(self, first: int, slot: int) -> bool:
        """What sound was due before this slot is not sent any more; whether there was any."""
        late = [
            (before, party)
            for before in range(first, slot)
            for party in self._wheel.get(before, ())
            if party.sound and party.slot == before
        ]
        for before, party in late:
            self._plan(party, before + slot - first)
        return bool(late)

    def _hear_sound(self, now: float) -> None:
        """Takes all that has arrived: one packet of each would be heard seconds late on a machine
        that is so busy that two come between two looks."""
        for _ in range(MOST_AT_ONCE if self._by_socket else 0):
            arrived = self._sound.poll(0, len(self._by_socket))
            if not arrived:
                return
            for source, _ in arrived:
                party = self._by_socket[source]
                party.listen(now)
                self._wake(party)

    def _wake(self, party: P) -> None:
        """Something has happened to it."""
        if not party.sound and party.slot > self._slot:
            self._plan(party, self._slot)

    def _give_up(self, now: float) -> None:
        """Ends the calls that SIPp has lost: one for which an order came in the wrong moment."""
        if now - self._looked < min(LOST_LOOK, self.overdue):
            return
        self._looked = now
        for party in self.parties():
            if party.leaving is not None and now - party.leaving > self.overdue:
                self.lost += 1
                self.tell(Event(party.call, "aborted", {}), now)

    def _hear_word(self) -> bool:
        """Takes what SIPp says; False when it has ended, and with it all that was open."""
        events = self._wire.receive()
        now = time.monotonic()
        if events is None:
            for party in self.parties():
                self.tell(Event(party.call, "aborted", {}), now)
            return False
        for event in events:
            self.tell(event, now)
        return True

    def tell(self, event: Event, now: float) -> None:
        """Something has happened to a call, or begins one; in the thread only."""
        party = self._parties.get(event.call) or self._meet(event, now)
        if party is None:
            return  # a call that is over, or none of ours
        if event.word in party.carried_out:
            self.lateness.note(now - party.ordered)
        party.received(event, now)
        self._wake(party)
        if party.ended is not None:
            while party.listen(now):
                pass  # what was said before the end is heard, however far behind this thread is
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
            slots = range(self._slot + 1, self._slot + 1 + SLOTS)
            self._plan(party, min(slots, key=lambda slot: len(self._wheel.get(slot, ()))))
            self._sound.register(party.socket.fileno(), select.EPOLLIN)
        return party

    def _forget(self, party: P) -> None:
        del self._parties[party.call]
        del self._by_socket[party.socket.fileno()]
        # To close it is not enough: a process that is just being started has it open as well.
        self._sound.unregister(party.socket.fileno())
        party.socket.close()


def _slot(moment: float) -> int:
    """The first slot that begins then or later."""
    return math.ceil(moment / SLOT)

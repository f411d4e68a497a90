"""A number of callers who dial one hotline, and what became of them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from lab.callers.caller import Caller
from lab.callers.ledger import Entry, Ledger
from lab.callers.media import ENDS_IN, Engine
from lab.callers.party import Party, Wire
from lab.callers.sipp import Event, Sipp, SippError
from lab.ports import free_port
from lab.running import Running

SCENARIO = Path(__file__).with_name("caller.xml")
LEAVES_IN = 5.0  # seconds that a call may take to end when all are to hang up


class _Call(Party):
    """One caller's one call."""

    carried_out = frozenset({"dialled"})

    def __init__(
        self, caller: Caller, call: str, wire: Wire, now: float, dialled: str, sound: bool
    ) -> None:
        super().__init__(call, wire, sound=sound)
        self.caller = caller
        self.dialled = now
        self.reply = "caller"
        self._waits = False  # whether SIPp waits for an order
        who = {"number": caller.shown, "name": caller.name, "dialled": dialled}
        self.order("dial", **who, port=self.port)

    def received(self, event: Event, now: float) -> None:
        self._waits = self._waits or event.word in ("ringing", "talking")
        match event.word:
            case "dialled":
                if self.caller.rings_at_most is not None:
                    self.due = now + self.caller.rings_at_most
            case "talking":
                cancelled, self.hanging_up = self.hanging_up, False
                self.talk(event, self.caller.script, now, self.caller.hangs_up_after)
                if cancelled:  # the answer has crossed the CANCEL
                    self.hang_up()
            case "moved":
                self.move(event)
            case "bye":  # when both hang up at once, or the phone is dead, it is the caller's doing
                self.ended = "caller" if self.hanging_up or self.vanished else "network"
            case "hung-up":
                self.ended = "caller"
            case "cancelled" | "refused":
                self.ended = event.word
            case "aborted":
                self.ended = "failed"

    def rung(self, now: float) -> None:
        self.leave(now)

    def hang_up(self) -> None:
        if self._waits:  # otherwise it has to wait until something has answered: caller.xml
            super().hang_up()

    def account(self, code: str, since: float, now: float) -> Entry:
        """What this caller has to tell; `since` is when the first caller dialled."""
        caller, ear = self.caller, self.ear
        told = Entry(
            id=caller.id,
            behaviour=caller.behaviour,
            number=caller.shown,
            ended=self.ended or "",
            code=code,
            dialled_at=round(self.dialled - since, 3),
            lasted=round(now - self.dialled, 3),
            left_at=self.leaving,
        )
        if ear is None or self.mouth is None:
            return told
        silence, began = ear.longest_silence(now) if self.sound else (0.0, None)
        person = min(ear.voices, key=ear.voices.__getitem__, default=None)
        return replace(
            told,
            answered_after=round(ear.start - self.dialled, 3),
            typed=self.mouth.typed,
            typed_at=self.mouth.typed_at and round(self.mouth.typed_at, 3),
            first_sound=_after(ear.start, ear.first_sound),
            silence=round(silence, 3),
            silence_at=_after(ear.start, began),
            person=person,
            waited=_after(ear.start, ear.voices[person]) if person else None,
            prompts=tuple(sorted(ear.prompts, key=ear.prompts.__getitem__)),
        )


def _after(start: float, moment: float | None) -> float | None:
    return None if moment is None else round(moment - start, 3)


class Callers(Running):
    """Lets callers dial, `rate` a second, and keeps their ledger. Everything stays on loopback.

    `folder` gets SIPp's error file, and the ledger as callers.jsonl. `port` is the SIP port of all
    callers; 0 takes a free one, so that several can run side by side.

    `sound=False`: for many callers, see party.py; only how long silences were nobody knows then.
    `open`: stays until `finish`, for callers who come by `call`. `on_end` is given each entry when
    its call has ended, in the thread that has all calls: it must be quick.
    """

    def __init__(
        self,
        target: str,
        callers: Sequence[Caller] = (),
        *,
        folder: Path,
        rate: float = 10.0,
        dialled: str = "1330",
        port: int = 0,
        sound: bool = True,
        open: bool = False,
        on_end: Callable[[Entry], None] | None = None,
    ) -> None:
        self._callers = {caller.id: caller for caller in callers}
        if not (callers or open) or len(self._callers) < len(callers):
            raise ValueError("callers: expected at least one, and each with an id of its own")
        self._folder = folder
        self._dialled = dialled
        self._rate = rate
        self._sound = sound
        self._open = open
        self._on_end = on_end
        self._entries: dict[int, Entry] = {}
        self._outcomes: Counter[str] = Counter()
        self._first: float | None = None
        self._more = threading.Lock()  # so that nobody dials after `finish`
        self._finishing = threading.Event()
        self._sipp = Sipp(SCENARIO, folder, port or free_port(), [target], calls=True)
        self._engine = Engine(self._sipp, self._greet, self._part)

    def start(self) -> None:
        """Starts dialling. Raises SippError when SIPp does not start."""
        self._sipp.start()
        self._engine.start()
        known = list(self._callers.values())
        threading.Thread(target=self._dial_all, args=(known,), name="dial", daemon=True).start()

    def _dial_all(self, callers: Sequence[Caller]) -> None:
        began = time.monotonic()
        for n, caller in enumerate(callers):
            due = began + n / self._rate
            if self._finishing.wait(max(0.0, due - time.monotonic())):
                return
            with suppress(SippError):  # wait() tells
                self._dial(caller, due)
        if not self._open:
            self.finish()

    def call(self, caller: Caller) -> None:
        """This one dials at once, whoever else does; may be called in any thread.

        Raises ValueError when the id has been used, SippError before `start` and after `finish`.
        """
        if self._callers.setdefault(caller.id, caller) is not caller:
            raise ValueError(f"caller {caller.id}: expected an id of its own")
        try:
            self._dial(caller, time.monotonic())
        except SippError:
            del self._callers[caller.id]
            raise

    def _dial(self, caller: Caller, due: float) -> None:
        event = Event(f"{caller.id}-{self.pid}-caller", "dial", {"id": str(caller.id)})

        def dial(now: float) -> None:
            self._engine.lateness.note(now - due)
            self._engine.tell(event, now)

        with self._more:
            if self._finishing.is_set():
                raise SippError(f"caller {caller.id}: no more callers were to come")
            self._engine.soon(dial)

    def hang_up(self, ids: Collection[int]) -> None:
        """Those of them who still call hang up: when this returns, nobody of them sends any more.

        May be called in any thread but the calls' own.
        """
        self._engine.leave(lambda call: call.caller.id in ids)

    def finish(self) -> None:
        """No more callers come: it ends when the open calls have ended."""
        with self._more:
            self._finishing.set()
        with suppress(SippError):
            self._engine.soon(lambda _now: self._end())

    def _end(self) -> None:
        """Lets SIPp end when nobody is on the phone any more, and nobody will be."""
        if self._finishing.is_set() and not self._engine.parties():
            self._sipp.finish()

    def wait(self, timeout: float) -> Ledger:
        """The ledger, when the last call has ended. TimeoutError when one lasts longer."""
        if not self._engine.finished.wait(timeout):
            still = len(self._callers) - len(self._entries)
            raise TimeoutError(f"{still} of {len(self._callers)} callers are not done yet")
        self._sipp.stop()
        self._sipp.close()
        if self._engine.error is not None:
            raise SippError(f"the callers stopped: {self._engine.error}") from self._engine.error
        ledger = self.ledger()
        ledger.write(self._folder / "callers.jsonl")
        return ledger

    def stop(self) -> Ledger:
        """Everybody who still calls hangs up; the ledger as far as it got."""
        if self._engine.finished.is_set():
            return self.ledger()
        self._engine.hang_up_all()
        self.finish()
        self._engine.finished.wait(LEAVES_IN)  # SIPp takes no order any more when it is to end
        self._sipp.stop()
        return self.wait(ENDS_IN)

    def ledger(self) -> Ledger:
        """All that is known now; who is not done yet has ended in "still calling"."""
        calling = {party.caller.id for party in self._calls()}
        return Ledger(
            tuple(
                self._entries.get(c.id)
                or Entry(
                    c.id,
                    c.behaviour,
                    c.shown,
                    "still calling" if c.id in calling else "never dialled",
                )
                for c in list(self._callers.values())
            )
        )

    def progress(self) -> dict[str, int]:
        """Counts at this moment: planned, ringing, listening, with_person, done, and outcomes."""
        calls = self._calls()
        ears = [call.ear for call in calls if call.ear is not None]
        with_person = sum(bool(ear.voices) for ear in ears)
        return {
            "planned": len(self._callers),
            "ringing": len(calls) - len(ears),
            "listening": len(ears) - with_person,
            "with_person": with_person,
            "done": len(self._entries),
            **self._outcomes.copy(),
        }

    @property
    def pid(self) -> int:
        """SIPp's process."""
        return self._sipp.pid

    @property
    def cpu_seconds(self) -> float:
        """What the sound has cost so far; SIPp's own share is not in it."""
        return self._engine.cpu_seconds

    @property
    def behind_seconds(self) -> float:
        """How much sound was left out so far, because this process came too late with it."""
        return self._engine.behind_seconds

    @property
    def limited(self) -> str | None:
        """Why this run says little about the hotline: the callers themselves were late. Or None."""
        return self._engine.limited("callers")

    def _calls(self) -> list[_Call]:
        return self._engine.parties()

    def _greet(self, event: Event, now: float) -> _Call | None:
        if event.word != "dial":
            return None
        self._first = self._first or now
        caller = self._callers[int(event.fields["id"])]
        return _Call(caller, event.call, self._sipp, now, self._dialled, self._sound)

    def _part(self, call: _Call, event: Event, now: float) -> None:
        code = event.fields.get("code", "")
        entry = call.account(code, self._first or now, now)
        self._entries[entry.id] = entry
        self._outcomes[entry.outcome] += 1
        if self._on_end is not None:
            self._on_end(entry)
        if self._finishing.is_set():
            self._engine.soon(lambda _now: self._end())

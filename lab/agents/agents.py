"""The people at the seats, how each takes calls, and what they saw of every call."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

from lab.callers.media import ENDS_IN, Engine
from lab.callers.party import Party, Wire
from lab.callers.script import HangUp, Step, Wait
from lab.callers.sipp import Event, Sipp, SippError
from lab.ports import free_port
from lab.running import Running

SCENARIO = Path(__file__).with_name("agent.xml")
NEVER = float("inf")
# On a busy machine several messages of one call come at once, and SIPp is between two steps when it
# reads the second: that is no reason to give the call up. What matters is sent again.
PATIENT = ("-default_behaviors", "all,-abortunexp")
CODES = (200, 302, 404, 480, 486, 500, 503, 603)  # SIP statuses that agent.xml can send

Seconds = float | Callable[[], float]
Choice = Callable[[int], "Manner"]  # the manner of a call, by how many others are there already


@dataclass(frozen=True)
class Manner:
    """How a person takes a call. `ring` and `talk` may be functions that are asked each time."""

    ring: Seconds = 1.0  # until the answer
    talk: Seconds = 5.0  # until the person hangs up
    voice: str | None = "inhouse"  # of rtp.VOICES; None says nothing
    code: int = 200  # SIP status: what is not 200 is refused with it, at once
    first: tuple[Step, ...] = ()  # done before the talk, such as pressing a key to take the call
    sdp: bool = True  # whether the answer says where sound is to be sent
    vanishes: bool = False  # the phone goes dead instead: of the answer, or with talk of the BYE

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"code: expected one of {CODES}, got {self.code}")


def answers(ring: Seconds = 1.0, talk: Seconds = 5.0, kind: str = "inhouse") -> Manner:
    """Answers, speaks with the voice of `kind`, and hangs up."""
    return Manner(ring, talk, kind)


def silent(ring: Seconds = 1.0, talk: Seconds = 5.0) -> Manner:
    """Answers, and says nothing."""
    return Manner(ring, talk, voice=None)


def drops(ring: Seconds = 1.0) -> Manner:
    """Answers, and hangs up in the same moment."""
    return Manner(ring, talk=0.0, voice=None)


def never_answers() -> Manner:
    """Lets it ring."""
    return Manner(ring=NEVER)


def without_sdp(ring: Seconds = 1.0) -> Manner:
    """Answers, and does not say where its sound comes from or goes to."""
    return Manner(ring, talk=NEVER, voice=None, sdp=False)


def vanishes_ringing(ring: Seconds = 1.0) -> Manner:
    """Rings, and then the phone is dead: it answers nothing, not even that it rings no more."""
    return Manner(ring, talk=0.0, vanishes=True)


def vanishes_talking(ring: Seconds = 1.0, talk: Seconds = 2.0) -> Manner:
    """Answers, talks, and then the phone is dead: no sound, no BYE, no answer to one."""
    return Manner(ring, talk, vanishes=True)


def refuses(code: int = 486) -> Manner:
    """302: call elsewhere; 486: busy; 480: nobody there; 404: no such seat; 603: declined;
    500, 503: out of order.
    """
    return Manner(code=code)


def full_above(calls: int, manner: Manner, code: int = 486) -> Choice:
    """Takes so many calls at a time in a manner, and refuses what comes on top of them."""
    return lambda others: manner if others < calls else refuses(code)


def in_turn(*manners: Manner) -> Choice:
    """Takes each call in the next of these manners, and begins again after the last."""
    turn = cycle(manners)
    return lambda _others: next(turn)


@dataclass(frozen=True)
class Talk:
    """One call to one seat, as the person at the seat saw it. Times are seconds."""

    seat: str
    number: str  # of the caller, as shown on the phone
    name: str
    topic: str  # header X-1330-Topic
    # by "agent" or "caller"; "cancelled", "refused", "vanished", "failed"; "" while it goes on
    ended: str
    rang: float
    talked: float | None  # None: not answered, or no packet came: the caller had just gone
    heard_caller: bool
    case: str = ""  # header X-1330-Case
    note: str = ""  # header X-1330-Note
    rung_at: float = 0.0  # when the call came, on a clock that all in this process share
    heard_person: bool = False  # of the hotline, or of a partner: one who was called back


def _time(seconds: Seconds) -> float:
    return seconds() if callable(seconds) else seconds


def read_from(header: str) -> tuple[str, str]:
    """(number, name) of a From header (RFC 3261, 25.1)."""
    found = re.search(r"<?sips?:([^@;>]*)", header)
    name = header[: found.start()].strip() if found else ""
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return (found[1] if found else ""), name


class _Seat(Party):
    """One person in one call."""

    carried_out = frozenset({"ringing", "talking"})

    def __init__(
        self, manner: Manner, event: Event, wire: Wire, host: str, now: float, sound: bool
    ) -> None:
        super().__init__(event.call, wire, host, sound=sound)
        self.seat = event.fields.get("seat", "")
        self.number, self.name = read_from(event.fields.get("from", ""))
        self.topic = event.fields.get("topic", "")
        self.case = event.fields.get("case", "")
        self.note = event.fields.get("note", "")
        self._manner = manner
        self._rang_at = now
        self._ringing = False
        self._acknowledged = False  # before that nobody may hang up (RFC 3261, 15)
        if manner.code != 200:
            self.order("refuse", code=manner.code)
        else:
            self.order("ring")

    @property
    def takes(self) -> bool:
        """Whether the call is not one that was refused at once."""
        return self._manner.code == 200

    def rung(self, now: float) -> None:
        self._ringing = False
        if self._manner.vanishes and not self._manner.talk:
            self.order("vanish")
        else:
            self.order("answer", port=self.port, **({} if self._manner.sdp else {"sdp": "no"}))

    def hang_up(self) -> None:
        if self._acknowledged and self._manner.vanishes and not self.hanging_up:
            self.hanging_up = True
            self.order("vanish")
        elif self._acknowledged:
            super().hang_up()
        elif self._ringing:  # otherwise it has to wait until the call is set up
            self._ringing = False
            self.order("refuse", code=480)

    def received(self, event: Event, now: float) -> None:
        match event.word:
            case "ringing":
                self._ringing = True
                self.due = now + _time(self._manner.ring)
            case "talking":
                talk = _time(self._manner.talk)
                self.talk(event, (*self._manner.first, Wait(talk), HangUp()), now)
                assert self.mouth is not None
                self.mouth.speak(self._manner.voice)
            case "acked":
                self._acknowledged = True
            case "moved":
                self._acknowledged = True  # a re-INVITE comes after the ACK
                self.move(event)
            case "unheard":  # the answer was never acknowledged: SIPp hangs up by itself
                self.hanging_up = True
            case "bye":
                self.ended = "agent" if self.hanging_up else "caller"
            case "hung-up":
                self.ended = "agent"
            case "cancelled" | "refused" | "vanished":
                self.ended = event.word
            case "aborted":
                self.ended = "failed"

    def account(self, now: float) -> Talk:
        """What the person at the seat has to tell."""
        ear = self.ear
        answered = ear.start if ear else None
        return Talk(
            self.seat,
            self.number,
            self.name,
            self.topic,
            self.ended or "",
            rang=round((answered or now) - self._rang_at, 3),
            talked=round(now - answered, 3) if answered and ear and ear.packets else None,
            heard_caller=ear is not None and "caller" in ear.voices,
            case=self.case,
            note=self.note,
            rung_at=round(self._rang_at, 4),
            heard_person=ear is not None and bool({"inhouse", "partner"} & set(ear.voices)),
        )


class Agents(Running):
    """All seats at one SIP port of `host`; 0 takes a free one. A seat is a SIP user.

    Whoever is rung answers after `ring` seconds, speaks with the voice of `kind`, and hangs up
    after `talk` seconds; `seats` names those who behave in another manner. `folder` gets SIPp's
    error file, and the ledger as agents.jsonl, a line for each call when it has ended.
    `sound=False`: for many, see lab/callers/party.py.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        folder: Path,
        ring: Seconds = 1.0,
        talk: Seconds = 5.0,
        kind: str = "inhouse",
        seats: Mapping[str, Manner | Choice] | None = None,
        host: str = "127.0.0.1",
        sound: bool = True,
    ) -> None:
        self.port = port or free_port(host=host)
        self._usual = answers(ring, talk, kind)
        self._seats = dict(seats or {})
        self._folder = folder
        self._sound = sound
        self._talks: list[Talk] = []
        self._over: set[str] = set()  # calls that have ended
        self._sipp = Sipp(SCENARIO, folder, self.port, PATIENT, host)
        self._engine = Engine(self._sipp, self._greet, self._part)

    def start(self) -> None:
        """Returns when the seats can be rung. Raises SippError when SIPp does not start."""
        self._sipp.start()
        self._engine.start()

    def stop(self) -> None:
        """Everybody hangs up, and the process ends."""
        self._sipp.finish()
        self._engine.hang_up_all()
        self._sipp.stop()
        self._engine.finished.wait(ENDS_IN)
        self._sipp.close()
        if self._engine.error is not None:
            raise SippError(f"the agents stopped: {self._engine.error}") from self._engine.error

    def hang_up(self) -> None:
        """Whoever has a call hangs up; the next ones are taken as ever."""
        self._engine.leave(lambda _seat: True)

    def behave(self, seat: str, manner: Manner | Choice) -> None:
        """From its next call on, this seat takes calls in another manner."""
        self._seats[seat] = manner

    def ledger(self) -> tuple[Talk, ...]:
        """The calls that have ended, in that order."""
        return tuple(self._talks)

    def progress(self) -> dict[str, int]:
        """Counts at this moment: ringing, talking, and how the others ended."""
        seats = self._engine.parties()
        talking = sum(seat.ear is not None for seat in seats)
        return {
            "ringing": len(seats) - talking,
            "talking": talking,
            **Counter(talk.ended for talk in self.ledger()),
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
        """Why this run says little about the hotline: the agents themselves were late. Or None."""
        return self._engine.limited("agents")

    def _greet(self, event: Event, now: float) -> _Seat | None:
        if event.word != "invite":
            return None
        if event.call in self._over:  # the first INVITE once more, and late
            self._sipp.order(event.call, "forget")
            return None
        manner = self._seats.get(event.fields.get("seat", ""), self._usual)
        if not isinstance(manner, Manner):
            manner = manner(sum(seat.takes for seat in self._engine.parties()))
        return _Seat(manner, event, self._sipp, self._sipp.host, now, self._sound)

    def _part(self, seat: _Seat, event: Event, now: float) -> None:
        talk = seat.account(now)
        self._over.add(seat.call)
        self._talks.append(talk)
        with (self._folder / "agents.jsonl").open("a", encoding="utf-8") as book:
            book.write(json.dumps(asdict(talk), ensure_ascii=False) + "\n")

"""People who stay on the line of the hotline: who call, key in id and PIN, and take callers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.callers.caller import Caller
from lab.callers.callers import Callers, _Call
from lab.callers.script import HangUp, Hear, Keys, Quiet, Step, Wait
from lab.callers.sipp import Event
from lab.hotline import Lab
from lab.running import LabError

END_TALK = "**"
DEAF_SECONDS = 1.5  # after these keys: until Asterisk has taken the caller away
LOOK_SECONDS = 0.1
TAP_SECONDS = 1.0
SAID_SECONDS = 1.5  # of silence: all is said, and keys are awaited
LONG = 100_000.0


def invited(lab: Lab, names: Sequence[str], listed: str, number: str) -> list[tuple[str, str]]:
    """Invite these people, who speak English, as the list `listed`; the id and the PIN of each.

    `number`: that of the line.  Raises LabError.
    """
    path = lab.folder / f"{listed}.csv"
    path.write_text("".join(f"{name},en\n" for name in names), "utf-8")
    cards = lab.ivrd.once("seats", "invite", str(path))
    found = re.findall(rf"call {number}, id ([0-9]+), PIN ([0-9]+)", cards)
    if len(found) != len(names):
        raise LabError(f"{len(names)} people were to be invited: {cards}")
    return found


@dataclass(frozen=True)
class Volunteer:
    """A person, and how long each talk is.

    `drilled`: has been here before.  `hasty`: hears nothing to its end.  `leaves_after`: hangs up
    so many seconds after the answer.  `taps`: presses a key each second while waiting, and so takes
    each caller, where a key is asked for; without it the telephone lies there and nobody is at it.
    """

    id: int
    number: str  # what is keyed in: the agent's id
    pin: str
    talk: float = 2.0
    drilled: bool = False
    hasty: bool = False
    leaves_after: float | None = None
    taps: bool = False

    def script(self) -> tuple[Step, ...]:
        """What the person does until music comes: the PIN right after the id, then the drill."""
        keyed = (Hear(), Keys(f"{self.number}#{self.pin}#"))
        drill: tuple[Step, ...] = (Hear(), Quiet(SAID_SECONDS), Keys(END_TALK))
        if self.drilled:
            drill = ()
        elif self.hasty:
            drill = (Hear(), Keys(f"{END_TALK}1"))
        return (*keyed, *drill, Wait(LONG), HangUp())


@dataclass(frozen=True)
class LineTalk:
    """A caller, as a person on the line saw it; moments of the clock that all here share."""

    id: int
    began: float
    ended: float


class _OnLine(_Call):
    """One such person: speaks all the time, and so hears who answers."""

    def attend(self, people: Volunteers, volunteer: Volunteer) -> None:
        """From now on this person takes callers."""
        self.reply = None
        self._people, self._volunteer = people, volunteer
        self._began: float | None = None
        self._deaf_until = 0.0
        self._tap_at = 0.0

    def vanish(self) -> None:
        """The phone is dead from now on."""
        if self._actor is not None:
            self._actor.vanished = True

    def received(self, event: Event, now: float) -> None:
        super().received(event, now)
        if event.word == "talking" and self.mouth is not None:
            self.mouth.speak("inhouse")

    def tick(self, now: float) -> float:
        if not (self.hanging_up or self.vanished):
            self._serve(now)
        return min(super().tick(now), LOOK_SECONDS)

    def _serve(self, now: float) -> None:
        if self.ear is None or self.mouth is None:
            return
        if self._deaf_until:
            if now >= self._deaf_until:
                self._deaf_until = 0.0
                self.ear.forget()
        elif self._began is None:
            if self.ear.speaker == "caller":
                self._began = now
            elif self._volunteer.taps and now >= self._tap_at and self._is_let_in():
                self._tap_at = now + TAP_SECONDS
                self.mouth.press("1", 0.1, 0.1)
        elif now >= self._began + self._volunteer.talk or self._people.talks_end:
            self.mouth.press(END_TALK, 0.1, 0.1)
            self._people.talks.append(LineTalk(self._volunteer.id, self._began, now))
            self._began, self._deaf_until = None, now + DEAF_SECONDS

    def _is_let_in(self) -> bool:
        """Whether all that is asked of a person on the way to the line is done."""
        return self._actor is not None and self._actor.idle


class Volunteers(Callers):
    """All of them; `talks`: those that they have ended, in this order."""

    def __init__(
        self,
        target: str,
        people: Sequence[Volunteer],
        *,
        folder: Path,
        dialled: str,
        rate: float = 10.0,
        sound: bool = True,
    ) -> None:
        self.talks: list[LineTalk] = []
        self.talks_end = False  # everybody ends the talk as soon as there is one
        self._volunteers = {one.id: one for one in people}
        calls = [
            Caller(one.id, "on the line", one.script(), hangs_up_after=one.leaves_after)
            for one in people
        ]
        super().__init__(target, calls, folder=folder, rate=rate, dialled=dialled, sound=sound)

    def vanish(self) -> None:
        """All their phones are dead from now on; may be called in any thread."""

        def vanish(_now: float) -> None:
            for party in self._engine.parties():
                if isinstance(party, _OnLine):
                    party.vanish()

        self._engine.soon(vanish)

    def _greet(self, event: Event, now: float) -> _Call | None:
        if event.word != "dial":
            return None
        self._first = self._first or now
        who = int(event.fields["id"])
        caller = self._callers[who]
        party = _OnLine(caller, event.call, self._sipp, now, self._dialled, self._sound)
        party.attend(self, self._volunteers[who])
        return party

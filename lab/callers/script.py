"""What a caller does after the answer, as a list of steps, and the one who carries it out.

A caller acts on what is heard, as people do: `(Hear(), Wait(2), Keys("1"), Hear(), Quiet(1),
Keys("3"))` presses 1 two seconds into the first prompt, and 3 when the next one has ended.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from lab.callers.ear import Ear
from lab.callers.mouth import Mouth
from lab.callers.rtp import KEYS


@dataclass(frozen=True)
class Wait:
    """Does nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Hear:
    """Waits for a sound that comes after this step has begun."""


@dataclass(frozen=True)
class Quiet:
    """Waits until there has been no sound for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Meet:
    """Waits until a person speaks: anyone of `rtp.VOICES`."""


@dataclass(frozen=True)
class Keys:
    """Presses keys, each `tone` seconds down and `gap` seconds up (whole multiples of 20 ms)."""

    keys: str
    tone: float = 0.1
    gap: float = 0.1

    def __post_init__(self) -> None:
        if not set(self.keys) <= set(KEYS):
            raise ValueError(f"keys: expected only {KEYS}, got {self.keys!r}")


@dataclass(frozen=True)
class Until:
    """Waits for a prompt of `rtp.PROMPTS` (see prompts.py).

    `instead`: what is done first whenever one of these is heard in its place.
    """

    prompt: str
    instead: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Patience:
    """From here on, hangs up after so many seconds unless a person has spoken by then.

    It happens on the next sound, or when there has been none for DEAD_AIR seconds.
    """

    seconds: float


@dataclass(frozen=True)
class HangUp:
    """Hangs up."""


@dataclass(frozen=True)
class Vanish:
    """The phone is dead from here on: it sends no sound, and does not hang up."""


DEAD_AIR = 0.3  # seconds of silence after which one who is out of patience waits for no sound

Step = Wait | Hear | Quiet | Meet | Keys | Until | Patience | HangUp | Vanish


class Actor:
    """Carries out one script, and hangs up `at_most` seconds after the answer in any case."""

    def __init__(
        self, steps: Sequence[Step], mouth: Mouth, ear: Ear, at_most: float | None = None
    ) -> None:
        self._steps: Iterator[Step] = iter(steps)
        self._acted_on = ear.start  # what was heard until then
        self._mouth = mouth
        self._ear = ear
        self._leaves_at = None if at_most is None else ear.start + at_most
        self._gives_up_at: float | None = None
        self.vanished = False
        self._step: Step | None = None
        self._next(ear.start)

    def act(self, now: float) -> bool:
        """Goes as far in the script as is possible now; True: the caller hangs up."""
        if self._leaves_at is not None and now >= self._leaves_at:
            return True
        if self.impatient(now) and now >= self._dead_air:
            return True
        while self._step is not None and self._done(self._step, now):
            if isinstance(self._step, HangUp):
                return True
            if isinstance(self._step, Vanish):
                self.vanished = True
                return False
            self._next(now)
        return False

    def impatient(self, now: float) -> bool:
        """The caller's patience has ended, and he hangs up if there is a sound at this moment.

        One hangs up on music. The moment after it has stopped may be somebody answering, and a
        call that ends in that moment is an answered one to the hotline and none to the caller.
        """
        return self._gives_up_at is not None and now >= self._gives_up_at and not self._ear.met

    @property
    def _dead_air(self) -> float:
        """When one who is out of patience waits for no sound any more."""
        return max(self._ear.last_sound or 0.0, self._ear.opened) + DEAD_AIR

    @property
    def idle(self) -> bool:
        """Whether nothing is done but to wait."""
        return isinstance(self._step, Wait)

    def listening(self, now: float) -> bool:
        """Whether it matters now what there is to hear, beside persons."""
        return isinstance(self._step, Hear | Quiet | Until) or self.impatient(now)

    def due(self, now: float) -> float:
        """When there may be something to do, if nothing is heard and no key is being pressed."""
        moments = [] if self._leaves_at is None else [self._leaves_at]
        if self._gives_up_at is not None and not self._ear.met:
            moments.append(self._dead_air if now >= self._gives_up_at else self._gives_up_at)
        match self._step:
            case Wait(seconds):
                moments.append(self._since + seconds)
            case Quiet(seconds):
                moments.append(max(self._since, self._ear.last_sound or 0.0) + seconds)
            case Keys():
                moments.append(now)
        return min(moments, default=math.inf)

    def _next(self, now: float) -> None:
        self._since = now
        self._step = next(self._steps, None)
        match self._step:
            case Keys(keys, tone, gap):
                self._mouth.press(keys, tone, gap)
            case Patience(seconds):
                self._gives_up_at = now + seconds

    def _done(self, step: Step, now: float) -> bool:
        sound = self._ear.last_sound
        match step:
            case Wait(seconds):
                return now - self._since >= seconds
            case Hear():
                return sound is not None and sound > self._since
            case Quiet(seconds):
                return now - max(self._since, sound or 0.0) >= seconds
            case Meet():
                return bool(self._ear.voices)
            case Keys():
                return not self._mouth.pressing
            case Until():
                return self._heard(step, now)
            case Patience() | HangUp() | Vanish():
                return True

    def _heard(self, step: Until, now: float) -> bool:
        """Whether the step is over: for good, or until something else is done."""
        since, prompts = self._acted_on, self._ear.prompts
        heard = {name for name, began in prompts.items() if began > since}
        steps = next((of for name, of in step.instead.items() if name in heard), None)
        if step.prompt not in heard and steps is None:
            return False
        self._acted_on = now
        if step.prompt not in heard and steps is not None:
            self._steps = chain(steps, (step,), self._steps)
        return True

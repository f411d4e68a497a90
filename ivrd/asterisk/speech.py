"""Prompts to one channel in AsyncAGI, one after the other; a new speech interrupts the one before.

One mouth: at most one prompt plays at a time, and the next is sent when the one before has ended.
A key is never read from a prompt's result but from the DTMFEnd event, which shows every key; the
prompt it interrupts is stopped by ControlPlayback.  So the dialplan alone ignores keys and plays
a prompt to its end when ivrd is gone, and the silence after that is the lease at most: each prompt
first sets TIMEOUT(absolute) to its own length plus the lease, and to the lease alone as soon as it
has ended, of whatever: it may be stopped by an ivrd that never gets to say the next one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.async_agi import Session, quoted

SAMPLES_A_SECOND = 8000
INTERRUPT_AGAIN_SECONDS = 0.2  # a stop can fall between two commands and be lost: say it again

Prompt = tuple[str, str]  # its language and its name


class Speech:
    """`length(prompt)`: its seconds, asked each time that it is said; None for one that cannot be
    played now, which is left out.

    `ended(result)` gets Asterisk's line when a prompt has ended, and is to have it taken in by
    `prompt_ended` in its turn; `done()` is called when all has been said.
    """

    def __init__(
        self,
        session: Session,
        length: Callable[[Prompt], float | None],
        lease_seconds: float,
        ended: Callable[[str], None],
        done: Callable[[], None],
    ) -> None:
        self.mute = False  # nothing of what was to be said could be
        self._session = session
        self._length = length
        self._lease_seconds = lease_seconds
        self._ended = ended
        self._done = done
        self._to_say: deque[Prompt] = deque()
        self._saying: Prompt | None = None
        self._said_for = 0.0  # seconds that the prompt takes
        self._said_by = 0.0  # when it has ended by itself, on the loop's clock
        self._interrupted = False
        self._stray_stops = 0  # sent, and not known to have stopped what they were meant for
        self._clock: asyncio.TimerHandle | None = None  # for the next stop

    def say(self, prompts: Iterable[Prompt]) -> None:
        """Say these at once, and nothing any more of what was to be said before.

        Nothing at all while a number is keyed in: then each key renews the lease.
        """
        self._to_say = deque(prompts)
        self.mute = bool(self._to_say)
        if not self._saying:
            if not self._to_say:
                self._renew(0.0)
            self._go_on()
        elif not self._interrupted:
            self._interrupt()

    def clear(self) -> None:
        """Say nothing more after the prompt that plays."""
        self._to_say.clear()

    def stop_playing(self) -> None:
        """Stop what plays on the channel, also what an earlier session has begun."""
        self._stray_stops += 1
        self._session.stop_playing()

    def prompt_ended(self, result: str) -> None:
        """A prompt has ended. One that was cut short by a stop meant for another is said again."""
        said, self._saying = self._saying, None
        self._stop_clock()
        if "result=-1" in result:
            return  # the caller is gone, or the file is: Asterisk ends AsyncAGI
        if said and self._stray_stops and self._cut_short(result):
            self._stray_stops -= 1
            if not self._interrupted:
                self._to_say.appendleft(said)
        self._go_on()

    def close(self) -> None:
        """Interrupt nothing more, and tell nobody of anything.

        Whoever was told has this speech: without a cycle both are gone when the last one is.
        """
        self._stop_clock()
        self._ended, self._done = _to_nobody, lambda: None

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()

    def _go_on(self) -> None:
        """Say the next prompt that can be played."""
        while self._to_say:
            prompt = self._to_say.popleft()
            seconds = self._length(prompt)
            if seconds is not None:
                self._say(prompt, seconds)
                return
        self._done()

    def _say(self, prompt: Prompt, seconds: float) -> None:
        self._saying, self._interrupted, self.mute = prompt, False, False
        self._said_for = seconds
        self._said_by = asyncio.get_running_loop().time() + seconds
        self._renew(seconds)
        language, name = prompt
        path = f"{language}/{dialplan_names.PROMPT_FOLDER}/{name}"
        done = self._session.send(f'STREAM FILE {quoted(path)} ""', seconds)
        self._renew(0.0)
        done.add_done_callback(self._prompt_done)

    def _prompt_done(self, done: "asyncio.Future[str]") -> None:
        if not done.cancelled() and done.exception() is None:
            self._session.event()
            self._ended(done.result())

    def _cut_short(self, result: str) -> bool:
        _, _, position = result.partition("endpos=")
        return position.isdecimal() and int(position) < 0.5 * self._said_for * SAMPLES_A_SECOND

    def _interrupt(self) -> None:
        """Stop the prompt that plays, again and again until it has ended."""
        self._interrupted = True
        loop = asyncio.get_running_loop()
        if loop.time() < self._said_by:
            self.stop_playing()
            self._stop_clock()
            self._clock = loop.call_later(INTERRUPT_AGAIN_SECONDS, self._interrupt)

    def _renew(self, seconds: float) -> None:
        """From now on the caller can be without us for `seconds` plus the lease."""
        until = f"{seconds + self._lease_seconds:.1f}"
        self._session.tell(f"SET VARIABLE TIMEOUT(absolute) {quoted(until)}")


def _to_nobody(_result: str) -> None:
    """What has ended when the conversation is over."""

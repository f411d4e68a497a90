"""What one end of a call sends: a packet each 20 ms, a voice or silence, and keys."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from lab.callers import rtp


@dataclass(frozen=True)
class _Press:
    """What is sent in one 20 ms of a key press; `copies` of the packet, all of one time."""

    key: str
    duration: int  # samples the key has been down
    first: bool = False
    last: bool = False


class Mouth:
    """Makes the packets of one RTP stream. Sequence numbers are shared by sound and keys."""

    def __init__(self, source: int) -> None:
        self.typed = ""  # keys whose pressing has begun
        self.typed_at: float | None = None  # seconds of sending before the last of them
        self._ticks = 0
        self._source = source
        self._sequence = source & 0x7FFF
        self._time = source * rtp.SAMPLES
        self._pressed_at = 0
        self._payload = rtp.SILENCE
        self._presses: deque[_Press | None] = deque()

    def speak(self, kind: str | None) -> None:
        """Sends the tone of this kind of person from now on; None is silence."""
        self._payload = rtp.tone(rtp.VOICES[kind]) if kind else rtp.SILENCE

    def press(self, keys: str, tone: float, gap: float) -> None:
        """Presses keys one after the other: `tone` seconds down, `gap` seconds up.

        Both are counted in whole packets of 20 ms, at least one.
        """
        down, up = (max(1, round(seconds / rtp.FRAME)) for seconds in (tone, gap))
        for key in keys:
            for n in range(1, down + 1):
                self._presses.append(_Press(key, n * rtp.SAMPLES, first=n == 1))
            self._presses.append(_Press(key, down * rtp.SAMPLES, last=True))
            self._presses.extend([None] * (up - 1))

    def pause(self, until: float) -> None:
        """Has sent nothing; goes on with what is due `until` seconds after the beginning."""
        skipped = max(0, round(until / rtp.FRAME) - self._ticks)
        self._time += skipped * rtp.SAMPLES
        self._ticks += skipped

    @property
    def speaking(self) -> bool:
        """There is a voice, and not silence."""
        return self._payload is not rtp.SILENCE

    @property
    def pressing(self) -> bool:
        """Keys are being pressed, or are still to be."""
        return bool(self._presses)

    def next(self) -> list[bytes]:
        """The packets of the next 20 ms."""
        press = self._presses.popleft() if self._presses else None
        packets = self._press(press) if press else []
        if press is None or press.last:  # a key that is down silences the voice
            packets.append(self._packet(rtp.ALAW_TYPE, self._time, self._payload))
        self._time += rtp.SAMPLES
        self._ticks += 1
        return packets

    def _press(self, press: _Press) -> list[bytes]:
        if press.first:
            self._pressed_at = self._time
            self.typed += press.key
            self.typed_at = self._ticks * rtp.FRAME
        payload = rtp.key_event(press.key, press.duration, end=press.last)
        # The end is sent three times, so that a lost packet loses no key (RFC 4733, 2.5.1.4).
        return [
            self._packet(rtp.EVENT_TYPE, self._pressed_at, payload, marker=press.first)
            for _ in range(3 if press.last else 1)
        ]

    def _packet(self, kind: int, time: int, payload: bytes, marker: bool = False) -> bytes:
        self._sequence += 1
        return rtp.packet(kind, self._sequence, time, self._source, payload, marker)

"""What one end of a call hears: sound or silence, whose voice it is, and which prompts."""

from __future__ import annotations

import math

from lab.callers import rtp

SURE_AFTER = 2  # packets in a row that sound like the same person; music never makes even one
APART = 1.0  # seconds; a prompt that is heard again so soon is still the same
PURE = 0.8  # share of the sound's power that the tone must hold

_SIGNS = bytes(code >> 7 for code in range(256))  # A-law's first bit is the sign
# How often a tone's sign turns to plus in 20 ms, or once more or less: cheap to count, and no kind
# has it for nearly all other sound.
_TONES = {**rtp.VOICES, **rtp.PROMPTS}
_BY_WAVES = {hertz // 50 + off: kind for kind, hertz in _TONES.items() for off in (-1, 0, 1)}


def purity(payload: bytes, hertz: int) -> float:
    """The share (0 to 1) of a payload's power that lies at one frequency (Goertzel)."""
    samples = [rtp.LINEAR[code] for code in payload]
    power = sum(sample * sample for sample in samples)
    turn = 2 * math.cos(2 * math.pi * hertz / rtp.RATE)
    one = two = 0.0
    for sample in samples:
        one, two = sample + turn * one - two, one
    return (one * one + two * two - turn * one * two) * 2 / (len(samples) * power)


def voice(payload: bytes) -> str | None:
    """Which kind of person speaks in this payload, or which prompt of `rtp.PROMPTS` it is of.

    None for anybody or anything else.
    """
    if len(payload) != rtp.SAMPLES:
        return None
    kind = _BY_WAVES.get(payload.translate(_SIGNS).count(b"\0\1"))
    return kind if kind and purity(payload, _TONES[kind]) > PURE else None


class Ear:
    """Listens from `start`; all times are seconds of the caller's own clock."""

    def __init__(self, start: float) -> None:
        self.start = start
        self.opened = start  # since when it hears all there is, and not persons alone
        self.packets = 0  # heard, silent ones too
        self.first_sound: float | None = None
        self.last_sound: float | None = None
        self.silence = (0.0, start)  # the longest that has ended: its length, its beginning
        self.voices: dict[str, float] = {}  # kind of person: when first heard
        self.prompts: dict[str, float] = {}  # prompt: when it last began
        self._sounded: dict[str, float] = {}  # prompt: when it was last to be heard
        self._payload = b""
        self._voice: str | None = None  # whose the last payload is
        self._guess: str | None = None  # who seems to be speaking
        self._agreed = 0
        self._guessed_at = start

    def hear(self, packet: bytes, now: float) -> bool:
        """Takes one packet as it came from the wire; whether there is sound in it."""
        if len(packet) <= rtp.HEADER or packet[1] & 0x7F != rtp.ALAW_TYPE:
            return False
        self.packets += 1
        if len(packet.rstrip(rtp.QUIET)) <= rtp.HEADER:
            return False
        self.silence = self.longest_silence(now)
        self.last_sound = now
        if self.first_sound is None:
            self.first_sound = now
        payload = packet[rtp.HEADER :]
        if payload != self._payload:  # a tone's packets are all alike: one look is enough
            self._payload, self._voice = payload, voice(payload)
        self._recognise(self._voice, now)
        return True

    def forget(self) -> None:
        """Whoever speaks next is somebody else."""
        self.voices.clear()
        self._guess, self._agreed = None, 0

    @property
    def speaker(self) -> str | None:
        """Who is speaking."""
        return self._guess if self._agreed >= SURE_AFTER and self._guess in rtp.VOICES else None

    @property
    def met(self) -> bool:
        """A person has spoken, or seems to begin to."""
        return bool(self.voices) or self._guess in rtp.VOICES

    def longest_silence(self, now: float) -> tuple[float, float]:
        """(seconds, when it began) of the longest time without sound until now."""
        since = self.start if self.last_sound is None else self.last_sound
        return (now - since, since) if now - since > self.silence[0] else self.silence

    def _recognise(self, kind: str | None, now: float) -> None:
        if kind != self._guess:
            self._guess, self._agreed, self._guessed_at = kind, 0, now
        self._agreed += 1
        if kind in rtp.VOICES and self._agreed == SURE_AFTER:
            self.voices.setdefault(kind, self._guessed_at)
        elif kind in rtp.PROMPTS and self._agreed >= SURE_AFTER:
            if now > self._sounded.get(kind, -math.inf) + APART:
                self.prompts[kind] = now
            self._sounded[kind] = now

"""A telephone that types faster than people, in each way in which keys are sent.

phone = TypingPhone(lab.sip)
phone.invite(payloads="8")  # without RFC 4733
phone.type("121", INBAND, INFO)
"""

from __future__ import annotations

import math
import struct
import time
from functools import cache

from lab.callers import rtp
from lab.phone import EVENT, PACKET_SECONDS, SILENCE, Phone

RFC4733, INFO, INBAND = "rfc4733", "info", "inband"
ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)  # Hz (ITU-T Q.23)
LAYOUT = "123A456B789C*0#D"
HEIGHT = 8000  # of each of the two tones, of 32768 (-12 dBFS)
FAST = 0.04  # seconds down, and as many up: a key each 80 ms


class TypingPhone(Phone):
    """One call at a time, as Phone."""

    def type(self, keys: str, *ways: str, down: float = FAST, up: float = FAST) -> None:
        """Keys one after the other, each in all of these `ways`, at the pace of a telephone.

        Returns when all are sent, and those by INFO are answered.
        """
        self._due = time.monotonic()
        self._moment = 160 * self._packets
        for key in keys:
            if INFO in ways:
                body = f"Signal={key}\r\nDuration={round(down * 1000)}\r\n"
                self._send("INFO", {"Content-Type": "application/dtmf-relay"}, body)
            self._press(key, round(down / PACKET_SECONDS), ways)
            for _ in range(round(up / PACKET_SECONDS)):
                self._send_packet(8, SILENCE, self._moment)
                self._pace()
        for _ in range(len(keys) if INFO in ways else 0):
            answer = self._wait(lambda m: m.status >= 200 and m.method == "INFO", "an answer")
            assert answer.status == 200, answer.first

    def _press(self, key: str, packets: int, ways: tuple[str, ...]) -> None:
        began, digit = self._moment, rtp.KEYS.index(key)
        for n in range(packets):
            if RFC4733 in ways:
                event = struct.pack("!BBH", digit, 10, 160 * (n + 1))
                self._send_packet(EVENT | (0 if n else 0x80), event, began)
            if INBAND in ways or RFC4733 not in ways:
                sound = tones(key, n) if INBAND in ways else SILENCE
                self._send_packet(8, sound, self._moment)
            self._pace()
        if RFC4733 in ways:
            for _ in range(3):
                event = struct.pack("!BBH", digit, 0x8A, 160 * packets)
                self._send_packet(EVENT, event, began)

    def _pace(self) -> None:
        self._moment += 160
        self._due += PACKET_SECONDS
        time.sleep(max(0.0, self._due - time.monotonic()))


@cache
def tones(key: str, packet: int) -> bytes:
    """The A-law of 20 ms of a key, so many packets after it went down."""
    row, column = divmod(LAYOUT.index(key), len(COLUMNS))
    turns = [2 * math.pi * hertz / rtp.RATE for hertz in (ROWS[row], COLUMNS[column])]
    places = range(packet * rtp.SAMPLES, (packet + 1) * rtp.SAMPLES)
    return bytes(rtp.alaw(HEIGHT * sum(math.sin(turn * n) for turn in turns)) for n in places)

"""A socket that takes nothing but persons' voices: the kernel throws all else away.

Whoever waits gets 50 packets of music a second; of a thousand who wait nobody can read them all.
A tone's packets are all alike (rtp.VOICES), so four bytes tell a voice from anything else; whose it
is the ear finds out.  A classic BPF program of the socket looks at them (Linux, filter.rst).
"""

from __future__ import annotations

import ctypes
import socket
import struct

from lab.callers import rtp

ATTACH, DETACH = 26, 27  # SO_ATTACH_FILTER, SO_DETACH_FILTER: the socket module does not have them
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
UDP_HEADER = 8  # bytes; where a filter of a UDP socket begins to count
ALL = 0xFFFF_FFFF
PLACE = 4  # where in a payload these bytes are: at its beginning all tones are still soft


def mark(payload: bytes) -> int:
    """The four bytes of a payload at which the filter looks."""
    return int.from_bytes(payload[PLACE : PLACE + 4], "big")


def _program() -> bytes:
    marks = [mark(rtp.tone(hertz)) for hertz in rtp.VOICES.values()]
    steps = [(LOAD_WORD, 0, 0, UDP_HEADER + rtp.HEADER + PLACE)]  # a shorter packet is thrown away
    steps += [(JUMP_IF_EQUAL, len(marks) - n, 0, value) for n, value in enumerate(marks)]
    steps += [(RETURN, 0, 0, 0), (RETURN, 0, 0, ALL)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


_CODE = ctypes.create_string_buffer(_program())
_FILTER = struct.pack("@HP", len(_CODE) // 8, ctypes.addressof(_CODE))  # struct sock_fprog


def only_voices(receiver: socket.socket) -> None:
    """From now on only persons' voices arrive; what has arrived can still be read."""
    receiver.setsockopt(socket.SOL_SOCKET, ATTACH, _FILTER)


def everything(receiver: socket.socket) -> None:
    """From now on everything arrives again."""
    receiver.setsockopt(socket.SOL_SOCKET, DETACH, 0)

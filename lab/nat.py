"""A gateway that translates addresses, between two networks that only this process has.

    with Nat() as nat:  # in the main thread: what it starts from now on is inside
        ...  # nat.inside: our address; nat.external: as the others see it
        ...  # nat.outside: theirs; programs started with nat.outdoors before them are there

Whatever comes for the external address goes on to the inner one, with the same port: UDP only.  The
inner address leads nowhere outside.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import struct
import subprocess
import threading
from contextlib import ExitStack, suppress

from lab.running import LabError, Running

INSIDE, EXTERNAL, OUTSIDE = "10.77.0.2", "198.51.100.1", "198.51.100.2"
CLONE_NEWNET = 0x4000_0000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x4004_54CA, 0x0001, 0x1000
DEVICE = "lab0"
PACKET = 65_535
UDP, UDP_CHECKSUM = 17, 6
HEADER = 20  # of IPv4, without options


class Nat(Running):
    """Two networks and what lies between them."""

    inside, external, outside = INSIDE, EXTERNAL, OUTSIDE

    def start(self) -> None:
        """Go inside.  Raises LabError where there are no network namespaces to be had."""
        self._ending = ExitStack()
        home = self._namespace()
        try:
            self._move()
            ours = self._device(INSIDE, f"{OUTSIDE}/32")
            inside = self._namespace()
            self._ending.callback(self._enter, home)
            self._move()
            theirs = self._device(OUTSIDE, f"{EXTERNAL}/32")
            self._outside = self._namespace()
            self._enter(inside)
        except OSError as error:
            self._enter(home)
            self._ending.close()
            raise LabError(
                f"no network namespaces can be had here ({error}): this needs root, and a kernel "
                "with namespaces and /dev/net/tun"
            ) from None
        self._over, over = os.pipe()
        self._ending.callback(os.close, self._over)
        self._relay(ours, theirs, 12, INSIDE, EXTERNAL)
        self._relay(theirs, ours, 16, EXTERNAL, INSIDE)
        self._ending.callback(os.close, over)  # ends both

    def stop(self) -> None:
        """Go back; the networks vanish when the last program in them has ended."""
        self._ending.close()

    @property
    def outdoors(self) -> tuple[str, ...]:
        """What a command line begins with that runs outside."""
        return ("nsenter", f"--net=/proc/{os.getpid()}/fd/{self._outside}", "--")

    def _namespace(self) -> int:
        """This thread's network, as a file."""
        found = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self._ending.callback(os.close, found)
        return found

    def _move(self) -> None:
        """Into a new network."""
        _checked("unshare", CLONE_NEWNET)
        _ip("link", "set", "lo", "up")

    def _enter(self, namespace: int) -> None:
        _checked("setns", namespace, CLONE_NEWNET)

    def _device(self, address: str, route: str) -> int:
        """This network's way to the gateway: its packets can be read from the file."""
        found = os.open("/dev/net/tun", os.O_RDWR)
        self._ending.callback(os.close, found)
        fcntl.ioctl(found, TUNSETIFF, struct.pack("16sH", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
        _ip("address", "add", f"{address}/32", "dev", DEVICE)
        _ip("link", "set", DEVICE, "up")
        _ip("route", "add", route, "dev", DEVICE, "src", address)
        return found

    def _relay(self, source: int, target: int, at: int, old: str, new: str) -> None:
        """Hand on what is for, or from, an address (at this byte of the header), with another."""

        def run() -> None:
            while source in select.select([source, self._over], [], [])[0]:
                with suppress(OSError):  # it cannot be delivered
                    if changed := translated(os.read(source, PACKET), at, old, new):
                        os.write(target, changed)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self._ending.callback(thread.join)


def translated(packet: bytes, at: int, old: str, new: str) -> bytes:
    """A UDP packet with another address at this byte of its header; empty for all others."""
    if len(packet) < HEADER + 8 or packet[0] != 0x45 or packet[9] != UDP:
        return b""
    if packet[at : at + 4] != _packed(old):
        return b""
    changed = bytearray(packet)
    changed[at : at + 4] = _packed(new)
    changed[10:12] = b"\0\0"
    changed[10:12] = struct.pack("!H", _checksum(bytes(changed[:HEADER])))
    where = HEADER + UDP_CHECKSUM
    changed[where : where + 2] = b"\0\0"  # none (RFC 768)
    return bytes(changed)


def _checksum(header: bytes) -> int:
    """Of an IPv4 header (RFC 791)."""
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)


def _packed(address: str) -> bytes:
    return bytes(map(int, address.split(".")))


def _checked(name: str, *arguments: int) -> None:
    """One of the kernel's calls that this Python does not have yet.  Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise OSError(f"ip {' '.join(arguments)}: {said}")

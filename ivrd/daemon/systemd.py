"""Notifies systemd of the service's state: sd_notify(3) without a library.

Outside systemd (no NOTIFY_SOCKET) every function does nothing.  None ever raises: a service
manager that does not read must not hold up a call.
"""

import os
import socket
import time

TIMEOUT_SECONDS = 0.2  # systemd reads its socket at once


def ready() -> None:
    """Ready to take calls; also the end of a reload."""
    _send("READY=1")


def watchdog() -> None:
    """Reset the watchdog: without it for WatchdogSec, systemd restarts the service."""
    _send("WATCHDOG=1")


def stopping(seconds: float = 0.0) -> None:
    """Stopping, which may take `seconds` (0: as the unit's TimeoutStopSec says)."""
    _send("STOPPING=1", *([f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}"] if seconds else []))


def reloading() -> None:
    """Reloading the configuration; `ready` must follow."""
    _send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def status(text: str) -> None:
    """One line for a person who types `systemctl status ivrd`."""
    _send(f"STATUS={' '.join(text.split())}")


def _send(*facts: str) -> None:
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    address = f"\0{path[1:]}" if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(TIMEOUT_SECONDS)
            sender.sendto("\n".join(facts).encode("utf-8", "replace"), address)
    except OSError:
        pass

"""Changes of the shipped configuration that several labs want; see `Plan.change`."""

from typing import Any

from ivrd.config.asterisk import LEAST_SILENCE

LONG_LEASE = 60  # seconds; the longest that a configuration may have


def nobody_for_vaccination(name: str, settings: dict[str, Any]) -> None:
    """Only the closed surge seats serve that queue: who waits there waits on."""
    if name == "queues.yaml":
        settings["pools"]["base"]["queues"] = ["home_isolation", "benefits", "other"]


def soon_lost(name: str, settings: dict[str, Any]) -> None:
    """A phone that has vanished is noticed after the shortest time."""
    if name == "ivrd.yaml":
        settings["asterisk"]["media"] = {"silent_seconds": LEAST_SILENCE}


def never_lost(name: str, settings: dict[str, Any]) -> None:
    """A phone that has vanished is never noticed."""
    if name == "ivrd.yaml":
        settings["asterisk"]["media"] = {"silent_seconds": 0, "held_seconds": 0}


def long_lease(name: str, settings: dict[str, Any]) -> None:
    """Callers may be without ivrd for longer than its start takes on the busiest machine."""
    if name == "ivrd.yaml":
        settings["lease_seconds"] = LONG_LEASE

"""Changes of the shipped configuration that several labs want; see `Plan.change`."""

from typing import Any

LONG_LEASE = 60  # seconds; the longest that a configuration may have


def nobody_for_vaccination(name: str, settings: dict[str, Any]) -> None:
    """Only the closed surge seats serve that queue: who waits there waits on."""
    if name == "queues.yaml":
        settings["pools"]["base"]["queues"] = ["home_isolation", "benefits", "other"]


def long_lease(name: str, settings: dict[str, Any]) -> None:
    """Callers may be without ivrd for longer than its start takes on the busiest machine."""
    if name == "ivrd.yaml":
        settings["lease_seconds"] = LONG_LEASE

"""Changes of the shipped configuration that several labs want; see `Plan.change`."""

from typing import Any


def nobody_for_vaccination(name: str, settings: dict[str, Any]) -> None:
    """Only the closed surge seats serve that queue: who waits there waits on."""
    if name == "queues.yaml":
        settings["pools"]["base"]["queues"] = ["home_isolation", "benefits", "other"]

"""What a channel is: one way to another system."""

from typing import Protocol

from ivrd.core.outbox import Result
from ivrd.outbox.message import Message


class Channel(Protocol):
    """Sends messages: `at_once` at a time, `per_second` on average."""

    at_once: int
    per_second: float

    async def send(self, key: str, message: Message) -> Result:
        """One attempt; `key` is the same for each at one message.  Ends within its time limit.

        Whatever goes wrong outside is a result; what it raises is a fault of ours.
        """

    async def close(self) -> None:
        """Release connections."""

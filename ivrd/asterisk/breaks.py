"""Long work in the event loop, with breaks in which all else has its turn.

A leader whose loop stands still for a second loses the lead, and a caller who presses a key waits
for as long: thousands of callers must not be one step of the loop.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

EACH = 50  # items between two breaks; each may take up to half a millisecond

T = TypeVar("T")


async def with_breaks(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, with a break after so many of them."""
    for number, item in enumerate(items, 1):
        yield item
        if number % EACH == 0:
            await asyncio.sleep(0)

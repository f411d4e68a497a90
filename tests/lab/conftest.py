"""Both ends of the sound."""

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    """The other end of the sound."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        yield peer

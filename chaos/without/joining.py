"""Without joining before reading: each packet has to be text by itself, as it comes.

A packet that ends within a letter of three bytes is none, and costs the connection.
"""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.asterisk.ami_protocol import AmiProtocol

received = AmiProtocol.data_received


def data_received(wire: AmiProtocol, data: bytes) -> None:
    """Take bytes as they come."""
    received(wire, data.decode(wire.encoding).encode(wire.encoding))


if __name__ == "__main__":
    replace(AmiProtocol, "data_received", data_received)
    run()

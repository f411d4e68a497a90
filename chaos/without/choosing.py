"""Without choosing by the name: every event is read, whoever it is for."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.asterisk.ami_protocol import AmiProtocol

if __name__ == "__main__":
    replace(AmiProtocol, "_unread", lambda _wire, _block: False)
    run()

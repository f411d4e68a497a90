"""Without quick attempts: an Asterisk without a place for a login is asked as if it were away."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.asterisk.ami_client import AmiClient

if __name__ == "__main__":
    replace(AmiClient, "_pause", lambda _client, pauses: next(pauses))
    run()

"""Without a timeline: every moment is a time of day, ivrd's own or Asterisk's."""

from __future__ import annotations

import time

from chaos.without import replace, run
from ivrd.core.clock import AsteriskClock, Timeline

if __name__ == "__main__":
    replace(Timeline, "now", lambda _timeline: time.time())
    replace(AsteriskClock, "moment", lambda _clock, reading: reading or time.time())
    run()

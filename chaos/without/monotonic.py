"""Without the monotonic clock: ivrd waits by the clock on the wall."""

from __future__ import annotations

import asyncio
import time

from chaos.without import replace, run

if __name__ == "__main__":
    replace(asyncio.BaseEventLoop, "time", lambda _loop: time.time())
    run()

"""app_queue with all partners' seats behind a penalty, open at all times, set up by an expert.

What that expert knows is in conf/always_open: a member for each seat, ringinuse=no, rrmemory, a
pause for a seat that did not answer and its end after a minute, trunks that are asked whether they
are there, limits for each leg, and a key that a person at the partner has to press.
"""

from __future__ import annotations

from bench.peers.hotline import CONF, Hotline
from bench.peers.system import Setting

NAME = "always open"


def always_open(setting: Setting) -> Hotline:
    """The queue with everybody in it."""
    return Hotline(CONF / "always_open", setting)

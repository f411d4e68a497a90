"""A stock dialplan: Queue() with a time-out, then Dial() to each partner in turn."""

from __future__ import annotations

from bench.peers.hotline import CONF, Hotline
from bench.peers.system import Setting

NAME = "stock dialplan"


def stock(setting: Setting) -> Hotline:
    """Partners are dialled in the order of their pledges, as in conf/stock/extensions.conf."""
    return Hotline(CONF / "stock", setting)

"""Another account of the machine takes the places in which Asterisk waits for a login."""

from datetime import datetime

import pytest

from lab.strangers import Strangers
from tests.real.rig import Hotline

# With authlimit=10, authtimeout=5 and pauses of 2 s between attempts, ten connections were enough
# to keep ivrd away for 31 s and more (docs/decisions/0020-the-edge.md).
UNMENDED_SECONDS = 31.0


def seconds_to_connect(lab: Hotline) -> list[float]:
    """Of each start of ivrd: how long it took from there until it was connected, by its log."""
    took, started = [], None
    for line in lab.ivrd.log_text().splitlines():
        if "ivrd started" in line:
            started = moment(line)
        elif "connected to Asterisk" in line and started:
            took.append((moment(line) - started).total_seconds())
    return took


def moment(line: str) -> datetime:
    return datetime.strptime(line[:19], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  both of one zone


@pytest.mark.lasts(20)
@pytest.mark.parametrize("count", [10, pytest.param(500, marks=pytest.mark.verify)])
def test_strangers_who_hold_all_connections_they_can_do_not_keep_ivrd_off_asterisk(hotline, count):
    lab = hotline(agents=1)
    with Strangers(lab.ami_port, count):
        for start in range(3):
            lab.ivrd.kill()
            lab.ivrd.start()
            # what it logs is written a moment later
            lab.until("its log says so", lambda _, n=start + 2: len(seconds_to_connect(lab)) == n)
    away = seconds_to_connect(lab)[1:]
    assert max(away) < lab.lag.stretched(UNMENDED_SECONDS / 2), away

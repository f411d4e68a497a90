"""The lag that a run has measured: what a process that stood still was kept from."""

import os
import select
import signal
import subprocess
import sys

from lab.lag import HAND_OVERS, Lag

MEASURES = """
from lab.lag import Lag
with Lag() as lag:
    print(flush=True)
    input()
print(lag.longest)
"""


def test_a_process_that_stood_still_knows_for_how_long():
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", MEASURES], stdin=pipe, stdout=pipe) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        select.select([], [], [], 1.0)  # the time that is to be measured
        process.send_signal(signal.SIGCONT)
        longest, _ = process.communicate(b"\n", timeout=60)
    assert float(longest) > 0.9


def test_a_limit_grows_with_the_lag():
    lag = Lag()
    assert lag.stretched(5.0) == 5.0
    lag.longest = 0.5
    assert lag.stretched(5.0) == 5.0 + HAND_OVERS * 0.5

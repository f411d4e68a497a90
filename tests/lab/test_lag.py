"""The lag that a run has measured: how long its threads were kept from a processor."""

import os
import subprocess
import sys
import time

from lab.lag import HAND_OVERS, Lag, waits

SPINS = "while True: pass"


def test_of_three_that_want_one_processor_each_waits_and_a_lag_knows_it():
    (core, *_) = os.sched_getaffinity(0)
    command = ["taskset", "--cpu-list", str(core), sys.executable, "-c", SPINS]
    spinning = [subprocess.Popen(command) for _ in range(3)]
    try:
        with Lag(lambda: [process.pid for process in spinning]) as lag:
            deadline = time.monotonic() + 60
            while min(max(waits(p.pid).values()) for p in spinning) < 0.5:
                assert time.monotonic() < deadline
                time.sleep(0.05)
    finally:
        for process in spinning:
            process.kill()
            process.wait()
    assert lag.longest >= 0.4
    assert waits(spinning[0].pid) == {}


def test_a_limit_grows_with_the_lag():
    lag = Lag()
    assert lag.stretched(5.0) == 5.0
    lag.longest = 0.5
    assert lag.stretched(5.0) == 5.0 + HAND_OVERS * 0.5

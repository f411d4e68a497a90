"""What a run has taken of the machine, and who was the limit."""

import os
import time

import pytest

from lab.machine import Machine, Usage, busy_seconds, cpu_seconds
from lab.running import spawn


def test_what_a_process_takes_is_counted_for_its_group() -> None:
    with spawn(["sh", "-c", "while :; do :; done"]) as busy:
        try:
            with Machine(lambda: (), lambda: (busy.pid,), lambda: 0.0) as machine:
                while cpu_seconds(busy.pid) < 0.5:
                    time.sleep(0.05)  # nothing tells
                usage = machine.usage()
        finally:
            busy.kill()
    assert usage.processors == os.cpu_count()
    assert 0.0 <= usage.lab < usage.hotline < 1.0
    assert usage.hotline <= usage.busy + 0.05  # the kernel counts both in steps of 10 ms
    assert not usage.lab_was_the_limit


def test_a_process_that_has_gone_keeps_what_it_took() -> None:
    assert cpu_seconds(2**22 + 1) == 0.0  # above pid_max
    assert busy_seconds() > 0.0


@pytest.mark.parametrize(
    ("lab", "left_out", "told"),
    [
        (0.3, 0.0, "took 30%, the hotline 20%, others 20%."),
        (0.3, 1.5, "others 20%. 1.5 s of sound were not sent in time: the machine was too busy."),
        (0.4, 1.5, "others 10%. 1.5 s of sound were not sent in time: they were the limit."),
    ],
)
def test_the_sentence(lab: float, left_out: float, told: str) -> None:
    usage = Usage(2, lab, hotline=0.2, busy=0.7, left_out=left_out)
    assert str(usage).startswith("Of this machine's 2 processors the simulated people took ")
    assert str(usage).endswith(told)
    assert usage.lab_was_the_limit == ("limit" in told)

"""What a run has taken of the machine, and who was the limit."""

import os
import time

import pytest

from lab.machine import Machine, Usage, busy_seconds, cpu_seconds
from lab.running import spawn


def test_what_a_process_takes_is_counted_for_its_group() -> None:
    with spawn(["sh", "-c", "while :; do :; done"]) as busy:
        try:
            with Machine((), lambda: (busy.pid,)) as machine:
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
    ("python", "limited", "told"),
    [
        (0.2, None, "took 30%, the hotline 20%, others 20%."),
        (0.2, "1.5 s are gone", "others 20%. 1.5 s are gone: the machine was too busy."),
        (0.3, "some were late", "others 10%. Some were late: they were the limit."),
    ],
)
def test_the_sentence(python: float, limited: str | None, told: str) -> None:
    usage = Usage(2, sipp=0.1, python=python, hotline=0.2, busy=0.7, limited=limited)
    assert str(usage).startswith("Of this machine's 2 processors the simulated people took ")
    assert str(usage).endswith(told)
    assert usage.lab_was_the_limit == ("limit" in told)

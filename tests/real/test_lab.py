"""What `python -m lab up` leaves behind when it is killed: nothing."""

import json
import os
import select
import subprocess
import sys

from lab.ivrd import PROJECT
from lab.running import spawn


def test_nothing_outlives_a_lab_that_was_killed(tmp_path):
    ports = [word for name in ("sip", "ami", "http") for word in (f"--{name}-port", "0")]
    where = ["--agents", "1", "--dir", str(tmp_path / "lab")]
    command = [sys.executable, "-m", "lab", "up", *ports, *where]
    with spawn(command, cwd=PROJECT, stdout=subprocess.PIPE) as lab:
        parts = json.loads(lab.stdout.readline())["pids"]
        assert set(parts) == {"asterisk", "ivrd", "agents"}
        running = {name: os.pidfd_open(pid) for name, pid in parts.items()}
        lab.kill()
    for name, process in running.items():
        assert select.select([process], [], [], 60)[0], f"{name} runs on"
        os.close(process)

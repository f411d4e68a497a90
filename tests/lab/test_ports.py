"""Ports for labs side by side: nobody gets what another process has, until that one has ended."""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab import ports
from lab.ports import FIRST, LAST, UNIT, Block, free_port, is_free
from lab.running import LabError, spawn

ALL = LAST + 1 - FIRST

CLAIMS = """
import sys
from lab import ports
ports.CLAIM = "\\0" + sys.argv[1]
block = ports.Block(int(sys.argv[2]))
print(block.first, block.last, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_names(monkeypatch):
    """Claims that no lab of this machine knows of."""
    name = f"ivrd-test-{os.getpid()}-{{}}"
    monkeypatch.setattr(ports, "CLAIM", f"\0{name}")
    return name


@contextmanager
def another(name: str, count: int) -> Iterator[tuple[int, int]]:
    """Another process that has so many ports: the first and the last. It is killed at the end."""
    command = [sys.executable, "-c", CLAIMS, name, str(count)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            first, last = map(int, process.stdout.readline().split())
            yield first, last
        finally:
            process.kill()


def test_blocks_do_not_overlap_and_are_as_large_as_was_asked_for():
    with Block(2 * UNIT - 1) as one, Block(1) as two:
        assert (one.first, one.last) == (FIRST, FIRST + 2 * UNIT - 1)
        assert (two.first, two.last) == (one.last + 1, one.last + UNIT)


def test_a_block_lies_behind_what_another_process_has_until_that_is_killed(own_names):
    with another(own_names, UNIT) as taken:
        with Block(ALL - UNIT) as block:
            assert (block.first, block.last) == (taken[1] + 1, LAST)
            with pytest.raises(LabError, match="no 1 ports are left"):
                Block(1)
        with pytest.raises(LabError, match=f"no {ALL} ports are left"):
            Block(ALL)
    with Block(ALL) as block:
        assert (block.first, block.last) == (FIRST, LAST)


def test_single_ports_differ_and_one_in_use_is_left_out():
    given = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as user:
        user.bind((ports.HOST, given + 1))
        assert not is_free(given + 1, socket.SOCK_DGRAM)
        assert is_free(given + 1, socket.SOCK_STREAM)
        assert free_port() == given + 2


def test_what_was_started_dies_with_the_one_who_started_it():
    command = "from lab.running import spawn; print(spawn(['sleep', '600']).pid, flush=True)"
    keeps = f"{command}; input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", keeps], stdin=pipe, stdout=pipe) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    with os.fdopen(child) as ended:
        assert select.select([ended], [], [], 30)[0]


def test_it_keeps_its_process_id():
    with spawn(["sleep", "600"]) as process:
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(30) == -signal.SIGTERM

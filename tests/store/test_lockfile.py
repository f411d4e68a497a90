"""Two ivrd on one file would count every call twice: the second one is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from ivrd.store.lockfile import Claimed, claim

HOLDER = """
import sys
from pathlib import Path
from ivrd.store.lockfile import claim
with claim(Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.read()
"""


def test_a_second_one_is_refused_until_the_first_has_been_killed(tmp_path: Path) -> None:
    file = tmp_path / "state" / "ivrd.sqlite"
    command = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"mine\n"
        with pytest.raises(Claimed) as caught, claim(file):
            pass
        assert str(caught.value) == f"another ivrd uses the store {file}; each needs its own"
        with claim(tmp_path / "state" / "other.sqlite"):
            pass
        first.kill()
        first.wait()
    for _ in range(2):
        with claim(file):
            pass
    assert not file.exists()


def test_a_disk_that_cannot_be_written_refuses_nobody(tmp_path: Path) -> None:
    in_the_way = tmp_path / "state"
    in_the_way.write_text("no folder")
    with claim(in_the_way / "ivrd.sqlite"):
        pass

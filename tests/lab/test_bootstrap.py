"""The first step of every make target, on a machine without Python."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BOOTSTRAP = Path(__file__).parents[2] / "lab" / "bootstrap.sh"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A PATH with what every Debian has, and no Python."""
    for name in ("sh", "dirname", "cat", "cksum", "ls"):
        found = shutil.which(name)
        assert found is not None
        (tmp_path / name).symlink_to(found)
    return tmp_path


def run(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BOOTSTRAP), *arguments],
        env={"PATH": str(path), "HOME": os.devnull, "IVRD_CACHE": str(path / "cache")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def script(place: Path, text: str) -> None:
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)


def test_an_ordinary_user_is_told_what_to_install(bare: Path) -> None:
    script(bare / "id", "echo 1000")
    done = run(bare, "dev")
    expected = "Python 3.11 or later is missing. As root: apt-get install python3"
    assert (done.returncode, done.stderr) == (1, f"ivrd: {expected}\n")


def test_a_python_that_is_too_old_does_not_count(bare: Path) -> None:
    script(bare / "id", "echo 1000")
    older = "import sys; sys.version_info = (3, 10, 12); exec(sys.argv[1])"
    script(bare / "python3", f'exec {sys.executable} -c "{older}" "$2"')
    done = run(bare, "dev")
    assert done.returncode == 1
    assert "Python 3.11 or later is missing" in done.stderr


def test_root_without_apt_is_told_what_this_needs(bare: Path) -> None:
    script(bare / "id", "echo 0")
    done = run(bare, "dev")
    assert done.returncode == 1
    assert done.stderr.endswith("this needs Debian 12 or later\n")
    assert done.stderr.count("\n") == 1


def test_for_root_python_is_installed_and_that_is_said_first(bare: Path) -> None:
    script(bare / "id", "echo 0")
    script(bare / "apt-get", 'echo "apt-get $*" >&2; case $* in *update) ;; *) exit 100 ;; esac')
    done = run(bare, "dev")
    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert said[0].startswith("ivrd: Python 3.11 or later is missing: installing")
    assert [line.split()[-1] for line in said[1:3]] == ["update", "python3"]
    assert said[3] == "ivrd: apt-get could not install python3: is this machine online?"
    assert len(said) == 4


def test_a_folder_that_holds_something_else_is_left_alone(bare: Path) -> None:
    (bare / "python3").symlink_to(sys.executable)
    (bare / "precious").mkdir()
    (bare / "precious" / "file").touch()
    done = run(bare, "install", str(bare / "precious"))
    assert done.returncode == 1
    assert done.stderr.endswith("is no Python environment: expected a folder of ivrd's own\n")
    assert (bare / "precious" / "file").exists()


def test_wrong_usage_is_status_2(bare: Path) -> None:
    assert run(bare, "wrong").returncode == 2

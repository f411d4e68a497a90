"""Whether Asterisk has read its files as they are on the disk."""

import os
from pathlib import Path

import pytest

from ivrd.asterisk import console, loaded

STARTED = 1_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("queues.conf", "pjsip.conf"):
        write(tmp_path / name, "as it was", STARTED - 60)
    return tmp_path


def write(path: Path, text: str, at: float) -> None:
    path.write_text(text)
    os.utime(path, (at, at))


def stale(folder: Path) -> list[str]:
    return loaded.stale(folder, ["queues.conf", "pjsip.conf", "missing.conf"], STARTED)


def test_what_was_there_when_asterisk_started_is_loaded(folder: Path) -> None:
    assert stale(folder) == []


def test_what_was_written_since_is_not_loaded_until_it_is_told(folder: Path) -> None:
    write(folder / "queues.conf", "changed", STARTED + 60)
    assert stale(folder) == ["queues.conf"]
    loaded.remember(folder, ["queues.conf", "pjsip.conf"])
    assert stale(folder) == []
    write(folder / "queues.conf", "changed again", STARTED + 61)
    assert stale(folder) == ["queues.conf"]


def test_a_restart_of_asterisk_loads_all(folder: Path) -> None:
    write(folder / "queues.conf", "changed", STARTED + 60)
    assert loaded.stale(folder, ["queues.conf"], STARTED + 120) == []


@pytest.mark.parametrize("text", ["", "no json", "[1]", '{"queues.conf": 7}'])
def test_a_stamp_that_is_none_tells_nothing(folder: Path, text: str) -> None:
    (folder / loaded.STAMP).write_text(text)
    write(folder / "queues.conf", "changed", STARTED + 60)
    assert stale(folder) == ["queues.conf"]


def test_asterisk_is_told_everything_each_time_and_what_it_refuses_is_said(tmp_path: Path) -> None:
    asterisk = tmp_path / "asterisk"
    asterisk.write_text(
        f'#!/bin/sh\necho "$2" >>{tmp_path}/said\n'
        'case "$2" in "core show uptime seconds") echo "System uptime: 60";;\n'
        f'"moh reload") test ! -e {tmp_path}/broken || echo "No such command";; esac\n'
    )
    asterisk.chmod(0o755)
    (tmp_path / console.LINE_FILE).write_text("[general]\n[home.01]\n")
    assert console.reload([str(asterisk)], tmp_path) == []
    said = (tmp_path / "said").read_text().splitlines()
    assert set(said) - {"agent show online"} == set(console.RELOADS.values())
    assert console.started([str(asterisk)]) is not None
    assert console.started([str(tmp_path / "none")]) is None
    (tmp_path / "broken").touch()
    with pytest.raises(console.ConsoleError, match="Asterisk did not take 'moh reload'"):
        console.reload([str(asterisk)], tmp_path)


def test_seats_on_the_line_are_not_taken_from_who_is_there(tmp_path: Path) -> None:
    asterisk = tmp_path / "asterisk"
    online = "home.01  x INUSE PJSIP/carrier-00000001\nhome.02  x INUSE PJSIP/carrier-00000002"
    asterisk.write_text(
        f'#!/bin/sh\necho "$2" >>{tmp_path}/said\n'
        f'case "$2" in "agent show online") echo "{online}";; esac\n'
    )
    asterisk.chmod(0o755)
    (tmp_path / console.LINE_FILE).write_text("[general]\n[home.01]\n")
    assert console.reload([str(asterisk)], tmp_path) == ["home.02"]
    assert console.RELOADS[console.LINE_FILE] not in (tmp_path / "said").read_text()
    assert console.RELOADS["queues.conf"] in (tmp_path / "said").read_text()


@pytest.mark.parametrize(
    ("there", "loads", "runs"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_a_module_is_loaded_when_it_does_not_run(
    tmp_path: Path, there: bool, loads: bool, runs: bool
) -> None:
    asterisk, running = tmp_path / "asterisk", tmp_path / "running"
    line = "codec_opus.so    Opus Coder/Decoder    0          Running     extended"
    load = f"touch {running}" if loads else "echo Unable to load module; exit 1"
    asterisk.write_text(
        f'#!/bin/sh\necho "$2" >>{tmp_path}/said\n'
        f'case "$2" in "module show like codec_opus.so") test -e {running} && echo "{line}";;\n'
        f'"module load codec_opus.so") {load};; esac; exit 0\n'
    )
    asterisk.chmod(0o755)
    if there:
        running.touch()
    assert console.load([str(asterisk)], "codec_opus") is runs
    said = (tmp_path / "said").read_text()
    assert ("module load" in said) is not there

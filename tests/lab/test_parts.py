"""The lab's parts: from PATH, from the cache or from Debian; the real programs at the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import debian
from lab.parts import (
    ASTERISK,
    PROMETHEUS,
    REDIS,
    SIPP,
    Part,
    PartsError,
    cache_dir,
    ensure,
    main,
    plan,
    program,
    root,
)
from tests.lab.fake_apt import LOADER, Fake, make_fake, script

REPOSITORY = Path(__file__).parents[2]
TOOL = Part("tool", "sid", ("tool",), ("ivrd-test-tool",), 1)


@pytest.fixture(name="fake")
def _fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    return make_fake(tmp_path, monkeypatch)


# What is had in the end


def test_a_part_is_fetched_once_and_runs_through_its_own_loader(fake: Fake) -> None:
    assert len(plan(TOOL)) == 1
    base = root(TOOL)
    assert base is not None
    libraries = f"{base}/usr/lib/x86_64-linux-gnu:{base}/usr/lib"
    tool = f"{base}/usr/bin/ivrd-test-tool"
    assert program(TOOL) == (f"{base}/{LOADER}", "--library-path", libraries, tool)
    assert (base.parent / "packages.txt").read_text() == "tool 1:2.0 amd64\n"
    assert plan(TOOL) == []
    assert len(fake.calls("install")) == 1


def test_a_program_on_path_is_used_and_nothing_fetched(fake: Fake) -> None:
    script(fake.folder / "bin" / "ivrd-test-tool", "#!/bin/sh\n")
    assert program(TOOL) == (str(fake.folder / "bin" / "ivrd-test-tool"),)
    assert root(TOOL) is None
    assert plan(TOOL) == []
    assert not (fake.folder / "calls").exists()


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Asterisk 22.10.1~dfsg+~cs6.15", True),
        ("Asterisk certified/20.7-cert2", True),
        ("Asterisk 20.0.0", True),
        ("Asterisk 18.26.4", False),
        ("Asterisk certified/18.9-cert16", False),
        ("Asterisk GIT-master-1234", False),
        ("", False),
    ],
)
def test_an_asterisk_on_path_is_used_from_version_20_on(
    fake: Fake, answer: str, good: bool
) -> None:
    script(fake.folder / "bin" / "asterisk", f"#!/bin/sh\necho '{answer}'\n")
    assert (plan(ASTERISK) == []) is good


def test_ivrd_asterisk_names_the_binary(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVRD_ASTERISK", str(tmp_path / "mine"))
    script(tmp_path / "mine", "#!/bin/sh\necho Asterisk 23.1.0\n")
    assert program(ASTERISK) == (str(tmp_path / "mine"),)
    script(tmp_path / "mine", "#!/bin/sh\necho Asterisk 16.1.0\n")
    with pytest.raises(PartsError, match=r"mine: expected Asterisk 20 or later$"):
        program(ASTERISK)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"IVRD_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/ivrd"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/c"}, "/c/.cache/ivrd"),
        ({"HOME": "/c"}, "/c/.cache/ivrd"),
    ],
)
def test_the_cache_folder(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IVRD_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache_dir() == Path(expected)


# What can go wrong on the way


def test_a_part_that_could_not_be_unpacked_is_not_there_and_is_fetched_again(fake: Fake) -> None:
    (fake.folder / "tool.deb").write_text("half a file")
    with pytest.raises(PartsError, match="dpkg-deb"):
        ensure(TOOL)
    assert len(plan(TOOL)) == 1
    fake.make_deb()
    ensure(TOOL)
    assert plan(TOOL) == []


def test_a_part_without_its_program_is_an_error(fake: Fake) -> None:
    lacking = Part("tool", "sid", ("tool",), ("ivrd-other-tool",), 1)
    with pytest.raises(PartsError, match="ivrd-other-tool is not in the packages"):
        ensure(lacking)
    assert len(plan(lacking)) == 1


def test_what_a_killed_process_left_in_the_parts_place_is_replaced(fake: Fake) -> None:
    base = root(TOOL)
    assert base is not None
    (base.parent / "packages.txt").unlink()
    (base / "usr/bin/ivrd-test-tool").unlink()
    ensure(TOOL)
    assert (base / "usr/bin/ivrd-test-tool").exists()


def test_two_processes_at_once_fetch_it_once(fake: Fake) -> None:
    os.mkfifo(fake.folder / "go")
    fake.on("install", 'read line <"$FAKE/go"')
    code = (
        "from pathlib import Path; from lab import debian, parts;"
        f"debian.OS_RELEASE = Path({str(debian.OS_RELEASE)!r});"
        f"debian.KEYRING = Path({str(debian.KEYRING)!r});"
        f"parts.ensure(parts.{TOOL!r})"
    )

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code]
        return subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)

    with start() as first, start() as second, (fake.folder / "go").open("r+b", buffering=0) as go:
        try:
            waiting = _said_by_either(first, second, "another process is filling")
        finally:
            go.write(b"go\n" * 9)  # enough for each that may be fetching
            statuses = first.wait(), second.wait()
    assert waiting
    assert statuses == (0, 0)
    assert len(fake.calls("install")) == 1


def _said_by_either(
    first: subprocess.Popen[str], second: subprocess.Popen[str], words: str
) -> bool:
    """Whether one of two processes has said these words as its first line."""
    assert first.stderr is not None
    assert second.stderr is not None
    return any(words in stream.readline() for stream in (first.stderr, second.stderr))


# What the person at the terminal sees


@pytest.mark.parametrize(
    ("break_it", "line"),
    [
        ("no apt", "ivrd: dpkg is missing: this needs Debian 12 or later with apt\n"),
        ("no mirror", "ivrd: apt's sources name no Debian mirror for bookworm: look at /etc/apt\n"),
        ("no folder", "set IVRD_CACHE to a folder of yours\n"),
    ],
)
def test_a_failure_is_one_plain_line_and_status_1(
    fake: Fake,
    tmp_path: Path,
    break_it: str,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("lab.parts.PARTS", {"tool": TOOL})
    if break_it == "no apt":
        monkeypatch.setenv("PATH", str(tmp_path))
    if break_it == "no mirror":
        fake.mirrors("http://other/linux noble")
    if break_it == "no folder":
        monkeypatch.setenv("IVRD_CACHE", str(tmp_path / "os-release" / "x"))
    assert main(["ensure", "tool"]) == 1
    said = capsys.readouterr()
    assert said.err.endswith(line)
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_an_unknown_part_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["ensure", "freeswitch"])
    assert stopped.value.code == 2
    assert "choose from" in capsys.readouterr().err


# The real ones


@pytest.mark.parametrize(
    ("part", "binary", "asked", "answer"),
    [
        (ASTERISK, "asterisk", "-V", "Asterisk 2"),
        (SIPP, "sipp", "-v", "SIPp v"),
        (PROMETHEUS, "prometheus", "--version", "prometheus, version "),
        (PROMETHEUS, "promtool", "--version", "promtool, version "),
        (REDIS, "redis-server", "--version", "Redis server v="),
    ],
)
def test_the_real_program_starts(part: Part, binary: str, asked: str, answer: str) -> None:
    command = [*program(part, binary), asked]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert answer in done.stdout + done.stderr

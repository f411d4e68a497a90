"""Fetching parts: against an apt-get that is told how to fail, and the real programs at the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import debian
from lab.debian import Apt
from lab.parts import (
    ASTERISK,
    PROMETHEUS,
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

REPOSITORY = Path(__file__).parents[2]
TOOL = Part("tool", "sid", ("tool",), ("ivrd-test-tool",), 1)
LOADER = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
EXPIRED = "E: Release file for http://deb/dists/sid/InRelease is expired (invalid since 15d)."

# Stands in for apt-get. $FAKE/calls gets its arguments; $FAKE/on-update and on-install are shell
# scripts that run instead of the network, with $conf (the configuration) and $try (1, 2, ...).
APT_GET = """#!/bin/sh
echo "$*" >>"$FAKE/calls"
conf=$2
case "$*" in
"--print-uris update") cat "$FAKE/uris"; exit 0 ;;
*--print-uris*) echo "'http://deb/tool.deb' tool_1%3a2.0_amd64.deb 1000000 SHA256:0"; exit 0 ;;
*update) step=update ;;
*install*) step=install ;;
esac
try=$(grep -v -e --print-uris "$FAKE/calls" | grep -c -w -e $step)
[ ! -e "$FAKE/on-$step" ] || . "$FAKE/on-$step"
[ $step = update ] || cp "$FAKE/tool.deb" "$(dirname "$conf")/cache/archives/tool_1%3a2.0_amd64.deb"
"""


class Fake:
    """The folder that tells the stand-in for apt-get what to do, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir(parents=True)
        script(folder / "bin" / "apt-get", APT_GET)
        script(folder / "bin" / "dpkg", "#!/bin/sh\necho amd64\n")
        self.mirrors("http://deb/debian bookworm", "http://deb/debian bookworm-updates")
        self.make_deb()

    def mirrors(self, *rows: str) -> None:
        pairs = [row.split() for row in rows]
        text = "".join(f"'{base}/dists/{suite}/InRelease' x 0\n" for base, suite in pairs)
        (self.folder / "uris").write_text(text)

    def make_deb(self) -> None:
        tree = self.folder / "tree"
        for name in ("DEBIAN/control", LOADER, "usr/bin/ivrd-test-tool"):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text("")
        control = (
            "Package: tool\nVersion: 1:2.0\nArchitecture: amd64\nMaintainer: a\nDescription: a\n"
        )
        (tree / "DEBIAN/control").write_text(control)
        deb = str(self.folder / "tool.deb")
        subprocess.run(["dpkg-deb", "--build", str(tree), deb], check=True, capture_output=True)

    def on(self, step: str, shell: str) -> None:
        (self.folder / f"on-{step}").write_text(shell)

    def calls(self, step: str) -> list[str]:
        """What apt-get was asked to do over the network: update or install."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [line for line in lines if step in line.split() and "--print-uris" not in line]


def script(place: Path, text: str) -> None:
    place.write_text(text)
    place.chmod(0o755)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_CODENAME="bookworm"\n')
    (tmp_path / "keyring.gpg").touch()
    monkeypatch.setattr(debian, "OS_RELEASE", tmp_path / "os-release")
    monkeypatch.setattr(debian, "KEYRING", tmp_path / "keyring.gpg")
    monkeypatch.setenv("FAKE", str(tmp_path / "fake"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'fake' / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("IVRD_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("IVRD_ASTERISK", raising=False)
    return Fake(tmp_path / "fake")


def apt(tmp_path: Path) -> Apt:
    return Apt("sid", tmp_path / "work", pause=0.0)


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


def test_a_download_that_breaks_twice_is_tried_a_third_time(fake: Fake, tmp_path: Path) -> None:
    fake.on("install", '[ $try = 3 ] || { echo "E: Failed to fetch tool.deb" >&2; exit 100; }')
    debs = apt(tmp_path)
    debs.update()
    assert [file.name for file in debs.download(["tool"])] == ["tool_1%3a2.0_amd64.deb"]
    assert len(fake.calls("install")) == 3


def test_a_download_that_stays_broken_ends_with_apts_own_words(fake: Fake, tmp_path: Path) -> None:
    fake.on("install", 'echo "W: so"; echo "E: Failed to fetch tool.deb" >&2; exit 100')
    debs = apt(tmp_path)
    debs.update()
    with pytest.raises(PartsError, match=r"^Failed to fetch tool.deb$"):
        debs.download(["tool"])
    assert len(fake.calls("install")) == 3


def test_expired_lists_are_read_again_without_the_date_check_and_with_a_warning(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.on("update", f'[ $try = 2 ] || {{ echo "{EXPIRED}" >&2; exit 100; }}')
    apt(tmp_path).update()
    plainly, relaxed = fake.calls("update")
    assert "Check-Valid-Until" not in plainly
    assert "Acquire::Check-Valid-Until=false" in relaxed
    assert "warning: Release file for" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [
        "E: The repository 'http://deb sid InRelease' is not signed.",
        "E: Release file for http://deb is not valid yet (invalid for another 3d).",
        "E: Failed to fetch http://deb/x  Could not resolve 'deb'",
    ],
)
def test_no_other_error_switches_the_date_check_off(fake: Fake, tmp_path: Path, error: str) -> None:
    fake.on("update", f'echo "{error}" >&2; exit 100')
    with pytest.raises(PartsError, match="no package lists of Debian sid") as raised:
        apt(tmp_path).update()
    assert error.removeprefix("E: ") in str(raised.value)
    assert not [call for call in fake.calls("update") if "Check-Valid-Until" in call]


def test_the_machines_debian_mirror_comes_before_other_archives_with_the_same_codename(
    fake: Fake,
) -> None:
    fake.mirrors(
        "http://other/linux bookworm",
        "http://third/apt stable-of-theirs",
        "http://near/debian bookworm",
        "http://near/debian bookworm-updates",
    )
    assert debian.mirrors() == ["http://near/debian", "http://other/linux"]


def test_a_mirror_that_has_not_got_the_suite_gives_way_to_the_next(
    fake: Fake, tmp_path: Path
) -> None:
    fake.mirrors("http://other/linux bookworm", "http://near/debian bookworm")
    fake.on("update", 'grep -q near "$(dirname "$conf")/debian.sources" || exit 100')
    apt(tmp_path).update()
    assert "URIs: http://near/debian\n" in (tmp_path / "work/debian.sources").read_text()


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


def test_the_machines_hooks_and_status_play_no_part(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = ("Pre-Invoke", "Post-Invoke", "Post-Invoke-Success")
    machine = "".join(f'APT::Update::{hook} {{ "ivrd-hook"; }};\n' for hook in hooks)
    machine += 'APT::Architectures { "amd64"; "i386"; };\nAPT::Default-Release "stable";\n'
    (tmp_path / "machine.conf").write_text(machine)
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "machine.conf"))
    apt(tmp_path).update()
    command = ["apt-config", "--config-file", str(tmp_path / "work/apt.conf"), "dump"]
    dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "ivrd-hook" not in dump
    assert "i386" not in dump
    assert f'Dir::State::status "{tmp_path}/work/status";' in dump
    assert 'APT::Sandbox::User "";' in dump
    assert 'APT::Default-Release "";' in dump


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
    ],
)
def test_the_real_program_starts(part: Part, binary: str, asked: str, answer: str) -> None:
    command = [*program(part, binary), asked]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert answer in done.stdout + done.stderr

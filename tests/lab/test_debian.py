"""Packages from Debian without root, against an apt-get that is told how to fail."""

import subprocess
from pathlib import Path

import pytest

from lab import debian
from lab.debian import Apt, PartsError
from tests.lab.fake_apt import Fake, make_fake

EXPIRED = "E: Release file for http://deb/dists/sid/InRelease is expired (invalid since 15d)."


@pytest.fixture(name="fake")
def _fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    return make_fake(tmp_path, monkeypatch)


def apt(tmp_path: Path) -> Apt:
    return Apt("sid", tmp_path / "work", pause=0.0)


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

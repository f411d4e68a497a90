"""What `make install` does to recordings, and above all what it does not."""

import hashlib
from pathlib import Path

import pytest

from tools.install_sounds import install


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "sounds"
    (folder / "th").mkdir(parents=True)
    (folder / "th" / "welcome.wav").write_bytes(b"machine")
    (folder / "made.yaml").write_text("# nothing\n{}\n")
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "installed"


def welcome(folder: Path) -> bytes:
    return (folder / "th" / "welcome.wav").read_bytes()


def test_new_recordings_and_changed_ones_are_copied(source: Path, target: Path) -> None:
    assert install(source, target) == []
    assert welcome(target) == b"machine"
    (source / "th" / "welcome.wav").write_bytes(b"a person's, in the sources")
    (source / "th" / "new.wav").write_bytes(b"new")
    assert install(source, target) == []
    assert welcome(target) == b"a person's, in the sources"
    assert (target / "th" / "new.wav").read_bytes() == b"new"


def test_what_a_person_recorded_where_it_is_installed_stays(source: Path, target: Path) -> None:
    install(source, target)
    (target / "th" / "welcome.wav").write_bytes(b"a person's")
    (source / "th" / "welcome.wav").write_bytes(b"machine, anew")
    for _ in range(2):
        assert install(source, target) == ["th/welcome.wav"]
        assert welcome(target) == b"a person's"


def test_what_was_installed_before_that_was_kept_is_known_by_the_machines_own_list(
    source: Path, target: Path
) -> None:
    (target / "th").mkdir(parents=True)
    for name, content in (("welcome", b"old machine"), ("bye", b"a person's")):
        (target / "th" / f"{name}.wav").write_bytes(content)
        (source / "th" / f"{name}.wav").write_bytes(b"new machine")
    sha = "f7a0a5e6a0a5c0e2"  # of something else
    made = hashlib.sha256(b"old machine").hexdigest()
    (target / "made.yaml").write_text(
        f"th/welcome.wav: {{sound: {made}, words: {sha}}}\nth/bye.wav: {{sound: {sha}, words: x}}\n"
    )
    assert install(source, target) == ["th/bye.wav"]
    assert welcome(target) == b"new machine"

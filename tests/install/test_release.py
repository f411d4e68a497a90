"""Releases side by side: what an upgrade and a downgrade change, and what stays a person's."""

import hashlib
import os
from pathlib import Path

import pytest

from tools.release.build import adopt
from tools.release.layout import Layout, ReleaseError
from tools.release.remove import prune, uninstall
from tools.release.use import configure, switch

SHIPPED = {"th/welcome.wav": "welcome 1", "th/connect.wav": "connect 1", "music/hold.wav": "music"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(
        destdir=str(tmp_path),
        prefix="/opt/ivrd",
        confdir="/etc/ivrd",
        datadir="/usr/share/ivrd",
        libdir="/usr/lib",
        bindir="/usr/local/bin",
        astdata="/usr/share/asterisk",
        astconf="/etc/asterisk",
    )


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def built(layout: Layout, name: str, sounds: dict[str, str]) -> None:
    """A release as pip and `finish` leave it."""
    folder = layout.releases / name
    write(folder / "bin/ivrd", name)
    for file, text in sounds.items():
        write(folder / "shipped/sounds" / file, text)
    for file in layout.units():
        write(folder / "shipped/systemd" / file, f"{file} of {name}")


def in_place(layout: Layout, sounds: dict[str, str]) -> None:
    """An installation as the Makefile made it before there were releases."""
    home = layout.at("/opt/ivrd")
    write(home / "pyvenv.cfg", "home = /usr/bin")
    write(home / "bin/ivrd", "in place")
    write(home / ".gitignore", "*")  # Python 3.13 makes one
    for file, text in sounds.items():
        write(layout.sounds / file, text)
    lines = [
        f"{file}:\n  sound: {hashlib.sha256(text.encode()).hexdigest()}\n  words: {'0' * 64}\n"
        for file, text in sounds.items()
        if not file.startswith("music")
    ]
    write(layout.sounds / "made.yaml", "# Written\n" + "".join(lines))
    for file, path in layout.units().items():
        write(path, f"{file} in place")
    link = layout.at("/usr/local/bin/ivrd")
    link.parent.mkdir(parents=True)
    link.symlink_to("/opt/ivrd/bin/ivrd")


def heard(layout: Layout, file: str) -> str:
    return (layout.sounds / file).read_text("utf-8")


def in_use(layout: Layout) -> str:
    """The program that `ivrd` on the path leads to."""
    link = os.readlink(layout.at("/usr/local/bin/ivrd"))
    return layout.at(link).read_text("utf-8")


def test_an_upgrade_replaces_what_was_shipped_and_nothing_else(layout: Layout) -> None:
    built(layout, "1", SHIPPED)
    switch(layout, "1")
    assert in_use(layout) == "1"
    write(layout.sounds / "th/welcome.wav", "a person speaks")
    write(layout.sounds / "th/own.wav", "a prompt of theirs")
    built(layout, "2", {**SHIPPED, "th/welcome.wav": "welcome 2", "th/connect.wav": "connect 2"})
    switch(layout, "2")
    assert in_use(layout) == "2"
    assert heard(layout, "th/welcome.wav") == "a person speaks"
    assert heard(layout, "th/own.wav") == "a prompt of theirs"
    assert heard(layout, "th/connect.wav") == "connect 2"
    assert layout.units()["ivrd.service"].read_text() == "ivrd.service of 2"


def test_what_only_the_configuration_here_has_spoken_stays_until_ivrd_is_removed(
    layout: Layout,
) -> None:
    built(layout, "1", {**SHIPPED, "th/wait-before.wav": "wait", "th/old.wav": "old"})
    switch(layout, "1")
    write(layout.at(layout.confdir) / "prompts.yaml", "prompts:\n  wait-before: {th: รอ}\n")
    built(layout, "2", SHIPPED)
    switch(layout, "2")
    assert heard(layout, "th/wait-before.wav") == "wait"
    assert not (layout.sounds / "th/old.wav").exists()
    uninstall(layout)
    assert not (layout.sounds / "th/wait-before.wav").exists()


def test_a_downgrade_brings_back_what_was_shipped_then(layout: Layout) -> None:
    built(layout, "1", SHIPPED)
    built(layout, "2", {**SHIPPED, "th/connect.wav": "connect 2", "th/new.wav": "new"})
    switch(layout, "1")
    switch(layout, "2")
    write(layout.sounds / "th/welcome.wav", "a person speaks")
    assert layout.linked("previous") == "1"
    switch(layout, "1")
    assert in_use(layout) == "1"
    assert layout.linked("previous") == "2"
    assert heard(layout, "th/connect.wav") == "connect 1"
    assert heard(layout, "th/welcome.wav") == "a person speaks"
    assert not (layout.sounds / "th/new.wav").exists()


def test_a_file_of_a_person_with_the_name_of_a_new_one_stays(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    built(layout, "1", SHIPPED)
    switch(layout, "1")
    write(layout.sounds / "th/new.wav", "a person speaks")
    built(layout, "2", {**SHIPPED, "th/new.wav": "new"})
    switch(layout, "2")
    assert heard(layout, "th/new.wav") == "a person speaks"
    assert "th/new.wav" in capsys.readouterr().out


def test_an_installation_without_releases_becomes_one_and_can_come_back(layout: Layout) -> None:
    in_place(layout, SHIPPED)
    write(layout.sounds / "th/welcome.wav", "a person speaks")
    built(layout, "2", {**SHIPPED, "th/welcome.wav": "welcome 2", "th/connect.wav": "connect 2"})
    adopt(layout, "2")
    switch(layout, "2")
    assert in_use(layout) == "2"
    assert (layout.at("/opt/ivrd") / "bin/ivrd").read_text() == "in place"  # it may still run
    assert heard(layout, "th/welcome.wav") == "a person speaks"
    assert heard(layout, "th/connect.wav") == "connect 2"
    switch(layout, "in-place")
    assert in_use(layout) == "in place"
    assert heard(layout, "th/welcome.wav") == "a person speaks"
    assert heard(layout, "th/connect.wav") == "connect 1"
    assert heard(layout, "music/hold.wav") == "music"
    assert layout.units()["ivrd.service"].read_text() == "ivrd.service in place"


def test_old_releases_go_but_not_the_one_in_use_nor_the_one_before(layout: Layout) -> None:
    in_place(layout, SHIPPED)
    built(layout, "1", SHIPPED)
    adopt(layout, "1")
    for name in ("1", "2", "3"):
        built(layout, name, SHIPPED)
        switch(layout, name)
        prune(layout)
    assert sorted(path.name for path in layout.releases.iterdir()) == ["1", "2", "3"]
    assert sorted(path.name for path in layout.at("/opt/ivrd").iterdir()) == [
        *("current", "previous", "releases")
    ]
    switch(layout, "1")
    built(layout, "4", SHIPPED)
    switch(layout, "4")
    prune(layout)
    assert sorted(path.name for path in layout.releases.iterdir()) == ["1", "3", "4"]


def test_uninstall_leaves_what_is_a_persons_and_says_so(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    built(layout, "1", SHIPPED)
    switch(layout, "1")
    write(layout.sounds / "th/welcome.wav", "a person speaks")
    write(layout.at("/etc/ivrd/ivrd.yaml"), "number: '1330'")
    uninstall(layout)
    root = Path(layout.destdir)
    left = sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())
    assert left == ["etc/ivrd/ivrd.yaml", "usr/share/ivrd/sounds/th/welcome.wav"]
    assert not (root / "opt/ivrd").exists()
    assert "/etc/ivrd, /usr/share/ivrd" in capsys.readouterr().out


def test_a_release_that_is_not_there_changes_nothing(layout: Layout) -> None:
    built(layout, "1", SHIPPED)
    switch(layout, "1")
    with pytest.raises(ReleaseError, match="there are: 1"):
        switch(layout, "7")
    assert in_use(layout) == "1"


def test_a_configuration_that_is_there_gets_no_file_that_names_what_it_has_not(
    layout: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, folder = tmp_path / "source", layout.at("/etc/ivrd")
    write(source / "config/ivrd.yaml", "sounds: ../sounds\n")
    configure(layout, source)
    assert (folder / "ivrd.yaml").read_text("utf-8") == "sounds: /usr/share/ivrd/sounds\n"
    write(source / "config/plans.yaml", "plans: {flood: {message: [flood]}}")
    configure(layout, source)
    assert [path.name for path in folder.iterdir()] == ["ivrd.yaml"]
    assert "/etc/ivrd has no plans.yaml, and needs none" in capsys.readouterr().out

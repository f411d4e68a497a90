"""One release: what pip has made is completed; one of before there were releases is adopted."""

import hashlib
import re
import shutil
from pathlib import Path

from tools.release.files import copy, files, link, same
from tools.release.layout import IN_PLACE, UNIT, Layout

MADE = re.compile(r"^(\S+\.wav):\n  sound: ([0-9a-f]{64})$", re.MULTILINE)


def finish(layout: Layout, name: str, source: Path) -> None:
    """Complete the environment that pip has made: the dialplans, what is shipped, its paths."""
    release = layout.releases / name
    (package,) = release.glob("lib/python3*/site-packages/ivrd")
    shutil.copytree(source / "dialplans", package / "dialplans", dirs_exist_ok=True)
    shipped = release / "shipped"
    shutil.copytree(source / "sounds", shipped / "sounds")
    shutil.copytree(source / "systemd", shipped / "systemd")
    unit = shipped / "systemd" / UNIT
    text = unit.read_text("utf-8").replace("/opt/ivrd/", f"{layout.prefix}/")
    unit.write_text(text.replace("/etc/ivrd", layout.confdir), "utf-8")
    if layout.destdir:
        for script in (release / "bin").iterdir():
            _replace_in(script, f"{layout.destdir}{layout.prefix}", layout.prefix)


def _replace_in(script: Path, old: str, new: str) -> None:
    if script.is_symlink():
        return
    content = script.read_bytes()
    if old.encode() in content and b"\0" not in content:
        script.write_bytes(content.replace(old.encode(), new.encode()))


def adopt(layout: Layout, new: str) -> None:
    """Make a release of an installation that stands in PREFIX itself, so that it can come back.

    Its own files are left where they are: an ivrd that runs from there goes on.
    """
    home = layout.at(layout.prefix)
    if layout.linked("current") or not (home / "pyvenv.cfg").exists():
        return
    layout.releases.mkdir(exist_ok=True)
    link(layout.releases / IN_PLACE, "..")
    shipped = home / "shipped"
    for name, path in layout.units().items():
        if path.is_file():
            copy(path, shipped / "systemd" / name)
    manifest = layout.sounds / "made.yaml"
    made = dict(MADE.findall(manifest.read_text("utf-8"))) if manifest.is_file() else {}
    for file, digest in made.items():
        path = layout.sounds / file
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            copy(path, shipped / "sounds" / file)
    for file in files(layout.releases / new / "shipped/sounds"):  # music has no line there
        if same(layout.sounds / file, layout.releases / new / "shipped/sounds" / file):
            copy(layout.sounds / file, shipped / "sounds" / file)
    if manifest.is_file():
        copy(manifest, shipped / "sounds/made.yaml")
    link(home / "current", f"releases/{IN_PLACE}")

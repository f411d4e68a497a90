"""Installations side by side: put one into use, go back to the one before, take all of it away.

    PREFIX/releases/ID/         a Python environment with one ivrd in it; below shipped/ what came
                                with it: sounds, systemd's files
    PREFIX/releases/in-place    an installation of before there were releases: PREFIX itself
    PREFIX/current, previous    links to two of them; `current` is what systemd and operators run

Putting a release into use changes files one by one, each in one step, and the link `current` last.
A recording that is not the one that the release before had shipped belongs to a person: it is
never changed.  The Makefile runs this; standard library only, nothing of ivrd.

    python3 -m tools.release finish|switch|previous|uninstall ...
"""

import argparse
import filecmp
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

IN_PLACE = "in-place"
KEPT = 3  # releases: the one in use, the one before, and one more
LANGUAGES = ("th", "en")
ENVIRONMENT = (
    *("bin", "include", "lib", "lib64", "share", "pyvenv.cfg", ".gitignore"),
    *("pip.log", "shipped"),
)
MADE = re.compile(r"^(\S+\.wav):\n  sound: ([0-9a-f]{64})$", re.MULTILINE)
UNIT, USERS, FILES = "ivrd.service", "ivrd.sysusers", "ivrd.tmpfiles"


class ReleaseError(Exception):
    """What could not be done; the message is for the person who asked."""


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(f"ivrd: {text}", flush=True)


@dataclass(frozen=True)
class Layout:
    """Where everything goes.  The paths are those of the running system; `destdir` is put before
    each of them to write there."""

    destdir: str
    prefix: str
    confdir: str
    datadir: str
    libdir: str
    bindir: str
    astdata: str
    astconf: str

    def at(self, path: str) -> Path:
        """Where a path of the running system is to be written."""
        return Path(self.destdir + path)

    @property
    def releases(self) -> Path:
        """The folder with a folder for each release."""
        return self.at(self.prefix) / "releases"

    @property
    def sounds(self) -> Path:
        """The recordings that callers hear."""
        return self.at(self.datadir) / "sounds"

    def linked(self, name: str) -> str | None:
        """The release that the link `current` or `previous` names; None without one."""
        link = self.at(self.prefix) / name
        return os.path.basename(os.readlink(link)) if link.is_symlink() else None

    def units(self) -> dict[str, Path]:
        """A file of systemd/ and where systemd looks for it."""
        lib = self.at(self.libdir)
        return {
            UNIT: lib / "systemd/system/ivrd.service",
            USERS: lib / "sysusers.d/ivrd.conf",
            FILES: lib / "tmpfiles.d/ivrd.conf",
        }

    def links(self) -> dict[Path, str]:
        """Each link that is made once, and what it points to."""
        limits = self.at(self.libdir) / "systemd/system/asterisk.service.d/ivrd.conf"
        sounds = self.at(self.astdata) / "sounds"
        return {
            self.at(self.bindir) / "ivrd": f"{self.prefix}/current/bin/ivrd",
            limits: f"{self.astconf}/asterisk.service.conf",
            **{sounds / one / "ivrd": f"{self.datadir}/sounds/{one}" for one in LANGUAGES},
        }


# --- one release ---------------------------------------------------------------------------


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
    _link(layout.releases / IN_PLACE, "..")
    shipped = home / "shipped"
    for name, path in layout.units().items():
        if path.is_file():
            _copy(path, shipped / "systemd" / name)
    manifest = layout.sounds / "made.yaml"
    made = dict(MADE.findall(manifest.read_text("utf-8"))) if manifest.is_file() else {}
    for file, digest in made.items():
        path = layout.sounds / file
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            _copy(path, shipped / "sounds" / file)
    for file in _files(layout.releases / new / "shipped/sounds"):  # music has no line there
        if _same(layout.sounds / file, layout.releases / new / "shipped/sounds" / file):
            _copy(layout.sounds / file, shipped / "sounds" / file)
    if manifest.is_file():
        _copy(manifest, shipped / "sounds/made.yaml")
    _link(home / "current", f"releases/{IN_PLACE}")


# --- putting one into use ------------------------------------------------------------------


def switch(layout: Layout, name: str) -> None:
    """Put this release into use; the one that was is `previous` from now on."""
    new, before = layout.releases / name, layout.linked("current")
    if not (new / "bin/ivrd").exists():
        raise ReleaseError(f"{new} has no ivrd in it; there are: {', '.join(_names(layout))}")
    old = layout.releases / before if before else None
    _sounds(layout, old, new)
    for file, place in layout.units().items():
        _copy(new / "shipped/systemd" / file, place)
    for link, target in layout.links().items():
        if link.is_symlink() or not link.exists():
            _link(link, target)
    if before and before != name:
        _link(layout.at(layout.prefix) / "previous", f"releases/{before}")
    _link(layout.at(layout.prefix) / "current", f"releases/{name}")


def _sounds(layout: Layout, old: Path | None, new: Path) -> None:
    """Bring the recordings to what `new` ships, but for those that are a person's."""
    before = old / "shipped/sounds" if old else None
    kept = []
    for file in _files(new / "shipped/sounds"):
        place, shipped = layout.sounds / file, new / "shipped/sounds" / file
        if not place.exists() or _same(place, before and before / file):
            if not _same(place, shipped):
                _copy(shipped, place)
        elif not _same(place, shipped):
            kept.append(file)
    gone = set(_files(before)) - set(_files(new / "shipped/sounds")) if before else set()
    for file in gone:
        if before and _same(layout.sounds / file, before / file):
            (layout.sounds / file).unlink()
    recordings = [file for file in kept if file.endswith(".wav")]
    if recordings:
        say(f"kept {len(recordings)} recordings that are not ours: {' '.join(sorted(recordings))}")


def _same(one: Path, other: Path | None) -> bool:
    return bool(other and one.is_file() and other.is_file() and filecmp.cmp(one, other, False))


def _files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            yield str(path.relative_to(folder))


def _copy(source: Path, target: Path) -> None:
    """In one step: whoever reads the target has all of the old one or all of the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    shutil.copyfile(source, draft)
    draft.chmod(0o644)
    os.replace(draft, target)


def _link(link: Path, target: str) -> None:
    """In one step, as above."""
    link.parent.mkdir(parents=True, exist_ok=True)
    draft = link.with_name(f".{link.name}.new")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    os.replace(draft, link)


def configure(layout: Layout, source: Path) -> None:
    """Put each file of the configuration there that is missing."""
    folder = layout.at(layout.confdir)
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((source / "config").glob("*.yaml")):
        if not (folder / path.name).exists():
            text = path.read_text("utf-8")
            sounds = f"sounds: {layout.datadir}/sounds"
            text = re.sub(r"^sounds: \.\./sounds", sounds, text, flags=re.MULTILINE)
            (folder / path.name).write_text(text, "utf-8")


def refuse_configuration(layout: Layout, name: str) -> None:
    """Raise ReleaseError when this release does not take the configuration that is there."""
    folder, python = layout.at(layout.confdir), layout.releases / name / "bin/python"
    if not (folder / "ivrd.yaml").exists():
        return
    load = "import sys; from pathlib import Path; from ivrd.config.load import load; "
    load += "load(Path(sys.argv[1]))"
    done = subprocess.run(
        [python, "-c", load, folder], capture_output=True, text=True, check=False, cwd="/"
    )
    if done.returncode:
        words = done.stderr.rpartition("ConfigError: ")[2].strip()
        raise ReleaseError(
            f"the new release does not take the configuration that is here:\n{words}\n"
            "ivrd: nothing was changed; mend it (config/ has the shipped files) and install again"
        )


def prune(layout: Layout) -> None:
    """Remove all but the newest releases; never the one in use nor the one before."""
    in_use = {layout.linked("current"), layout.linked("previous")}
    others = [name for name in _names(layout) if name not in in_use]
    for name in others[: max(0, len(others) + len(in_use - {None}) - KEPT)]:
        _remove(layout, name)


def _names(layout: Layout) -> list[str]:
    """All releases, the oldest first."""
    found = (path.name for path in layout.releases.iterdir() if not path.name.startswith("."))
    return sorted(found, key=lambda name: (name != IN_PLACE, name))


def _remove(layout: Layout, name: str) -> None:
    folder = layout.releases / name
    if name != IN_PLACE:
        shutil.rmtree(folder)
        return
    folder.unlink()
    for part in ENVIRONMENT:
        path = layout.at(layout.prefix) / part
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


# --- taking it away ------------------------------------------------------------------------


def uninstall(layout: Layout) -> None:
    """Remove what was installed; say what is left: configuration, recordings, state."""
    current = layout.linked("current")
    shipped = layout.releases / (current or "") / "shipped/sounds"
    for file in _files(shipped):
        if _same(layout.sounds / file, shipped / file):
            (layout.sounds / file).unlink()
    for link, target in layout.links().items():
        if link.is_symlink() and os.readlink(link) == target:
            link.unlink()
    for path in layout.units().values():
        path.unlink(missing_ok=True)
    for name in _names(layout) if layout.releases.is_dir() else ():
        _remove(layout, name)
    for name in ("current", "previous", "pip.log"):
        (layout.at(layout.prefix) / name).unlink(missing_ok=True)
    theirs = sorted(path.parent for path in layout.links())
    for folder in (layout.releases, layout.at(layout.prefix), *theirs):
        _remove_empty(folder)
    for folder in sorted(layout.at(layout.datadir).rglob("*"), reverse=True):
        _remove_empty(folder)
    _remove_empty(layout.at(layout.datadir))
    left = [layout.confdir, layout.datadir, "/var/lib/ivrd", f"{layout.astconf}/*"]
    there = [path for path in left if layout.at(path.removesuffix("/*")).exists()]
    say(f"removed. Left: {', '.join(there) or 'nothing'}; the user ivrd, if there is one")


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()


# --- the command ---------------------------------------------------------------------------


def _tell_systemd(layout: Layout) -> None:
    if layout.destdir or not Path("/run/systemd/system").is_dir():
        return
    for command in (["systemd-sysusers"], ["systemd-tmpfiles", "--create"]):
        subprocess.run(command, check=False)
    subprocess.run(["systemctl", "daemon-reload"], check=False)


def _install(layout: Layout, name: str, source: Path) -> None:
    try:
        finish(layout, name, source)
        refuse_configuration(layout, name)
    except BaseException:
        shutil.rmtree(layout.releases / name, ignore_errors=True)
        raise
    adopt(layout, name)
    configure(layout, source)
    switch(layout, name)
    prune(layout)
    _tell_systemd(layout)


def _previous(layout: Layout) -> None:
    name = layout.linked("previous")
    if name is None:
        raise ReleaseError("there is no release before the one in use")
    switch(layout, name)
    _tell_systemd(layout)
    say(f"{name} is in use again; systemctl restart ivrd runs it")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status: 0, 1 (it failed)."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.release", description=__doc__)
    for field in ("destdir", "prefix", "confdir", "datadir", "libdir", "bindir", "astdata"):
        parser.add_argument(f"--{field}", required=True)
    parser.add_argument("--astconf", default="/etc/asterisk")
    parser.add_argument("verb", choices=("install", "previous", "uninstall"))
    parser.add_argument("name", nargs="?", default="")
    given = vars(parser.parse_args(arguments))
    verb, name = given.pop("verb"), given.pop("name")
    layout = Layout(**given)
    try:
        if verb == "install":
            _install(layout, name, Path(__file__).resolve().parent.parent)
        elif verb == "previous":
            _previous(layout)
        else:
            uninstall(layout)
    except ReleaseError as error:
        print(f"ivrd: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"ivrd: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

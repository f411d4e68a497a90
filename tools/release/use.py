"""Put a release into use, with a configuration that it takes."""

import re
import subprocess
from pathlib import Path

from tools.release.files import copy, files, link, same
from tools.release.layout import Layout, ReleaseError, say

PROMPT = re.compile(r"^\s+([a-z0-9-]+):", re.MULTILINE)  # its name, at the line's beginning


def switch(layout: Layout, name: str) -> None:
    """Put this release into use; the one that was is `previous` from now on."""
    new, before = layout.releases / name, layout.linked("current")
    if not (new / "bin/ivrd").exists():
        raise ReleaseError(f"{new} has no ivrd in it; there are: {', '.join(layout.names())}")
    old = layout.releases / before if before else None
    _sounds(layout, old, new)
    for file, place in layout.units().items():
        copy(new / "shipped/systemd" / file, place)
    for place, target in layout.links().items():
        if place.is_symlink() or not place.exists():
            link(place, target)
    if before and before != name:
        link(layout.at(layout.prefix) / "previous", f"releases/{before}")
    link(layout.at(layout.prefix) / "current", f"releases/{name}")


def _sounds(layout: Layout, old: Path | None, new: Path) -> None:
    """Bring the recordings to what `new` ships, but for those that are a person's."""
    before = old / "shipped/sounds" if old else None
    kept = []
    for file in files(new / "shipped/sounds"):
        place, shipped = layout.sounds / file, new / "shipped/sounds" / file
        if not place.exists() or same(place, before and before / file):
            if not same(place, shipped):
                copy(shipped, place)
        elif not same(place, shipped):
            kept.append(file)
    gone = set(files(before)) - set(files(new / "shipped/sounds")) if before else set()
    named = _named_prompts(layout)
    for file in gone:
        if before and Path(file).stem not in named and same(layout.sounds / file, before / file):
            (layout.sounds / file).unlink()
    recordings = [file for file in kept if file.endswith(".wav")]
    if recordings:
        say(f"kept {len(recordings)} recordings that are not ours: {' '.join(sorted(recordings))}")


def _named_prompts(layout: Layout) -> set[str]:
    """What the configuration that is there has spoken, though a newer one may not."""
    prompts = layout.at(layout.confdir) / "prompts.yaml"
    text = prompts.read_text("utf-8") if prompts.is_file() else ""
    return set(PROMPT.findall(text))


def configure(layout: Layout, source: Path) -> None:
    """Put the configuration there; to one that is there nothing is added.

    A file that is new in a release may name prompts and menus that only the shipped configuration
    has, and without it everything is as before.
    """
    folder = layout.at(layout.confdir)
    folder.mkdir(parents=True, exist_ok=True)
    shipped = sorted((source / "config").glob("*.yaml"))
    missing = [path for path in shipped if not (folder / path.name).exists()]
    if len(missing) < len(shipped):
        for path in missing:
            say(f"{layout.confdir} has no {path.name}, and needs none: {path} tells what it is for")
        return
    for path in missing:
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

"""Take releases away: the old ones, or all with what was installed around them."""

import os
import shutil

from ivrd.asterisk.dialplan_names import PROMPT_FOLDER
from tools.release.files import files, remove_empty, same
from tools.release.layout import IN_PLACE, Layout, say

KEPT = 3  # releases: the one in use, the one before, and one more
ENVIRONMENT = (
    *("bin", "include", "lib", "lib64", "share", "pyvenv.cfg", ".gitignore"),
    *("pip.log", "shipped"),
)


def prune(layout: Layout) -> None:
    """Remove all but the newest releases; never the one in use nor the one before."""
    in_use = {layout.linked("current"), layout.linked("previous")}
    others = [name for name in layout.names() if name not in in_use]
    for name in others[: max(0, len(others) + len(in_use - {None}) - KEPT)]:
        _remove(layout, name)


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


def _remove_recordings(layout: Layout) -> None:
    """Those that a release has brought; an older one's may still be there."""
    for name in layout.names() if layout.releases.is_dir() else ():
        shipped = layout.releases / name / "shipped/sounds"
        for file in files(shipped):
            if same(layout.sounds / file, shipped / file):
                (layout.sounds / file).unlink()


def uninstall(layout: Layout) -> None:
    """Remove what was installed; say what is left: configuration, recordings, state."""
    _remove_recordings(layout)
    for link, target in layout.links().items():
        if link.is_symlink() and os.readlink(link) == target:
            link.unlink()
    for path in layout.units().values():
        path.unlink(missing_ok=True)
    for name in layout.names() if layout.releases.is_dir() else ():
        _remove(layout, name)
    for name in ("current", "previous", "pip.log"):
        (layout.at(layout.prefix) / name).unlink(missing_ok=True)
    theirs = {path.parent for path in layout.links()}
    theirs |= {path.parent for path in theirs if path.name == PROMPT_FOLDER}  # of a variant
    for folder in (layout.releases, layout.at(layout.prefix), *sorted(theirs, reverse=True)):
        remove_empty(folder)
    for folder in sorted(layout.at(layout.datadir).rglob("*"), reverse=True):
        remove_empty(folder)
    remove_empty(layout.at(layout.datadir))
    left = [layout.confdir, layout.datadir, "/var/lib/ivrd", f"{layout.astconf}/*"]
    there = [path for path in left if layout.at(path.removesuffix("/*")).exists()]
    say(f"removed. Left: {', '.join(there) or 'nothing'}; the user ivrd, if there is one")

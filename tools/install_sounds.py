"""Copies the recordings to where they are installed, and leaves alone what was changed there.

    python -m tools.install_sounds FOLDER

`make install` runs it.  FOLDER/installed.yaml keeps the SHA-256 of each file that was put there: a
file that is another one by now was recorded there by a person, and stays.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from tools.make_prompts import MANIFEST, ROOT, PromptError, load_made, load_yaml, sha256

SOUNDS = ROOT / "sounds"
INSTALLED = "installed.yaml"
HEAD = "# Written by `make install`: the files that it put here.\n"


def install(source: Path, target: Path) -> list[str]:
    """Copy what is new or has changed; the files that were left alone."""
    before, now, left = _installed(target), dict[str, object](), []
    for path in sorted(source.rglob("*.wav")):
        name, content = str(path.relative_to(source)), path.read_bytes()
        there = target / name
        found = sha256(there.read_bytes()) if there.exists() else None
        if found not in (None, sha256(content), before.get(name)):
            left.append(name)
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(content)
        now[name] = sha256(content)
    (target / INSTALLED).write_text(HEAD + yaml.safe_dump(now, sort_keys=True), "utf-8")
    shutil.copyfile(source / MANIFEST, target / MANIFEST)
    return left


def _installed(target: Path) -> dict[str, object]:
    """What was put there; before the file for it was kept, that is what was made by machine."""
    if (target / INSTALLED).exists():
        return load_yaml(target / INSTALLED)
    return {name: note["sound"] for name, note in load_made(target / MANIFEST).items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit status 0, 1 (failed)."""
    parser = argparse.ArgumentParser(prog="install_sounds", description="Install recordings.")
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args(arguments).folder
    try:
        left = install(SOUNDS, folder)
    except (OSError, PromptError) as error:
        print(error, file=sys.stderr)
        return 1
    for name in left:
        print(f"ivrd: {folder / name} was recorded there: left as it is")
    return 0


if __name__ == "__main__":
    sys.exit(main())

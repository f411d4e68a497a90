"""bench/RESULTS.md: a section for each benchmark, which replaces its own and no other.

Each section says on what it was measured, so figures of two machines can't be taken for one.
"""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from lab.parts import ASTERISK, SIPP, Part, plan, program

RESULTS = Path(__file__).with_name("RESULTS.md")
TITLE = "# Results\n"
SECTION = "\n## "
CHECKOUT = Path(__file__).parent.parent


def replaced(text: str, name: str, section: str) -> str:
    """The file's `text` with the section `name` put in, in its old place or at the end."""
    _title, *parts = text.split(SECTION)
    sections = dict(part.split("\n", 1) for part in parts if "\n" in part)
    sections[name] = f"\n{section.strip()}\n"
    return TITLE + "".join(f"{SECTION}{key}\n{value}" for key, value in sections.items())


def write(name: str, section: str, path: Path = RESULTS) -> None:
    """Put the section `name` into the file, with a line that says on what it was measured."""
    old = path.read_text("utf-8") if path.exists() else TITLE
    path.write_text(replaced(old, name, f"{section.strip()}\n\n{measured_on()}"), "utf-8")


def measured_on() -> str:
    """One line: the day, the checkout, the machine and the versions of what ran on it."""
    parts = [said for part in (ASTERISK, SIPP) if (said := _version(part))]
    words = [
        f"{datetime.now(UTC):%Y-%m-%d}",
        commit(CHECKOUT),
        f"{os.cpu_count()} × {_processor()}",
        f"Python {platform.python_version()}",
        *parts,
    ]
    return f"*{', '.join(filter(None, words))}*"


def commit(checkout: Path) -> str:
    """The commit that was measured, `-dirty` if its files were changed; empty without git.

    The results themselves do not count: each benchmark of a run would find those of the one before.
    """
    git = "git", "-C", str(checkout)
    at = _said(*git, "describe", "--always")
    changed = _said(
        *git, "status", "--porcelain", "--untracked-files=no", "--", ".",
        ":(exclude)bench/RESULTS.md", ":(exclude)bench/plots",
    )  # fmt: skip
    return f"{at}-dirty" if at and changed else at


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _version(part: Part) -> str:
    """What the program calls itself; nothing where it is missing: none is fetched for this."""
    if plan(part):
        return ""
    option = "-V" if part is ASTERISK else "-v"
    said = re.search(r"(Asterisk|SIPp) v?(\d[\w.]*)", _said(*program(part), option))
    return f"{said[1]} {said[2]}" if said else ""


def _said(*command: str) -> str:
    """What a command prints, or nothing if it can't be run."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""

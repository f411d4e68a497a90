"""bench/RESULTS.md: a section for each benchmark, which replaces its own and no other."""

from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
TITLE = "# Results\n"
SECTION = "\n## "


def replaced(text: str, name: str, section: str) -> str:
    """The file's `text` with the section `name` put in, in its old place or at the end."""
    _title, *parts = text.split(SECTION)
    sections = dict(part.split("\n", 1) for part in parts if "\n" in part)
    sections[name] = f"\n{section.strip()}\n"
    return TITLE + "".join(f"{SECTION}{key}\n{value}" for key, value in sections.items())


def write(name: str, section: str, path: Path = RESULTS) -> None:
    """Put the section `name` into the file."""
    old = path.read_text("utf-8") if path.exists() else TITLE
    path.write_text(replaced(old, name, section), "utf-8")

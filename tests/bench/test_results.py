"""bench/RESULTS.md says what was measured."""

import os
import platform
import re
import subprocess
from pathlib import Path

from bench import results


def test_the_commit_is_changed_by_code_and_not_by_results(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=Somchai", "-c", "user.email=somchai@example.org")
        subprocess.run(("git", *who, *arguments), cwd=tmp_path, check=True, capture_output=True)

    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    git("init")
    for name in ("code.py", "bench/RESULTS.md", "bench/plots/day.svg"):
        write(name, "before")
    git("add", ".")
    git("commit", "-m", "first")
    clean = results.commit(tmp_path)
    assert clean
    assert "dirty" not in clean
    write("bench/RESULTS.md", "after")
    write("bench/plots/day.svg", "after")
    write("notes", "not part of it")
    assert results.commit(tmp_path) == clean
    write("code.py", "after")
    assert results.commit(tmp_path) == f"{clean}-dirty"


def test_without_git_there_is_no_commit(tmp_path: Path) -> None:
    assert results.commit(tmp_path) == ""


def test_a_benchmark_replaces_only_its_own_section(tmp_path):
    path = tmp_path / "RESULTS.md"
    results.write("one", "a\n\n| x |\n", path)
    results.write("two", "b", path)
    results.write("one", "c", path)
    origin = results.measured_on()
    assert path.read_text("utf-8") == (
        f"# Results\n\n## one\n\nc\n\n{origin}\n\n## two\n\nb\n\n{origin}\n"
    )


def test_a_section_says_on_what_it_was_measured():
    said = results.measured_on()
    assert platform.python_version() in said
    assert f"{os.cpu_count()} × " in said
    assert re.search(r"Asterisk \d+\.\d+", said)

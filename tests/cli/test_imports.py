"""What a command imports: those that only ask a running ivrd start without the daemon's libraries.

Whoever looks at a hotline that is in trouble looks often, and on the same machine.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

import pytest

from ivrd.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
HEAVY = {
    *("aiohttp", "asyncio", "holidays", "panoramisk", "prometheus_client", "pydantic", "redis"),
    *("pydantic_core", "sqlite3"),
}
# Runs one command, and says on the last line what it imported.
PROGRAM = """
import json, sys
from ivrd.cli.main import main
try:
    status = main(sys.argv[1:])
except SystemExit as end:
    status = end.code
print(json.dumps([status, sorted(sys.modules)]))
"""
ASKING = [
    ("status",),
    ("seats", "open", "surge"),
    ("handover",),
    ("partner", "list"),
    ("partner", "show", "alpha"),
    ("partner", "override", "open", "alpha"),
    ("partner", "drain", "alpha"),
    ("partner", "release", "alpha"),
    ("explain",),
    ("explain", "call", "1795312060.7"),
    ("report", "partners"),
    ("report", "day"),
    ("audit",),
    ("agent", "list"),
    ("agent", "pause", "a-101", "lunch"),
    ("outbox", "list"),
    ("outbox", "retry", "--dead", "gateway"),
    ("people", "show", "--file", "tests/cli/number.txt"),
    ("recover", "list"),
]


class Refusal(BaseHTTPRequestHandler):
    """Answers every command as an ivrd that refuses it, so that each comes to its end."""

    def answer(self) -> None:
        body = json.dumps({"error": "not now"}).encode()
        self.send_response(409)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_words: object) -> None: ...


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A folder with nothing but the control socket's path, and somebody who answers there."""
    (tmp_path / "ivrd.yaml").write_text("control: {socket: s}\n")
    with ThreadingUnixStreamServer(str(tmp_path / "s"), Refusal) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield tmp_path
        server.shutdown()
        thread.join()


def imported(*words: str | Path) -> tuple[int, set[str]]:
    """The exit status of a command, and the modules that are there when it ends."""
    argv = [sys.executable, "-c", PROGRAM, *map(str, words)]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=True, timeout=60)
    status, modules = json.loads(done.stdout.splitlines()[-1])
    return status, set(modules)


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_a_command_that_only_asks_imports_nothing_of_the_daemon(
    config: Path, words: tuple[str, ...]
) -> None:
    status, modules = imported(*words, "--config", config)
    assert status == 2  # ivrd was asked, and refused
    assert not HEAVY & modules
    assert "ivrd.config.load" not in modules


def test_the_live_picture_imports_nothing_of_the_daemon_but_what_rich_needs(config: Path) -> None:
    status, modules = imported("top", "--config", config)
    assert status == 2
    assert not (HEAVY - {"asyncio"}) & modules


def test_help_lists_all_commands_and_imports_none(tmp_path: Path) -> None:
    status, modules = imported("--help")
    assert status == 0
    mine = {name for name in modules if name.startswith("ivrd.cli.")}
    assert mine == {"ivrd.cli.main", "ivrd.cli.failure"}
    assert not HEAVY & modules


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_with_its_own_help(name: str) -> None:
    assert imported(name, "--help")[0] == 0

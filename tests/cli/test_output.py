"""What commands print, whatever ivrd answers and wherever it is printed to: never a traceback."""

import io
import json
import os
import pty
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from random import Random
from socketserver import ThreadingUnixStreamServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivrd.cli.main import main
from tests.examples import examples

ROOT = Path(__file__).parents[2]
# What a hotline with three partners answered; the names are Thai.
ANSWERS: dict[str, Any] = json.loads(Path(__file__).with_name("answers.json").read_text("utf-8"))
ACTS: dict[str, Any] = {
    "override": {"partner": "good", "override": "closed", "busy": 0, "obstacle": "", "note": "ธ"},
    "resume": {"seat": "base-01", "resumed": True},
    "pledge": {"partner": "good", "people": 12, "note": "the store is down"},
    "callback-cancel": {**ANSWERS["callbacks"], "note": "the store is down"},
    "handover": {"leader": "b.example:9133"},
    "person": {
        "hash": "0a1b2c3d4e5f",
        "person": {
            "seen_at": "2026-11-29T10:05:00+07:00",
            "answered_at": "2026-11-29T10:00:00+07:00",
            "waits": [
                {
                    "dialled_at": "2026-11-29T10:03:00+07:00",
                    "joined_at": "2026-11-29T10:03:10+07:00",
                    "ended_at": "2026-11-29T10:05:00+07:00",
                    "seconds": 110.0,
                }
            ],
            "shared_at": "2026-11-28T10:00:00+07:00",
            "number": "0100000012",
            "number_kept": True,
            "no_callback": True,
            "kept_until": "2026-12-02T10:05:00+07:00",
        },
        "calls": [{"received_at": "2026-11-29T10:03:00+07:00", "outcome": "abandoned"}],
        "at_partners": [],
        "callbacks": [
            {"booked_at": "2026-11-29T10:04:00+07:00", "origin": "lost", "state": "waiting"}
        ],
        "messages": [
            {
                "created_at": "2026-11-29T10:04:00+07:00",
                "use": "callback_booked",
                "state": "dead",
                "data": {},
            }
        ],
    },
    "erase-person": {"person": True, "entries": 4, "callbacks": 1, "messages": 2},
    "outbox-retry": {"count": 1, "note": "the store is down"},
    "no-callback": {"no_callback": True},
    "recover": {
        "after_seconds": 60.0,
        "people": [
            {
                "hash": "0a1b2c3d4e5f",
                "number": "0100000012",
                "effective_at": "2026-11-29T10:03:10+07:00",
                "waited_seconds": 110.0,
                "calls": 1,
                "last_at": "2026-11-29T10:05:00+07:00",
            }
        ],
    },
}
# An operator's file with the number of a person; nobody in Thailand has one that begins with 01.
NUMBER = str(Path(__file__).with_name("number.txt"))
COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("seats", "list"),
    ("seats", "open", "base"),
    ("seats", "close", "base"),
    ("seats", "resume", "base-01"),
    ("partner", "list"),
    ("partner", "show", "good"),
    ("partner", "override", "closed", "good"),
    ("partner", "release", "good"),
    ("explain",),
    ("explain", "call", "1795312060.7"),
    ("report", "partners"),
    ("report", "partners", "--csv"),
    ("report", "day"),
    ("audit",),
    ("handover",),
    ("callback", "list"),
    ("callback", "list", "--all"),
    ("callback", "show", "00ff"),
    ("callback", "cancel", "00ff"),
    ("partner", "pledge", "good", "12"),
    ("outbox", "list"),
    ("outbox", "show", "0f6b"),
    ("outbox", "retry", "0f6b"),
    ("people", "show", "--file", NUMBER),
    ("people", "export", "--file", NUMBER),
    ("people", "erase", "--file", NUMBER),
    ("people", "no-callback", "--file", NUMBER),
    ("recover", "list"),
    ("recover", "list", "--csv"),
)


class Answering:
    """Sits at a control socket and answers what a test wants."""

    def __init__(self, folder: Path) -> None:
        self.status = 200
        self.answers: dict[tuple[str, str], Any] = {}
        self.raw: bytes | None = None
        path = folder / "s"
        (folder / "ivrd.yaml").write_text(f"control: {{socket: {path}}}\n", "utf-8")
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def address_string(self) -> str:
                return ""

            def do_GET(self) -> None:
                self._answer(fake.answers.get(("GET", urlsplit(self.path).path[1:])))

            def do_POST(self) -> None:
                self._answer(fake.answers.get(("POST", urlsplit(self.path).path[1:])))

            def _answer(self, what: Any) -> None:
                body = json.dumps(what).encode() if fake.raw is None else fake.raw
                self.send_response(fake.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None: ...

        class Server(ThreadingUnixStreamServer):
            def handle_error(self, *_who: object) -> None: ...

        self._server = Server(str(path), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def usual(self) -> None:
        """Answer as the hotline did."""
        self.status, self.raw = 200, None
        self.answers = {("GET", name): answer for name, answer in ANSWERS.items()}
        (row, *_) = ANSWERS["partners"]["partners"]  # `show` asks for one
        self.answers["GET", "partners"] = {"partners": [row]}
        self.answers |= {("POST", name): answer for name, answer in ACTS.items()}
        self.answers["POST", "seats"] = {"pool": "base", "open": True, "seats": 3, "changes": 0}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def ivrd() -> Iterator[tuple[Answering, Path]]:
    with tempfile.TemporaryDirectory() as folder:  # a socket's path must be short
        answering = Answering(Path(folder))
        yield answering, Path(folder)
        answering.close()


def run(*words: str) -> tuple[int, str, str]:
    """A command in this process: its status, and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(words)
        except SystemExit as end:
            status = int(str(end.code or 0))
    return status, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_the_hotline_answers_is_shown(
    ivrd: tuple[Answering, Path], words: tuple[str, ...]
) -> None:
    answering, folder = ivrd
    answering.usual()
    close = ["--yes"] if words[:2] == ("seats", "close") else []
    status, out, _err = run(*words, *close, "--config", str(folder))
    assert (status, bool(out)) == (0, True)


# --- odd answers -------------------------------------------------------------------------------

ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def spoilt(answer: Any, chance: Random, odd: Any) -> Any:
    """The answer with one value somewhere taken out, or another one in its place."""
    made = deepcopy(answer)
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        for key in value if isinstance(value, dict) else range(len(value)):
            places.append((value, key))
            if isinstance(value[key], dict | list):
                walk(value[key])

    walk(made)
    where, key = chance.choice(places)
    if chance.random() < 0.4:
        del where[key]
    else:
        where[key] = odd
    return made


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(COMMANDS), st.randoms(use_true_random=False), ODD, st.integers(0, 3))
def test_no_answer_makes_a_traceback(
    ivrd: tuple[Answering, Path], words: tuple[str, ...], chance: Random, odd: Any, how: int
) -> None:
    answering, folder = ivrd
    answering.usual()
    if how:
        answers = answering.answers
        answering.answers = {k: spoilt(v, chance, odd) for k, v in answers.items()}
    else:
        answering.answers = dict.fromkeys(answering.answers, odd)
    status, _out, err = run(*words, "--config", str(folder))
    assert status in (0, 1, 2)
    assert "Traceback" not in err
    assert status == 0 or err.startswith("ivrd: ")


@settings(max_examples=examples(200), deadline=None)
@given(
    st.sampled_from(COMMANDS),
    st.sampled_from([200, 204, 400, 404, 500, 503]),
    st.binary(max_size=60) | st.sampled_from([b'{"error": 5}', b'{"error": {}}', b"{}", b"[]"]),
)
def test_no_body_makes_a_traceback(
    ivrd: tuple[Answering, Path], words: tuple[str, ...], code: int, body: bytes
) -> None:
    answering, folder = ivrd
    answering.usual()
    answering.status, answering.raw = code, body
    words = tuple(word for word in words if word != "--json")  # that shows any answer
    status, out, err = run(*words, "--config", str(folder))
    assert status in (1, 2)
    assert err.startswith("ivrd: ")
    assert not out


WORDS = st.sampled_from(
    [
        *("status", "seats", "partner", "report", "audit", "day", "partners", "show", "list"),
        *("open", "close", "base", "--from", "--to", "--json", "--csv", "--yes", "2569-01-01"),
        *("-", "--", "-h"),
    ]
)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(WORDS | st.text(max_size=12), max_size=5))
def test_no_words_make_a_traceback(ivrd: tuple[Answering, Path], words: list[str]) -> None:
    answering, folder = ivrd
    answering.usual()
    if {"run", "check", "render", "top", "reload"} & set(words):
        return  # they do more than ask
    status, _out, err = run(*words, "--config", str(folder))
    assert status in (0, 1, 2)
    assert "Traceback" not in err


# --- wherever it is printed to -----------------------------------------------------------------


def argv(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "ivrd.cli", *words, "--config", str(folder)]


def quiet(**more: str) -> dict[str, str]:
    """This environment, but for what says how text is written."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))}
    return kept | more


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "tis-620"},
        {"LANG": "th_TH.TIS-620", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=lambda environment: "+".join(environment.values()),
)
def test_a_locale_without_thai_costs_letters_and_nothing_else(
    ivrd: tuple[Answering, Path], environment: dict[str, str]
) -> None:
    answering, folder = ivrd
    answering.usual()
    for words in (("partner", "show", "good"), ("audit",), ("report", "partners", "--csv")):
        done = subprocess.run(
            argv(folder, *words),
            env=quiet(**environment),
            capture_output=True,
            cwd=ROOT,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout


def test_a_word_that_is_no_text_is_told_like_any_other(ivrd: tuple[Answering, Path]) -> None:
    answering, folder = ivrd
    answering.usual()
    answering.status, answering.raw = 400, b'{"error": "unknown partner"}'
    for encoding in ({}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}):
        word = b"\xff" if not encoding else "บัญชี".encode()
        done = subprocess.run(
            [*map(str.encode, argv(folder, "partner", "show")), word],
            env=quiet(**encoding),
            capture_output=True,
            cwd=ROOT,
            check=False,
        )
        assert (done.returncode, done.stderr) == (2, b"ivrd: unknown partner\n")


def test_nobody_who_reads_and_a_full_disk_are_no_traceback(ivrd: tuple[Answering, Path]) -> None:
    answering, folder = ivrd
    answering.usual()
    for words in (("status",), ("audit", "--json"), ("--help",)):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            argv(folder, *words), stdout=writing, stderr=subprocess.PIPE, cwd=ROOT, check=False
        )
        os.close(writing)
        assert done.stderr == b""
        assert done.returncode == 1 or words == ("--help",)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            argv(folder, "status"), stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"ivrd: No space left on device\n")


@pytest.mark.parametrize("size", [(80, 24), (20, 5), (1, 1)], ids=str)
def test_top_on_any_terminal(ivrd: tuple[Answering, Path], size: tuple[int, int]) -> None:
    answering, folder = ivrd
    answering.usual()
    control, terminal = pty.openpty()
    environment = quiet(PYTHONIOENCODING="ascii", TERM="xterm")
    environment |= {"COLUMNS": str(size[0]), "LINES": str(size[1])}
    with subprocess.Popen(
        argv(folder, "top"), stdin=terminal, stdout=terminal, stderr=subprocess.PIPE,
        env=environment, cwd=ROOT,
    ) as top:  # fmt: skip
        os.close(terminal)
        shown = b""
        while b"i" not in shown.rpartition(b"\x1b[?1049h")[2]:  # `ivrd` stands at the beginning
            shown += os.read(control, 4096)
        os.write(control, b"q")
        drain(control)
        assert top.wait(60) == 0
        assert top.stderr
        assert top.stderr.read() == b""
    os.close(control)


def drain(control: int) -> None:
    """Read what a terminal is sent until nobody has it open any more."""
    try:
        while os.read(control, 4096):
            pass
    except OSError:
        pass

"""What must outlive ivrd's own life: the acts of operators, what partners did, pins and drills.

Three sorts of files in one folder:

- `audit.jsonl`: one line for each act of an operator: who, what, which partner, when.
- `partners-YYYY-MM.jsonl`: one line for each thing that happened at a partner in that month
  (UTC), for reports.  Old months may be removed at any time.
- `partners.json`: pins and the days of confirmed drills, replaced as a whole.

One thread writes, so that no caller waits for a disk.  What cannot be written is lost, counted
and said once; nothing here ever raises into the daemon.
"""

import errno
import json
import logging
import math
import os
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ivrd import log
from ivrd.core.partner import Pin
from ivrd.core.report import Cause, Kind, Line

logger = logging.getLogger("ivrd")

AUDIT, STATE = "audit.jsonl", "partners.json"
WAITING_AT_MOST = 10_000  # lines that wait for the disk
FLUSH_SECONDS = 5.0
MODE = 0o640
# What a line or a file that is not ours, or is torn, can make Python raise.
NOT_OURS = (ValueError, TypeError, KeyError, OverflowError, RecursionError, AttributeError)


@dataclass(frozen=True)
class Kept:
    """What is remembered of one partner.  `verified`: the day of the last confirmed drill."""

    pin: Pin | None = None
    verified: str = ""


class Book:
    """The files in `folder`, which is made when it is needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Hears of what is to be remembered: another ivrd may need it as well.
        self.also: Callable[[str, Kept], None] = lambda _partner, _kept: None
        self.trouble = ""  # why the last thing could not be written; empty: it was written
        self._lost = 0  # counted by the writer
        self._overflowed = 0  # counted by those who write
        self._kept = self._saved = self._read_kept()
        self._jobs: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ivrd-book", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """Lines that could not be written since the start."""
        return self._lost + self._overflowed

    # --- writing ---------------------------------------------------------------------------

    def audit(self, who: str, what: str, partner: str, detail: str, at: float) -> None:
        """Write down what an operator did, `at` seconds since the epoch."""
        entry = {"who": who, "what": what, "partner": partner, "detail": detail}
        self._write(lambda: _append(self.folder / AUDIT, {"at": _iso(at), **entry}))

    def record(self, line: Line) -> None:
        """Write down what happened at a partner."""
        entry = {"at": round(line.at, 3), "partner": line.partner, "kind": line.kind}
        more = {"seconds": round(line.seconds, 3), "cause": line.cause, "caller": line.caller}
        entry |= {name: value for name, value in more.items() if value}
        self._write(lambda: _append(self.folder / _month_file(line.at), entry))

    def kept(self, partner: str) -> Kept:
        """What is remembered of a partner."""
        return self._kept.get(partner, Kept())

    def keep(self, partner: str, kept: Kept) -> None:
        """Remember this of a partner from now on."""
        self.also(partner, kept)
        self._kept = {**self._kept, partner: kept}
        self._jobs.put(lambda: None)  # the writer saves before every job

    def flush(self) -> bool:
        """Wait until all is written, FLUSH_SECONDS at most; whether it was in time.

        Not for the event loop.
        """
        done = threading.Event()
        self._jobs.put(done.set)
        return done.wait(FLUSH_SECONDS)

    def close(self) -> None:
        """Write what is left, for FLUSH_SECONDS at most, and end."""
        self._jobs.put(None)
        self._thread.join(FLUSH_SECONDS)

    def _write(self, write: Callable[[], None]) -> None:
        if self._jobs.qsize() < WAITING_AT_MOST:
            self._jobs.put(lambda: self._try(write, lines=1))
        else:
            self._overflowed += 1

    # --- the writer's thread ---------------------------------------------------------------

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._save()
            job()
        self._save()

    def _save(self) -> None:
        """Replace the file of pins and drills; what fails is tried again before the next line."""
        kept = self._kept
        if kept is not self._saved and self._try(lambda: _replace(self.folder / STATE, kept)):
            self._saved = kept

    def _try(self, write: Callable[[], None], lines: int = 0) -> bool:
        """Write; the first of several failures in a row is said."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write()
        except (OSError, *NOT_OURS) as error:
            self._lost += lines
            why = f"{self.folder}: {error.strerror if isinstance(error, OSError) else error}"
            if not self.trouble:
                _warn("the book of partners cannot be written", why)
            self.trouble = f"cannot write to {why}"
            return False
        if self.trouble:
            what = "the book of partners can be written again"
            log.event(logger, logging.INFO, what, lines_lost=self.lost)
        self.trouble = ""
        return True

    # --- reading ---------------------------------------------------------------------------

    def history(self, since: float, until: float) -> "History":
        """What happened from `since` to before `until`, seconds since the epoch."""
        return History(self.folder, since, until)

    def _read_kept(self) -> Mapping[str, Kept]:
        """Pins and drills.  A file that cannot be read is put aside, not written over."""
        path = self.folder / STATE
        try:
            entries = dict(json.loads(path.read_bytes())["partners"])
        except FileNotFoundError:
            return {}
        except (OSError, *NOT_OURS) as error:
            with suppress(OSError):
                os.replace(path, path.with_suffix(".damaged"))
            _warn("pins and drills of partners cannot be read", f"{path}: {error}")
            return {}
        kept = {}
        for partner, entry in entries.items():
            try:
                kept[partner] = _kept(entry)
            except NOT_OURS as error:
                _warn("a partner's pin and drill cannot be read", f"{partner}: {error}")
        return kept


class History:
    """The lines of a period, to be read once; afterwards `skipped` says how many were unreadable.

    Reading is not for the event loop.
    """

    def __init__(self, folder: Path, since: float, until: float) -> None:
        self.skipped = 0
        self._folder, self._since, self._until = folder, since, until

    def __iter__(self) -> Iterator[Line]:
        first, last = _month_file(self._since), _month_file(self._until)
        for path in sorted(self._folder.glob("partners-????-??.jsonl")):
            if first <= path.name <= last:
                yield from self._read(path)

    def _read(self, path: Path) -> Iterator[Line]:
        try:
            with path.open("rb") as file:
                for raw in file:
                    line = _line(raw)
                    if line is None:
                        self.skipped += bool(raw.strip())
                    elif self._since <= line.at < self._until:
                        yield line
        except OSError:
            self.skipped += 1


def _month_file(at: float) -> str:
    return f"partners-{datetime.fromtimestamp(at, UTC):%Y-%m}.jsonl"


def _line(raw: bytes) -> Line | None:
    """One line of the history; None for what is torn or not ours."""
    try:
        says = json.loads(raw)
        cause, caller = says.get("cause"), says.get("caller", "")
        at, seconds = float(says["at"]), float(says.get("seconds", 0.0))
        texts = isinstance(says["partner"], str) and isinstance(caller, str)
        if not (texts and math.isfinite(at) and math.isfinite(seconds)):
            return None
        cause = None if cause is None else Cause(cause)
        return Line(at, says["partner"], Kind(says["kind"]), seconds, cause, caller)
    except NOT_OURS:
        return None


def _kept(entry: Mapping[str, Any]) -> Kept:
    pin, verified = entry.get("pin"), entry.get("verified") or ""
    if verified:
        date.fromisoformat(verified)
    return Kept(Pin(pin) if pin else None, verified)


def _append(path: Path, entry: Mapping[str, object]) -> None:
    """Append a whole line; one that was torn before it (a crash, a full disk) is ended first."""
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
    data = f"{text}\n".encode("utf-8", "backslashreplace")
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            data = b"\n" + data
        if os.write(handle, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)


def _replace(path: Path, kept: Mapping[str, Kept]) -> None:
    """Write beside the file and then give it its name: a reader sees the old one or the new."""
    entries = {
        partner: {"pin": of.pin, "verified": of.verified or None}
        for partner, of in sorted(kept.items())
    }
    draft = path.with_suffix(".draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"partners": entries}, file, indent=1)
        file.flush()
        os.fsync(handle)
    os.replace(draft, path)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _warn(what: str, why: str) -> None:
    log.event(logger, logging.WARNING, what, why=why)

"""The store in a file: SQLite, for one ivrd on its own.

The file has one table of entries and one of facts: the schema's version (`user_version`) and the
latest epoch.  A file that cannot be used is left as it is, whatever is wrong with it.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar, assert_never

from ivrd.store.interface import (
    DEADLINE,
    DURABLE,
    PAGE,
    Change,
    Fenced,
    Forget,
    Put,
    Remove,
    StoreDown,
    read_pages,
)
from ivrd.store.thread import Thread

T = TypeVar("T")

SCHEMA = 1  # in PRAGMA user_version; a new file has 0
TABLES = f"""
    BEGIN IMMEDIATE;
    CREATE TABLE entry (
        kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)
    ) WITHOUT ROWID;
    CREATE TABLE fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO fact VALUES ('epoch', 0);
    PRAGMA user_version = {SCHEMA};
    COMMIT;
"""
MOVE_IT = "it is left as it is; move it away, and ivrd starts a new one"
# By the beginning of SQLite's name of the error.
WORDS = {
    "SQLITE_NOTADB": f"is no database of ivrd's: {MOVE_IT}",
    "SQLITE_CORRUPT": f"is damaged: {MOVE_IT}",
    "SQLITE_FULL": "cannot grow: the disk is full",
    "SQLITE_READONLY": "may not be written",
    "SQLITE_BUSY": "is in use by another program",
    "SQLITE_CANTOPEN": "cannot be opened",
    "SQLITE_IOERR": "cannot be read or written: its disk reports an error",
}


class SqliteStore:
    """A `Store` in the file at `path`, readable for its owner only.

    deadline: seconds for each operation.  max_pages: how many pages of 4 KiB the file may have,
    0 for as many as the disk holds; tests make a full disk with it.
    """

    def __init__(self, path: Path, deadline: float = DEADLINE, max_pages: int = 0) -> None:
        self._path = path
        self._deadline = deadline
        self._max_pages = max_pages
        self._thread = Thread("store")
        self._db: sqlite3.Connection | None = None  # touched by the thread only

    async def open(self) -> None:
        """See `Store`."""
        await self._do(lambda _db: None)

    async def write(self, changes: Sequence[Change], epoch: int) -> None:
        """See `Store`."""
        await self._do(partial(_write, changes=tuple(changes), epoch=epoch))

    async def read(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        """See `Store`."""
        return await read_pages(self, kind, first, before)

    async def page(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        """See `Store`."""
        return await self._do(partial(_page, kind=kind, first=first, before=before))

    async def close(self) -> None:
        """See `Store`."""
        with suppress(TimeoutError):
            await self._thread.do(self._close, self._deadline)
        self._thread.end()

    async def _do(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run `job` in the thread, on the open database."""
        try:
            return await self._thread.do(partial(self._attempt, job), self._deadline)
        except TimeoutError:
            raise StoreDown(f"{self._path} does not answer (for {self._deadline:g} s)") from None

    def _attempt(self, job: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._db is None:
                self._db = self._connect()
            return job(self._db)
        except OSError as error:
            self._close()
            raise StoreDown(f"{self._path} cannot be opened: {error.strerror}") from None
        except sqlite3.Error as error:
            self._close()  # what is open may be wrong for ever; the next attempt looks anew
            raise StoreDown(f"{self._path} {_words(error)}") from None

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # O_WRONLY: a file that may not be written is refused here, in the system's words.
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with suppress(PermissionError):  # another user's file: its mode is the owner's to set
                os.fchmod(file, 0o600)
        finally:
            os.close(file)
        # The database waits half the deadline at most for another program that writes.
        db = sqlite3.connect(self._path, timeout=self._deadline / 2, isolation_level=None)
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if version > SCHEMA:
            raise StoreDown(f"{self._path} was made by a newer ivrd: expected schema {SCHEMA}")
        if version == 0 and tables:
            raise StoreDown(f"{self._path} {WORDS['SQLITE_NOTADB']}")
        db.execute("PRAGMA journal_mode = WAL")
        # NORMAL: a commit is in the system's hands and outlives `kill -9`, but only a checkpoint
        # waits for the disk.  A power loss may take the last commits, never half of one; those
        # are reconciled from queue_log.  FULL would wait for the disk at every commit: that is for
        # the kinds of which somebody has been promised something (`_write`).
        db.execute("PRAGMA synchronous = NORMAL")
        # What is erased is overwritten, not just left to be used again (docs/privacy.md).
        db.execute("PRAGMA secure_delete = ON")
        if self._max_pages:
            db.execute(f"PRAGMA max_page_count = {self._max_pages}")
        if version == 0:
            db.executescript(TABLES)

    def _close(self) -> None:
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()  # rolls back what was not committed
            self._db = None


def _write(db: sqlite3.Connection, changes: Sequence[Change], epoch: int) -> None:
    promised = any(change.kind in DURABLE for change in changes)
    db.execute(f"PRAGMA synchronous = {'FULL' if promised else 'NORMAL'}")
    db.execute("BEGIN IMMEDIATE")
    (latest,) = db.execute("SELECT value FROM fact WHERE name = 'epoch'").fetchone()
    if latest > epoch:
        db.execute("ROLLBACK")
        raise Fenced(f"epoch {latest} has taken over from epoch {epoch}")
    db.execute("UPDATE fact SET value = ? WHERE name = 'epoch' AND value <> ?", (epoch, epoch))
    for change in changes:
        match change:
            case Put(kind, key, value):
                db.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", (kind, key, value))
            case Remove(kind, key):
                db.execute("DELETE FROM entry WHERE kind = ? AND key = ?", (kind, key))
            case Forget(kind, before):
                db.execute("DELETE FROM entry WHERE kind = ? AND key < ?", (kind, before))
            case _:
                assert_never(change)
    db.execute("COMMIT")


def _page(db: sqlite3.Connection, kind: str, first: str, before: str) -> dict[str, str]:
    question = "SELECT key, value FROM entry WHERE kind = ? AND key >= ?"
    values: list[str | int] = [kind, first]
    if before:
        question += " AND key < ?"
        values.append(before)
    return dict(db.execute(f"{question} ORDER BY key LIMIT ?", [*values, PAGE]).fetchall())


def _words(error: sqlite3.Error) -> str:
    name = str(getattr(error, "sqlite_errorname", ""))
    for beginning, words in WORDS.items():
        if name.startswith(beginning):
            return words
    return f"cannot be used: {error}"

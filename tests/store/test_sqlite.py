"""A file that cannot be used: said in plain words within the deadline, and never destroyed."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

import pytest

from ivrd.store import Put, Remove, SqliteStore, StoreDown
from tests.store.conftest import SLOW

T = TypeVar("T")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ivrd.sqlite"


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def content(path: Path) -> bytes:
    return path.read_bytes()


def move(path: Path) -> Path:
    return path.rename(path.with_suffix(".old"))


async def refusal(doing: Awaitable[object]) -> str:
    with pytest.raises(StoreDown) as caught:
        await doing
    return str(caught.value)


async def fill(path: Path) -> None:
    store = SqliteStore(path, SLOW)
    await store.write([Put("calls", "a", "1")], 0)
    await store.close()


def test_the_file_is_its_owners_alone(path: Path) -> None:
    path.touch(0o644)
    asyncio.run(fill(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_disk(path: Path) -> None:
    async def act() -> None:
        store = SqliteStore(path, SLOW, max_pages=8)
        await store.write([Put("calls", "a", "1")], 0)
        big = [Put("ended", str(at), "x" * 1000) for at in range(200)]
        assert await refusal(store.write(big, 0)) == f"{path} cannot grow: the disk is full"
        assert await store.read("calls") == {"a": "1"}
        assert await store.read("ended") == {}  # all or nothing
        await store.write([Remove("calls", "a")], 0)
        assert await store.read("calls") == {}
        await store.close()

    asyncio.run(act())


def test_a_file_that_may_not_be_written_is_still_read(path: Path) -> None:
    async def act() -> None:
        await fill(path)
        # The file's format says: a later SQLite may write this, you may read it.  That holds for
        # root as well, whom the file's mode does not stop.
        with path.open("r+b") as file:
            file.seek(18)
            file.write(b"\3\2")
        store = SqliteStore(path, SLOW)
        assert await refusal(store.write([Put("calls", "b", "2")], 0)) == (
            f"{path} may not be written"
        )
        assert await store.read("calls") == {"a": "1"}
        await store.close()

    asyncio.run(act())


def test_a_folder_that_is_not_there_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ivrd.sqlite"
    asyncio.run(fill(path))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_place_where_no_file_can_be_and_then_can(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ivrd.sqlite"

    async def act() -> None:
        write(path.parent, b"a file where the folder should be")
        store = SqliteStore(path, SLOW)
        assert await refusal(store.open()) == f"{path} cannot be opened: File exists"
        move(path.parent)
        await store.write([Put("calls", "a", "1")], 0)
        assert await store.read("calls") == {"a": "1"}
        await store.close()

    asyncio.run(act())


@pytest.mark.parametrize("garbage", [b"#!/bin/sh\n" * 1000, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_file_that_is_something_else_is_left_as_it_is(path: Path, garbage: bytes) -> None:
    async def act() -> None:
        write(path, garbage)
        store = SqliteStore(path, SLOW)
        said = await refusal(store.write([Put("calls", "a", "1")], 0))
        assert said.startswith(f"{path} ")
        assert said.endswith("move it away, and ivrd starts a new one")
        assert content(path) == garbage
        move(path)
        await store.write([Put("calls", "a", "1")], 0)
        assert await store.read("calls") == {"a": "1"}
        await store.close()

    asyncio.run(act())


def test_a_database_damaged_inside_is_left_as_it_is(path: Path) -> None:
    async def act() -> None:
        store = SqliteStore(path, SLOW)
        await store.write([Put("ended", f"{at:05}", "x" * 500) for at in range(500)], 0)
        await store.close()
        damaged = bytearray(content(path))
        damaged[4 * 4096 :] = b"\xa5" * (len(damaged) - 4 * 4096)
        write(path, damaged)
        assert "move it away" in await refusal(store.read("ended"))
        await store.close()
        assert content(path) == damaged

    asyncio.run(act())


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE TABLE invoice (id)", "is no database of ivrd's: it is left as it is"),
        ("PRAGMA user_version = 2", "was made by a newer ivrd: expected schema 1"),
    ],
)
def test_anothers_database(path: Path, statement: str, said: str) -> None:
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()
    assert said in asyncio.run(refusal(SqliteStore(path, SLOW).open()))


def test_a_file_that_another_program_writes(path: Path) -> None:
    async def act() -> None:
        await fill(path)
        store = SqliteStore(path, 1.0)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        said = await refusal(store.write([Put("calls", "b", "2")], 0))
        assert said == f"{path} is in use by another program"
        assert await store.read("calls") == {"a": "1"}
        other.execute("ROLLBACK")
        other.close()
        await store.write([Put("calls", "b", "2")], 0)
        await store.close()

    asyncio.run(act())


# Opening a pipe for writing hangs until somebody reads it: a disk that does not answer.


def test_a_frozen_disk_holds_up_neither_the_loop_nor_more_than_one_operation(path: Path) -> None:
    os.mkfifo(path)

    async def act() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0)
                ticks += 1

        ticking = asyncio.create_task(tick())
        store = SqliteStore(path, 0.2)
        assert await refusal(store.open()) == f"{path} does not answer (for 0.2 s)"
        assert ticks > 10
        ticking.cancel()
        assert "does not answer" in await refusal(store.write([Put("calls", "a", "1")], 0))
        os.close(os.open(move(path), os.O_RDONLY | os.O_NONBLOCK))  # it answers
        store = await until_it_works(store)
        # What was refused while the disk was frozen was not begun.
        assert await store.read("calls") == {}
        await store.close()

    asyncio.run(act())


async def until_it_works(store: SqliteStore) -> SqliteStore:
    while True:
        try:
            await store.open()
            return store
        except StoreDown:
            await asyncio.sleep(0.01)


def test_a_frozen_disk_does_not_hold_up_the_end_of_the_process(path: Path) -> None:
    os.mkfifo(path)
    code = f"""
import asyncio
from pathlib import Path
from ivrd.store import SqliteStore, StoreDown
async def main():
    store = SqliteStore(Path({str(path)!r}), 0.1)
    try:
        await store.open()
    except StoreDown:
        print("down")
    await store.close()
asyncio.run(main())
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("down\n", "")

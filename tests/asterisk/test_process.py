"""The limit on open files of the Asterisk behind a manager port, as /proc shows it."""

from pathlib import Path

import pytest

from ivrd.asterisk.capacity import shortage
from ivrd.asterisk.open_files import files_for, room_for
from ivrd.asterisk.process import connected_users, open_files_limit

PORT = 5038
# sl, local and remote address, state, queues, timer, retransmissions, user, timeout, inode
LINE = " 0: 0100007F:13AE 00000000:0000 0A 00000000:00000000 00:00000000 00000000 {} 0 4711 1 0\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text("sl ...\n" + LINE.format(tmp_path.stat().st_uid))
    return tmp_path


def process(proc: Path, pid: int, words: str, limit: str, *, socket: str = "") -> None:
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True)
    (folder / "cmdline").write_bytes(words.replace(" ", "\0").encode() + b"\0")
    (folder / "limits").write_text(
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        f"Max open files            {limit:<21}524288               files     \n"
    )
    if socket:
        (folder / "fd" / "7").symlink_to(f"socket:[{socket}]")


def test_it_is_the_one_that_listens_there(proc: Path) -> None:
    process(proc, 10, "/usr/sbin/asterisk -f", "1024", socket="1")
    process(
        proc,
        11,
        "/lib/ld-linux.so --library-path /usr/lib /usr/sbin/asterisk",
        "12256",
        socket="4711",
    )
    assert open_files_limit(PORT, proc) == 12256


def test_one_of_another_user_is_known_by_its_name(proc: Path) -> None:
    process(proc, 10, "/usr/sbin/asterisk -g -f", "1024")
    process(proc, 11, "/bin/sh", "99")
    assert open_files_limit(PORT, proc) == 1024


def test_how_many_connections_each_account_holds(proc: Path) -> None:
    row = " 1: 0100007F:{} 0100007F:{} 01 0:0 0:0 0 {} 0 {} 1 0\n"
    lines = [row.format("C350", "13AE", 1000, 1), row.format("C351", "13AE", 1000, 2)]
    lines += [row.format("13AE", "C350", 110, 3), row.format("C352", "1F90", 1000, 4)]
    with (proc / "net" / "tcp").open("a") as table:
        table.write("".join(lines))
    assert connected_users(PORT, proc) == {1000: 2}


def test_nothing_is_known_of_several_or_none_or_no_limit(proc: Path) -> None:
    assert open_files_limit(PORT, proc) is None
    process(proc, 10, "asterisk", "unlimited")
    assert open_files_limit(PORT, proc) is None
    process(proc, 11, "asterisk", "1024")
    assert open_files_limit(PORT, proc) is None
    assert open_files_limit(PORT + 1, proc) is None


def test_what_is_rendered_has_room_for_as_many_as_are_wanted() -> None:
    for on_line in (0, 70):
        files = {callers: files_for(callers, on_line) for callers in range(1, 3000, 7)}
        assert all(room_for(files[callers], on_line) == callers for callers in files)
    assert room_for(0) == 0
    assert shortage(files_for(1000), 1000, 0) == ""
    assert shortage(files_for(1000), 1000, 70)
    assert "room for 64 callers, limits.callers is 1000" in shortage(1024, 1000, 0)

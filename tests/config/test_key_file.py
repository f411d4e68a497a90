"""Key files: made once, read by their owner alone, and replaced."""

import os
import stat
import threading
from pathlib import Path

import pytest

from ivrd.config.key_file import KeyFile, KeyFileError

KEY = bytes(range(32))


def key_file(path: Path) -> KeyFile:
    return KeyFile(path, "caller_key_file", "nothing is known again then")


def load_key(path: Path) -> bytes:
    (key,) = key_file(path).keys()
    return key


def test_a_key_is_made_once_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "lib" / "ivrd" / "caller.key"
    old_mask = os.umask(0)  # even then nobody else may read it
    try:
        first = load_key(path)
    finally:
        os.umask(old_mask)
    assert len(first) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(path) == first
    assert list(path.parent.iterdir()) == [path]  # no draft is left behind
    assert load_key(tmp_path / "other.key") != first


def test_processes_that_begin_together_agree_on_one_key(tmp_path: Path) -> None:
    path, keys, start = tmp_path / "caller.key", [], threading.Barrier(8)

    def begin() -> None:
        start.wait()
        keys.append(load_key(path))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys == [path.read_bytes()] * 8


def test_a_key_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "caller.key"
    path.write_bytes(KEY)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match=f"{path}: everybody .*: chmod o-rwx {path}"):
        load_key(path)
    path.chmod(0o640)  # a group of its own is how system users share a secret
    assert load_key(path) == KEY


@pytest.mark.parametrize("length", [0, 31])
def test_a_key_that_is_cut_short_is_refused_and_not_replaced(tmp_path: Path, length: int) -> None:
    path = tmp_path / "caller.key"
    path.write_bytes(KEY[:length])
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=rf"{path}: expected .* 32 bytes, found {length}: put"):
        load_key(path)
    assert path.read_bytes() == KEY[:length]


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=rf"^{tmp_path}: "):
        load_key(tmp_path)


def test_a_pipe_in_the_way_does_not_make_us_wait(tmp_path: Path) -> None:
    path = tmp_path / "caller.key"
    os.mkfifo(path, 0o600)
    with pytest.raises(KeyFileError, match=f"{path}: expected a file"):
        load_key(path)


def test_a_place_that_cannot_be_had_is_one_plain_line(tmp_path: Path) -> None:
    (tmp_path / "lib").write_text("")  # a file where a folder is needed
    path = tmp_path / "lib" / "caller.key"
    with pytest.raises(KeyFileError) as caught:
        load_key(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "caller_key_file" in message
    assert "\n" not in message


def test_a_replaced_key_is_read_beside_the_new_one(tmp_path: Path) -> None:
    file = key_file(tmp_path / "caller.key")
    (old,) = file.keys()
    file.path.rename(file.previous_path)
    new, previous = file.keys()
    assert (previous, new != old) == (old, True)
    file.previous_path.unlink()
    assert file.keys() == (new,)


def test_a_previous_key_that_everybody_can_read_is_refused_too(tmp_path: Path) -> None:
    file = key_file(tmp_path / "caller.key")
    load_key(file.path)
    file.previous_path.write_bytes(KEY)
    file.previous_path.chmod(0o604)
    with pytest.raises(KeyFileError, match=f"{file.previous_path}: everybody "):
        file.keys()

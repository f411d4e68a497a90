"""The one key that the commands of a running ivrd need, read without the rest."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ivrd.config import control_socket
from ivrd.config.load import load
from ivrd.config.problem import ConfigError

LINE = "control: {socket: /run/ivrd/control.sock}\n"


def complaint(read: Callable[[Path], object], folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "path"),
    [("/run/ivrd/control.sock", "/run/ivrd/control.sock"), ("s", "s"), ("../s", "../s")],
)
def test_it_is_the_path_that_the_whole_configuration_has(
    folder: Path, change: Callable[[str, str, str], None], written: str, path: str
) -> None:
    change("ivrd.yaml", "/run/ivrd/control.sock", written)
    assert control_socket.read(folder) == load(folder).control_socket == (folder / path).resolve()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "control:\n",
        "control: /run/ivrd/control.sock\n",
        "control: [a, b]\n",
        "control: {}\n",
        "control: {socket: }\n",
        "control: {socket: 5}\n",
        "control: {socket: [a]}\n",
        'control: {socket: ""}\n',
        'control: {socket: "a\\nb"}\n',
        f"control: {{socket: /{'a' * 107}}}\n",
        "control: {socket: /a, socket: /b}\n",
        f"{LINE}{LINE}",
        "control: {socket: &a /run/ivrd/control.sock}\n",
        "control: {socket: *a}\n",
        "control: {socket: 'a\n",
        "control: \xff\n",
    ],
)
def test_what_is_wrong_with_it_is_said_in_the_same_words_as_by_check(
    folder: Path, line: str
) -> None:
    path = folder / "ivrd.yaml"
    path.write_bytes(path.read_text("utf-8").replace(LINE, line).encode("latin-1"))
    assert complaint(control_socket.read, folder) == complaint(load, folder)


@pytest.mark.parametrize("content", ["", "just words\n", "[a, b]\n"])
def test_a_file_that_is_no_mapping(folder: Path, content: str) -> None:
    (folder / "ivrd.yaml").write_text(content)
    assert complaint(control_socket.read, folder) == complaint(load, folder)


def test_a_missing_folder_and_a_missing_file(folder: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    said = f"{nowhere}: expected a folder with ivrd.yaml in it"
    assert complaint(control_socket.read, nowhere) == complaint(load, nowhere) == said
    (folder / "ivrd.yaml").unlink()
    assert complaint(control_socket.read, folder) == f"{folder / 'ivrd.yaml'}: missing"


def test_what_is_wrong_elsewhere_does_not_keep_anybody_from_a_running_ivrd(folder: Path) -> None:
    expected = load(folder).control_socket
    (folder / "menus.yaml").write_text("half: [a file")
    (folder / "queues.yaml").unlink()
    path = folder / "ivrd.yaml"
    path.write_text(path.read_text("utf-8").replace("lease_seconds: 5", "lease_seconds: soon"))
    complaint(load, folder)
    assert control_socket.read(folder) == expected

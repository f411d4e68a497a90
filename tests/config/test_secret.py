import os
from pathlib import Path

import pytest

from ivrd.config.problem import ConfigError
from ivrd.config.secret import AMI_SECRET, read_secret

SECRET = "correct-horse/battery+staple=="
FORM = "expected one line of 8 to 128 letters, digits and signs, no spaces and no semicolon"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a secret, readable for its owner and group."""
    file = tmp_path / "ami.secret"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o640)
    return file


def refusal(path: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        read_secret(path, AMI_SECRET, environ or {})
    return str(caught.value)


def test_the_secret_is_the_files_one_line(path: Path) -> None:
    assert read_secret(path, AMI_SECRET, {}) == SECRET


def test_the_environment_stands_in_for_the_file(tmp_path: Path) -> None:
    environ = {"IVRD_AMI_SECRET": SECRET}
    assert read_secret(tmp_path / "none", AMI_SECRET, environ) == SECRET


def test_the_processs_own_environment_is_looked_at(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVRD_AMI_SECRET", "from-the-environment")
    assert read_secret(path, AMI_SECRET) == "from-the-environment"


def test_a_secret_that_everybody_may_read(path: Path) -> None:
    path.chmod(0o644)
    assert refusal(path) == f"{path}: everybody may read this secret; run: chmod o= {path}"


def test_no_secret_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "none"
    assert refusal(path) == (
        f"{path}: missing; expected a file with the secret, or IVRD_AMI_SECRET set"
    )


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path}: expected a file with the secret"


def test_a_pipe_in_the_place_of_the_file_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert refusal(tmp_path / "pipe") == f"{tmp_path / 'pipe'}: expected a file with the secret"


@pytest.mark.parametrize("mode", [0o602, 0o601, 0o620, 0o660, 0o662])
def test_a_secret_that_others_may_change(path: Path, mode: int) -> None:
    path.chmod(mode)
    assert refusal(path) == f"{path}: others may change this secret; run: chmod g-w,o= {path}"


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
def test_the_owner_and_the_group_may_read_it(path: Path, mode: int) -> None:
    path.chmod(mode)
    assert read_secret(path, AMI_SECRET, {}) == SECRET


def test_a_secret_that_belongs_to_somebody_else(path: Path) -> None:
    owner = path.stat().st_uid or 4242
    os.chown(path, owner, -1)
    with pytest.raises(ConfigError) as caught:
        read_secret(path, AMI_SECRET, {}, user=owner + 1)
    assert str(caught.value) == (
        f"{path}: belongs to user {owner}; expected root or user {owner + 1}, who runs this"
    )
    assert read_secret(path, AMI_SECRET, {}, user=owner) == SECRET
    assert read_secret(path, AMI_SECRET, {}, user=0) == SECRET


def test_of_a_link_the_file_that_it_leads_to_is_judged(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    assert read_secret(link, AMI_SECRET, {}) == SECRET
    path.chmod(0o644)
    assert refusal(link).startswith(f"{link}: everybody may read this secret")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        b"with a space in it",
        b"semi;colon;semi",
        b"two-lines\nsecret=other",
        "ความลับของเรา".encode(),
        b"\xff" * 20,
        b"x" * 129,
    ],
)
def test_a_secret_that_cannot_stand_in_asterisks_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert refusal(path) == f"{path}: {FORM}"


def test_a_bad_secret_in_the_environment_is_not_repeated(path: Path) -> None:
    assert refusal(path, {"IVRD_AMI_SECRET": "hunter2"}) == f"IVRD_AMI_SECRET: {FORM}"

"""Secrets: they stand in files of their own or in the environment, never in the YAML."""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from ivrd.config.problem import ConfigError, Problem

AMI_SECRET = "IVRD_AMI_SECRET"  # stands in for asterisk.ami.secret_file
SEATS_SECRET = "IVRD_SEATS_SECRET"  # stands in for asterisk.seats.secret_file
REDIS_SECRET = "IVRD_REDIS_SECRET"  # stands in for store.redis.secret_file
SENTINEL_SECRET = "IVRD_SENTINEL_SECRET"  # stands in for store.redis.sentinel_secret_file
CASES_SECRET = "IVRD_CASES_SECRET"  # stands in for crm.secret_file of cases.yaml

ROOT = 0
MOST_BYTES = 4096
# Asterisk reads it from manager.conf, where a semicolon begins a comment.
FORM = re.compile(r"[!-:<-~]{8,128}")
EXPECTED = "expected one line of 8 to 128 letters, digits and signs, no spaces and no semicolon"
# What other systems give out, such as a token for their API.
TOKEN_FORM = re.compile(r"[!-~]{8,2048}")
TOKEN_EXPECTED = "expected one line of 8 to 2048 letters, digits and signs, no spaces"


def read_secret(
    path: Path,
    variable: str,
    environ: Mapping[str, str] = os.environ,
    user: int | None = None,
    *,
    token: bool = False,
) -> str:
    """The secret in the environment's `variable`, else the one in the file at `path`.

    The file belongs to root or to us (`user`, else who runs this); its group may read it, nobody
    else may anything.  A symbolic link is followed: what is judged is the file that was opened.
    Raises `ConfigError` when there is none, when the file is open to others, or when the secret
    cannot be written into Asterisk's configuration; a `token` for another system may have any form.
    The secret itself is in no message.
    """
    if variable in environ:
        return _checked(environ[variable], variable, token)
    try:
        # O_NONBLOCK: a pipe in the file's place must not make us wait for ever
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            _refuse_open(path, os.fstat(handle), os.geteuid() if user is None else user)
            text = os.read(handle, MOST_BYTES).decode("ascii", "replace")
        finally:
            os.close(handle)
    except FileNotFoundError:
        raise _error(path, f"missing; expected a file with the secret, or {variable} set") from None
    except OSError as error:
        raise _error(path, f"cannot be read: {error.strerror}") from None
    return _checked(text.rstrip("\r\n"), path, token)


def _refuse_open(path: Path, status: os.stat_result, user: int) -> None:
    """Raise `ConfigError` for what is no file, or one that others can read or change."""
    if not stat.S_ISREG(status.st_mode):
        raise _error(path, "expected a file with the secret")
    if status.st_mode & stat.S_IROTH:
        raise _error(path, f"everybody may read this secret; run: chmod o= {path}")
    if status.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise _error(path, f"others may change this secret; run: chmod g-w,o= {path}")
    if user != ROOT and status.st_uid not in (ROOT, user):
        say = f"belongs to user {status.st_uid}; expected root or user {user}, who runs this"
        raise _error(path, say)


def _checked(secret: str, source: str | Path, token: bool) -> str:
    if not (TOKEN_FORM if token else FORM).fullmatch(secret):
        raise _error(source, TOKEN_EXPECTED if token else EXPECTED)
    return secret


def _error(source: str | Path, message: str) -> ConfigError:
    return ConfigError([Problem(str(source), 0, "", message)])

"""Secrets: they stand in files of their own or in the environment, never in the YAML."""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from ivrd.config.problem import ConfigError, Problem

AMI_SECRET = "IVRD_AMI_SECRET"  # stands in for asterisk.ami.secret_file
SEATS_SECRET = "IVRD_SEATS_SECRET"  # stands in for asterisk.seats.secret_file

# Asterisk reads it from manager.conf, where a semicolon begins a comment.
FORM = re.compile(r"[!-:<-~]{8,128}")
EXPECTED = "expected one line of 8 to 128 letters, digits and signs, no spaces and no semicolon"


def read_secret(path: Path, variable: str, environ: Mapping[str, str] = os.environ) -> str:
    """The secret in the environment's `variable`, else the one in the file at `path`.

    Raises `ConfigError` when there is none, when everybody may read the file, or when the secret
    cannot be written into Asterisk's configuration.  The secret itself is in no message.
    """
    if variable in environ:
        return _checked(environ[variable], variable)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_IMODE(mode) & stat.S_IROTH:
                raise _error(path, f"everybody may read this secret; run: chmod o= {path}")
            text = file.read(4096).decode("ascii", "replace")
    except FileNotFoundError:
        raise _error(path, f"missing; expected a file with the secret, or {variable} set") from None
    except OSError as error:
        raise _error(path, f"cannot be read: {error.strerror}") from None
    return _checked(text.rstrip("\r\n"), path)


def _checked(secret: str, source: str | Path) -> str:
    if not FORM.fullmatch(secret):
        raise _error(source, EXPECTED)
    return secret


def _error(source: str | Path, message: str) -> ConfigError:
    return ConfigError([Problem(str(source), 0, "", message)])

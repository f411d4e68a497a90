"""`control.socket` of ivrd.yaml, read alone: where a running ivrd is reached.

The commands that only ask a running ivrd need nothing else of the configuration.  Reading this
one key costs them no pydantic, and a running ivrd can be asked while somebody is in the middle of
editing menus.yaml.  What is wrong elsewhere, `ivrd check` says.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from ivrd.config import yamlfile
from ivrd.config.field_types import PATH, not_a
from ivrd.config.problem import ConfigError, Problem
from ivrd.config.yamlfile import Document, Key

FILE = "ivrd.yaml"
KEY = ("control", "socket")
LONGEST = 107  # bytes of a Unix socket's path, unix(7)


def read(folder: Path) -> Path:
    """The absolute path of the control socket that the configuration in `folder` names.

    Raises `ConfigError`, in the same words as `load`, when the folder or the file cannot be read,
    or when this key is missing, wrong or written twice.
    """
    check_folder(folder)
    document = yamlfile.read(folder / FILE)
    if twice := [double for double in document.doubles if double.key in ("control", ".".join(KEY))]:
        raise ConfigError(twice)
    value = _mapping(document, (), document.value)
    control = _mapping(document, KEY[:1], _member(document, (), value, KEY[0], "a mapping"))
    path = _member(document, KEY[:1], control, KEY[1], PATH.what)
    try:
        socket = located(folder, str(PATH.checked(path)))
    except ValueError as error:
        raise _wrong(document, KEY, str(error)) from None
    if message := too_long(socket):
        raise _wrong(document, KEY, message)
    return socket


def _mapping(document: Document, key: Key, value: object) -> Mapping[object, object]:
    if not isinstance(value, dict):
        raise _wrong(document, key, not_a("mapping", value))
    return value


def _member(
    document: Document, key: Key, mapping: Mapping[object, object], name: str, what: str
) -> object:
    if name not in mapping:
        raise _wrong(document, (*key, name), f"missing; expected {what}")
    return mapping[name]


def _wrong(document: Document, key: Key, message: str) -> ConfigError:
    return ConfigError([document.problem(key, message)])


def check_folder(folder: Path) -> None:
    """Raise `ConfigError` when there is no such folder."""
    if not folder.is_dir():
        raise ConfigError([Problem(str(folder), 0, "", f"expected a folder with {FILE} in it")])


def located(folder: Path, path: str) -> Path:
    """The absolute path of what a file in `folder` calls `path`."""
    return Path(os.path.realpath(folder / path))


def too_long(socket: Path) -> str:
    """What is wrong with a socket's path that the system would refuse; empty when nothing is."""
    if len(os.fsencode(socket)) <= LONGEST:
        return ""
    return f"expected a path of at most {LONGEST} bytes, got {socket}"

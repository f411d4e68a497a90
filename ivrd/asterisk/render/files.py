"""All files of Asterisk's configuration folder: as they should be, as they are, written."""

import os
from importlib.resources import files
from pathlib import Path

from ivrd.asterisk.render.dialplan import extensions_conf
from ivrd.asterisk.render.pjsip import pjsip_conf
from ivrd.asterisk.render.queues import musiconhold_conf, queues_conf
from ivrd.asterisk.render.say import say_conf
from ivrd.asterisk.render.system import EMPTY, logger_conf, manager_conf, modules_conf, rtp_conf
from ivrd.config import Settings

MARK = "; Written by `ivrd render` from ivrd's YAML. Changes made here will be lost.\n"


class RenderError(Exception):
    """Asterisk's folder cannot be written; the message says which file and why."""


def rendered(settings: Settings, ami_secret: str, seats_secret: str | None) -> dict[str, str]:
    """File name -> text of everything that Asterisk needs."""
    texts = {
        "extensions.conf": extensions_conf(settings),
        "manager.conf": manager_conf(settings, ami_secret),
        "modules.conf": modules_conf(),
        "musiconhold.conf": musiconhold_conf(settings),
        "logger.conf": logger_conf(),
        "pjsip.conf": pjsip_conf(settings, seats_secret),
        "queues.conf": queues_conf(settings),
        "rtp.conf": rtp_conf(settings),
        "say.conf": say_conf(),
        **EMPTY,
        **_dialplans(),
    }
    return {name: MARK + text for name, text in sorted(texts.items())}


def _dialplans() -> dict[str, str]:
    folder = files("ivrd").joinpath("dialplans")
    if not folder.is_dir():  # a checkout, not an installation
        folder = Path(__file__).parents[3] / "dialplans"
    return {f.name: f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".conf")}


def differing(folder: Path, texts: dict[str, str]) -> list[str]:
    """Names of the files in `folder` that are missing or not as they should be."""
    return [name for name, text in texts.items() if _read(folder / name) != text]


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def write(folder: Path, texts: dict[str, str], *, force: bool = False) -> list[str]:
    """Write what differs, each file at once; the names written.

    Raises `RenderError` before anything is written when a file there is not ours (and not
    `force`), or when the folder cannot be written.
    """
    names = differing(folder, texts)
    for name in names:
        there = _read(folder / name)
        if there is not None and not there.startswith(MARK) and not force:
            raise RenderError(
                f"{folder / name} was not written by ivrd; give --force to replace it"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            _replace(folder / name, texts[name])
    except OSError as error:
        raise RenderError(f"cannot write {error.filename}: {error.strerror}") from None
    return names


def _replace(path: Path, text: str) -> None:
    """Write beside, then rename: Asterisk never reads half a file. Passwords are in some.

    The file gets its folder's owner and group, so that root may write what Asterisk reads.
    """
    beside = path.with_name(f".{path.name}.new")
    with open(beside, "w", encoding="utf-8", opener=_private) as file:
        file.write(text)
        if os.geteuid() == 0:
            folder = path.parent.stat()
            os.fchown(file.fileno(), folder.st_uid, folder.st_gid)
    os.replace(beside, path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o640)

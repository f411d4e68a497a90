"""All files of Asterisk's configuration folder: as they should be, as they are, written."""

import os
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from ivrd.asterisk.additions import AdditionError, included
from ivrd.asterisk.render.dialplan import carrier_sources, extensions_conf
from ivrd.asterisk.render.network import resolver_unbound_conf
from ivrd.asterisk.render.pjsip import pjsip_conf
from ivrd.asterisk.render.queues import agents_conf, musiconhold_conf, queues_conf
from ivrd.asterisk.render.say import say_conf
from ivrd.asterisk.render.system import (
    EMPTY,
    asterisk_service_conf,
    features_conf,
    logger_conf,
    manager_conf,
    modules_conf,
    rtp_conf,
    sorcery_conf,
    stasis_conf,
    trunk_modules,
)
from ivrd.config.own_network import including
from ivrd.config.settings import Settings

SERVICE_LIMITS = "asterisk.service.conf"  # for systemd, which reads it through a link
MARK = "; Written by `ivrd render` from ivrd's YAML. Changes made here will be lost.\n"


class RenderError(Exception):
    """Asterisk's folder cannot be written; the message says which file and why."""


def rendered(
    settings: Settings,
    ami_secret: str,
    seats_secret: str | None,
    trunk_secrets: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """File name -> text of everything that Asterisk needs.

    `trunk_secrets`: the passwords of the trunks that have a user, by the trunks' names.
    Raises `RenderError` when one of the operator's own files cannot be read.
    """
    texts = {
        SERVICE_LIMITS: asterisk_service_conf(settings),
        "agents.conf": agents_conf(settings),
        "extensions.conf": extensions_conf(settings) + carrier_sources(settings),
        "features.conf": features_conf(settings),
        "manager.conf": manager_conf(settings, ami_secret),
        "modules.conf": modules_conf(trunk_modules(settings)),
        "musiconhold.conf": musiconhold_conf(settings),
        "logger.conf": logger_conf(),
        "pjsip.conf": pjsip_conf(settings, seats_secret, trunk_secrets),
        "queues.conf": queues_conf(settings),
        "resolver_unbound.conf": resolver_unbound_conf(settings.asterisk.network.dns_servers),
        "rtp.conf": rtp_conf(settings),
        "say.conf": say_conf(settings.languages),
        "sorcery.conf": sorcery_conf(settings),
        "stasis.conf": stasis_conf(),
        **EMPTY,
        **_dialplans(),
    }
    for path in settings.asterisk.network.additions:
        try:
            texts[including(path)] += included(path)
        except AdditionError as error:
            where = settings.asterisk.network.additions_at
            raise RenderError(f"{where}: {error}") from None
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
    """Write what differs: all of it, or nothing; the names written.

    Raises `RenderError` with nothing changed when a file there is not ours (and not `force`), or
    when the folder cannot be written.
    """
    names = differing(folder, texts)
    for path in (folder / name for name in names):
        if path.is_dir():
            raise RenderError(f"cannot write {path}: a folder is in the way")
        if not force and _is_foreign(path):
            raise RenderError(f"{path} was not written by ivrd; give --force to replace it")
    drafts = {name: folder / f".{name}.new" for name in names}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, draft in drafts.items():
            _write_draft(draft, texts[name])
        for name, draft in drafts.items():
            os.replace(draft, folder / name)  # Asterisk never reads half a file
    except OSError as error:
        where = error.filename2 or error.filename or folder
        raise RenderError(f"cannot write {where}: {error.strerror}") from None
    finally:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink()
    return names


def _is_foreign(path: Path) -> bool:
    try:
        return not path.read_bytes().startswith(MARK.encode())
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _write_draft(draft: Path, text: str) -> None:
    """Write a new file that others cannot read: passwords are in some.

    It gets its folder's owner and group, so that root may write what Asterisk reads.
    """
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        if os.geteuid() == 0:
            folder = draft.parent.stat()
            os.fchown(handle, folder.st_uid, folder.st_gid)
        os.fchmod(handle, 0o640)
        file.write(text)

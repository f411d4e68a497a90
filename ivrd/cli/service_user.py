"""What the user that the daemon runs as may read and write, tried as that user."""

import json
import os
import pwd
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

UNIT = "ivrd.service"
UNIT_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
USER = re.compile(r"^User=(\S+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Need:
    """A file that is to be read or, with `writes`, a folder in which files are made."""

    path: Path
    writes: bool = False


def unit_user(folders: Iterable[str] = UNIT_FOLDERS) -> str | None:
    """The user that systemd's unit of ivrd names; None where there is no such unit."""
    user = None
    for folder in folders:
        unit = Path(folder, UNIT)
        if unit.is_file():
            for path in (unit, *sorted(Path(folder, f"{UNIT}.d").glob("*.conf"))):
                user = (USER.findall(path.read_text("utf-8", "replace")) or [user])[-1]
            return user
    return None


def refused(needs: Iterable[Need], user: str) -> list[str]:
    """What of this the user may not do, in words.

    As root a child process takes on the user's rights and tries.  Who is neither root nor that
    user cannot know: nothing is said then.  Raises KeyError when there is no such user.
    """
    account = pwd.getpwnam(user)
    wanted = list(needs)
    if os.geteuid() == account.pw_uid:
        return _tried(wanted, user)
    return _tried_by_child(wanted, account) if os.geteuid() == 0 else []


def _tried(needs: Iterable[Need], user: str) -> list[str]:
    return [f"{need.path}: {why}" for need in needs if (why := _obstacle(need, user))]


def _obstacle(need: Need, user: str) -> str:
    """Why the one who runs this may not; empty when it works, or when there is nothing yet."""
    try:
        if need.writes:
            need.path.stat()
            allowed = os.access(need.path, os.W_OK | os.X_OK)
            return "" if allowed else f"the user {user} may not write in this folder"
        with need.path.open("rb"):
            return ""
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"the user {user} cannot read it: {error.strerror}"


def _tried_by_child(needs: Iterable[Need], account: pwd.struct_passwd) -> list[str]:
    """Fork, become the user, try, and bring home what was found."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            os.initgroups(account.pw_name, account.pw_gid)
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            with open(writing, "w", encoding="utf-8") as out:
                json.dump(_tried(needs, account.pw_name), out)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading, encoding="utf-8") as found:
        text = found.read()
    os.waitpid(child, 0)
    if not text:
        return [f"cannot become the user {account.pw_name} to see what it may read"]
    answer: list[str] = json.loads(text)
    return answer

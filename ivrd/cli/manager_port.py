"""Which accounts of this machine can, and do, connect to Asterisk's manager port."""

import os
import pwd
import socket
from collections.abc import Iterator

from ivrd.asterisk.process import connected_users
from ivrd.cli.service_user import unit_user

NOBODY = "nobody"
MANY = 5  # connections of one account; ivrd has one, and two of them are here at a take-over
SECONDS = 1.0


def notes(host: str, port: int) -> Iterator[str]:
    """What an operator should know; only root can find out, and nothing is said to others."""
    if os.geteuid() != 0:
        return
    for user, connections in sorted(connected_users(port).items()):
        if user != 0 and connections >= MANY:
            yield f"the account {_name(user)} holds {connections} connections to port {port}"
    if unit_user() is not None and _open_to_nobody(host, port):
        yield (
            f"every account of this machine can connect to Asterisk's manager port {port}, and "
            "keep ivrd waiting: docs/install.md, Ports and firewall, has a rule against that"
        )


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _open_to_nobody(host: str, port: int) -> bool:
    """Whether a process with nobody's rights gets a connection; tried in a child."""
    account = pwd.getpwnam(NOBODY)
    # Looked up here: nobody may not be able to read what Python loads for that.
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            with socket.socket(family, kind) as probe:
                probe.settimeout(SECONDS)
                probe.connect(address)
                os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

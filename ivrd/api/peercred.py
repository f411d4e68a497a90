"""Which user is at the other end of the control socket, as the operating system reports it."""

import pwd
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

CREDENTIALS = struct.Struct("3i")  # process, user, group: struct ucred, unix(7)


def user_of(connection: object) -> str:
    """The user at the other end of a Unix socket: the name, or `user 1234` without one.

    Empty for any other connection.
    """
    get = getattr(connection, "getsockopt", None)
    if get is None or getattr(connection, "family", None) != socket.AF_UNIX:
        return ""
    try:
        _process, user, _group = CREDENTIALS.unpack(
            get(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
        )
    except OSError:
        return ""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


@web.middleware
async def named(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Put the user into the query as `who`, in place of whatever is there.

    A request that came over no Unix socket keeps its own.
    """
    transport = request.transport
    who = user_of(transport.get_extra_info("socket")) if transport is not None else ""
    if who:
        request = request.clone(rel_url=request.rel_url.update_query(who=who))
    return await handler(request)


def asked_by(query: Mapping[str, str]) -> str:
    """Who asks, as `named` has written it."""
    return query.get("who") or "unknown"

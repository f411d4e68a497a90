"""How many callers the running Asterisk has room for, by the limit on open files that it has."""

import asyncio
from contextlib import suppress

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.leader_guard import NotLeader
from ivrd.asterisk.open_files import files_for, room_for
from ivrd.asterisk.process import open_files_limit


class Capacity:
    """As it was when ivrd connected; `files` and `room` are None when that cannot be seen.

    `callers`: how many the configuration wants, beside people at `on_line` seats on the line.
    """

    def __init__(self, link: AmiClient, callers: int, on_line: int) -> None:
        self.callers, self.on_line = callers, on_line
        self.files: int | None = None
        self.room: int | None = None
        self._link = link

    async def read(self) -> None:
        """Look at the running Asterisk, and tell its dialplan how many have room.

        Raises what `AmiClient.set_global` raises.
        """
        self.files = await asyncio.to_thread(open_files_limit, self._link.address.port)
        self.room = None if self.files is None else room_for(self.files, self.on_line)
        with suppress(NotLeader):  # the leader tells the dialplan
            room = "" if self.room is None else str(self.room)
            await self._link.set_global(dialplan_names.ROOM, room)

    def shortage(self) -> str:
        """What to say when there is room for fewer than `callers`; empty when all have room."""
        return "" if self.files is None else shortage(self.files, self.callers, self.on_line)


def shortage(files: int, callers: int, on_line: int) -> str:
    """What to say of an Asterisk that may open so many files; empty when all callers have room."""
    room = room_for(files, on_line)
    if room >= callers:
        return ""
    return (
        f"Asterisk has room for {room} callers, limits.callers is {callers}: it may open {files} "
        f"files and needs {files_for(callers, on_line)}; after `ivrd render`: systemctl "
        "daemon-reload && systemctl restart asterisk"
    )

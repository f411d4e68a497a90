"""How many callers the running Asterisk has room for, by the limit on open files that it has."""

import asyncio
from contextlib import suppress

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_client import AmiClient
from ivrd.asterisk.leader_guard import NotLeader
from ivrd.asterisk.open_files import files_for, room_for
from ivrd.asterisk.process import open_files_limit


class Capacity:
    """As it was when ivrd connected; `files` and `room` are None when that cannot be seen."""

    def __init__(self) -> None:
        self.files: int | None = None
        self.room: int | None = None

    async def read(self, link: AmiClient) -> None:
        """Look at the Asterisk that `link` leads to, and tell its dialplan how many have room.

        Raises what `AmiClient.set_global` raises.
        """
        self.files = await asyncio.to_thread(open_files_limit, link.address.port)
        self.room = None if self.files is None else room_for(self.files)
        with suppress(NotLeader):  # the leader tells the dialplan
            await link.set_global(dialplan_names.ROOM, "" if self.room is None else str(self.room))

    def shortage(self, callers: int) -> str:
        """What to say when there is room for fewer than `callers`; empty when all have room."""
        return "" if self.files is None else shortage(self.files, callers)


def shortage(files: int, callers: int) -> str:
    """What to say of an Asterisk that may open so many files; empty when all callers have room."""
    if room_for(files) >= callers:
        return ""
    return (
        f"Asterisk has room for {room_for(files)} callers, limits.callers is {callers}: it may "
        f"open {files} files and needs {files_for(callers)}; after `ivrd render`: systemctl "
        "daemon-reload && systemctl restart asterisk"
    )

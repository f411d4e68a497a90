"""How many callers the running Asterisk has room for, by the limit on open files that it has."""

from contextlib import suppress

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_client import ActionRefused, AmiClient
from ivrd.asterisk.leader_guard import NotLeader
from ivrd.asterisk.open_files import files_for, room_for


class Capacity:
    """What Asterisk said when ivrd connected; `files` and `room` are None until then."""

    def __init__(self) -> None:
        self.files: int | None = None
        self.room: int | None = None

    async def read(self, link: AmiClient) -> None:
        """Ask Asterisk for its limit, and tell the dialplan how many callers that is room for.

        Raises what `AmiClient.ask` raises, but for a refusal: then nothing is known.
        """
        try:
            said = (await link.ask("CoreSettings")).coremaxfilehandles
        except ActionRefused:
            said = ""
        self.files = int(said) if said.isdecimal() and int(said) else None
        self.room = None if self.files is None else room_for(self.files)
        with suppress(NotLeader):  # the leader tells the dialplan
            await link.set_global(dialplan_names.ROOM, "" if self.room is None else str(self.room))

    def shortage(self, callers: int) -> str:
        """What to say when there is room for fewer than `callers`; empty when all have room."""
        if self.files is None or self.room is None or self.room >= callers:
            return ""
        return (
            f"Asterisk has room for {self.room} callers, limits.callers is {callers}: it may open "
            f"{self.files} files and needs {files_for(callers)}; run ivrd render, then systemctl "
            "daemon-reload and systemctl restart asterisk"
        )

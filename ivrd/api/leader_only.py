"""What only the leader can answer or do: a standby refuses it, and says whom to ask."""

from collections.abc import Mapping

from ivrd.api import server
from ivrd.ha.leadership import Leadership


class LeaderOnly:
    """Guards queries and commands on a standby."""

    def __init__(self, leadership: Leadership) -> None:
        self._leadership = leadership

    def guarded(self, control: server.Control) -> server.Control:
        """A query or command that raises `server.NotNow` on a standby."""

        async def answer(query: Mapping[str, str]) -> server.Answer:
            if refusal := self.refusal():
                raise server.NotNow(refusal)
            return await control(query)

        return answer

    def refusal(self) -> str:
        """Why this ivrd cannot do what only the leader can; empty when it is the leader."""
        if self._leadership.is_leader:
            return ""
        who = self._leadership.leader
        ask = f"ask {who}, the leader" if who else "no leader is known"
        return f"this ivrd is the standby; {ask}"

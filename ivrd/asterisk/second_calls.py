"""Tells the dialplan when a partner is called a second time for the same caller."""

from collections.abc import Mapping
from dataclasses import dataclass

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.ami_client import AmiClient


@dataclass(frozen=True)
class SecondCall:
    """A second call is made `after` seconds, while the partner has fewer than `most` calls."""

    after: float
    most: int

    def __str__(self) -> str:
        return f"{self.after:g}:{self.most}"


class SecondCalls:
    """What the dialplan was told last, of each partner."""

    def __init__(self, link: AmiClient) -> None:
        self._link = link
        self._told: dict[str, str] = {}

    def forget(self) -> None:
        """Asterisk may have been started anew, or another ivrd was the leader."""
        self._told.clear()

    async def tell(self, wanted: Mapping[str, SecondCall | None]) -> None:
        """None: no second call to this partner.  Raises what `AmiClient.set_global` raises."""
        for partner, call in wanted.items():
            value = str(call or "")
            if self._told.get(partner) != value:
                await self._link.set_global(dialplan_names.SECOND_CALL + partner, value)
                self._told[partner] = value

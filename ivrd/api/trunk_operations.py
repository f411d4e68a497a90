"""What an operator can ask about trunks: how each stands, also when it is tried now."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from ivrd.api import server
from ivrd.asterisk.ami_action import ConnectionLost
from ivrd.asterisk.ami_link import ActionRefused
from ivrd.asterisk.trunk_states import AddressState
from ivrd.config.problem import unknown
from ivrd.core.status_schema import TrunkStatus
from ivrd.trunks.certificate import Certificate
from ivrd.trunks.monitor import TrunkMonitor


class TrunkOperations:
    """`own()`: the hotline's certificate.  `clock`: seconds since the epoch, as the faults have."""

    def __init__(
        self,
        monitor: TrunkMonitor,
        own: Callable[[], Certificate | None],
        clock: Callable[[], float],
    ) -> None:
        self._monitor = monitor
        self._own = own
        self._clock = clock

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        return {"trunks": self._list, "try-trunks": self._try}

    def faulty(self) -> list[TrunkStatus]:
        """Each trunk that does not work as it should."""
        found = []
        for name in self._monitor.names():
            if fault := self._monitor.fault(name):
                since = max(0.0, self._clock() - fault.at)
                found.append(
                    TrunkStatus(
                        name=name, reason=fault.reason.value, why=fault.text, since_seconds=since
                    )
                )
        return found

    async def _list(self, query: Mapping[str, str]) -> server.Answer:
        """All trunks, or ?trunk=NAME alone, as far as is known."""
        return {"trunks": [self._row(name, AddressState()) for name in self._asked(query)]}

    async def _try(self, query: Mapping[str, str]) -> server.Answer:
        """The same, after each was asked by OPTIONS now."""
        names = self._asked(query)
        try:
            states = await asyncio.gather(*map(self._monitor.try_now, names))
        except ActionRefused as error:
            raise server.NotNow(f"Asterisk does not try a trunk: {error}") from None
        except (ConnectionLost, TimeoutError) as error:
            raise server.NotNow(f"Asterisk does not answer: {error}") from None
        rows = [self._row(*each) for each in zip(names, states, strict=True)]
        own = self._own()
        return {"trunks": rows, "own_certificate": None if own is None else str(own)}

    def _asked(self, query: Mapping[str, str]) -> list[str]:
        names = [*self._monitor.names()]
        if "trunk" not in query:
            return names
        if query["trunk"] not in names:
            raise server.RequestRejected(unknown("trunk", query["trunk"], names))
        return [query["trunk"]]

    def _row(self, name: str, state: AddressState) -> dict[str, Any]:
        faults, settings = self._monitor.faults(name), self._monitor.settings(name)
        every = [*faults.addresses.values(), *faults.registrars.values()]
        told = (*every, faults.password, faults.call, faults.sound, faults.names)
        shown = {
            place: str(of) for trunk, place, of in self._monitor.certificates() if trunk == name
        }
        return {
            "name": name,
            "trunk": str(settings),
            "called": bool(settings.addresses) or settings.network.registers_here,
            "registers": bool(settings.registrars),
            "works": faults.calls_pass,
            "reason": fault.reason if (fault := faults.worst) else "",
            "faults": [*dict.fromkeys(one.text for one in told if one)],
            "reachable": state.reachable,
            "round_trip_ms": state.round_trip_ms,
            "certificates": shown,
        }

"""A carrier whose border has a name instead of an address, and moves."""

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from lab.name_server import NameServer
from lab.phone import Phone
from lab.ports import free_port
from tests.real.rig import Hotline
from tests.real.test_trunk_network import within

BORDER, LATER, BY_ADDRESS = "127.0.0.42", "127.0.0.43", "127.0.0.44"
CARRIERS = {
    "named": {"addresses": ["carrier.example"]},
    "both": {"addresses": [BY_ADDRESS, "gone.example"]},
}
MINUTE = 90.0  # and what a busy machine adds


def change(servers: list[str]) -> Callable[[str, dict[str, Any]], None]:
    """Plan.change: these carriers, and a name server of their own."""

    def changed(name: str, settings: dict[str, Any]) -> None:
        if name == "ivrd.yaml":
            settings["asterisk"].update(carriers=CARRIERS, dns_servers=servers)
            settings.setdefault("callback", {})["port"] = free_port()

    return changed


def status(lab: Hotline, host: str) -> int:
    """Of a call from there; one that is taken has sound, and is hung up."""
    with closing(Phone(lab.sip, host=host)) as caller:
        found = caller.invite().status
        if found == 200:
            caller.hang_up()
    return found


@pytest.mark.verify
@pytest.mark.lasts(130)
def test_calls_come_from_where_a_carriers_name_leads_also_when_it_moves(
    hotline: Callable[..., Hotline],
) -> None:
    records = {
        "_sip._udp.carrier.example": {"SRV": ["10 0 5060 a.carrier.example."]},
        "carrier.example": {"A": [LATER]},  # does not count beside SRV
        "a.carrier.example": {"A": [BORDER]},
    }
    with NameServer(records) as names:
        lab = hotline(agents=1, change=change([names.address]))
        within(MINUTE, "the carrier is known", lambda: status(lab, BORDER) == 200)
        assert status(lab, LATER) == 401
        assert status(lab, BY_ADDRESS) == 200  # its other name is not found
        (fault,) = lab.ivrd.status()["trunks"]
        assert (fault["name"], fault["reason"]) == ("both", "name_not_found")
        assert fault["why"] == "gone.example: name not found"

        records["a.carrier.example"] = {"A": [LATER]}
        within(MINUTE, "it has moved", lambda: status(lab, LATER) == 200)
        assert status(lab, BORDER) == 401
        told = f"a carrier's names lead elsewhere carrier=named before={BORDER} now={LATER}"
        assert lab.ivrd.log_text().count(told) == 1

        del records["a.carrier.example"]
        within(
            MINUTE,
            "that it is gone is told",
            lambda: "named" in json.dumps(lab.ivrd.status()["trunks"]),
        )
        lab.restart_asterisk()
        within(MINUTE, "calls are taken all the same", lambda: status(lab, LATER) == 200)

"""ivrd as it is shipped, with these partners; the times of its policy are scaled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.peers.hotline import RTP_PORTS
from bench.peers.system import Setting
from bench.scenarios import AGENTS, PATIENCE, RING, SCALE, SEATS, TALK
from lab.agents.agents import NEVER
from lab.hotline import Lab, Plan
from lab.partners import shown_callers

NAME = "ivrd"
SCALED = ("reach_seconds", "hold_seconds")
REAL_TALK = 240.0  # seconds: for talks of this length the policy is shipped


class IvrdSystem(Lab):
    """A lab that says how many partners' seats are open."""

    def seats_open(self) -> int:
        """By ivrd's own metric."""
        return self.ivrd.scrape().total("ivrd_partner_seats", state="open")


def ivrd(setting: Setting) -> IvrdSystem:
    """ivrd, Asterisk with the files that it writes, and agents."""

    def change(name: str, settings: dict[str, Any]) -> None:
        if name == "partners.yaml":
            settings["partners"] = partners(setting.trunks)
        if name == "ivrd.yaml":
            settings["service_level_seconds"] /= SCALE
            overflow = settings["overflow"]
            overflow |= {key: overflow[key] / SCALE for key in SCALED}
            # In which a backlog is answered hangs on how long one talk lasts.
            overflow["drain_seconds"] *= TALK / REAL_TALK
            # Whoever runs a hotline knows these.
            overflow |= {"expected_talk_seconds": TALK, "expected_patience_seconds": PATIENCE}

    return IvrdSystem(
        Plan(
            setting.folder,
            agents=AGENTS,
            talk=NEVER,
            ring=RING,
            change=change,
            rtp_ports=RTP_PORTS,
            sound=False,
        )
    )


def partners(trunks: Mapping[str, str]) -> dict[str, Any]:
    """partners.yaml: what each has pledged, and no seat more."""
    return {
        name: {
            "name": {"th": name, "en": name},
            "trunk": shown_callers(trunk),
            "pledged": SEATS[name],
            "cap": SEATS[name],
            "hours": "always",
            "topics": "all",
            "state": "active",
        }
        for name, trunk in trunks.items()
    }

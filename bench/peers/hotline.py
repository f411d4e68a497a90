"""A private Asterisk that runs files of bench/peers/conf, and no ivrd."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bench.peers.system import Setting
from bench.scenarios import RING, SEATS
from ivrd.asterisk.render.say import say_conf
from ivrd.asterisk.render.system import EMPTY, logger_conf, modules_conf
from lab.agents import Agents
from lab.agents.agents import NEVER
from lab.asterisk import Asterisk
from lab.ivrd import HOST, PROJECT
from lab.ports import Block, free_port
from lab.running import Running

CONF = Path(__file__).with_name("conf")
COMMON = CONF / "common"
SOUNDS = PROJECT / "sounds"
BLANK = re.compile(r"\{\{(\w+)\}\}")
RTP_PORTS = 500  # a call takes four with the person who has it


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with each {{name}} replaced. Raises KeyError for a name without a value."""
    return BLANK.sub(lambda found: values[found[1]], text)


def written(conf: Path) -> dict[str, str]:
    """The files of a peer, those that all have in common among them."""
    return {path.name: path.read_text("utf-8") for of in (COMMON, conf) for path in of.iterdir()}


class Hotline(Running):
    """A hotline with the files in `conf`. Which modules load and what is logged is as with ivrd.

    The callers hang up, never the agents.
    """

    def __init__(self, conf: Path, setting: Setting) -> None:
        folder = setting.folder
        self.sip = f"{HOST}:{free_port()}"
        self.agents = Agents(folder=_made(folder / "agents"), ring=RING, talk=NEVER, sound=False)
        self._rtp = Block(RTP_PORTS)
        values = {
            "sip": self.sip,
            "agents": f"{HOST}:{self.agents.port}",
            "music": str(SOUNDS / "music"),
            **setting.trunks,
        }
        texts = {name: filled(text, values) for name, text in written(conf).items()}
        ports = f"rtpstart={self._rtp.first}\nrtpend={self._rtp.last}\n"
        texts |= {"rtp.conf": f"[general]\n{ports}strictrtp=yes\n", **EMPTY}
        texts |= {"modules.conf": modules_conf(()), "logger.conf": logger_conf()}
        texts |= {"say.conf": say_conf(("th", "en")), "features.conf": "[general]\n"}
        texts |= {"manager.conf": "[general]\nenabled=no\n"}
        etc = _made(folder / "etc")
        for name, text in texts.items():
            (etc / name).write_text(text, "utf-8")
        self.asterisk = Asterisk(_made(folder / "asterisk"), etc, SOUNDS)

    def start(self) -> None:
        """Start agents and Asterisk."""
        self.agents.start()
        try:
            self.asterisk.start()
        except BaseException:
            self.agents.stop()
            raise

    def stop(self) -> None:
        """End both."""
        self.asterisk.stop()
        self.agents.stop()
        self._rtp.close()

    def pids(self) -> list[int]:
        """Asterisk's process."""
        return [self.asterisk.pid]

    def seats_open(self) -> int:
        """All of them: nobody says when they are not needed."""
        return sum(SEATS.values())


def _made(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path

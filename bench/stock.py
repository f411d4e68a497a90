"""The peer: a private Asterisk that runs the files in bench/peers/stock, and no ivrd."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ivrd.asterisk.render.say import say_conf
from ivrd.asterisk.render.system import EMPTY, logger_conf, modules_conf
from lab.agents import Agents
from lab.asterisk import Asterisk
from lab.ivrd import HOST, PROJECT
from lab.ports import Block, free_port
from lab.running import Running

FILES = Path(__file__).with_name("peers") / "stock"
SOUNDS = PROJECT / "sounds"
BLANK = re.compile(r"\{\{(\w+)\}\}")
PLACES = ("first", "second", "third", "fourth")


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with each {{name}} replaced. Raises KeyError for a name without a value."""
    return BLANK.sub(lambda found: values[found[1]], text)


class Stock(Running):
    """The stock hotline with five agents. `partners` maps the names in its files to host:port,
    in the order in which they are dialled. Which modules load and what is logged is as with ivrd.
    """

    def __init__(
        self, folder: Path, agents: Agents, partners: Mapping[str, str], rtp: Block
    ) -> None:
        self.sip = f"{HOST}:{free_port()}"
        self.agents = agents
        etc = folder / "etc"
        etc.mkdir(parents=True)
        values = {
            "sip": self.sip,
            "agents": f"{HOST}:{agents.port}",
            "music": str(SOUNDS / "music"),
            **partners,
            **dict(zip(PLACES, partners, strict=True)),
        }
        texts = {path.name: filled(path.read_text("utf-8"), values) for path in FILES.iterdir()}
        texts["rtp.conf"] = f"[general]\nrtpstart={rtp.first}\nrtpend={rtp.last}\nstrictrtp=yes\n"
        texts |= {"modules.conf": modules_conf(), "logger.conf": logger_conf()}
        texts |= {"say.conf": say_conf(), "features.conf": "[general]\n"}
        texts |= {"manager.conf": "[general]\nenabled=no\n", **EMPTY}
        for name, text in texts.items():
            (etc / name).write_text(text, "utf-8")
        (folder / "asterisk").mkdir()
        self.asterisk = Asterisk(folder / "asterisk", etc, SOUNDS)

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

"""People who stay on the line: their cards, and their calls to the number of the line."""

import re

from lab.hotline import Lab
from lab.line import Volunteer, Volunteers

NUMBER, LIST = "1340", "flood"


def invited(lab: Lab, *names: str) -> list[tuple[str, str]]:
    """The id and the PIN of each."""
    path = lab.folder / f"{LIST}.csv"
    path.write_text("".join(f"{name},en\n" for name in names), "utf-8")
    cards = lab.ivrd.once("seats", "invite", str(path))
    found = re.findall(rf"call {NUMBER}, id ([0-9]+), PIN ([0-9]+)", cards)
    assert len(found) == len(names)
    return found


def on_the_line(lab: Lab, people: list[Volunteer], name: str = "line") -> Volunteers:
    """They call, and stay there."""
    calling = Volunteers(lab.sip, people, folder=lab.folder / name, dialled=NUMBER)
    calling.start()
    return calling

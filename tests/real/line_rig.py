"""People who stay on the line: their cards, and their calls to the number of the line."""

from lab import line
from lab.hotline import Lab
from lab.line import Volunteer, Volunteers

NUMBER, LIST = "1340", "flood"


def invited(lab: Lab, *names: str) -> list[tuple[str, str]]:
    """The id and the PIN of each."""
    return line.invited(lab, names, LIST, NUMBER)


def on_the_line(lab: Lab, people: list[Volunteer], name: str = "line") -> Volunteers:
    """They call, and stay there."""
    calling = Volunteers(lab.sip, people, folder=lab.folder / name, dialled=NUMBER)
    calling.start()
    return calling

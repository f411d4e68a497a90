"""One thing to be done before calls can come."""

from typing import NamedTuple

RESTART = "systemctl daemon-reload && systemctl restart asterisk"


class Step(NamedTuple):
    """Something that has to be done: what is wrong without it, and how it is done."""

    problems: list[str]
    remedy: str

"""A message, and how it is stored: sealed, as it has somebody's number."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Protocol


class Sealer(Protocol):
    """Encrypts what is stored; see people/vault.py."""

    def seal(self, number: str) -> str:
        """The text as it may be stored."""

    def open(self, text: str) -> str:
        """The text that was sealed.  Raises when that cannot be."""


@dataclass(frozen=True)
class Message:
    """What is sent.  Its repr says for what alone: the rest belongs in no log.

    use: its name in outbox.yaml.  to: a telephone number (E.164), or a LINE user's, group's or
    room's id.  text: for whoever reads it.  at: when it was written, seconds since the epoch by
    the wall clock.  data: more, for a program.
    """

    use: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    at: float
    data: Mapping[str, str] = field(default_factory=dict, repr=False)

    def sealed(self, by: Sealer) -> str:
        """As it is stored."""
        return by.seal(json.dumps(asdict(self), ensure_ascii=False))

    @classmethod
    def of(cls, sealed: str, by: Sealer) -> "Message":
        """The one that was sealed.  Raises what the sealer does, ValueError or TypeError."""
        return cls(**json.loads(by.open(sealed)))

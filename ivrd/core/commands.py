"""What every machine that speaks with callers commands: what is said and waited for, where they go,
and what is to be done meanwhile.

Those of one machine alone are in its own modules (cases.py, intake.py).
"""

from dataclasses import dataclass, field

from ivrd.core.cases import AtCase, LookUp
from ivrd.core.intake import IntakeCommand


@dataclass(frozen=True)
class Say:
    """Say these (language, prompt id) pairs, in place of anything that is being said."""

    prompts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Await:
    """Wait this many seconds for a key, then report `NoInput`."""

    seconds: float


@dataclass(frozen=True)
class Speak:
    """From now on speak this language, in the queue as well."""

    language: str


@dataclass(frozen=True)
class AtInfo:
    """The caller reached a message: hanging up here is self-served."""

    info: str


@dataclass(frozen=True)
class AtClosed:
    """The caller hears that this queue is closed."""

    queue: str


@dataclass(frozen=True)
class AtMenu:
    """The caller is back in a menu."""

    menu: str


@dataclass(frozen=True)
class ToPerson:
    """Send the caller to the queue (its name in Asterisk), once all has been said."""

    queue: str
    topic: str


@dataclass(frozen=True)
class GoodBye:
    """Hang up, once what is being said has been said."""


@dataclass(frozen=True)
class AtOffer:
    """A call back is offered to the caller, who has chosen this topic."""

    topic: str


@dataclass(frozen=True)
class Book:
    """Have the caller called back; then report `BookAnswer`.

    number: as it was keyed in; empty: the one that the call comes from.  not_before: when the time
    slot begins that was chosen; 0: as soon as the turn comes.
    """

    number: str = field(default="", repr=False)  # it belongs in no log
    not_before: float = 0.0


@dataclass(frozen=True)
class AtBooked:
    """A call back is written down, and the caller is about to hear so."""


@dataclass(frozen=True)
class SendLink:
    """Send the caller, who has chosen this topic, a link; then report `LinkAnswer`."""

    topic: str


@dataclass(frozen=True)
class AtDeflected:
    """The message with the link was accepted, and the caller is about to hear so."""


@dataclass(frozen=True)
class BackToQueue:
    """Send a caller who waits back to the queue, once what is being said has been said."""


@dataclass(frozen=True)
class AddNote:
    """What the phone of whoever takes the call is to show besides; short, in ASCII.

    in_clear: what is shown instead where others could read it on the way; empty: the same.
    """

    text: str = field(repr=False)  # it may have digits
    in_clear: str = field(default="", repr=False)


Command = (
    Say
    | Await
    | Speak
    | AtInfo
    | AtClosed
    | AtMenu
    | ToPerson
    | GoodBye
    | AtOffer
    | Book
    | AtBooked
    | SendLink
    | AtDeflected
    | AtCase
    | LookUp
    | AddNote
    | BackToQueue
    | IntakeCommand
)


def say(language: str, *prompts: str) -> Say:
    """These prompt ids in one language."""
    return Say(tuple((language, prompt) for prompt in prompts))

"""The offer of a call back, on the way to a person when the wait is long, or nobody is there who
speaks the caller's language, and to who asks for it while waiting: a machine as menu.py is.

Theory of operation
-------------------
`LANGUAGE`: nobody is there who speaks it: 1 for a call back, 2 for somebody who speaks another one,
in which all goes on then, 3 to wait, as far as each can be had.
`OFFER`: 1 for a call back, 2 to wait.  `ONLY`: people are called back now: 1 for that, 0 to wait
all the same.  `WHICH`: 1 for the number that the call comes from, 2 for another one, which is keyed
in (`KEYING`, until # or a silence) and read back (`READ_BACK`: 1 it is right, 2 once more; a # then
does nothing: many end each number with it).  `SLOT`, where the hotline has time slots: 1 as soon as
the turn comes, 2 and the next keys for a slot each.  Then the call back is written down
(`BOOKING`), and the caller hears so and is let go, or goes on to the queue.  0 and silence lead to
the queue from everywhere, as do too many wrong keys and whatever cannot be had: nobody is kept from
waiting.  Whoever withholds the number is asked for one.  Who asks while waiting (queue_menu.py)
begins at `WHICH`, and all ways lead back to the place in the queue; so does the turn, unless the
call back is being written down.

A number that is keyed in is in memory alone (`without_number`).  Whoever is interrupted by the end
of ivrd before the call back is written down is asked for it again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from ivrd.core import slots
from ivrd.core.book_result import BOOKED_PROMPT, BOOKING_PROMPT, NOT_BOOKED_PROMPT, BookResult
from ivrd.core.commands import (
    AtBooked,
    AtOffer,
    Await,
    BackToQueue,
    Book,
    Command,
    GoodBye,
    Say,
    Speak,
    ToPerson,
    say,
)
from ivrd.core.digits import DIGITS, END_KEY, said_digits
from ivrd.core.inputs import (
    BACK_KEY,
    PERSON_KEY,
    Answer,
    BookAnswer,
    Input,
    Key,
    NoInput,
    PromptsPlayed,
)
from ivrd.core.menu_tree import MOST_INTERRUPTIONS, Tree
from ivrd.core.slots import Slot

DIGITS_AT_MOST = 15  # of an international number (E.164)

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
OFFER, WHICH, NUMBER = "callback-offer", "callback-which", "callback-number"
ONLY = "callback-only"
READ_BACK, RIGHT = "callback-read-back", "callback-right"
NOBODY, OFFER_CALLBACK, OFFER_WAIT = "language-nobody", "language-callback", "language-wait"
OFFER_OTHER = "language-in-"  # and the other language


class At(StrEnum):
    """Where in the offer a caller is."""

    LANGUAGE = "language"
    OFFER = "offer"
    ONLY = "only"
    WHICH = "which"
    KEYING = "keying"
    READ_BACK = "read_back"
    SLOT = "slot"
    BOOKING = "booking"
    BOOKED = "booked"
    DECLINED = "declined"  # goes on to the queue


@dataclass(frozen=True)
class OfferVisit:
    """Where a caller stands.  digits: of the number that is keyed in; the rest as `menu.Visit`.

    slots: those that the caller has heard of; not_before: when the chosen one begins, 0 for the
    turn, None while nothing was chosen.  instead: the language of people who are there when nobody
    speaks the caller's, empty for nobody; comes: whether somebody who does comes at other times, so
    that the caller can wait; callback: whether a call back can be had then.
    waits: whether it was asked for in the queue.
    """

    at: At
    queue: str
    topic: str
    language: str
    digits: str = field(default="", repr=False)
    misses: int = 0
    over: bool = False
    interruptions: int = 0
    slots: tuple[Slot, ...] = ()
    not_before: float | None = None
    instead: str = ""
    comes: bool = True
    callback: bool = True
    waits: bool = False

    @property
    def is_keying(self) -> bool:
        """Whether a number is being keyed in, or read back."""
        return self.at in (At.KEYING, At.READ_BACK)


Result = tuple[OfferVisit, tuple[Command, ...]]


def enter(queue: str, topic: str, language: str) -> Result:
    """Begin: the caller has chosen a topic, and the wait for its people is long."""
    visit = OfferVisit(At.OFFER, queue, topic, language)
    return visit, (AtOffer(topic), _words(visit))


def enter_only(queue: str, topic: str, language: str) -> Result:
    """Begin: people are called back now (menu_mode.py)."""
    visit = OfferVisit(At.ONLY, queue, topic, language)
    return visit, (AtOffer(topic), _words(visit))


def enter_unstaffed(
    queue: str, topic: str, language: str, *, instead: str, comes: bool, callback: bool
) -> Result:
    """Begin: nobody is there who speaks the caller's language; something else can be had."""
    visit = OfferVisit(
        At.LANGUAGE, queue, topic, language, instead=instead, comes=comes, callback=callback
    )
    return visit, (AtOffer(topic), _words(visit))


def enter_waiting(queue: str, topic: str, language: str) -> Result:
    """Begin: a caller who waits has asked for it."""
    visit = OfferVisit(At.WHICH, queue, topic, language, waits=True)
    return visit, (AtOffer(topic), _words(visit))


def without_number(visit: OfferVisit) -> OfferVisit:
    """What may be stored of a visit: who has keyed a number in is asked for it again."""
    if not visit.digits or visit.over:
        return replace(visit, digits="")
    return replace(visit, digits="", at=At.KEYING)


def again(visit: OfferVisit) -> Result:
    """Go on with a visit that was interrupted; what was being written down is asked for again."""
    if visit.at is At.BOOKED:
        return _booked(visit)
    digits = visit.digits if visit.at is At.SLOT else ""
    after = replace(visit, interruptions=visit.interruptions + 1, digits=digits)
    if visit.over or after.interruptions > MOST_INTERRUPTIONS:
        return _to_person(after)
    if visit.at is At.BOOKING:
        return _book(replace(after, digits=visit.digits))
    if visit.at is At.READ_BACK:
        after = replace(after, at=At.KEYING)
    return after, (AtOffer(visit.topic), _words(after))


def step(
    tree: Tree, visit: OfferVisit, received: Input, offered: Callable[[], tuple[Slot, ...]]
) -> Result:
    """One step; after the end nothing happens.  `offered()`: the time slots that can be had now."""
    if visit.over:
        return visit, ()
    match received:
        case BookAnswer(result):
            return _answered(visit, result) if visit.at is At.BOOKING else (visit, ())
        case _ if visit.at is At.BOOKING:
            return visit, ()  # what comes of it decides
        case Answer():
            return visit, ()  # no key here asks for it
        case PromptsPlayed():
            return visit, (Await(tree.wait_seconds),)
        case NoInput() if visit.at is At.KEYING and visit.digits:
            return _read_back(visit)
        case NoInput():
            return _to_person(visit)
        case Key(digit):
            return _press(tree, replace(visit, interruptions=0), digit, offered)
        case _:
            assert_never(received)


def hand_over(visit: OfferVisit) -> Result:
    """End the visit in the queue (ivrd is stopping, or the turn of one who waits has come)."""
    if visit.over or visit.at is At.BOOKING:
        return visit, ()
    return _to_person(visit)


def _press(
    tree: Tree, visit: OfferVisit, digit: str, offered: Callable[[], tuple[Slot, ...]]
) -> Result:
    if visit.at is At.KEYING:
        return _keyed(tree, visit, digit)
    if digit in (PERSON_KEY, BACK_KEY):
        return _to_person(visit)
    if visit.at is At.LANGUAGE:
        return _unstaffed(tree, visit, digit)
    match visit.at, digit:
        case At.OFFER | At.ONLY, "1":
            return _at(visit, At.WHICH)
        case At.OFFER, "2":
            return _to_person(visit)
        case (At.WHICH, "1") | (At.READ_BACK, "1"):
            return _number_settled(visit, offered)
        case (At.WHICH, "2") | (At.READ_BACK, "2"):
            return _at(replace(visit, digits=""), At.KEYING)
        case At.READ_BACK, "#":
            return visit, ()
        case At.SLOT, _ if (chosen := slots.not_before(visit.slots, digit)) is not None:
            return _book(replace(visit, not_before=chosen))
        case _:
            return _miss(tree, visit)


def _number_settled(visit: OfferVisit, offered: Callable[[], tuple[Slot, ...]]) -> Result:
    """It is asked when to call, unless that was chosen before the number turned out to be none."""
    if visit.not_before is None and (found := offered()):
        return _at(replace(visit, slots=found), At.SLOT)
    return _book(visit)


def _keyed(tree: Tree, visit: OfferVisit, digit: str) -> Result:
    """A key of the number; * begins it anew."""
    if digit == BACK_KEY:
        return _at(replace(visit, digits=""), At.KEYING)
    if digit == END_KEY:
        return _read_back(visit) if visit.digits else _miss(tree, visit)
    if digit not in DIGITS:  # A to D, which few telephones have
        return visit, ()
    after = replace(visit, digits=visit.digits + digit)
    if len(after.digits) >= DIGITS_AT_MOST:
        return _read_back(after)
    return after, (say(after.language),)  # nothing: the caller is typing


def _at(visit: OfferVisit, at: At) -> Result:
    after = replace(visit, at=at, misses=0)
    return after, (_words(after),)


def _read_back(visit: OfferVisit) -> Result:
    return _at(visit, At.READ_BACK)


def _book(visit: OfferVisit) -> Result:
    after = replace(visit, at=At.BOOKING, misses=0)
    return after, (
        AtOffer(visit.topic),
        say(after.language, BOOKING_PROMPT),
        Book(visit.digits, visit.not_before or 0.0),
    )


def _answered(visit: OfferVisit, result: BookResult) -> Result:
    if result is BookResult.BOOKED:
        return _booked(replace(visit, at=At.BOOKED))
    if result is BookResult.NO_NUMBER and not visit.digits:
        return _at(visit, At.KEYING)  # withheld, or that of an exchange: ask for one
    return _to_person(visit, NOT_BOOKED_PROMPT[result])


def _booked(visit: OfferVisit) -> Result:
    return replace(visit, over=True), (
        AtBooked(),
        say(visit.language, slots.BOOKED if visit.not_before else BOOKED_PROMPT),
        GoodBye(),
    )


def _miss(tree: Tree, visit: OfferVisit) -> Result:
    after = replace(visit, misses=visit.misses + 1)
    if after.misses > tree.retries:
        return _to_person(after)
    return after, (say(after.language, tree.no_match), _words(after))


def _to_person(visit: OfferVisit, *said: str) -> Result:
    words = (say(visit.language, *said),) if said else ()
    after = replace(visit, at=At.DECLINED, over=True)
    leave = BackToQueue() if visit.waits else ToPerson(visit.queue, visit.topic)
    return after, (*words, leave)


def _unstaffed(tree: Tree, visit: OfferVisit, digit: str) -> Result:
    """A key of one who has heard that nobody is there who speaks the language."""
    if digit == "1" and visit.callback:
        return _at(visit, At.WHICH)
    if digit == "2" and visit.instead:
        return _in_other(tree, visit)
    return _to_person(visit) if digit == "3" and visit.comes else _miss(tree, visit)


def _in_other(tree: Tree, visit: OfferVisit) -> Result:
    """To people who do not speak the caller's language: the caller wants to, and speaks theirs."""
    language = visit.instead
    queue = tree.routing.queue_for(visit.topic, language)
    after = replace(visit, at=At.DECLINED, over=True, language=language, queue=queue)
    return after, (Speak(language), ToPerson(queue, visit.topic))


def _words(visit: OfferVisit) -> Say:
    match visit.at:
        case At.LANGUAGE:
            offers = {
                OFFER_CALLBACK: visit.callback,
                OFFER_OTHER + visit.instead: bool(visit.instead),
                OFFER_WAIT: visit.comes,
            }
            return say(
                visit.language, NOBODY, *(of for of, can_be_had in offers.items() if can_be_had)
            )
        case At.OFFER:
            return say(visit.language, OFFER)
        case At.ONLY:
            return say(visit.language, ONLY)
        case At.WHICH:
            return say(visit.language, WHICH)
        case At.READ_BACK:
            return say(visit.language, READ_BACK, *said_digits(visit.digits), RIGHT)
        case At.SLOT:
            return say(visit.language, *slots.words(visit.slots, visit.language))
        case _:
            return say(visit.language, NUMBER)

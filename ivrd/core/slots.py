"""Time slots for a call back: the hours that a caller may choose from, and how they are said.

A slot is a full hour of the day; before it nobody dials.  From then on the booking's turn counts as
that of any other, by its effective arrival.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from ivrd.core import numbers
from ivrd.core.schedule import Schedule

AT_TURN_KEY = "1"  # no slot: as soon as the turn comes
FIRST_SLOT_KEY = 2
MOST_SLOTS = 4  # a day: nobody remembers more of what was said

# Prompt ids; their texts are in config/default_prompts.yaml of the package.
AT_TURN = "callback-slot-turn"
TODAY, TOMORROW, PRESS = "callback-slot-today", "callback-slot-tomorrow", "callback-slot-press"
BOOKED = "callback-slot-booked"


@dataclass(frozen=True)
class Slot:
    """at: when it begins, in seconds since the epoch; hour: of that day; tomorrow: not today."""

    at: float
    hour: int
    tomorrow: bool


def next_slots(
    hours: Iterable[int], schedule: Schedule | None, moment: datetime, now: float
) -> tuple[Slot, ...]:
    """The next of each of these hours, as far as `schedule` is open then, the earliest first.

    moment: now, in the hotline's time zone; now: the same on the timeline, on which slots begin.
    """
    found = []
    for hour in hours:
        begins = datetime.combine(moment.date(), time(hour), moment.tzinfo)
        tomorrow = begins <= moment
        if tomorrow:
            begins += timedelta(days=1)
        if schedule is None or schedule.is_open(begins):
            ahead = begins.timestamp() - moment.timestamp()
            found.append(Slot(now + ahead, hour, tomorrow))
    return tuple(sorted(found, key=lambda slot: slot.at))


def not_before(slots: tuple[Slot, ...], digit: str) -> float | None:
    """Before when nobody dials who has pressed this key; 0: as soon as the turn comes.

    None: the key stands for nothing.
    """
    keys = {AT_TURN_KEY: 0.0}
    keys |= {str(FIRST_SLOT_KEY + at): slot.at for at, slot in enumerate(slots)}
    return keys.get(digit)


def words(slots: tuple[Slot, ...], language: str) -> tuple[str, ...]:
    """The prompt ids that say which key stands for which slot."""
    said = [AT_TURN]
    for at, slot in enumerate(slots):
        day = TOMORROW if slot.tomorrow else TODAY
        hour = numbers.spoken(slot.hour, language)
        said += [day, *hour, PRESS, *numbers.spoken(FIRST_SLOT_KEY + at, language)]
    return tuple(said)

"""What is kept of one person, as JSON: with the times of day, and numbers while they are kept."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any

from ivrd import log
from ivrd.api.callback_operations import booking_row
from ivrd.core.booking import Booking
from ivrd.core.outbox import Entry
from ivrd.core.people import FairnessRules, Person
from ivrd.core.skills import queue_in_words
from ivrd.outbox.message import Message
from ivrd.people.stored_calls import StoredCall
from ivrd.people.vault import CannotOpen

logger = logging.getLogger("ivrd")


class PersonRows:
    """`opened` gives a number that was sealed; raises `CannotOpen`.

    `clock` gives this moment on the timeline of the calls, `shift` what the time of day is ahead of
    that.  Times are told in `zone`.
    """

    def __init__(
        self,
        opened: Callable[[str], str],
        zone: tzinfo,
        shift: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self.zone = zone
        self._opened = opened
        self._shift = shift
        self._clock = clock

    def person(self, person: Person, rules: FairnessRules) -> dict[str, Any]:
        """What is known of a person."""
        return {
            "seen_at": self.moment(person.seen_at),
            "answered_at": self.moment(person.answered_at),
            "waits": [
                {
                    "dialled_at": self.moment(wait.dialled_at),
                    "joined_at": self.moment(wait.joined_at),
                    "ended_at": self.moment(wait.ended_at),
                    "seconds": wait.ended_at - wait.joined_at,
                }
                for wait in person.waits
            ],
            "shared_at": self.moment(person.shared_at),
            "number": self.number(person.number, person.id),
            "number_kept": bool(person.number),
            "queue": queue_in_words(person.queue),
            "topic": person.topic,
            "language": person.language,
            "no_callback": person.no_callback,
            "kept_until": self.moment(person.seen_at + rules.keep_seconds),
        }

    def booking(self, one: Booking) -> dict[str, Any]:
        """A booking, with its number as long as it is kept."""
        row = booking_row(one, self._clock(), self._shift())
        attempts = [{**each, "began_at": self._wall(each["began_at"])} for each in row["attempts"]]
        booked_at = self._wall(row["booked_at"])
        number = self.number(one.number, one.person)
        return {**row, "booked_at": booked_at, "attempts": attempts, "number": number}

    def message(self, one: Entry, message: Message | None, *, shared: bool) -> dict[str, Any]:
        """What was written to or of the person, such as what was keyed in to register.

        `shared`: many people use the number, and it may be of any of them: that it is there is all.
        """
        told = None if shared else message
        return {
            "use": one.use,
            "channel": one.channel,
            "state": one.state,
            "created_at": self.moment(one.created_at),
            "text": told.text if told else "",
            "data": dict(told.data) if told else {},
        }

    def call(self, entry: StoredCall) -> dict[str, Any]:
        """A call that has ended."""
        fields: dict[str, Any] = json.loads(entry.value)
        times = {key: fields.get(key) for key in ("received_at", "ended_at")}
        return {**fields, **{key: self._wall(at) for key, at in times.items()}}

    def talk(self, entry: StoredCall) -> dict[str, Any]:
        """A talk at a partner; its key begins with the call's id."""
        partner, seconds, *_hash = json.loads(entry.value)
        return {"call_id": entry.key.split(" ")[0], "partner": partner, "seconds": seconds}

    def moment(self, at: float | None) -> str:
        """The time of day of a moment on the timeline; empty for none."""
        return "" if at is None else self._wall(at + self._shift())

    def number(self, sealed: str, person_id: str) -> str:
        """A person's number, if it is kept and can be opened."""
        try:
            return self._opened(sealed) if sealed else ""
        except CannotOpen as error:
            log.event(logger, logging.WARNING, str(error), caller=person_id)
            return ""

    def _wall(self, at: float | None) -> str:
        if at is None:
            return ""
        return datetime.fromtimestamp(at, UTC).astimezone(self.zone).isoformat(timespec="seconds")

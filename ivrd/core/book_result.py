"""What comes of asking for a call back."""

from collections.abc import Mapping
from enum import StrEnum


class BookResult(StrEnum):
    """Whether the caller is called back, or why not."""

    BOOKED = "booked"  # a booking stands, written down durably: the caller may be told so
    NO_NUMBER = "no_number"  # the number is withheld, or is none that can be dialled
    NOT_ALLOWED = "not_allowed"  # the hotline dials no number of this kind or country
    NOT_STORED = "not_stored"  # it could not be written down: the caller keeps waiting
    NOT_OFFERED = "not_offered"  # no call back can be had now


# What the caller is told meanwhile, and of each result; the texts are in default_prompts.yaml.
BOOKING_PROMPT, BOOKED_PROMPT = "callback-booking", "callback-booked"
NOT_BOOKED_PROMPT: Mapping[BookResult, str] = {
    BookResult.NO_NUMBER: "callback-no-number",
    BookResult.NOT_ALLOWED: "callback-no-number",
    BookResult.NOT_STORED: "callback-not-now",
    BookResult.NOT_OFFERED: "callback-not-now",
}

"""The part `people:` of ivrd.yaml: who calls again keeps what was waited before."""

from pathlib import Path
from typing import Annotated

from ivrd.config.control_socket import located
from ivrd.config.effect import RELOAD, RESTART
from ivrd.config.field_types import PATH, number, whole
from ivrd.config.model import Part
from ivrd.core.people import FairnessRules
from ivrd.core.recovery import RECOVER_AFTER_SECONDS

MINUTE, DAY = 60.0, 86_400.0
DEFAULT = FairnessRules()
NUMBER_KEY = "number.key"


class PeoplePart(Part):
    """`people:` what a person who dials again has waited before; core/people.py has the rules."""

    redial_minutes: Annotated[float, number(0, 1440), RELOAD] = DEFAULT.redial_seconds / MINUTE
    credit_at_most_minutes: Annotated[float, number(0, 1440), RELOAD] = (
        DEFAULT.credit_at_most_seconds / MINUTE
    )
    shared_number_calls: Annotated[int, whole(2, 1000), RELOAD] = DEFAULT.shared_number_calls
    keep_days: Annotated[int, whole(2, 366), RELOAD] = round(DEFAULT.keep_seconds / DAY)
    recover_after_seconds: Annotated[float, number(0, 7200), RELOAD] = RECOVER_AFTER_SECONDS
    number_key_file: Annotated[str, PATH, RESTART] = ""


def number_key_file(part: PeoplePart, folder: Path, caller_key_file: Path) -> Path:
    """Where the key for numbers is: beside that for hashes, unless the configuration says."""
    if part.number_key_file:
        return located(folder, part.number_key_file)
    return caller_key_file.with_name(NUMBER_KEY)


def rules(part: PeoplePart) -> FairnessRules:
    """The settings, in seconds."""
    return FairnessRules(
        redial_seconds=part.redial_minutes * MINUTE,
        credit_at_most_seconds=part.credit_at_most_minutes * MINUTE,
        shared_number_calls=part.shared_number_calls,
        keep_seconds=part.keep_days * DAY,
    )

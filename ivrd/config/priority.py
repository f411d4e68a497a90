"""The part `priority:` of ivrd.yaml: by how much urgent callers are served earlier."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from ivrd.config.effect import RELOAD
from ivrd.config.field_types import number
from ivrd.config.model import Part
from ivrd.config.yamlfile import Key
from ivrd.core.priority import PriorityRules, Urgency

MINUTE = 60.0
DEFAULT = PriorityRules()


class PriorityPart(Part):
    """`priority:` head starts; core/priority.py has what they mean."""

    red_flag_minutes: Annotated[float, number(1, 1440), RELOAD] = DEFAULT.red_flag_seconds / MINUTE
    risk_group_minutes: Annotated[float, number(0, 1440), RELOAD] = (
        DEFAULT.risk_group_seconds / MINUTE
    )


def check(part: PriorityPart) -> Iterator[tuple[Key, str]]:
    """Each (place, what is wrong) between the values."""
    if part.risk_group_minutes >= part.red_flag_minutes:
        most, found = part.red_flag_minutes, part.risk_group_minutes
        say = f"expected less than red_flag_minutes ({most:g}), got {found:g}"
        yield ("priority", "risk_group_minutes"), say


def rules(part: PriorityPart, topics: Mapping[str, Urgency]) -> PriorityRules:
    """The settings, in seconds.  `topics`: those whose callers are urgent."""
    return PriorityRules(part.red_flag_minutes * MINUTE, part.risk_group_minutes * MINUTE, topics)

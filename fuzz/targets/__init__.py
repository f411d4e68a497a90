"""All ways in, by name."""

from fuzz.runner import Target
from fuzz.targets import asterisk, callers, operators, outsiders

ALL: tuple[Target, ...] = (
    *asterisk.TARGETS,
    *callers.TARGETS,
    *operators.TARGETS,
    *outsiders.TARGETS,
)
TARGETS = {target.name: target for target in ALL}

"""`callback.routes` in ivrd.yaml: which carrier takes which of the calls that the hotline makes.

The first that fits takes a call; what fits none goes by `callback.trunk`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ivrd.config.effect import RELOAD
from ivrd.config.field_types import choice, pattern
from ivrd.config.model import Part
from ivrd.config.trunk import DIALLED, DialledPart
from ivrd.config.yamlfile import Key

KINDS = ("fixed_line", "mobile", "voip", "toll_free", "shared_cost", "uan")  # of phonenumbers
FORMS = ("e164", "national")
CALLBACKS, AGENTS = "callbacks", "agents"
CALLS = (CALLBACKS, AGENTS)
PREFIX = pattern(
    'the beginning of a number with its country, in quotes, such as "+668"', r"\+[1-9][0-9]{0,14}"
)
TRUNK = "callback-trunk"  # in Asterisk; that of a route has a hyphen and its name behind
SECRET = "IVRD_CALLBACK_{}_SECRET"  # stands in for a route's trunk.secret_file


class RoutePart(Part):
    """A carrier's exchange, and the calls that it takes: those that all of this fits."""

    trunk: Annotated[DialledPart, DIALLED, RELOAD]
    kinds: Annotated[list[Annotated[str, choice(*KINDS)]], RELOAD] = Field(default_factory=list)
    prefixes: Annotated[list[Annotated[str, PREFIX]], RELOAD] = Field(default_factory=list)
    calls: Annotated[list[Annotated[str, choice(*CALLS)]], Field(min_length=1), RELOAD] = Field(
        default=[*CALLS]
    )
    number_form: Annotated[str | None, choice(*FORMS), RELOAD] = None


@dataclass(frozen=True)
class Route:
    """`trunk`: its name in Asterisk.  `kinds`, `prefixes`: of numbers, empty for any.

    `national`: how it wants a number, None for as `callback.number_form` says.
    """

    trunk: str
    kinds: tuple[str, ...]
    prefixes: tuple[str, ...]
    calls: tuple[str, ...]
    national: bool | None


def check(routes: Mapping[str, RoutePart], kinds: list[str]) -> Iterator[tuple[Key, str]]:
    """What is wrong between the values, by the key in `routes`; `kinds`: that are called at all."""
    before: dict[str, RoutePart] = {}
    for name, part in routes.items():
        for key in ("kinds", "prefixes", "calls"):
            given = getattr(part, key)
            for at, one in enumerate(given):
                if one in given[:at]:
                    yield (name, key, at), f"{one} is named twice"
        for at, kind in enumerate(part.kinds):
            if kind not in kinds:
                yield (
                    (name, "kinds", at),
                    f"no {kind} number is called: it is not in callback.kinds",
                )
        if not part.kinds and not part.prefixes and len({*part.calls}) == len(CALLS):
            say = "it takes all calls, and callback.trunk none; expected kinds, prefixes or calls"
            yield (name,), say
        elif other := next((one for one, of in before.items() if _covers(of, part)), ""):
            yield (name,), f"nothing is left for it: {other} above takes all of its calls"
        before[name] = part


def _covers(of: RoutePart, part: RoutePart) -> bool:
    """Whether `of` takes all that `part` would."""
    kinds = not of.kinds or (bool(part.kinds) and {*part.kinds} <= {*of.kinds})
    begins = tuple(of.prefixes)
    prefixes = not begins or (
        bool(part.prefixes) and all(p.startswith(begins) for p in part.prefixes)
    )
    return kinds and prefixes and {*part.calls} <= {*of.calls}


def trunk_of(name: str) -> str:
    """What the trunk of a route is called in Asterisk."""
    return f"{TRUNK}-{name}"


def settings(routes: Mapping[str, RoutePart]) -> tuple[Route, ...]:
    """The settings, in their order."""
    return tuple(
        Route(
            trunk_of(name),
            tuple(part.kinds),
            tuple(part.prefixes),
            tuple(part.calls),
            None if part.number_form is None else part.number_form == "national",
        )
        for name, part in routes.items()
    )

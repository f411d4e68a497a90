"""plans.yaml: crisis plans, and what the configuration is while one is on.

Without it there are none.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ivrd.config.effect import RELOAD
from ivrd.config.field_types import NAME, PROMPT, all_or, choice, number, text, whole
from ivrd.config.links import MESSAGE
from ivrd.config.main import MainFile
from ivrd.config.menus import MenusFile
from ivrd.config.model import File, Part, read
from ivrd.config.partners import PartnersFile
from ivrd.config.problem import Problem, unknown
from ivrd.config.queues import QueuesFile
from ivrd.config.settings import Settings
from ivrd.config.yamlfile import Document, Key
from ivrd.core.challenge import NO_LIMITS, ChallengeLimits, RateLimit
from ivrd.core.menu_mode import MenuMode
from ivrd.core.menu_tree import Tree
from ivrd.core.overflow import Policy
from ivrd.core.plan import Plan, Trigger

FILE = "plans.yaml"
MINUTE = 60.0
MOST_MINUTES = 7 * 24 * 60


class PlanOverflowPart(Part):
    """`overflow:` what is other than in ivrd.yaml."""

    floor_seats: Annotated[int | None, whole(0, 4000), RELOAD] = None
    ceiling_seats: Annotated[int | None, whole(0, 4000), RELOAD] = None
    target_percent: Annotated[float | None, number(1, 99), RELOAD] = None


class PlanRatePart(Part):
    """How many calls at once and in a minute: fewer than in ivrd.yaml."""

    at_once: Annotated[int | None, whole(1, 100_000), RELOAD] = None
    a_minute: Annotated[int | None, whole(1, 100_000), RELOAD] = None

    @property
    def limit(self) -> RateLimit:
        """As the core wants it."""
        return RateLimit(self.at_once or 0, self.a_minute or 0)


class PlanChallengePart(Part):
    """`challenge:` what is lower than in ivrd.yaml."""

    number: PlanRatePart = PlanRatePart()
    withheld: PlanRatePart = PlanRatePart()
    all: PlanRatePart = PlanRatePart()

    @property
    def limits(self) -> ChallengeLimits:
        """As the core wants them."""
        return ChallengeLimits(self.number.limit, self.withheld.limit, self.all.limit)


class LoadPart(Part):
    """`start_on_load:` how many wait, for how long, until a plan starts by itself and ends.

    Without `waiting` it does not.
    """

    waiting: Annotated[int | None, whole(1, 10_000), RELOAD] = None
    for_seconds: Annotated[float, number(1, 3600), RELOAD] = 60
    until_waiting: Annotated[int, whole(0, 10_000), RELOAD] = 0
    until_for_seconds: Annotated[float, number(1, 7200), RELOAD] = 600


class PlanPart(Part):
    """One plan."""

    ends_after_minutes: Annotated[int, whole(1, MOST_MINUTES), RELOAD]
    message: Annotated[list[Annotated[str, PROMPT]], RELOAD] = Field(default_factory=list)
    menu: Annotated[str, NAME, RELOAD] = ""
    menu_mode: Annotated[str, choice(*MenuMode), RELOAD] = MenuMode.FULL.value
    overflow: PlanOverflowPart = PlanOverflowPart()
    partners: Annotated[list[str] | None, all_or("partners"), RELOAD] = None
    pools: Annotated[list[Annotated[str, NAME]], RELOAD] = Field(default_factory=list)
    users: Annotated[list[Annotated[str, text(32)]], RELOAD] = Field(default_factory=list)
    challenge: PlanChallengePart = PlanChallengePart()
    start_on_load: LoadPart = LoadPart()


class PlansFile(Part):
    """plans.yaml."""

    plans: Annotated[dict[Annotated[str, NAME], PlanPart], RELOAD] = Field(default_factory=dict)


def read_file(folder: Path) -> File[PlansFile]:
    """plans.yaml; a folder without it has no plans.  Raises `ConfigError`."""
    path = folder / FILE
    if not path.exists():
        return File(Document(str(path), None, {(): 0}), PlansFile())
    return read(path, PlansFile)


# --- what is wrong -------------------------------------------------------------------------


def check(file: File[PlansFile]) -> Iterator[Problem]:
    """What is wrong between the values of this file."""
    by_load = ""
    for name, part in file.parsed.plans.items():
        at = ("plans", name)
        over = part.overflow
        values = (over.floor_seats, over.ceiling_seats, over.target_percent, part.partners)
        changes = any(value is not None for value in values)
        changes = changes or part.menu_mode != MenuMode.FULL or part.challenge.limits != NO_LIMITS
        if not (changes or part.message or part.menu or part.pools):
            keys = "message, menu, menu_mode, overflow, partners, pools or challenge"
            say = f"expected {keys}: this plan changes nothing"
            yield file.problem(*at, say=say)
        load = part.start_on_load
        if load.waiting is None:
            if load.model_fields_set:
                yield file.problem(*at, "start_on_load", say="expected waiting as well")
            continue
        if load.until_waiting >= load.waiting:
            say = f"expected less than waiting ({load.waiting}), got {load.until_waiting}"
            yield file.problem(*at, "start_on_load", "until_waiting", say=say)
        if by_load:
            say = f"load starts {by_load} already, and two plans are never on at once"
            yield file.problem(*at, "start_on_load", say=say)
        by_load = by_load or name


def check_with_program(file: File[PlansFile], program: MainFile) -> Iterator[Problem]:
    """More seats than there may be; limits that are no lower than usual."""
    for name, part in file.parsed.plans.items():
        yield from _check_seats(file, program, name, part)
        yield from _check_challenge(file, program, name, part)
        if part.menu_mode == MenuMode.CALLBACK_ONLY and program.callback.trunk is None:
            say = "nobody can be called back without callback.trunk in ivrd.yaml"
            yield file.problem("plans", name, "menu_mode", say=say)


def check_with_outbox(file: File[PlansFile], messages: Container[str]) -> Iterator[Problem]:
    """Links that are offered, and never sent."""
    for name, part in file.parsed.plans.items():
        if part.menu_mode == MenuMode.LINKS_FIRST and MESSAGE not in messages:
            say = f"no link is ever sent: outbox.yaml has no message {MESSAGE}"
            yield file.problem("plans", name, "menu_mode", say=say)


def _check_challenge(
    file: File[PlansFile], program: MainFile, name: str, part: PlanPart
) -> Iterator[Problem]:
    """A plan asks more callers for a key, never fewer."""
    for whose in PlanChallengePart.model_fields:
        for key in PlanRatePart.model_fields:
            limit = getattr(getattr(part.challenge, whose), key)
            usual = getattr(getattr(program.limits.challenge, whose), key)
            if limit is not None and 0 < usual <= limit:
                say = f"expected less than {usual}, which it is without the plan, got {limit}"
                yield file.problem("plans", name, "challenge", whose, key, say=say)


def _check_seats(
    file: File[PlansFile], program: MainFile, name: str, part: PlanPart
) -> Iterator[Problem]:
    usual = program.overflow
    over = part.overflow
    floor = usual.floor_seats if over.floor_seats is None else over.floor_seats
    ceiling = usual.ceiling_seats if over.ceiling_seats is None else over.ceiling_seats
    if floor > ceiling and (over.floor_seats, over.ceiling_seats) != (None, None):
        key = "ceiling_seats" if over.floor_seats is None else "floor_seats"
        where = (
            ""
            if over.floor_seats is not None and over.ceiling_seats is not None
            else (", of which one is ivrd.yaml's")
        )
        say = f"floor_seats is {floor}, and ceiling_seats {ceiling}{where}"
        yield file.problem("plans", name, "overflow", key, say=say)


def check_with_menus(file: File[PlansFile], menus: MenusFile) -> Iterator[Problem]:
    """Menus in which nobody can begin."""
    for name, part in file.parsed.plans.items():
        if part.menu and part.menu not in menus.menus:
            yield file.problem("plans", name, "menu", say=unknown("menu", part.menu, menus.menus))
        elif part.menu == menus.start:
            say = f"callers begin in {part.menu} without a plan; expected another, or none"
            yield file.problem("plans", name, "menu", say=say)


def check_with_queues(file: File[PlansFile], queues: QueuesFile) -> Iterator[Problem]:
    """Pools that are not there."""
    for name, part in file.parsed.plans.items():
        for at, pool in enumerate(part.pools):
            if pool not in queues.pools:
                say = unknown("pool", pool, queues.pools)
                yield file.problem("plans", name, "pools", at, say=say)


def check_with_partners(file: File[PlansFile], partners: PartnersFile) -> Iterator[Problem]:
    """Partners that are not there, or have fewer seats than are always to be open."""
    known = partners.partners
    for name, part in file.parsed.plans.items():
        named = part.partners or []
        for at, partner in enumerate(named):
            if partner not in known:
                say = unknown("partner", partner, known)
                yield file.problem("plans", name, "partners", at, say=say)
        seats = sum(known[partner].cap for partner in {*named} & known.keys())
        floor = part.overflow.floor_seats or 0
        if named and known.keys() >= {*named} and floor > seats:
            say = f"expected at most {seats}, which `partners` have in all, got {floor}"
            yield file.problem("plans", name, "overflow", "floor_seats", say=say)


def prompts(parsed: PlansFile) -> Iterator[tuple[Key, str]]:
    """Each (place, prompt) in this file."""
    for name, part in parsed.plans.items():
        for at, prompt in enumerate(part.message):
            yield ("plans", name, "message", at), prompt


def starts(parsed: PlansFile) -> list[str]:
    """Menus in which callers may begin while a plan is on."""
    return [part.menu for part in parsed.plans.values() if part.menu]


# --- what they are -------------------------------------------------------------------------


def plans(parsed: PlansFile) -> Mapping[str, Plan]:
    """All plans by name, as the core wants them."""
    return {name: _plan(name, part) for name, part in parsed.plans.items()}


def _plan(name: str, part: PlanPart) -> Plan:
    percent = part.overflow.target_percent
    return Plan(
        name,
        part.ends_after_minutes * MINUTE,
        tuple(part.message),
        part.menu,
        part.overflow.floor_seats,
        part.overflow.ceiling_seats,
        None if percent is None else percent / 100,
        None if part.partners is None else frozenset(part.partners),
        tuple(dict.fromkeys(part.pools)),
        frozenset(part.users),
        _trigger(part.start_on_load),
        part.challenge.limits,
        MenuMode(part.menu_mode),
    )


def _trigger(part: LoadPart) -> Trigger | None:
    if part.waiting is None:
        return None
    return Trigger(part.waiting, part.for_seconds, part.until_waiting, part.until_for_seconds)


def in_force(settings: Settings, plan: Plan | None) -> Settings:
    """The settings as they are while a plan is on."""
    if plan is None:
        return settings
    left_out = {
        partner.id: f"not in the plan {plan.name}"
        for partner in settings.partners
        if plan.partners is not None and partner.id not in plan.partners
    }
    return replace(
        settings,
        tree=_tree(settings.tree, plan),
        policy=_policy(settings.policy, plan),
        left_out=left_out,
        challenge=settings.challenge.tightened(plan.challenge),
    )


def _tree(tree: Tree, plan: Plan) -> Tree:
    """With the message and the first menu of a plan; a number with a menu of its own keeps it."""
    menu = plan.menu or tree.start
    begins = {
        of: replace(to, menu=menu) if to.menu == tree.start else to
        for of, to in tree.starts.items()
    }
    return replace(tree, start=menu, starts=begins, message=plan.message, mode=plan.mode)


def _policy(policy: Policy, plan: Plan) -> Policy:
    return replace(
        policy,
        floor=policy.floor if plan.floor is None else plan.floor,
        ceiling=policy.ceiling if plan.ceiling is None else plan.ceiling,
        target_ratio=policy.target_ratio if plan.target_ratio is None else plan.target_ratio,
    )

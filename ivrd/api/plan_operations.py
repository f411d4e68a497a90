"""What an operator can ask of crisis plans: list, preview, start, end, report."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ivrd.api import server
from ivrd.api.peercred import asked_by
from ivrd.api.plan_report import PlanReport
from ivrd.config.plans import MINUTE, MOST_MINUTES, in_force
from ivrd.config.problem import unknown
from ivrd.config.settings import Settings
from ivrd.core import callback_menu, link_menu, menu
from ivrd.core.commands import Say
from ivrd.core.menu_mode import MenuMode
from ivrd.core.overflow import Decision, Snapshot, decide
from ivrd.core.plan import Plan, PlanRefused, Run
from ivrd.plans.controller import PlanController
from ivrd.plans.repository import PlanRepository

NOT_WRITTEN = "the store does not answer: a restart before it is back forgets it"


@dataclass(frozen=True)
class First:
    """What is offered first to whoever asks for a person: in words, and the prompt."""

    offer: str
    prompt: str


FIRST = {
    MenuMode.LINKS_FIRST: First("a link", link_menu.OFFER),
    MenuMode.CALLBACK_ONLY: First("a call back", callback_menu.ONLY),
}


class Decided(Protocol):
    """What the decisions on partners' seats rest on; see partners/controller.py."""

    snapshot: Snapshot | None


class PlanOperations:
    """`settings()`: as the files have them, without any plan.

    `shift()`: what the time of day, which is answered, is ahead of the timeline.
    """

    def __init__(
        self,
        controller: PlanController,
        repository: PlanRepository,
        report: PlanReport,
        partners: Decided,
        settings: Callable[[], Settings],
        shift: Callable[[], float],
    ) -> None:
        self._controller = controller
        self._repository = repository
        self._report = report
        self._partners = partners
        self._settings = settings
        self._shift = shift

    def queries(self) -> Mapping[str, server.Control]:
        """What GET answers."""
        return {"plans": self._list, "plan-preview": self._preview, "plan-report": self._reported}

    def commands(self) -> Mapping[str, server.Control]:
        """What POST does."""
        return {"plan-start": self._start, "plan-end": self._end}

    async def _list(self, _query: Mapping[str, str]) -> server.Answer:
        """All plans; the one that is on has `on`."""
        run = self._controller.state.run
        rows = [self._row(plan) for plan in self._controller.plans.values()]
        return {"plans": rows, "on": self._run(run) if run else None}

    def _row(self, plan: Plan) -> dict[str, Any]:
        trigger, run = plan.trigger, self._controller.state.run
        return {
            "plan": plan.name,
            "on": run is not None and run.plan == plan.name,
            "changes": list(_changes(plan)),
            "users": sorted(plan.users),
            "ends_after_minutes": plan.lasts_seconds / MINUTE,
            "by_load": None
            if trigger is None
            else {
                "waiting": trigger.waiting,
                "for_seconds": trigger.for_seconds,
                "until_waiting": trigger.until_waiting,
                "until_for_seconds": trigger.until_for_seconds,
                "held_off": self._controller.state.held_off == plan.name,
            },
        }

    def _run(self, run: Run) -> dict[str, Any]:
        return {
            "plan": run.plan,
            "started_at": run.started_at + self._shift(),
            "ends_at": run.ends_at + self._shift(),
            "by": run.by,
            "by_load": run.by_load,
        }

    async def _preview(self, query: Mapping[str, str]) -> server.Answer:
        """?plan=NAME: what callers would hear, and which seats would be open now."""
        plan, usual = self._known(query), self._settings()
        changed = in_force(usual, plan)
        snapshot = self._partners.snapshot
        return {
            **self._row(plan),
            "heard": _heard(changed),
            "heard_without": _heard(usual),
            "heard_before_person": _heard_before_person(changed),
            "challenge": str(changed.challenge),
            "challenge_without": str(usual.challenge),
            "seats": None if snapshot is None else _seats(_decided(snapshot, changed)),
            "seats_without": None if snapshot is None else _seats(_decided(snapshot, usual)),
        }

    async def _start(self, query: Mapping[str, str]) -> server.Answer:
        """?plan=NAME, for ?minutes=N if not for as long as it usually lasts."""
        plan, seconds = self._known(query), 0.0
        if minutes := query.get("minutes", ""):
            if not minutes.isdecimal() or not 1 <= int(minutes) <= MOST_MINUTES:
                say = f"minutes: expected a whole number from 1 to {MOST_MINUTES}, got {minutes!r}"
                raise server.RequestRejected(say)
            seconds = int(minutes) * MINUTE
        try:
            run = self._controller.start(plan, asked_by(query), seconds or plan.lasts_seconds)
        except PlanRefused as error:
            raise server.NotNow(str(error)) from None
        return {**self._run(run), "note": await self._note()}

    async def _end(self, query: Mapping[str, str]) -> server.Answer:
        """End the one that is on."""
        try:
            ended = self._controller.end(asked_by(query))
        except PlanRefused as error:
            raise server.NotNow(str(error)) from None
        lasted = ended.ended_at - ended.run.started_at
        return {"plan": ended.run.plan, "lasted_seconds": lasted, "note": await self._note()}

    async def _reported(self, query: Mapping[str, str]) -> server.Answer:
        """?plan=NAME, or all: the last runs, each beside as long before it."""
        return {"runs": await self._report.rows(query.get("plan", ""))}

    async def _note(self) -> str:
        return "" if await self._repository.written() else NOT_WRITTEN

    def _known(self, query: Mapping[str, str]) -> Plan:
        name, plans = query.get("plan", ""), self._controller.plans
        if name not in plans:
            raise server.RequestRejected(unknown("plan", name, plans))
        return plans[name]


def _changes(plan: Plan) -> Iterator[str]:
    """What a plan changes, in words."""
    if plan.message:
        yield f"says {', '.join(plan.message)} before the menu"
    if plan.menu:
        yield f"callers begin in the menu {plan.menu}"
    if first := FIRST.get(plan.mode):
        yield f"offers {first.offer} to whoever asks for a person; 0 leads on to one"
    if plan.floor is not None:
        yield f"at least {plan.floor} partners' seats are open"
    if plan.ceiling is not None:
        yield f"at most {plan.ceiling} partners' seats are open"
    if plan.target_ratio is not None:
        yield f"{plan.target_ratio:.0%} are to be answered in time"
    if plan.partners is not None:
        yield f"only these partners: {', '.join(sorted(plan.partners))}"
    if plan.pools:
        yield f"opens the seats of {', '.join(plan.pools)}"
    if limits := str(plan.challenge):
        yield f"asks for a key first over {limits}"


def _heard(settings: Settings) -> list[dict[str, str]]:
    """What a caller hears first, prompt by prompt."""
    _visit, commands = menu.enter(settings.tree)
    said = [
        prompt for command in commands if isinstance(command, Say) for prompt in command.prompts
    ]
    return [
        {"language": language, "prompt": name, "text": settings.prompts[name][language]}
        for language, name in said
    ]


def _heard_before_person(settings: Settings) -> list[dict[str, str]]:
    """What somebody hears who asks for a person; nothing when all is as ever."""
    first = FIRST.get(settings.tree.mode)
    if first is None:
        return []
    texts = settings.prompts[first.prompt]
    return [
        {"language": language, "prompt": first.prompt, "text": texts[language]}
        for language in settings.tree.languages
    ]


def _decided(snapshot: Snapshot, settings: Settings) -> Decision:
    """The decision of this moment, were these the settings."""
    left_out = settings.left_out
    partners = tuple(replace(of, left_out=left_out.get(of.id, "")) for of in snapshot.partners)
    return decide(replace(snapshot, policy=settings.policy, partners=partners))


def _seats(decision: Decision) -> dict[str, Any]:
    return {"wanted": decision.wanted, "why": decision.summary, "partners": decision.seats}

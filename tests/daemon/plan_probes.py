"""For each setting of plans.yaml: a change, and what in a running ivrd depends on it."""

from typing import Any

from ivrd.core.plan import Plan, Run
from ivrd.daemon.wiring import Wiring
from tests.daemon.reload_probes import Look, Probe, challenge, policy, put, tree

PLANS = "plans.yaml"
YAML = """
plans:
  flood:
    ends_after_minutes: 60
    message: [welcome]
    menu: home-isolation
    overflow: {floor_seats: 2, ceiling_seats: 9, target_percent: 60}
    partners: [north-bank]
    pools: [surge]
    challenge: {number: {at_once: 4}}
    start_on_load: {waiting: 50, until_waiting: 5}
"""


def on(look: Look) -> Look:
    """With the plan on: what the running hotline does then."""

    def there(parts: Wiring) -> object:
        controller = parts.plans.controller
        controller.state = type(controller.state)(Run("flood", 0.0, 1e12, "malee"))
        parts.operations.plan_changed()
        return look(parts)

    return there


def planned(key: str) -> Look:
    """As the plan is when it is started, and load is held against it."""

    def look(parts: Wiring) -> object:
        plan: Plan = parts.plans.controller.plans["flood"]
        return getattr(plan, key)

    return look


def kept_open(parts: Wiring) -> object:
    return [parts.operations.plans.keeps_open(pool) for pool in ("base", "surge")]


def named(parts: Wiring) -> object:
    """A new plan has its series before it has ever been on."""
    return b'ivrd_plan_active{plan="other"} 0.0' in parts.scrape()


def of_plan(key: str, value: object, look: Look) -> tuple[tuple[str, str], Probe]:
    return (PLANS, f"plans.*.{key}"), (put(f"plans.flood.{key}", value), look)


def of_load(key: str, value: int) -> tuple[tuple[str, str], Probe]:
    return of_plan(f"start_on_load.{key}", value, planned("trigger"))


OTHER: dict[str, Any] = {"ends_after_minutes": 5, "menu": "main"}
PLAN_PROBES: dict[tuple[str, str], Probe] = {
    (PLANS, "plans"): (put("plans.other", OTHER), named),
    **dict(
        (
            of_plan("ends_after_minutes", 5, planned("lasts_seconds")),
            of_plan("message", ["goodbye"], on(tree("message"))),
            of_plan("menu", "vaccination", on(tree("start"))),
            of_plan("menu_mode", "callback_only", on(tree("mode"))),
            of_plan("overflow.floor_seats", 3, on(policy("floor"))),
            of_plan("overflow.ceiling_seats", 8, on(policy("ceiling"))),
            of_plan("overflow.target_percent", 50, on(policy("target_ratio"))),
            of_plan(
                "partners",
                ["south-union"],
                on(lambda parts: dict(parts.partners.controller.setup.left_out)),
            ),
            of_plan("pools", ["base"], on(kept_open)),
            of_plan("users", ["malee"], planned("users")),
            *(
                of_plan(f"challenge.{whose}.{key}", 3, on(challenge(whose, key)))
                for whose in ("number", "withheld", "all")
                for key in ("at_once", "a_minute")
            ),
            of_load("waiting", 60),
            of_load("for_seconds", 5),
            of_load("until_waiting", 6),
            of_load("until_for_seconds", 7),
        )
    ),
}

"""`ivrd plan`: crisis plans."""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ivrd.cli.cells import count, length, percent
from ivrd.cli.client import client_of
from ivrd.cli.options import show, subcommand
from ivrd.core.call import Outcome
from ivrd.core.plan import EndReason

ENDED = {
    EndReason.LOAD: "by load",
    EndReason.TIME: "at its time",
    EndReason.REMOVED: "because the configuration has it no more",
}


def add_plan(parser: argparse.ArgumentParser) -> None:
    """`ivrd plan`: a group of commands."""
    group = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    subcommand(group, "list", _list, "all plans, what each changes, and which is on")
    text = "what callers would hear, and which seats would be open now"
    subcommand(group, "preview", _preview, text).add_argument("plan", metavar="NAME")
    start = subcommand(group, "start", _start, "start a plan; one is on at most")
    start.add_argument("plan", metavar="NAME")
    text = "until it ends by itself, if not as many as plans.yaml says"
    start.add_argument("--minutes", default="", help=text)
    subcommand(group, "end", _end, "end the plan that is on")
    text = "the last runs: what became of calls, beside as long a time before"
    report = subcommand(group, "report", _report, text)
    report.add_argument("plan", metavar="NAME", nargs="?", default="")


def _list(given: argparse.Namespace) -> int:
    show(given, client_of(given.config).get("plans"), list_text)
    return 0


def _preview(given: argparse.Namespace) -> int:
    show(given, client_of(given.config).get("plan-preview", plan=given.plan), preview_text)
    return 0


def _start(given: argparse.Namespace) -> int:
    query = {"plan": given.plan, "minutes": given.minutes}
    answer = client_of(given.config).post("plan-start", **{k: v for k, v in query.items() if v})
    show(given, answer, lambda a: f"{a['plan']} is on until {_moment(a['ends_at'])}.")
    return _noted(answer)


def _end(given: argparse.Namespace) -> int:
    answer = client_of(given.config).post("plan-end")
    show(given, answer, lambda a: f"{a['plan']} has ended after {length(a['lasted_seconds'])}.")
    return _noted(answer)


def _report(given: argparse.Namespace) -> int:
    query = {"plan": given.plan} if given.plan else {}
    show(given, client_of(given.config).get("plan-report", **query), report_text)
    return 0


def _noted(answer: Mapping[str, Any]) -> int:
    if answer["note"]:
        print(f"ivrd: {answer['note']}", file=sys.stderr)
    return 0


# --- what is printed: answers in, text out -------------------------------------------------


def list_text(answer: Mapping[str, Any]) -> str:
    """Every plan with what it changes."""
    lines = [line for row in answer["plans"] for line in _plan(row)]
    if not lines:
        lines = ["There are no plans; plans.yaml is where they are written."]
    if on := answer["on"]:
        by = "load" if on["by_load"] else on["by"]
        since, until = _moment(on["started_at"]), _moment(on["ends_at"])
        lines += [f"{on['plan']} is on since {since}, started by {by}; it ends at {until}."]
    else:
        lines += ["None is on."]
    return "\n".join(lines)


def _plan(row: Mapping[str, Any]) -> Iterator[str]:
    yield f"{row['plan']}{' (on)' if row['on'] else ''}"
    for change in row["changes"]:
        yield f"    {change}"
    yield f"    ends by itself after {length(row['ends_after_minutes'] * 60)}"
    if row["users"]:
        yield f"    may be started by {', '.join(row['users'])}"
    if load := row["by_load"]:
        yield (
            f"    load starts it: {load['waiting']} waiting for {length(load['for_seconds'])}; and "
            f"ends it: {load['until_waiting']} for {length(load['until_for_seconds'])}"
        )
        if load["held_off"]:
            yield "    load does not start it again before it has been low"


def preview_text(answer: Mapping[str, Any]) -> str:
    """What a plan would change now."""
    lines = [*_plan(answer), "", "Callers would hear:"]
    lines += [f"    {line['language']}: {line['text']}" for line in answer["heard"]]
    if answer["heard"] == answer["heard_without"]:
        lines[-len(answer["heard"]) - 1] = "Callers would hear what they hear without it:"
    if before := answer["heard_before_person"]:
        lines += ["", "Whoever asks for a person would hear first, but for those at risk:"]
        lines += [f"    {line['language']}: {line['text']}" for line in before]
    if answer["challenge"] != answer["challenge_without"]:
        lines += ["", f"Callers would be asked for a key first over {answer['challenge']}"]
        lines += [f"Without it: {answer['challenge_without'] or 'never'}"]
    lines += ["", f"Partners' seats with it: {_seats(answer['seats'])}"]
    lines += [f"Without it: {_seats(answer['seats_without'])}"]
    return "\n".join(lines)


def _seats(seats: Mapping[str, Any] | None) -> str:
    if seats is None:
        return "nothing was decided yet"
    given = [f"{name} {n}" for name, n in seats["partners"].items() if n]
    return f"{seats['wanted']} wanted ({seats['why']}); {', '.join(given) or 'none open'}"


def report_text(answer: Mapping[str, Any]) -> str:
    """Each run, and the figures of its time beside those of as long before."""
    runs = answer["runs"]
    if not runs:
        return "No plan has been on."
    return "\n\n".join("\n".join(_run(run)) for run in runs)


def _run(run: Mapping[str, Any]) -> Iterator[str]:
    by = "load" if run["by_load"] else run["started_by"]
    if run["why"] is None:
        end = "and is on"
    else:
        how = ENDED.get(EndReason(run["why"]), f"by {run['ended_by']}")
        end = f"until {_moment(run['ended_at'])}, ended {how}"
    yield f"{run['plan']}: from {_moment(run['started_at'])}, started by {by}, {end}"
    during, before = run["during"], run["before"]
    yield f"{'':41}{'with it':>9}  before"
    yield _figure("received", count(during["received"]), count(before["received"]))
    for outcome in Outcome:
        pair = during["outcomes"][outcome.value], before["outcomes"][outcome.value]
        if any(pair):
            yield _figure(outcome.value.replace("_", "-"), *map(count, pair))
    yield _figure("answered by partners", *(count(of["by_partners"]) for of in (during, before)))
    for text, key in (
        ("abandoned, of those in a queue", "abandoned"),
        ("answered in time, of those in a queue", "service_level"),
    ):
        yield _figure(text, percent(during[key]), percent(before[key]))
    asa = [of["asa_seconds"] for of in (during, before)]
    yield _figure("speed of answer", *("-" if a is None else length(a) for a in asa))
    if not run["calls_kept"]:
        yield "Some of these calls are no longer kept (store.keep_days.calls)."


def _figure(what: str, during: str, before: str) -> str:
    return f"    {what:37}{during:>9}  {before}"


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))

"""The commands for partners: `ivrd partner`, `explain`, `report partners`, `audit`."""

import argparse
import json
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ivrd.cli import client, partner_tables
from ivrd.config.load import load
from ivrd.config.settings import Settings

FAILED = 1
POLL_SECONDS = 0.05
Command = Callable[[argparse.Namespace], int]
# What an operator orders -> the override; `release` takes it back.
OVERRIDES = {"open": "open", "closed": "closed", "drain": "draining", "release": "none"}
SAYS = {
    "open": "open by override: its pledged seats take calls, within its hours or not.",
    "closed": "closed by override: it gets no calls; {busy} talks go on to their end.",
    "drain": "draining: it gets no calls; {busy} talks go on to their end.",
    "release": "no override: the policy decides.",
}


# Places a test call to the partner of this id, by whatever the settings say.
Place = Callable[[Settings, str], None]


def add(
    verbs: "argparse._SubParsersAction[Any]",
    readable: argparse.ArgumentParser,
    place: Place = lambda _settings, _partner: None,
) -> Any:
    """Add the commands to `verbs`; `readable` has the options --config and --json.

    `place` is called when the daemon listens for what becomes of a drill's test call.  Returns
    where other kinds of `ivrd report` are added.
    """
    partner = _verb(verbs, "partner", "partner call centres: list, show, override, drain, drill")
    acts = partner.add_subparsers(title="acts", required=True, metavar="ACT")
    _leaf(acts, "list", _list, "all partners and what their seats are doing", readable)
    show = _leaf(acts, "show", _show, "everything about one partner", readable)
    override = _leaf(
        acts,
        "override",
        _override,
        "hold a partner open or closed, whatever is needed",
        readable,
        aliases=("pin",),
    )
    override.add_argument("override", choices=("open", "closed"))
    drain = _leaf(acts, "drain", _override, "no calls any more; talks go on to their end", readable)
    drain.set_defaults(override="drain")
    release = _leaf(
        acts, "release", _override, "take an override or a drain back", readable, aliases=("unpin",)
    )
    release.set_defaults(override="release")
    text = "a test call that a person there confirms by key; then onboarding is over"
    drill = _leaf(acts, "drill", lambda given: _drill(given, place), text, readable)
    for act in (show, override, drain, release, drill):
        act.add_argument("name", metavar="NAME", help="the partner's name in partners.yaml")

    _leaf(verbs, "explain", _explain, "why partners' seats are as they are now", readable)

    report = _verb(verbs, "report", "what was done in a period")
    kinds = report.add_subparsers(title="reports", required=True, metavar="REPORT")
    text = "calls, talk time and people helped, partner by partner"
    partners = _leaf(kinds, "partners", _report, text, readable)
    partners.add_argument("--csv", action="store_true", help="print CSV with all columns")
    audit = _leaf(verbs, "audit", _audit, "what operators did, and when", readable)
    for of_a_period in (partners, audit):
        text = "the first day, such as 2026-11-01 (default: the first of the last day's month)"
        of_a_period.add_argument("--from", dest="since", metavar="DATE", default="", help=text)
        text = "the last day (default: today)"
        of_a_period.add_argument("--to", dest="until", metavar="DATE", default="", help=text)
    return kinds


def _verb(
    verbs: Any, name: str, text: str, *parents: Any, aliases: Sequence[str] = ()
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = verbs.add_parser(
        name, help=text, description=text, parents=parents, aliases=aliases
    )
    return made


def _leaf(
    verbs: Any, name: str, run: Command, text: str, base: Any, aliases: Sequence[str] = ()
) -> argparse.ArgumentParser:
    made = _verb(verbs, name, text, base, aliases=aliases)
    made.set_defaults(command=run)
    return made


def _ask(given: argparse.Namespace) -> client.Client:
    return client.Client(load(given.config).control_socket)


def _say(given: argparse.Namespace, answer: Mapping[str, Any], text: str) -> None:
    print(json.dumps(answer) if given.json else text)
    if answer.get("note"):
        print(f"ivrd: {answer['note']}", file=sys.stderr)


def _list(given: argparse.Namespace) -> int:
    rows = _ask(given).get("partners")["partners"]
    print(json.dumps(rows) if given.json else partner_tables.partners_text(rows))
    return 0


def _show(given: argparse.Namespace) -> int:
    (row,) = _ask(given).get("partners", partner=given.name)["partners"]
    print(json.dumps(row) if given.json else partner_tables.partner_text(row))
    return 0


def _override(given: argparse.Namespace) -> int:
    answer = _ask(given).post("override", partner=given.name, override=OVERRIDES[given.override])
    text = f"{answer['partner']}: {SAYS[given.override].format(busy=answer['busy'])}"
    if given.override in ("open", "release") and answer["obstacle"]:
        text += f"\nIt gets no calls all the same: {answer['obstacle']}."
    _say(given, answer, text)
    return 0


def _drill(given: argparse.Namespace, place: Place) -> int:
    """Have the daemon listen and then place the call, so that nothing of it is missed."""
    settings = load(given.config)
    asking = client.Client(settings.control_socket)
    outcome: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def listen() -> None:
        try:
            outcome.put(asking.post("drill", partner=given.name))
        except (client.NotRunning, client.RequestRefused) as error:
            outcome.put(error)

    # A thread that nobody waits for: when the call cannot be placed, that is said at once.
    threading.Thread(target=listen, daemon=True).start()
    while outcome.empty() and not _listens(asking, given.name):
        time.sleep(POLL_SECONDS)
    if outcome.empty():
        place(settings, given.name)
    answer = outcome.get()
    if isinstance(answer, Exception):
        raise answer
    if answer["ok"]:
        text = f"{answer['partner']}: confirmed, verified on {answer['verified']}; "
        _say(given, answer, f"{text}it is {answer['state']}.\n{answer['detail']}")
        return 0
    _say(given, answer, f"{answer['partner']}: not confirmed: {answer['detail']}")
    return FAILED


def _listens(asking: client.Client, partner: str) -> bool:
    """Whether the daemon waits for a test call to this partner."""
    (row,) = asking.get("partners", partner=partner)["partners"]
    return bool(row["drilling"])


def _explain(given: argparse.Namespace) -> int:
    answer = _ask(given).get("explain")
    print(json.dumps(answer) if given.json else partner_tables.explain_text(answer))
    return 0


def _report(given: argparse.Namespace) -> int:
    answer = _of_period(given, "report")
    if given.json:
        print(json.dumps(answer))
    elif given.csv:
        print(partner_tables.report_csv(answer), end="")
    else:
        print(partner_tables.report_text(answer))
    return _told(answer)


def _audit(given: argparse.Namespace) -> int:
    answer = _of_period(given, "audit")
    print(json.dumps(answer) if given.json else partner_tables.audit_text(answer))
    return _told(answer)


def _of_period(given: argparse.Namespace, what: str) -> Any:
    query = {"from": given.since, "to": given.until}
    return _ask(given).get(what, **{name: day for name, day in query.items() if day})


def _told(answer: Mapping[str, Any]) -> int:
    if answer["skipped"]:
        print(f"note: {answer['skipped']} entries of the store are unreadable", file=sys.stderr)
    return 0

"""`ivrd report` and `ivrd audit`: what was done in a period."""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from ivrd.cli import partner_tables
from ivrd.cli.agent_report import agents_report_csv, agents_report_text
from ivrd.cli.client import client_of
from ivrd.cli.day_table import day_text
from ivrd.cli.failure import asking
from ivrd.cli.options import command, show, subcommand


def add_report(parser: argparse.ArgumentParser) -> None:
    """`ivrd report`: a group of commands."""
    reports = parser.add_subparsers(title="reports", required=True, metavar="REPORT")
    text = "calls, talk time and people helped, partner by partner"
    partners = subcommand(reports, "partners", _partners, text)
    partners.add_argument("--csv", action="store_true", help="print CSV with all columns")
    _add_period(partners)
    text = "what became of every call of a day, restarts or not"
    day = subcommand(reports, "day", _day, text)
    day.add_argument("day", metavar="DATE", nargs="?", default="", help="default: today")
    text = "what each agent did on a day: talks, wrap-up, pauses, calls that were not taken"
    agents = subcommand(reports, "agents", _agents, text)
    agents.add_argument("--day", metavar="DATE", default="", help="default: today")
    agents.add_argument("--csv", action="store_true", help="print CSV with all columns")


def add_audit(parser: argparse.ArgumentParser) -> None:
    """`ivrd audit`."""
    command(parser, asking(_audit))
    _add_period(parser)


def _add_period(parser: argparse.ArgumentParser) -> None:
    text = "the first day, such as 2026-11-01 (default: the first of the last day's month)"
    parser.add_argument("--from", dest="since", metavar="DATE", default="", help=text)
    text = "the last day (default: today)"
    parser.add_argument("--to", dest="until", metavar="DATE", default="", help=text)


def _partners(given: argparse.Namespace) -> int:
    answer = _of_period(given, "report")
    if given.csv and not given.json:
        print(partner_tables.report_csv(answer), end="")
    else:
        show(given, answer, partner_tables.report_text)
    _note_gaps(answer)
    return 0


def _day(given: argparse.Namespace) -> int:
    answer = client_of(given.config).get("day", day=given.day)
    show(given, answer, day_text)
    return 0


def _agents(given: argparse.Namespace) -> int:
    answer = client_of(given.config).get("agent-report", day=given.day)
    if given.csv and not given.json:
        print(agents_report_csv(answer), end="")
    else:
        show(given, answer, agents_report_text)
    if unassigned := answer["unassigned_talks"]:
        say = f"note: {unassigned} talks were at seats where no agent was known to be signed in"
        print(say, file=sys.stderr)
    _note_gaps(answer)
    return 0


def _audit(given: argparse.Namespace) -> int:
    answer = _of_period(given, "audit")
    show(given, answer, partner_tables.audit_text)
    _note_gaps(answer)
    return 0


def _of_period(given: argparse.Namespace, what: str) -> Any:
    query = {"from": given.since, "to": given.until}
    return client_of(given.config).get(what, **{name: day for name, day in query.items() if day})


def _note_gaps(answer: Mapping[str, Any]) -> None:
    if answer["missing"]:
        print(f"note: {answer['missing']}", file=sys.stderr)
    if answer["skipped"]:
        print(f"note: {answer['skipped']} entries of the store are unreadable", file=sys.stderr)

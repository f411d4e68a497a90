"""`ivrd partner`: partner call centres."""

import argparse
import sys
from functools import partial
from typing import Any

from ivrd.cli import partner_tables
from ivrd.cli.client import client_of
from ivrd.cli.options import show, subcommand

# What an operator orders -> the override; `release` takes it back.
OVERRIDES = {"open": "open", "closed": "closed", "drain": "draining", "release": "none"}
TALKS = "conversations in progress ({busy}) go on to their end"
RESULTS = {
    "open": "open by override: its pledged seats take calls, within its hours or not.",
    "closed": f"closed by override: it gets no calls; {TALKS}.",
    "drain": f"draining: it gets no calls; {TALKS}.",
    "release": "no override: the policy decides.",
}


def add_partner(parser: argparse.ArgumentParser) -> None:
    """`ivrd partner`: a group of commands."""
    group = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    subcommand(group, "list", _list, "all partners and what their seats are doing")
    details = subcommand(group, "show", _show, "everything about one partner")
    text = "hold a partner open or closed, whatever is needed"
    override = subcommand(group, "override", _override, text, alias="pin")
    override.add_argument("override", choices=("open", "closed"))
    drain = subcommand(
        group, "drain", _override, "no calls any more; conversations go on to their end"
    )
    drain.set_defaults(override="drain")
    text = "take an override or a drain back"
    release = subcommand(group, "release", _override, text, alias="unpin")
    release.set_defaults(override="release")
    text = "try a partner again that is paused because calls failed there"
    resume = subcommand(group, "resume", _resume, text)
    text = "a test call that a person there confirms by key; then onboarding is over"
    drill = subcommand(group, "drill", _drill, text)
    text = "write down how many people a partner has today, when it has told you"
    pledge = subcommand(group, "pledge", _pledge, text)
    for one in (details, override, drain, release, resume, drill, pledge):
        one.add_argument("name", metavar="NAME", help="the partner's name in partners.yaml")
    pledge.add_argument("people", metavar="PEOPLE", help="how many, or none to take it back")


def _list(given: argparse.Namespace) -> int:
    rows = client_of(given.config).get("partners")["partners"]
    show(given, rows, partner_tables.partners_text)
    return 0


def _show(given: argparse.Namespace) -> int:
    (row,) = client_of(given.config).get("partners", partner=given.name)["partners"]
    show(given, row, partner_tables.partner_text)
    return 0


def _override(given: argparse.Namespace) -> int:
    query = {"partner": given.name, "override": OVERRIDES[given.override]}
    answer = client_of(given.config).post("override", **query)
    show(given, answer, partial(_override_text, given.override))
    if answer.get("note"):
        print(f"ivrd: {answer['note']}", file=sys.stderr)
    return 0


def _override_text(ordered: str, answer: Any) -> str:
    text = f"{answer['partner']}: {RESULTS[ordered].format(busy=answer['busy'])}"
    if ordered in ("open", "release") and answer["obstacle"]:
        text += f"\nIt gets no calls all the same: {answer['obstacle']}."
    return text


def _resume(given: argparse.Namespace) -> int:
    answer = client_of(given.config).post("resume-partner", partner=given.name)
    show(given, answer, _resumed_text)
    if answer.get("note"):
        print(f"ivrd: {answer['note']}", file=sys.stderr)
    return 0


def _resumed_text(answer: Any) -> str:
    if not answer["resumed"]:
        return f"{answer['partner']}: it was not paused; {answer['obstacle'] or answer['health']}."
    text = f"{answer['partner']}: its pause is over; {answer['health']}."
    if answer["obstacle"] and answer["obstacle"] != answer["health"]:
        text += f"\nIt gets no calls all the same: {answer['obstacle']}."
    return text


def _pledge(given: argparse.Namespace) -> int:
    answer = client_of(given.config).post("pledge", partner=given.name, people=given.people)
    show(given, answer, _pledged_text)
    if answer.get("note"):
        print(f"ivrd: {answer['note']}", file=sys.stderr)
    return 0


def _pledged_text(answer: Any) -> str:
    if answer["people"] is None:
        return f"{answer['partner']}: nothing is known of today; partners.yaml counts."
    return f"{answer['partner']}: {answer['people']} people today."


def _drill(given: argparse.Namespace) -> int:
    # Placing a call needs the whole configuration, which takes long to import.
    from ivrd.cli.drill import drill

    return drill(given)

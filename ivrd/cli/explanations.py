"""`ivrd explain`: why partners' seats are as they are, and why one caller waits."""

import argparse

from ivrd.cli import call_text, partner_tables
from ivrd.cli.client import client_of
from ivrd.cli.failure import asking
from ivrd.cli.options import command, show


def add_explain(parser: argparse.ArgumentParser) -> None:
    """`ivrd explain` and `ivrd explain call ID`."""
    text = "why one caller waits, or what became of a call that has ended today"
    parser.add_argument("what", nargs="?", choices=("call",), metavar="call", help=text)
    text = "the call's id, the case code that agents see, or the end of the caller's hash"
    parser.add_argument("id", nargs="?", metavar="ID", help=text)

    def explain(given: argparse.Namespace) -> int:
        if given.what and not given.id:
            parser.error("the following arguments are required: ID")
        return _call(given) if given.what else _partners(given)

    command(parser, asking(explain))


def _partners(given: argparse.Namespace) -> int:
    show(given, client_of(given.config).get("explain"), partner_tables.explain_text)
    return 0


def _call(given: argparse.Namespace) -> int:
    answer = client_of(given.config).get("explain-call", call=given.id)
    show(given, answer, call_text.call_text)
    return 0

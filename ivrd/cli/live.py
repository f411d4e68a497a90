"""`ivrd check --live`: each trunk tried with OPTIONS, its names in DNS, and a call if asked to."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

from ivrd.cli import drill, trunk_names
from ivrd.cli.cells import clean
from ivrd.cli.client import Client
from ivrd.cli.failure import FAILED, understood
from ivrd.config.settings import Settings


def check(settings: Settings, given: argparse.Namespace) -> int:
    """Try all trunks by the running ivrd, and look up their names here.

    Status 1 when a trunk does not work, or a name leads nowhere.

    `given.call`: the partners that are called as well; a person there presses the key.
    """
    answer = Client(settings.control_socket).get("try-trunks")
    names = trunk_names.looked_up(settings)
    calls = [drill.outcome(settings, partner) for partner in given.call]
    with understood():
        well = all(
            (
                *(row["works"] for row in answer["trunks"]),
                *(name.found for name in names),
                *(call["ok"] for call in calls),
            )
        )
        if given.json:
            rows = [name._asdict() for name in names]
            print(json.dumps({"ok": well, **answer, "names": rows, "calls": calls}))
            return 0 if well else FAILED
        for row in answer["trunks"]:
            print(line(row), file=sys.stdout if row["works"] else sys.stderr)
        for name in names:
            print(clean(name.text), file=sys.stdout if name.found else sys.stderr)
        if answer["own_certificate"]:
            print(f"our own certificate: {clean(answer['own_certificate'])}")
        for call in calls:
            print(drill.drill_text(call), file=sys.stdout if call["ok"] else sys.stderr)
    return 0 if well else FAILED


def line(row: Mapping[str, Any]) -> str:
    """A trunk in words."""
    told = [*_answers(row), *row["faults"]]
    told += [f"{place} shows {shown}" for place, shown in row["certificates"].items()]
    return clean(f"{row['name']}: {'; '.join(told)}")


def _answers(row: Mapping[str, Any]) -> list[str]:
    if not row["called"]:
        if row["registers"]:
            return [] if row["faults"] else ["we are registered there, or are about to"]
        return ["it calls us, and we never call it: there is nothing to try"]
    if row["reachable"]:
        took = row["round_trip_ms"]
        return ["it answers OPTIONS" + (f" in {took:.0f} ms" if took is not None else "")]
    if row["faults"]:
        return []
    return ["it does not answer OPTIONS" if row["reachable"] is False else "not asked yet"]

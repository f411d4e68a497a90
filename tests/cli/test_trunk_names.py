"""`ivrd check --live`: names of trunks, asked of a small name server."""

import json
import re
import shutil
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ivrd.cli import live
from ivrd.cli.failure import FAILED
from ivrd.cli.trunk_names import looked_up
from ivrd.config.load import load
from ivrd.config.settings import Settings
from lab.name_server import NameServer

ROOT = Path(__file__).parents[2]
RECORDS = {
    "_sip._udp.sip.one.example": {"SRV": ["1 1 5070 a.one.example."]},
    "a.one.example": {"A": ["192.0.2.1"]},
    "two.example": {"A": ["192.0.2.2"]},
    "border.example": {"A": [f"192.0.2.{n}" for n in range(20, 29)]},
}
MANY = ", ".join(f"192.0.2.{n}" for n in range(20, 28))
FOUND = [
    f"carrier: border.example in DNS: no SRV records (_sip._udp); A {MANY} and 1 more",
    "partner-bangkok-bank: sip.one.example in DNS: SRV a.one.example:5070 (192.0.2.1)",
    "partner-krungthai-bank: two.example:5062 in DNS: A 192.0.2.2",
]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """The shipped ones, with names for the addresses of three partners and a carrier."""
    folder = Path(shutil.copytree(ROOT / "config", tmp_path / "config"))
    with NameServer(RECORDS) as names:
        for file, before, after in (
            ("partners.yaml", "trunk: 192.0.2.17", "trunk: sip.one.example"),
            (
                "partners.yaml",
                "trunk: 198.51.100.18",
                'trunk: {addresses: ["two.example:5062",\n      gone.example]}',
            ),
            ("partners.yaml", "trunk: 203.0.113.19", "trunk: gone.also.example:5060"),
            (
                "ivrd.yaml",
                "{addresses: [192.0.2.0/28]}",
                "{addresses: [192.0.2.0/28, border.example], registrar: gone.example, user: us,\n"
                "      secret_file: ./carrier.secret}\n"
                "    other: {addresses: [192.0.2.64,\n      gone.border.example]}",
            ),
            ("ivrd.yaml", "# dns_servers: [192.0.2.53]", f'dns_servers: ["{names.address}"]'),
        ):
            path = folder / file
            text = path.read_text("utf-8")
            assert before in text
            path.write_text(text.replace(before, after, 1), "utf-8")
        yield load(folder)


def places(settings: Settings) -> set[str]:
    """Where the names stand that are not found, as an editor counts lines."""
    found = set()
    for file in ("partners.yaml", "ivrd.yaml"):
        path = settings.folder / file
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if re.search(r"[ :]gone\.", line):
                found.add(f"{path}:{number}: ")
    return found


def test_where_each_name_leads_and_where_those_stand_that_lead_nowhere(settings: Settings) -> None:
    found = looked_up(settings)
    assert [one.text for one in found if one.found] == FOUND
    failed = {one.trunk: one.text for one in found if not one.found}
    keys = {
        "carrier": "asterisk.carriers.carrier.registrar: gone.example",
        "other": "asterisk.carriers.other.addresses: gone.border.example",
        "partner-krungthai-bank": "partners.krungthai-bank.trunk.addresses: gone.example",
        "partner-bank-of-ayudhya": "partners.bank-of-ayudhya.trunk: gone.also.example:5060",
    }
    for trunk, key in keys.items():
        assert failed[trunk].endswith(f": {key}: name not found")
    assert {text.partition(" ")[0] + " " for text in failed.values()} == places(settings)


def test_addresses_ask_no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivrd.cli.trunk_names.Resolver", None)
    assert looked_up(load(ROOT / "config")) == []


class Answering:
    """The control socket of an ivrd whose trunks all work."""

    def __init__(self, *_given: object) -> None: ...

    def get(self, _what: str) -> Any:
        return {"trunks": [], "own_certificate": None}


def test_a_name_that_leads_nowhere_is_a_failure_and_a_line_of_its_own(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "Client", Answering)
    assert live.check(settings, Namespace(call=[], json=False)) == FAILED
    said = capsys.readouterr()
    assert said.out.splitlines() == FOUND
    assert len(said.err.splitlines()) == 4
    assert live.check(settings, Namespace(call=[], json=True)) == FAILED
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], len(answer["names"])) == (False, 7)
    assert {"trunk", "name", "found", "text"} == answer["names"][0].keys()

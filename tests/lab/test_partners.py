"""Kinds of partners by name, and the hotline's configuration for them."""

from pathlib import Path
from typing import Any

import pytest

from lab import __main__ as lab
from lab.partners import KINDS, NOBODY, PartnerSites, kinds_of
from lab.running import LabError


def test_kinds_in_a_list() -> None:
    assert kinds_of("good, refuses,silent") == ("good", "refuses", "silent")
    assert kinds_of("") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [("goood", "got 'goood'; did you mean good?"), ("good,", "got ''"), ("x", "got 'x'")],
)
def test_a_kind_that_there_is_not_is_told_with_those_that_there_are(text: str, words: str) -> None:
    with pytest.raises(LabError) as told:
        kinds_of(text)
    assert str(told.value).startswith("--partners: expected good, full, refuses, ")
    assert str(told.value).endswith(words)


def test_the_command_tells_it_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.main(["up", "--partners", "sillent"]) == 1
    assert capsys.readouterr().err.startswith("lab: --partners: expected ")


def test_each_partner_has_a_name_and_a_trunk_of_its_own(tmp_path: Path) -> None:
    sites = PartnerSites(tmp_path, ["good", "dead", "good"])
    settings: dict[str, Any] = {}
    sites.change("partners.yaml", settings)
    trunks = {name: of["trunk"]["addresses"][0] for name, of in settings["partners"].items()}
    assert list(trunks) == ["good", "dead", "good-2"]
    assert trunks["dead"] == NOBODY
    assert len(set(trunks.values())) == 3
    facts = sites.facts()
    assert {name: fact["trunk"] for name, fact in facts.items()} == trunks
    assert [fact["kind"] for fact in facts.values()] == ["good", "dead", "good"]


def test_every_kind_makes_a_site_and_the_policy_is_as_short_as_the_talks(tmp_path: Path) -> None:
    sites = PartnerSites(tmp_path, list(KINDS))
    settings: dict[str, Any] = {"overflow": {"hold_seconds": 120, "slack_percent": 20}}
    sites.change("ivrd.yaml", settings)
    assert settings["overflow"]["hold_seconds"] < 30
    assert settings["overflow"]["slack_percent"] == 20
    assert set(sites.sites) == set(KINDS) - {"dead"}

"""Values that are valid and hardly meant."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from ivrd.config.load import load
from ivrd.config.problem import ConfigError
from ivrd.config.unlikely import unlikely

TODAY = date(2026, 11, 22)
HOURS, IVRD, QUEUES, PARTNERS = "hours.yaml", "ivrd.yaml", "queues.yaml", "partners.yaml"
Edit = Callable[[dict[str, Any]], object]


def edit(folder: Path, name: str, change: Edit) -> None:
    path = folder / name
    settings = yaml.safe_load(path.read_text("utf-8"))
    change(settings)
    path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")


def asked(folder: Path, today: date = TODAY) -> list[str]:
    return [str(problem) for problem in unlikely(load(folder), today)]


def test_nothing_is_asked_about_what_is_likely(folder: Path) -> None:
    assert asked(folder) == []


def days(**more: list[str]) -> Edit:
    return lambda settings: settings["hours"]["office"].update(more)


def carriers(**addresses: list[str]) -> Edit:
    entries = {name: {"addresses": of} for name, of in addresses.items()}
    return lambda settings: settings["asterisk"].update(carriers=entries)


def over_ipv6(change: Edit) -> Edit:
    def changed(settings: dict[str, Any]) -> None:
        settings["asterisk"]["sip"]["listen_ipv6"] = "[::]:5060"
        change(settings)

    return changed


def put(*path: str, value: object) -> Edit:
    def change(settings: dict[str, Any]) -> None:
        *above, last = path
        for step in above:
            settings = settings.setdefault(step, {})
        settings[last] = value

    return change


SRTP = {"addresses": ["198.51.100.9"], "srtp": "required"}
MOBILE = {"mobile": {"trunk": SRTP, "kinds": ["mobile"]}}
CASES: list[tuple[str, Edit, str, str]] = [
    (HOURS, days(closed_on=["2025-12-01"]), "hours.office.closed_on", "2025-12-01 is past"),
    (HOURS, days(open_on=["2026-11-21"]), "hours.office.open_on", "2026-11-21 is past"),
    (HOURS, days(closed_on=["2126-12-01"]), "hours.office.closed_on", "is 100 years ahead"),
    (HOURS, days(closed_on=["2026-11-29"]), "hours.office.closed_on", "is a Sunday, for which"),
    (HOURS, days(closed_on=["2027-04-13"]), "hours.office.closed_on", "is a public holiday"),
    (HOURS, days(open_on=["2026-12-01"]), "hours.office.open_on", "a Tuesday and no public"),
    (HOURS, days(open_on=["2026-12-06"]), "hours.office.open_on", "is a Sunday, for which"),
    (HOURS, days(closed_on=["2026-12-01"] * 2), "hours.office.closed_on", "is named twice"),
    (HOURS, days(days={"mon": []}), "hours.office.days", "are never open"),
    (HOURS, put("hours", "night", value={"days": {"mon": ["20:00-22:00"]}}), "hours.night", "no q"),
    (IVRD, carriers(a=["10.0.0.0/7"]), "asterisk.carriers.a.addresses", "everybody in 10.0.0.0/7"),
    (IVRD, over_ipv6(carriers(a=["::/0"])), "asterisk.carriers.a.addresses", "everybody in ::/0"),
    (IVRD, carriers(a=["127.0.0.1"]), "asterisk.carriers.a.addresses", "is a loopback address"),
    (IVRD, carriers(a=["224.0.0.1"]), "asterisk.carriers.a.addresses", "is a multicast address"),
    (IVRD, carriers(a=["169.254.3.3"]), "asterisk.carriers.a.addresses", "is a link-local"),
    (IVRD, carriers(a=["10.1.0.0/16"], b=["10.1.2.3"]), "asterisk.carriers.b.addresses", "overl"),
    (IVRD, carriers(a=["10.1.2.3", "10.1.2.0/24"]), "asterisk.carriers.a.addresses", "this carr"),
    (IVRD, put("asterisk", "sip", "listen", value="127.0.0.1:5060"),
     "asterisk.carriers.carrier.addresses", "Asterisk listens at 127.0.0.1"),
    (IVRD, put("asterisk", "rtp", "last", value=10999), "asterisk.rtp.last", "1000 ports for sou"),
    (IVRD, put("limits", "menus", value=2000), "limits.menus", "more than limits.callers (1000)"),
    (IVRD, put("overflow", "floor_seats", value=26), "overflow.floor_seats", "no more than 25"),
    (IVRD, put("overflow", "ceiling_seats", value=0), "overflow.ceiling_seats", "no partner is"),
    (IVRD, put("waiting", "menu_key", value="5"), "waiting.menu_key", "told to press 9: give"),
    (IVRD, put("overflow", "expected_patience_seconds", value=12), "ring_seconds", "after 12 s"),
    (QUEUES, put("pools", "base", "open", value=False), "queues.vaccination", "nobody takes its"),
    (PARTNERS, put("partners", "a-bank", "trunk", value="127.0.0.1"), "partners.a-bank.trunk",
     "is a loopback address"),
    (PARTNERS, put("partners", "a-bank", "trunk", value={"addresses": ["a.org"], "at_once": 99}),
     "partners.a-bank.trunk.at_once", "never has more calls than cap (20)"),
    (IVRD, put("callback", "prefixes", value=["+44"]), "callback.prefixes", "is no number of TH"),
    (PARTNERS, put("partners", "a-bank", "trunk", value=SRTP), "partners.a-bank.trunk.srtp",
     "the keys of the sound go in clear"),
    (IVRD, put("asterisk", "carriers", "carrier", "srtp", value="dtls"),
     "asterisk.carriers.carrier.srtp", "can listen all the same"),
    (IVRD, put("callback", "trunk", value=SRTP), "callback.trunk.srtp", "keys of the sound"),
    (IVRD, put("callback", value={"trunk": "192.0.2.1", "routes": MOBILE}),
     "callback.routes.mobile.trunk.srtp", "the keys of the"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "key", "words"), CASES, ids=[c[3] for c in CASES])
def test_what_is_hardly_meant_is_asked_about_with_file_line_and_key(
    folder: Path, name: str, change: Edit, key: str, words: str
) -> None:
    edit(folder, name, change)
    found = [text for text in asked(folder) if words in text]
    assert len(found) >= 1
    assert re.match(rf"{re.escape(str(folder))}/\w+\.yaml:[1-9]\d*: {key}: ", found[0])


def test_a_key_that_the_hotlines_own_words_tell_is_not_asked_about(folder: Path) -> None:
    edit(folder, IVRD, put("waiting", "menu_key", value="5"))
    words = {"th": "กด 5", "en": "Press 5."}
    edit(folder, "prompts.yaml", put("prompts", "queue-menu-key", value=words))
    assert asked(folder) == []


def test_everybody_is_no_carrier(folder: Path) -> None:
    edit(folder, PARTNERS, put("partners", value={}))
    edit(folder, IVRD, carriers(a=["0.0.0.0/0"]))
    assert "everybody in 0.0.0.0/0 may call as this carrier" in asked(folder)[0]


def test_a_partner_whose_hours_never_meet_is_asked_about(folder: Path) -> None:
    night = {"days": {"mon-fri": ["17:00-20:00"], "sun": ["22:00-03:00"]}}
    edit(folder, HOURS, put("hours", "night", value=night))
    edit(folder, PARTNERS, put("partners", "a-bank", "hours", value="night"))
    assert asked(folder) == []  # `other` is always open
    edit(folder, PARTNERS, put("partners", "a-bank", "topics", value=["register"]))
    assert "never meet those of a queue" in asked(folder)[0]
    edit(folder, HOURS, put("hours", "night", "days", "sat", value=["23:00-23:30"]))
    assert asked(folder) == []


def test_hours_meet_over_the_end_of_the_week(folder: Path) -> None:
    edit(folder, HOURS, put("hours", "late", value={"days": {"sun": ["23:00-09:00"]}}))
    edit(folder, PARTNERS, put("partners", "a-bank", "hours", value="late"))
    edit(folder, PARTNERS, put("partners", "a-bank", "topics", value=["register"]))
    assert asked(folder) == []  # until Monday at nine


def test_new_years_day_makes_no_configuration_wrong(folder: Path) -> None:
    assert [text.split(": ")[-1] for text in asked(folder, date(2027, 1, 1))] == [
        "2026-11-30 is past",
        "2026-12-10 is past",
    ]
    assert load(folder)


@pytest.mark.parametrize("key", ["closed_on", "open_on"])
def test_a_buddhist_year_is_refused(folder: Path, key: str) -> None:
    edit(folder, HOURS, days(**{key: ["2569-12-01"]}))
    with pytest.raises(ConfigError, match=f"{key}: expected a day.*did you mean 2026-12-01") as bad:
        load(folder)
    assert bad.value.problems[0].line > 1

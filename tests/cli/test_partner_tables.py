"""The tables about partners stay in their width, whatever stands in them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ivrd.cli.partner_tables import (
    WIDTH,
    _fact,
    audit_text,
    explain_text,
    partner_text,
    partners_text,
    report_csv,
    report_text,
)
from ivrd.core.report import Cause, PartnerEvent
from tests.cli.test_output import ANSWERS
from tests.core.test_report import LINES, PARTNERS, rows

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=32)
WORDS = st.text(max_size=200)
COUNT = st.integers(0, 99_999)
TIME = st.just("2026-11-29T13:45:00+07:00")
TOLD = st.fixed_dictionaries(
    {
        "people": st.integers(0, 200),
        "told_at": TIME,
        "from": TIME,
        "until": TIME,
        "message": st.sampled_from((None, "waiting", "dead")),
        "why": WORDS,
    }
)
PLEDGE = st.fixed_dictionaries({"people": COUNT, "asked": COUNT, "given_at": TIME, "by": WORDS})
ROW = st.fixed_dictionaries(
    {
        "id": NAMES,
        "name_th": WORDS,
        "name_en": WORDS,
        "trunk": WORDS,
        "state": st.sampled_from(("active", "onboarding", "paused")),
        "verified": st.sampled_from((None, "2026-11-22")),
        "pledged": st.integers(0, 200),
        "cap": st.integers(1, 200),
        "hours": NAMES,
        "topics": st.lists(NAMES, max_size=12),
        "languages": st.just(["th", "en"]),
        "confirm": st.booleans(),
        "response_seconds": st.integers(1, 30),
        "ring_seconds": st.integers(3, 60),
        "key_seconds": st.integers(5, 60),
        "queues": st.lists(NAMES, max_size=5),
        "override": st.sampled_from((None, "open", "draining")),
        "in_hours": st.booleans(),
        "called_out": st.none() | TOLD,
        "pledge": st.none() | PLEDGE,
        "health": WORDS,
        "barred": st.just("") | WORDS,
        "obstacle": WORDS,
        "wanted": st.integers(0, 200),
        "open": st.integers(0, 200),
        "ringing": st.integers(0, 200),
        "busy": st.integers(0, 200),
        "offers": COUNT,
        "answers": COUNT,
        "results": st.dictionaries(st.sampled_from(("refused", "dropped")), COUNT),
        "causes": st.dictionaries(st.sampled_from(Cause), COUNT),
        "reason": WORDS,
    }
)


def test_a_line_with_one_wide_letter_fits() -> None:
    for length in range(60, 120):
        fits("\n".join(_fact("Why", "x" * length + "\x1f⭕" + "x" * 30)))


def fits(text: str) -> None:
    assert all(cell_len(line) <= WIDTH for line in text.split("\n"))
    assert all(line.isprintable() for line in text.split("\n"))


@given(st.lists(ROW, max_size=4))
def test_the_list_of_partners_fits(made: list[dict[str, Any]]) -> None:
    text = partners_text(made)
    fits(text)
    assert all(any(line.startswith(row["id"][:20]) for line in text.split("\n")) for row in made)


@given(ROW)
def test_one_partner_fits(made: dict[str, Any]) -> None:
    fits(partner_text(made))


@given(st.lists(st.tuples(NAMES, st.integers(0, 200), WORDS), max_size=4), WORDS)
def test_an_explanation_fits(shares: list[tuple[str, int, str]], reason: str) -> None:
    keys = ("id", "seats", "reason")
    made = [dict(zip(keys, share, strict=True)) for share in shares]
    fits(explain_text({"reason": reason, "wanted": 3, "partners": made, "numbers": {}}))


@given(st.lists(LINES, max_size=30))
def test_a_report_fits_and_csv_has_every_row(lines: list[PartnerEvent]) -> None:
    made = [vars(row) for row in rows(lines, PARTNERS)]
    answer = {"from": "2026-11-01T00:00:00+07:00", "to": "2026-12-01T00:00:00+07:00", "rows": made}
    fits(report_text(answer))
    assert report_csv(answer).count("\r\n") == len(made) + 1


def test_a_report_of_a_great_year_fits() -> None:
    row = vars(rows([], PARTNERS)[0]) | {"name_en": "W" * 80, "share": 1.0, "of_pledge": 12.5}
    row |= dict.fromkeys(("people", "offered", "accepted", "refused", "unconfirmed"), 1_000_000)
    row |= {"talk_seconds": 3.6e8}
    answer = {"from": "2026-01-01T00:00:00+07:00", "to": "2027-01-01T00:00:00+07:00"}
    text = report_text(answer | {"rows": [row] * 120})
    fits(text)
    assert all(" 100,000:00 " in line for line in text.split("\n")[2:122])


ACT = st.fixed_dictionaries(
    {
        "at": st.just("2026-11-22T08:47:40.250+07:00"),
        "who": WORDS,
        "what": st.sampled_from(("override closed", "drill confirmed")),
        "partner": NAMES,
        "detail": WORDS,
    }
)


@given(st.lists(ACT, max_size=5))
def test_acts_fit_and_each_has_its_line(commands: list[dict[str, Any]]) -> None:
    period = {"from": "2026-11-01T00:00:00+07:00", "to": "2026-12-01T00:00:00+07:00"}
    text = audit_text({**period, "entries": commands})
    assert text.startswith("2026-11-01 00:00 to 2026-12-01 00:00")
    fits(text)
    assert len(text.split("\n")) == (len(commands) + 2 if commands else 1)


def test_what_a_partner_was_asked_for_and_has_said_of_today() -> None:
    told = {
        "step": "begin",
        "people": 12,
        "told_at": "2026-11-29T13:45:00+07:00",
        "from": "2026-11-29T14:00:00+07:00",
        "until": "2026-11-29T16:00:00+07:00",
        "message": "dead",
        "why": "answered 404",
    }
    pledge = {"people": 8, "asked": 12, "given_at": "2026-11-29T13:50:00+07:00", "by": "malee"}
    (first, *_) = ANSWERS["partners"]["partners"]
    shown = {**first, "called_out": told, "pledge": pledge}
    text = " ".join(partner_text(shown).split())
    assert "asked for 12 people from 2026-11-29 14:00 until 2026-11-29 16:00" in text
    assert "told at 2026-11-29 13:45, message dead: answered 404" in text
    assert "8 people of 12 asked for; said at 2026-11-29 13:50, written down by malee" in text
    listed = " ".join(partners_text([shown]).split())
    assert "asked for 12 people until 2026-11-29 16:00; has 8 people today" in listed
    shown = {**first, "called_out": {**told, "people": 0}, "pledge": None}
    over = " ".join(partner_text(shown).split())
    assert "nobody is needed any more; told at 2026-11-29 13:45" in over

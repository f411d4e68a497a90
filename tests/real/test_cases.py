"""Callers who ask for the state of a case: real Asterisk, every failure of who knows it, a kill."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from lab.callers import Caller, HangUp, Hear, Keys, Meet, Quiet, Wait
from lab.changes import long_lease
from tests.outbox.receiver import (
    HALF,
    HANGS,
    NO_HTTP,
    RESETS,
    Receiver,
    ReceiverThread,
    answer,
)
from tests.real.intake_rig import citizen
from tests.real.rig import WAIT
from tests.real.test_callback import number
from tests.real.test_outbox import until
from tests.real.test_settled import answers, asked

ASKS, BY_CODE, BY_PERSON, RIGHT = "6", "1", "2", "1"
BORN = "2530"
STATE = json.dumps({"result": {"state": "bed"}}).encode()
FOUND = answer(200, STATE)
# What comes of a case code, in which the caller stands.
FAILS: dict[str, bytes] = {
    "unknown": answer(404),
    "not in the table": answer(200, b'{"result": {"state": "on the moon"}}'),
    "hangs": HANGS,
    "resets": RESETS,
    "half": HALF,
    "no HTTP": NO_HTTP,
    "500": answer(500),
    "HTML": answer(200, b"<!doctype html><p>bed", Content_Type="text/html"),
    "100 MB": answer(200, STATE + b" " * 100_000_000),
    "redirect": answer(302, b"", Location="http://192.0.2.1/"),
}


class Crm(Receiver):
    """Answers by what is asked for."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        super().__init__(FOUND)
        self.by_code = answers
        self.by_person = FOUND

    async def _answer(self, writer: asyncio.StreamWriter) -> bool:
        asked = parse_qs(self.requests[-1].headers["ivrd-question"])
        of = asked.get("code", [""])[0]
        self.answers[0] = self.by_code.get(of, FOUND) if of else self.by_person
        return await super()._answer(writer)


class CrmThread(ReceiverThread):
    """The same in a thread."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        super().__init__()
        self.receiver = Crm(answers)


def code(n: int) -> str:
    return f"08674{n:05}"


def typed(n: int) -> str:
    """The key that asks, then all of it at once, right."""
    return ASKS + BY_CODE + code(n) + RIGHT


def keys(text: str) -> Keys:
    return Keys(text, tone=0.1, gap=0.1)


def with_cases(folder: Path, url: str, **crm: float) -> Callable[..., None]:
    secret = folder / "crm.secret"
    secret.touch(0o600)
    secret.write_text("not-really-a-secret")

    def change(name: str, settings: dict[str, Any]) -> None:
        long_lease(name, settings)  # no machine is so busy that a caller is taken from the menu
        if name == "ivrd.yaml":
            settings["log"] = {"format": "json", "level": "debug"}
            settings.setdefault("limits", {})["behind_seconds"] = 2
        if name == "menus.yaml":
            settings["menus"][settings["start"]]["keys"][ASKS] = {"case": "other"}
        if name == "cases.yaml":
            where = {"url": url, "secret_file": str(secret), "field": "result.state"}
            settings["crm"] = {**where, "failures": 100, **crm}
            states = {"bed": ["certificate-info"]}
            settings |= {"code_digits": 10, "by_person": True, "states": states}

    return change


def nowhere(lab: Any, digits: list[str]) -> None:
    """None of these stands in a file of the run, but in what callers typed and phones showed."""
    files = [path for path in lab.folder.rglob("*") if path.is_file() and path.suffix != ".wav"]
    people = re.compile("agents|callers|again|asks-[12]")
    searched = [f for f in files if not people.fullmatch(f.relative_to(lab.folder).parts[0])]
    assert len(searched) > 20
    for path in searched:
        data = path.read_bytes()
        assert not [one for one in digits if one.encode() in data], path


@pytest.mark.lasts(15)
def test_one_is_told_and_one_has_a_person_and_is_asked_after_the_talk(
    hotline: Any, tmp_path: Path
) -> None:
    """The short form of what follows here, and in test_settled.py."""
    with CrmThread({code(2): FAILS["HTML"]}) as crm:
        cases = with_cases(tmp_path, crm.url)

        def change(name: str, settings: dict[str, Any]) -> None:
            cases(name, settings)
            asked(name, settings)

        lab = hotline(agents=1, talk=1.0, ring=0.2, change=change)
        people = [
            Caller(1, "is told", (keys(typed(1)), Hear(), Quiet(2.5), HangUp())),
            Caller(2, "is not told", (keys(typed(2)), Meet(), Wait(3), Keys("1"), Quiet(60))),
        ]
        lab.calling(people, rate=5.0).wait(WAIT)
        assert answers(lab, 1) == {"settled": 1, "not_settled": 0, "no_answer": 0}
        lab.settled()
        outcomes = lab.ivrd.status()["outcomes"]
        assert (outcomes["self_served"], outcomes["answered"]) == (1, 1)
        assert [talk.note for talk in lab.talks()] == [f"case {code(2)}"]
        assert lab.ivrd.scrape().total("ivrd_queue_log_differences_total") == 0
    lab.stop()
    nowhere(lab, [code(1), code(2)])


@pytest.mark.verify
@pytest.mark.lasts(40)
def test_who_asks_is_told_or_has_a_person_with_what_was_keyed(hotline: Any, tmp_path: Path) -> None:
    """Each answer that a system may give; and one who is told and wants a person as well."""
    fails = dict(enumerate(FAILS, 10))
    with CrmThread({code(n): FAILS[name] for n, name in fails.items()}) as crm:
        lab = hotline(agents=4, talk=2.0, ring=0.2, change=with_cases(tmp_path, crm.url))
        by_person = ASKS + BY_PERSON + citizen(3) + RIGHT + BORN + RIGHT
        told = (Hear(), Quiet(2.5))  # all has been said, and a key is waited for
        people = [
            Caller(1, "is told", (keys(typed(1)), *told, HangUp()), number=number(1)[0]),
            Caller(2, "is told", (keys(typed(1)), *told, HangUp())),
            Caller(3, "wants a person as well", (keys(by_person), *told, Keys("0"), Meet())),
            Caller(4, "says nothing any more", (keys(ASKS + BY_CODE + code(4)[:6]), Meet())),
            *(Caller(n, name, (keys(typed(n)), Meet())) for n, name in fails.items()),
        ]  # fmt: skip
        ledger = lab.calling(people, rate=10.0).wait(WAIT)
        entries = {entry.id: entry for entry in ledger.entries}
        helped = [3, 4, *fails]
        assert [entries[n].outcome for n in helped] == ["answered"] * len(helped)
        assert lab.nobody_was_in_silence(ledger, 6.0)
        lab.settled()
        status = lab.ivrd.status()
        assert status["outcomes"]["self_served"] == 2
        shown = {talk.note for talk in lab.talks()}
        assert shown == {
            f"citizen ending {citizen(3)[-3:]}, born 1987 (masked: this line is not encrypted)",
            f"case {code(4)[:6]}",
            *(f"case {code(n)}" for n in fails),
        }
        scrape = lab.ivrd.scrape()
        answers = {
            result: scrape.total("ivrd_case_answers_total", result=result)
            for result in ("found", "unknown", "not_in_table", "slow", "unreachable", "broken")
        }
        assert answers == {
            **dict.fromkeys(answers, 0),
            "found": 3,
            "unknown": 1,
            "not_in_table": 1,
            "slow": 1,
            "broken": len(fails) - 3,
        }
        assert (
            len(crm.requests) <= len(fails) + 3
        )  # one of those who were told may have had another's
        assert scrape.total("ivrd_cases_told_total") == 2
        assert scrape.total("ivrd_queue_log_differences_total") == 0
        again = Caller(1, "dials again", (Hear(), HangUp()), number=number(1)[0])
        lab.calling([again], rate=5.0, name="again").wait(WAIT)
        lab.settled()
        assert lab.ivrd.scrape().total("ivrd_repeat_calls_total") == 1
        served = lab.ivrd.get("day")["served"]["case_told"]
        assert served == {"calls": 2, "known": 2, "redialled": 1}
    lab.stop()
    nowhere(lab, [citizen(3), *map(code, (1, *fails))])


@pytest.mark.verify
@pytest.mark.lasts(30)
def test_a_kill_during_a_look_up_leads_to_a_person(hotline: Any, tmp_path: Path) -> None:
    """Whether nobody comes back, or an ivrd that has lost the digits; both times with the note."""
    with CrmThread({code(1): HANGS, code(2): HANGS}) as crm:
        change = with_cases(tmp_path, crm.url, deadline_seconds=10)
        lab = hotline(agents=2, talk=1.0, ring=0.2, change=change)
        for n, comes_back in ((1, False), (2, True)):
            asks = Caller(n, "asks", (keys(typed(n)), Meet()))
            calling = lab.calling([asks], rate=5.0, name=f"asks-{n}")
            until("it is asked", lambda n=n: len(crm.requests) == n)
            lab.ivrd.kill()
            if comes_back:
                lab.ivrd.start()
            ledger = calling.wait(WAIT)
            assert [entry.outcome for entry in ledger.entries] == ["answered"]
            if not comes_back:
                lab.ivrd.start()
            lab.settled()
        assert [talk.note for talk in lab.talks()] == [f"case {code(n)}" for n in (1, 2)]
    lab.stop()
    nowhere(lab, [code(1), code(2)])


@pytest.mark.verify
@pytest.mark.lasts(30)
def test_one_that_fails_again_and_again_is_left_alone(hotline: Any, tmp_path: Path) -> None:
    with CrmThread({code(n): HANGS for n in range(1, 9)}) as crm:
        change = with_cases(tmp_path, crm.url, failures=2, pause_seconds=600, deadline_seconds=1)
        lab = hotline(agents=4, talk=2.0, ring=0.2, change=change)
        people = [Caller(n, "asks", (keys(typed(n)), Meet())) for n in range(1, 9)]
        ledger = lab.calling(people, rate=0.5).wait(WAIT)
        assert {entry.outcome for entry in ledger.entries} == {"answered"}
        scrape = lab.ivrd.scrape()
        assert scrape.total("ivrd_case_answers_total", result="slow") == 2
        assert scrape.total("ivrd_case_answers_total", result="paused") == 6
        assert scrape.total("ivrd_case_lookups_paused") == 1
        assert len(crm.requests) == 2
        lab.settled()

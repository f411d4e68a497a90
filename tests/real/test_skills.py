"""Callers in Thai and in English, and people for each: nobody is offered who does not understand.

A caller's number says the language, and each seat's own ledger which numbers it was shown.
"""

from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from lab.agents import Talk
from lab.called import CalledPeople, comes
from lab.callers import Caller, Hear, Keys, Quiet, Wait
from lab.ivrd import Ivrd
from lab.partners import takes
from tests.fixtures.agents import person
from tests.real.overflow_rig import Sites, drill, partner, with_partners
from tests.real.pair_rig import two
from tests.real.rig import WAIT, final_ledger
from tests.real.test_agents import killed, sign_in

# Numbers of callers, by what they choose, and the first key that they press for it.
THAI, ENGLISH = ("0810000", "1"), ("0820000", "2")
SPEAKS_THAI, SPEAKS_ENGLISH = "2001", "2002"  # who shares a seat keys in who it is
SPEAKS = {"thai-01": THAI, "english-01": ENGLISH}


def by_language(name: str, settings: dict[str, Any]) -> None:
    """Two pools, each with a seat for its language."""
    if name == "queues.yaml":
        settings["pools"] = {
            pool: {"seats": 1, "open": True, "queues": "all", "languages": [language]}
            for pool, language in (("thai", "th"), ("english", "en"))
        }


def callers(language: tuple[str, str], first: int, count: int, keys: str = "0") -> list[Caller]:
    number, choice = language
    return [
        Caller(n, choice, (Keys(choice + keys),), number=f"{number}{n:03}")
        for n in range(first, first + count)
    ]


def strangers(talks: Iterable[Talk]) -> list[Talk]:
    """Rings at a seat for a caller whose language is not spoken there, answered or not."""
    return [talk for talk in talks if not talk.number.startswith(SPEAKS[talk.seat][0])]


def waits_in_thai_only(status: Any) -> bool:
    """Whether all have chosen, Thai callers wait, and no English one does."""
    calls = status["calls"]
    waits = {row["language"]: row["waiting"] for row in status["queues"] if row["name"] == "other"}
    return calls["received"] == 5 and not calls["menu"] and waits["th"] > 0 == waits["en"]


@pytest.mark.lasts(25)
def test_only_who_understands_is_rung_also_without_ivrd_and_after_it(hotline) -> None:
    lab = hotline(talk=1.5, ring=0.2, change=by_language)
    # The English seat is free while Thai callers wait.
    calling = lab.calling([*callers(THAI, 1, 4), *callers(ENGLISH, 11, 1)], rate=4.0)
    lab.until("Thai callers wait beside a free English seat", waits_in_thai_only)
    lab.ivrd.kill()
    unattended = lab.calling(callers(THAI, 21, 2), rate=4.0, name="unattended")
    unattended.wait(WAIT)
    calling.wait(WAIT)
    lab.ivrd.start()
    lab.until("ivrd is back", lambda s: s["asterisk"]["up"])
    # Now the Thai seat is free while English callers wait, and one who gave up dials again.
    hasty = Caller(31, "gives up", (Keys("20"),), hangs_up_after=1.5, number=f"{ENGLISH[0]}031")
    calling = lab.calling([*callers(ENGLISH, 32, 2), hasty], rate=4.0, name="english")
    calling.wait(WAIT)
    lab.calling(callers(ENGLISH, 31, 1), rate=4.0, name="again").wait(WAIT)
    talks = lab.talks()
    assert {talk.number[:7] for talk in talks} == {THAI[0], ENGLISH[0]}
    assert strangers(talks) == []
    talked = [talk for talk in talks if talk.talked is not None]
    assert len(talked) >= 4 + 1 + 2 + 2 + 1


@pytest.mark.verify
@pytest.mark.lasts(35)
def test_partners_get_the_callers_whom_they_understand_and_whose_topic_they_know(
    hotline, tmp_path
) -> None:
    sites = Sites(tmp_path)
    try:
        known = {
            "thai": {"languages": ["th"]},
            "english": {"languages": ["en"]},
            "results": {"languages": ["en", "th"], "topics": ["lab-results"]},
        }
        site = {name: sites(name, takes(ring=0.2, talk=6.0)) for name in known}
        entries = {name: partner(site[name].trunk, 4, **known[name]) for name in known}
        lab = hotline(agents=1, talk=15.0, ring=0.2, change=with_partners(entries))
        for name in known:
            drill(lab, name)
        assert {row["id"]: row["queues"] for row in lab.ivrd.get("partners")["partners"]}[
            "results"
        ] == ["vaccination (lab-results, en)", "vaccination (lab-results, th)"]
        calling = lab.calling(
            [
                *callers(ENGLISH, 1, 1),  # the one agent talks
                *callers(ENGLISH, 2, 3),
                *callers(THAI, 12, 3),
                *callers(ENGLISH, 22, 2, "23"),
                *callers(THAI, 32, 2, "21"),
            ],
            rate=4.0,
        )
        calling.wait(WAIT)
        shown = {name: [talk.number for talk in final_ledger(of)] for name, of in site.items()}
    finally:
        sites.stop()
    helped = {
        name: [n for n in numbers if n[:4] in ("0810", "0820")] for name, numbers in shown.items()
    }
    assert helped["thai"]
    assert helped["english"]
    assert all(number.startswith(THAI[0]) for number in helped["thai"])
    assert all(number.startswith(ENGLISH[0]) for number in helped["english"])
    assert all(number.startswith(f"{ENGLISH[0]}02") for number in helped["results"])


def two_at_a_seat(name: str, settings: dict[str, Any]) -> None:
    """Agents of the same seat, each with a language of their own."""
    if name == "agents.yaml":
        settings["wrap_up_seconds"] = 0
        settings["agents"] = {
            name: {**person("base-01"), "languages": [language]}
            for name, language in ((SPEAKS_THAI, "th"), (SPEAKS_ENGLISH, "en"))
        }


@pytest.mark.verify
@pytest.mark.lasts(20)
def test_whoever_is_signed_in_at_a_seat_gets_whom_they_understand_also_after_a_kill(
    hotline,
) -> None:
    lab = hotline(agents=1, talk=2.0, ring=0.2, change=two_at_a_seat)
    sign_in(lab, SPEAKS_ENGLISH)
    calling = lab.calling([*callers(THAI, 1, 2), *callers(ENGLISH, 11, 2)], rate=4.0)
    lab.until("the English ones are over", lambda s: s["outcomes"]["answered"] == 2)
    killed(lab)
    calling_again = lab.calling(callers(ENGLISH, 21, 1), rate=4.0, name="again")
    calling_again.wait(WAIT)
    shown = [talk.number[:7] for talk in final_ledger(lab.agents)]
    assert shown == [ENGLISH[0]] * 3
    lab.ivrd.once("agent", "out", SPEAKS_ENGLISH)
    sign_in(lab, SPEAKS_THAI)
    calling.wait(WAIT)
    after = [talk.number[:7] for talk in final_ledger(lab.agents)[len(shown) :]]
    assert after == [THAI[0]] * 2


@pytest.mark.verify
@pytest.mark.lasts(20)
def test_a_reload_that_divides_a_queue_takes_those_who_wait_to_who_understands(hotline) -> None:
    lab = hotline(agents=1, talk=8.0, ring=0.2)
    calling = lab.calling([*callers(THAI, 1, 1), *callers(ENGLISH, 11, 2)], rate=2.0)
    lab.until("two wait", lambda s: s["calls"]["queue"] == 2)
    path = lab.config / "queues.yaml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    by_language("queues.yaml", settings)
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
    said = lab.ivrd.once("reload")
    assert "2 callers moved from other to other (en)" in said
    calling.wait(WAIT)
    new = [talk for talk in lab.talks() if talk.seat in SPEAKS]
    assert sorted(talk.number for talk in new) == [f"{ENGLISH[0]}011", f"{ENGLISH[0]}012"]
    assert {talk.seat for talk in new} == {"english-01"}


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_over_a_takeover_nobody_comes_to_people_who_do_not_understand(tmp_path) -> None:
    hotline = two(tmp_path / "pair", talk=2.0, ring=0.2, change=by_language)
    with hotline:
        hotline.wait_for_standby()
        people = [
            caller
            for n in range(1, 21, 2)
            for caller in (*callers(THAI, n, 1), *callers(ENGLISH, n + 1, 1))
        ]
        calling = hotline.calling(people, 1.5)
        hotline.until("callers wait", lambda: hotline.of_leader(waits) >= 2)
        leader = hotline.leader()
        other = hotline.other(leader)
        leader.kill()
        hotline.until("the other leads", lambda: other.is_leader)
        calling.wait(WAIT)
        talks = hotline.talks()
    assert strangers(talks) == []
    assert sum(talk.talked is not None for talk in talks) == len(people)


@pytest.mark.verify
@pytest.mark.lasts(30)
def test_who_asks_in_the_queues_menu_to_be_called_back_is_called_by_who_understands(
    hotline, tmp_path
) -> None:
    """Of two who wait, in two languages, both go to the menu, and one wants a call back."""
    home = f"+66{THAI[0][1:]}001"
    with CalledPeople(tmp_path / "people", {home: comes()}) as people:

        def change(name: str, settings: dict[str, Any]) -> None:
            by_language(name, settings)
            people.change(name, settings)
            if name == "ivrd.yaml":
                settings["waiting"] = {"menu_key": "9", "menu_key_seconds": 20}
            if name == "queues.yaml":
                for pool in settings["pools"].values():
                    pool["open"] = False

        lab = hotline(agents=1, talk=2.0, ring=0.2, change=change)
        # Who is offered a call back at once, with 0, says no by 2, and asks for it in the queue.
        into_menu = (Wait(2), Keys("9"), Hear(), Quiet(0.5))
        asks = (*into_menu, Keys("2"), Hear(), Quiet(0.5), Keys("1"), Hear(), Quiet(60))
        goes_on = (*into_menu, Keys("3"))
        waiting = [
            Caller(1, "asks", (Keys(f"{THAI[1]}02"), *asks), number=f"{THAI[0]}001"),
            Caller(11, "goes on", (Keys(f"{ENGLISH[1]}02"), *goes_on), number=f"{ENGLISH[0]}011"),
        ]
        calling = lab.calling(waiting, rate=4.0)
        lab.until("one is booked", lambda _s: len(lab.ivrd.get("callbacks")["callbacks"]) == 1)
        lab.until("the other waits", lambda s: s["calls"]["queue"] == 1)
        lab.ivrd.once("seats", "open", "english")
        calling.wait(WAIT)
        assert people.ledger() == ()  # a free seat that does not understand is none for it
        lab.ivrd.once("seats", "open", "thai")
        lab.until("reached", lambda s: s["callbacks"]["results"]["reached"] == 1)
        talks = lab.agents.ledger()
    rung = {(talk.seat, talk.number) for talk in talks}
    assert rung == {("thai-01", home), ("english-01", f"{ENGLISH[0]}011")}


def waits(ivrd: Ivrd) -> int:
    return int(ivrd.status()["calls"]["queue"])

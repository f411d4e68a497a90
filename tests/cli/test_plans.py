"""`ivrd plan`: what is printed."""

from typing import Any

from ivrd.cli.plans import list_text, preview_text, report_text

ROW: dict[str, Any] = {
    "plan": "flood",
    "on": False,
    "changes": ["opens the seats of surge"],
    "users": ["malee"],
    "ends_after_minutes": 240.0,
    "by_load": {
        "waiting": 100,
        "for_seconds": 120,
        "until_waiting": 10,
        "until_for_seconds": 900,
        "held_off": True,
    },
}
RUN = {"plan": "flood", "started_at": 0.0, "ends_at": 60.0, "by": "malee", "by_load": False}
FIGURES: dict[str, Any] = {
    "received": 1200,
    "outcomes": dict.fromkeys(
        ("answered", "abandoned", "self_served", "deflected", "callback", "rejected", "failed"), 0
    )
    | {"answered": 900},
    "by_partners": 300,
    "abandoned": 0.125,
    "service_level": 0.5,
    "asa_seconds": 75.0,
}


def test_the_list_says_what_each_changes_and_which_is_on() -> None:
    text = list_text({"plans": [ROW], "on": None})
    assert text.splitlines()[:3] == [
        "flood",
        "    opens the seats of surge",
        "    ends by itself after 4 h 0 min",
    ]
    assert "load starts it: 100 waiting for 2 min; and ends it: 10 for 15 min" in text
    assert "load does not start it again before it has been low" in text
    assert text.endswith("None is on.")
    on = list_text({"plans": [{**ROW, "on": True}], "on": RUN})
    assert on.startswith("flood (on)")
    assert "started by malee; it ends at" in on
    assert "There are no plans" in list_text({"plans": [], "on": None})


def test_the_preview_has_words_and_seats() -> None:
    seats = {"wanted": 20, "why": "20 are always open", "partners": {"alpha": 20, "beta": 0}}
    line = {"language": "en", "prompt": "flood", "text": "Very many people."}
    answer = {**ROW, "heard": [line], "heard_without": [], "seats": seats, "seats_without": None}
    before = {"language": "en", "prompt": "callback-only", "text": "At present we call back."}
    answer |= {"heard_before_person": [before]}
    answer |= {"challenge": "2 at once from one number", "challenge_without": ""}
    text = preview_text(answer)
    assert "Callers would hear:\n    en: Very many people." in text
    assert "with it: 20 wanted (20 are always open); alpha 20\n" in text
    assert "asked for a key first over 2 at once from one number\nWithout it: never\n" in text
    assert "but for those at risk:\n    en: At present we call back.\n" in text
    assert text.endswith("Without it: nothing was decided yet")
    same = preview_text({**answer, "heard_without": [line]})
    assert "Callers would hear what they hear without it:\n    en: Very many" in same
    same = {"challenge_without": answer["challenge"], "heard_before_person": []}
    text = preview_text({**answer, **same})
    assert "asked for a key" not in text
    assert "asks for a person" not in text


def test_the_report_has_both_columns() -> None:
    run = {
        "plan": "flood",
        "started_at": 0.0,
        "ended_at": 600.0,
        "started_by": "ivrd",
        "by_load": True,
        "why": "load",
        "ended_by": "",
        "calls_kept": False,
        "during": FIGURES,
        "before": {**FIGURES, "received": 900, "abandoned": None, "asa_seconds": None},
    }
    lines = report_text({"runs": [run]}).splitlines()
    assert lines[0].startswith("flood: from ")
    assert lines[0].endswith("ended by load")
    assert "started by load" in lines[0]
    figures = [line.split()[-2:] for line in lines[2:-1]]
    assert figures == [
        ["1,200", "900"],
        ["900", "900"],
        ["300", "300"],
        ["12.5%", "-"],
        ["50.0%", "50.0%"],
        ["min", "-"],
    ]
    assert lines[-1] == "Some of these calls are no longer kept (store.keep_days.calls)."
    by_hand = {**run, "why": "operator", "ended_by": "malee", "calls_kept": True}
    assert report_text({"runs": [by_hand]}).splitlines()[0].endswith("ended by malee")
    on = {**run, "why": None, "ended_at": None}
    assert report_text({"runs": [on]}).splitlines()[0].endswith("and is on")
    assert report_text({"runs": []}) == "No plan has been on."

"""What an operator does on the running hotline, and what callers find when it is closed."""

import json
import re
import subprocess

import yaml

from lab.callers import Caller, HangUp, Hear, Keys, Quiet, Wait
from tests.real.rig import WAIT


def wants_a_person(first: int, count: int) -> list[Caller]:
    return [Caller(n, "key 0", (Keys("0"),)) for n in range(first, first + count)]


def test_surge_seats_open_and_drain_while_calls_come(hotline):
    lab = hotline(agents=1, talk=4.0, ring=0.2)
    calling = lab.calling(wants_a_person(1, 12), rate=20.0)
    lab.until("callers wait", lambda s: s["calls"]["queue"] >= 11)
    assert "70 seats are open" in lab.ivrd.once("seats", "open", "surge")
    surge = lab.until("surge talks", lambda s: s["pools"][1]["busy"] >= 11)["pools"][1]
    assert surge["open"]
    # closing takes no talk away: all eleven end as their agents end them
    assert "closed" in lab.ivrd.once("seats", "close", "surge")
    entries = json.loads(lab.ivrd.once("audit", "--json"))["entries"]
    assert [act["what"] for act in entries if act["detail"] == "surge"] == [
        "seats opened",
        "seats closed",
    ]
    assert calling.wait(WAIT).outcomes() == {"answered": 12}
    lab.over()
    assert [talk.ended for talk in lab.agents.ledger()] == ["agent"] * 12
    lab.until("surge is empty", lambda s: s["pools"][1]["busy"] == s["pools"][1]["free"] == 0)
    second = lab.calling(wants_a_person(101, 3), rate=20.0, name="second")
    assert second.wait(WAIT).outcomes() == {"answered": 3}
    assert {talk.seat for talk in lab.talks()[12:]} == {"base-01"}


def test_open_seats_are_still_open_after_ivrd_and_asterisk_started_anew(hotline):
    lab = hotline(agents=1, talk=2.0, ring=0.2)
    lab.ivrd.once("seats", "open", "surge")
    lab.ivrd.kill()
    lab.ivrd.start()
    assert lab.ivrd.status()["pools"][1]["open"]
    lab.restart_asterisk()
    lab.until("seats are back", lambda s: s["asterisk"]["up"] and s["pools"][1]["free"] == 70)


def test_closing_the_base_seats_pauses_them(hotline):
    lab = hotline(agents=2, talk=2.0, ring=0.2)
    lab.ivrd.once("seats", "close", "base", "--yes")
    calling = lab.calling(wants_a_person(1, 2), rate=10.0)
    lab.until("both wait", lambda s: s["calls"]["queue"] == 2)
    assert not lab.ivrd.status()["pools"][0]["open"]
    lab.ivrd.once("seats", "open", "base")
    assert calling.wait(WAIT).outcomes() == {"answered": 2}


def test_base_seats_closed_before_a_reload_are_closed_by_us_for_the_next_ivrd_too(hotline):
    lab = hotline(agents=1, talk=2.0, ring=0.2)
    lab.ivrd.once("seats", "close", "base", "--yes")
    path = lab.config / "queues.yaml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    settings["queues"]["other"]["announce_seconds"] = 55  # in a file that Asterisk then reads anew
    path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), "utf-8")
    lab.ivrd.once("reload")
    lab.ivrd.stop()
    lab.ivrd.start()
    assert not lab.ivrd.status()["pools"][0]["open"]
    calling = lab.calling(wants_a_person(1, 1), rate=10.0)
    lab.until("one waits", lambda s: s["calls"]["queue"] == 1)
    lab.ivrd.once("seats", "open", "base")
    assert calling.wait(WAIT).outcomes() == {"answered": 1}


def test_a_closed_topic_is_told_and_the_caller_may_choose_another(hotline):
    def closed(name, settings):
        if name == "hours.yaml":
            settings["hours"]["office"]["days"] = {"mon": ["03:00-03:01"]}

    lab = hotline(agents=2, talk=2.0, ring=0.2, change=closed)
    listens = (Keys("132"), Wait(1), Hear(), Wait(2), HangUp())
    goes_on = (Keys("132"), Wait(1), Hear(), Wait(1), Keys("0"))
    people = [Caller(1, "listens", listens), Caller(2, "goes on", goes_on)]
    ledger = lab.calling(people, rate=5.0).wait(WAIT)
    assert ledger.outcomes() == {"abandoned": 1, "answered": 1}
    scrape = lab.settled()
    assert scrape.ended("rejected", "ivr") == 1
    assert scrape.ended("answered") == 1
    assert lab.talks()[0].topic == "other"


def test_back_again_and_a_message_that_was_heard(hotline):
    lab = hotline(agents=2, talk=2.0, ring=0.2)
    # English, Home Isolation, care message, again, back, registration
    there_and_back = (Keys("213"), Wait(2), Keys("1"), Wait(2), Keys("*"), Wait(1), Keys("1"))
    # Thai, vaccination, certificate; then silence until a person is called
    patient = (Keys("124"), Wait(2), HangUp())
    people = [Caller(1, "there and back", there_and_back), Caller(2, "hears it", patient)]
    ledger = lab.calling(people, rate=5.0).wait(WAIT)
    assert ledger.outcomes() == {"answered": 1, "abandoned": 1}
    scrape = lab.settled()
    assert scrape.ended("self_served") == 1
    assert lab.talks()[0].topic == "hi-register"


def test_a_waiting_caller_hears_the_position_in_the_chosen_language(hotline):
    def often(name, settings):
        if name == "queues.yaml":
            for queue in settings["queues"].values():
                queue["announce_seconds"] = 15

    lab = hotline(agents=1, talk=30.0, ring=0.2, change=often)
    lab.asterisk.cli("logger add channel said verbose")
    people = [Caller(n, "waits", (Keys("2"), Wait(1), Keys("0"), Quiet(90))) for n in (1, 2, 3)]
    calling = lab.calling(people, rate=10.0)
    lab.until("two wait", lambda s: s["calls"]["queue"] == 2)
    lab.until("it was long enough", lambda s: s["queues"][3]["oldest_seconds"] > 17)
    calling.stop()
    said = (lab.asterisk.log / "said").read_text("utf-8", "replace")
    for prompt in ("queue-before", "number-2", "queue-after", "queue-next"):
        assert re.search(rf"'ivrd/{prompt}\.slin' \(language 'en(_\w+)?'\)", said)


def test_the_rendered_files_are_what_check_expects_until_somebody_changes_one(hotline):
    lab = hotline(agents=1)
    assert "in order" in lab.ivrd.once("check")
    path = lab.folder / "etc" / "queues.conf"
    path.write_text(path.read_text().replace("retry=1", "retry=9"))
    done = subprocess.run(lab.ivrd.argv("check"), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    # notes: not every recording has a prompt of this small hotline
    said = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
    mend = "`ivrd reload` writes it anew and has Asterisk read it"
    assert said == [f"{path}: differs from the configuration; {mend}"]

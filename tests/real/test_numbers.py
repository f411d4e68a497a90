"""The hotline's numbers in all their spellings, and what each number means."""

import re

import pytest

from lab.phone import Phone

SECOND = "+66 2 000 1331"


@pytest.fixture(scope="module")
def lab(shared_hotline):
    def change(name, settings):
        if name == "ivrd.yaml":
            settings["numbers"] = {SECOND: {"language": "en", "menu": "main"}}

    return shared_hotline(agents=1, change=change)


def received(lab, number: str) -> int:
    found = re.search(
        rf'^ivrd_calls_received_by_number_total{{number="{re.escape(number)}"}} (\S+)$',
        lab.ivrd.http("/metrics"),
        re.MULTILINE,
    )
    return int(float(found[1]))


def call(lab, uri: str, keys: str = "") -> int:
    """Call this address, press the keys, hang up; the answer's status."""
    phone = Phone(lab.sip)
    before = lab.ivrd.status()["calls"]["ended"]
    try:
        answer = phone.invite(uri=uri.replace("HOST", lab.sip))
        if answer.status == 200:
            for key in keys:
                phone.press(key)
            lab.until("it is here", lambda s: s["calls"]["menu"] + s["calls"]["info"] == 1)
            phone.hang_up()
            lab.until("it is over", lambda s: s["calls"]["ended"] > before)
        return answer.status
    finally:
        phone.close()


FIRST = [
    "sip:1330@HOST",
    "sip:+661330@HOST;user=phone",
    "sip:661330@HOST",
    "sip:00661330@HOST",
    "sip:%2B661330@HOST",
    "sip:+66-1330@HOST",
    "sip:+66(0)1330@HOST",
    "sip:13.30@HOST",
    "sip:1330;phone-context=+66@HOST;user=phone",
    "sip:1330;phone-context=carrier.invalid@HOST;user=phone",
    "sip:+661330;npdi;rn=+66200000000@HOST;user=phone",
    "sip:1330;isub=12;ext=3@HOST",
    "sip:1330:secret@HOST",
    "tel:+66-1330",
    "tel:1330;phone-context=+66",
]
OTHER = [
    "sip:+6620001331@HOST",
    "sip:020001331@HOST",
    "sip:6620001331@HOST",
    "sip:006620001331@HOST;user=phone",
    "sip:(02)000-1331@HOST",
    "tel:+66-2-000-1331",
]


@pytest.mark.parametrize("uri", FIRST)
def test_every_spelling_of_the_first_number_reaches_it(lab, uri):
    before = received(lab, "1330")
    assert call(lab, uri) == 200
    assert received(lab, "1330") == before + 1


@pytest.mark.parametrize("uri", OTHER)
def test_every_spelling_of_the_other_number_reaches_it(lab, uri):
    before = received(lab, "+6620001331")
    assert call(lab, uri) == 200
    assert received(lab, "+6620001331") == before + 1


def told_of(lab, uri: str) -> str:
    """What the log says of one call; lines come a moment after what they tell."""
    lab.until("nobody is here", lambda s: s["calls"]["received"] == s["calls"]["ended"])
    before = lab.ivrd.log_text().count("call ended")
    assert call(lab, uri) == 200
    lab.until("it is in the log", lambda _s: lab.ivrd.log_text().count("call ended") > before)
    return lab.ivrd.log_text().split("call ended")[-1]


def test_each_number_begins_in_its_menu_and_its_language(lab):
    assert "language=th" in told_of(lab, "sip:1330@HOST")
    assert "language=en" in told_of(lab, "sip:020001331@HOST")


def test_without_ivrd_a_number_has_its_language_all_the_same(lab):
    lab.ivrd.kill()
    phone = Phone(lab.sip)
    try:
        assert phone.invite("020001331").status == 200
        said = lab.asterisk.cli("core show channels concise")
        (channel,) = re.findall(r"^(PJSIP/carrier-\w+)!", said, re.MULTILINE)
        shown = lab.asterisk.cli(f"core show channel {channel}")
        assert re.search(r"Language: en$", shown, re.MULTILINE)
        phone.hang_up()
    finally:
        phone.close()
        lab.ivrd.start()


def test_a_reload_takes_another_number(lab):
    assert call(lab, "sip:1555@HOST") == 404
    path = lab.config / "ivrd.yaml"
    text = path.read_text()
    path.write_text(text.replace("numbers:\n", "numbers:\n  '1555': {language: en}\n", 1))
    assert "numbers.1555" in lab.ivrd.once("reload", "--json")
    try:
        assert "language=en" in told_of(lab, "sip:+661555@HOST")
        assert received(lab, "1555") == 1
    finally:
        path.write_text(text)
        lab.ivrd.once("reload")

"""A partner's seats: exactly those up to its cap, and names that lead there and back."""

import re
from dataclasses import replace

import pytest

from ivrd.asterisk.dialplan_names import interface, partner_of, seat_of
from ivrd.asterisk.render import rendered
from ivrd.asterisk.render.partners import context, seats_of
from ivrd.asterisk.render.queues import queues_conf
from ivrd.config.load import load
from ivrd.config.settings import Settings
from ivrd.config.trunk_settings import TrunkSettings
from ivrd.core.partner import Partner, PartnerState
from tests.fixtures.hotline import HOTLINE

ONE = Partner("one-bank", "หนึ่ง", "One", "192.0.2.17", pledged=1, cap=2, languages=("th",))

SPOKEN = ("th", "en")
HEADERS = ("X-T", "X-C", "X-N")
PATTERN = {"_": "", "X": "[0-9]", "Z": "[1-9]"}


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(HOTLINE)


def matching(text: str) -> set[str]:
    """The extensions of two and three figures that the context has, read as Asterisk does."""
    patterns = re.findall(r"^exten => ([^,]+),1,", text, flags=re.M)
    forms = [re.sub("_|X|Z", lambda m: PATTERN[m[0]], pattern) for pattern in patterns]
    every = [f"{n:02}" for n in range(100)] + [f"{n:03}" for n in range(1000)]
    return {number for number in every if any(re.fullmatch(form, number) for form in forms)}


@pytest.mark.parametrize("cap", [1, 2, 9, 10, 11, 19, 20, 40, 99, 100, 101, 120, 200, 999])
def test_a_partner_has_the_seats_up_to_its_cap_and_no_other(cap: int) -> None:
    partner = replace(ONE, cap=cap)
    text = context(partner, SPOKEN, False, "udp", HEADERS)
    assert matching(text) == {seat.split("/")[1] for seat in seats_of(partner)}
    assert len(seats_of(partner)) == len(set(seats_of(partner))) == cap
    assert "[one-bank]" not in text
    assert text.startswith("[partner-one-bank]\n")


@pytest.mark.parametrize("number", [1, 9, 10, 99, 100, 200])
@pytest.mark.parametrize("partner", ["a", "one-bank", "a_b-3"])
def test_an_interface_tells_whose_seat_it_is(partner: str, number: int) -> None:
    seat = f"{partner}/{number:02}"
    assert seat_of(interface(seat)) == seat
    assert partner_of(seat) == partner


def test_an_interface_is_what_asterisk_rings() -> None:
    assert interface("one-bank/07") == "Local/07@partner-one-bank/n"
    assert seats_of(ONE) == ("one-bank/01", "one-bank/02")


@pytest.mark.parametrize(
    "other",
    [
        "PJSIP/base-01",
        "Local/01@one-bank/n",
        "Local/1@partner-one-bank/n",
        "Local/01@partner-One/n",
        "Local/01@partner-a/n\n",
        "Local/๐๑@partner-a/n",
        "",
    ],
)
def test_what_is_no_partners_seat(other: str) -> None:
    assert partner_of(seat_of(other)) == ""


@pytest.mark.parametrize("state", PartnerState)
def test_every_partner_has_a_trunk_that_is_watched_whatever_its_state(
    settings: Settings, state: PartnerState
) -> None:
    one = replace(ONE, state=state)
    trunks = {**settings.trunks, "partner-one-bank": TrunkSettings(("192.0.2.17:5080",))}
    files = rendered(replace(settings, partners=(one,), trunks=trunks), "ami", "seats")
    endpoint, address = re.findall(r"\[partner-one-bank\]\n((?:.+\n)+)", files["pjsip.conf"])
    assert "type=endpoint\n" in endpoint
    assert "aors=partner-one-bank\n" in endpoint
    assert "identify_by=ip\n" in endpoint  # nobody becomes a partner by a user name
    assert "contact=sip:1200@192.0.2.17:5080\n" in address
    assert re.search(r"^qualify_frequency=[1-9]", address, flags=re.M)
    assert "[partner-one-bank]\n" in files["extensions.conf"]


def test_confirmation_is_the_partners_choice() -> None:
    assert "(partners-leg,s,1(one-bank,${EXTEN},yes,th,3,8,11,2,,udp,X-T,X-C,X-N))" in context(
        ONE, SPOKEN, False, "udp", HEADERS
    )
    assert "(one-bank,${EXTEN},no,th,3,8,11,2,,udp,X-T,X-C,X-N)" in context(
        replace(ONE, confirm=False), SPOKEN, False, "udp", HEADERS
    )


def test_a_partners_people_are_told_of_a_call_in_their_first_language() -> None:
    both = replace(ONE, languages=("en", "th"))
    for partner, spoken, told in (
        (both, SPOKEN, "en"),
        (replace(ONE, languages=("my", "en")), SPOKEN, "en"),  # Burmese is off
        (replace(ONE, languages=("my", "en")), ("th", "my"), "my"),
        (replace(ONE, languages=("my",)), SPOKEN, "th"),
    ):
        text = context(partner, spoken, False, "udp", HEADERS)
        assert f"(one-bank,${{EXTEN}},yes,{told},3,8,11,2,,udp,X-T,X-C,X-N)" in text


def test_a_partner_has_its_own_times_and_the_queue_gives_its_seats_up_later(
    settings: Settings,
) -> None:
    slow = replace(ONE, response_seconds=5, ring_seconds=20, key_seconds=40)
    assert "(one-bank,${EXTEN},yes,th,5,20,40,2,yes,tls,X-T,X-C,X-N)" in context(
        slow, SPOKEN, True, "tls", HEADERS
    )
    for partners, own, limit in (((ONE, slow), 15, 65), ((ONE,), 15, 24), ((), 18, 23)):
        found = replace(settings, partners=partners, ring_seconds=own)
        conf = queues_conf(found)
        assert conf.count(f"\ntimeout={limit}\n") == conf.count("timeoutrestart=yes")
    machine = replace(slow, confirm=False)  # no key is asked for
    assert "\ntimeout=25\n" in queues_conf(replace(settings, partners=(machine,)))


def test_a_person_on_the_line_has_the_whole_time_for_the_key(settings: Settings) -> None:
    line = replace(settings.pools[0], seats=("home.01",))
    found = replace(settings, pools=(line,), partners=(), ring_seconds=5, line_key_seconds=15)
    assert "\ntimeout=28\n" in queues_conf(found)

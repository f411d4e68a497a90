"""Phones at our own seats that answer calls as no phone should: the next one is rung."""

import json
import time

import pytest

from lab.ami_events import AmiEvents
from lab.phone import HOST, Message
from lab.waiting import waited_in_vain
from tests.real.odd_phone import Act, OddPhone, at_seats
from tests.real.rig import WAIT
from tests.real.test_seats import NO_SOUND, RING, people, short_rings
from tests.real.waits import RECHECK, at_work, waits

GOOD = 8
CALLERS = 60
TOLERATED = (*NO_SOUND, "There were no auth ids available")  # asked for a password


def says(status: str, *headers: str) -> Act:
    return lambda phone, invite: phone.reply(invite, status, *headers)


def elsewhere(status: str) -> Act:
    return says(status, f"Contact: <sip:0200000099@{HOST}:9>")


def deaf(status: str) -> Act:
    """Says that, and hears no CANCEL."""

    def act(phone: OddPhone, invite: Message) -> None:
        phone.cancels = False
        phone.reply(invite, status)

    return act


def early(phone: OddPhone, invite: Message) -> None:
    phone.reply(invite, "183 Session Progress", body=phone.sdp())


def vanished(phone: OddPhone, _invite: Message) -> None:
    phone.cancels = False


def hangs_up(phone: OddPhone, invite: Message) -> None:
    phone.answer(invite)
    phone.acked.wait(10)
    time.sleep(0.3)  # shorter than a talk, and longer than a mistake
    phone.request(invite, "BYE")


def crosses(phone: OddPhone, invite: Message) -> None:
    """It is answered in the moment in which it is given up."""
    phone.cancels = False
    phone.reply(invite, "180 Ringing")
    phone.cancelled.wait(60)
    phone.answer(invite)


def other_codec(phone: OddPhone, invite: Message) -> None:
    phone.reply(invite, "200 OK", body=phone.sdp().replace("AVP 8", "AVP 18"))


def no_port(phone: OddPhone, invite: Message) -> None:
    phone.reply(invite, "200 OK", body=phone.sdp().replace("audio 9", "audio 0"))


REALM = 'Digest realm="odd", nonce="1", algorithm=MD5'
ODD: dict[str, tuple[Act, str]] = {
    "183, and never an answer": (early, "missed"),
    "100, and nothing": (deaf("100 Trying"), "missed"),
    "180, and deaf": (deaf("180 Ringing"), "missed"),
    "nothing": (vanished, "missed"),
    "its answer crosses the CANCEL": (crosses, "missed"),
    "answers, and hangs up": (hangs_up, "dropped"),
    "another codec": (other_codec, "refused"),
    "no port for sound": (no_port, "refused"),
    "301": (elsewhere("301 Moved Permanently"), "refused"),
    "305": (elsewhere("305 Use Proxy"), "refused"),
    "380": (elsewhere("380 Alternative Service"), "refused"),
    "302 to nowhere": (says("302 Moved Temporarily"), "refused"),
    "401": (says("401 Unauthorized", f"WWW-Authenticate: {REALM}"), "refused"),
    "407": (says("407 Proxy Authentication Required", f"Proxy-Authenticate: {REALM}"), "refused"),
    "408": (says("408 Request Timeout"), "refused"),
    "420": (says("420 Bad Extension", "Unsupported: timer"), "refused"),
    "488": (says("488 Not Acceptable Here"), "refused"),
    "503, for an hour": (says("503 Service Unavailable", "Retry-After: 3600"), "refused"),
    "603": (says("603 Decline"), "refused"),
    "699": (says("699 Odd"), "refused"),
}


@pytest.mark.lasts(30)
def test_a_phone_that_answers_oddly_is_left_alone_and_its_callers_have_the_next(hotline) -> None:
    lab = hotline(agents=len(ODD) + GOOD, talk=1.5, ring=0.3, change=short_rings, rtp_ports=1500)
    lab.tolerated = TOLERATED
    seats = dict(zip((f"base-{n:02}" for n in range(1, 99)), ODD, strict=False))
    news = AmiEvents(lab.ami_port, lab.ami_secret)
    with at_seats(lab, {name: ODD[odd][0] for name, odd in seats.items()}) as phones:
        crowd = people(1, CALLERS)
        calling, told = lab.calling(crowd, rate=4.0), set()

        def all_told(_status: object) -> bool:
            rows = json.loads(lab.ivrd.once("seats", "list", "--json"))
            told.update(seats[row["seat"]] for row in rows if row["seat"] in seats and row["why"])
            return told == set(ODD)

        lab.until("each seat is told of, for as long as it is left alone", all_told)
        ledger = calling.wait(WAIT)
    assert {entry.person for entry in ledger.entries} == {"inhouse"}
    assert [row for row in lab.rows(crowd, ledger) if not row.agrees] == []
    assert all(phone.rung for phone in phones.values())
    scrape = lab.settled()
    for reason in {reason for _act, reason in ODD.values()}:
        wanted = sum(reason == of for _act, of in ODD.values())
        assert scrape.total("ivrd_ring_no_answer_total", pool="base", reason=reason) >= wanted
    news.close()
    queues = [queue["name"] for queue in lab.ivrd.status()["queues"]]
    good = {f"base-{n:02}": queues for n in range(len(ODD) + 1, len(ODD) + GOOD + 1)}
    vain = waited_in_vain(waits(news.events), at_work(lab.agents.ledger()), good)
    assert max(vain.values()) <= lab.lag.stretched(RING + RECHECK), vain

"""Callers' numbers: who withholds one is nobody, and no number is in any file of Asterisk's."""

from pathlib import Path

import pytest

from lab.phone import Phone

NUMBER = "0812345678"
ASSERTED = {"P-Asserted-Identity": f"<sip:+66{NUMBER[1:]}@example.invalid>"}
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'
SHOWN = f'"Somchai" <sip:{NUMBER}@127.0.0.1>'
# How exchanges say that a number is not to be shown: RFC 3323, 3325, and what came before these.
WITHHELD = {
    "anonymous, asserted": (ANONYMOUS, {**ASSERTED, "Privacy": "id"}),
    "anonymous, nothing asserted": (ANONYMOUS, {}),
    "several kinds of privacy": (SHOWN, {**ASSERTED, "Privacy": "user;id;critical"}),
    "of the header": (SHOWN, {"Privacy": "header"}),
    "of the user, and no identity": (SHOWN, {"Privacy": "user"}),
    "session": (SHOWN, {"Privacy": "session"}),
    "remote party": (
        ANONYMOUS,
        {"Remote-Party-ID": f"<sip:{NUMBER}@example.invalid>;party=calling;privacy=full"},
    ),
    "zeros": ("<sip:0000000000@127.0.0.1>", {}),
    "a word": ("<sip:unavailable@127.0.0.1>", {}),
}


@pytest.fixture(scope="module")
def agent():
    phone = Phone(user="base-01")
    yield phone
    phone.close()


@pytest.fixture(scope="module")
def lab(shared_hotline, agent):
    def change(name, settings):
        if name == "ivrd.yaml":
            contact = f"sip:{{seat}}@127.0.0.1:{agent.port}"
            settings["asterisk"]["seats"]["contact"] = contact

    lab = shared_hotline(agents=1, change=change)
    lab.tolerated = ("PJSIP syntax error", "Error processing")
    return lab


def talk(lab, agent, **call):
    """One call to a person; the INVITE that the agent's phone got, and the line in ivrd's log."""
    before = lab.ivrd.status()["calls"]["ended"]
    caller = Phone(lab.sip, user=NUMBER)
    try:
        caller.invite(**call)
        caller.press("0")
        invite = agent.take()
        lab.until("they talk", lambda s: s["calls"]["talk"] == 1)
        caller.hang_up()
        agent.wait_for("BYE")
        lab.until("it is over", lambda s: s["calls"]["ended"] == before + 1)
    finally:
        caller.close()
    return invite, lab.ivrd.log_text().split("call ended")[-1]


@pytest.mark.parametrize("kind", WITHHELD)
def test_who_withholds_the_number_is_nobody_and_the_agent_sees_the_topic(lab, agent, kind):
    sender, headers = WITHHELD[kind]
    invite, line = talk(lab, agent, sender=sender, headers=headers)
    assert "เรื่องอื่น" in invite.headers["from"]
    assert "anonymous" in invite.headers["from"].lower()
    assert invite.headers["x-1330-topic"] == "other"
    assert invite.headers["x-1330-case"]
    assert NUMBER[1:] not in invite.text
    assert "caller=" not in line


@pytest.mark.parametrize("privacy", [{}, {"Privacy": "none"}])
def test_who_shows_the_number_is_shown_to_the_agent(lab, agent, privacy):
    invite, line = talk(lab, agent, sender=SHOWN, headers={**ASSERTED, **privacy})
    assert NUMBER[1:] in invite.headers["from"]
    assert "caller=" in line


def test_no_number_is_in_any_file_of_asterisks(lab, agent):
    """After calls of every kind: in a queue, by strangers, in packets that nobody can read."""
    talk(lab, agent, sender=SHOWN)
    stranger = Phone(lab.sip, user=NUMBER, host="127.0.0.9")
    assert stranger.invite(sender=SHOWN).status == 401
    stranger.close()
    lost = Phone(lab.sip, user=NUMBER)
    assert lost.invite("1331", sender=SHOWN).status == 404
    host, _, port = lab.sip.partition(":")
    broken = f"INVITE sip:1330@{host} SIP/2.0\r\nFrom: <<sip:{NUMBER}@{host}\r\nVia: ,\r\n\r\n"
    lost.signal.sendto(broken.encode(), (host, int(port)))
    assert lost.invite("1332", sender=SHOWN).status == 404  # it has read what came before
    lost.close()
    files = [path for path in Path(lab.folder, "asterisk").rglob("*") if path.is_file()]
    assert lab.asterisk.queue_log in files
    assert "|ENTERQUEUE|" in lab.asterisk.queue_log.read_text()
    assert [str(f) for f in files if NUMBER[1:].encode() in f.read_bytes()] == []

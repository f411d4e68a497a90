"""What telephones and exchanges ask for in and beside a call, and how they spell it."""

import pytest

from lab.phone import Phone

HOME = {"Refer-To": "<sip:1330@127.0.0.1>"}
ELSEWHERE = {"Refer-To": "<sip:0899999999@127.0.0.1>"}
WITHHELD = {"P-Asserted-Identity": "<sip:+66812345678@example.invalid>", "Privacy": "id"}
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'


@pytest.fixture
def agent():
    """The telephone at the only seat."""
    phone = Phone(user="base-01")
    yield phone
    phone.close()


@pytest.fixture
def lab(hotline, agent):
    def change(name, settings):
        if name == "ivrd.yaml":
            contact = f"sip:{{seat}}@127.0.0.1:{agent.port}"
            settings["asterisk"]["seats"]["contact"] = contact

    return hotline(agents=1, change=change)


@pytest.fixture
def caller(lab):
    phone = Phone(lab.sip)
    yield phone
    phone.close()


def talking(lab, caller, agent) -> None:
    """A caller and the agent talk."""
    caller.invite()
    caller.press("0")
    agent.take()
    lab.until("they talk", lambda s: s["calls"]["talk"] == 1)


def end(lab, caller, agent) -> None:
    caller.hang_up()
    agent.wait_for("BYE")
    lab.until("it is over", lambda s: s["calls"]["ended"] == 1)


def test_a_caller_can_transfer_nobody(lab, caller, agent):
    lab.tolerated = ("transfer attempt blocked due to configuration",)
    talking(lab, caller, agent)
    assert caller.request("REFER", HOME).status == 603
    status = lab.ivrd.status()
    assert (status["calls"]["received"], status["calls"]["talk"]) == (1, 1)
    end(lab, caller, agent)
    assert lab.ivrd.status()["outcomes"]["answered"] == 1


def test_an_agent_who_transfers_to_the_hotline_sends_the_caller_back_to_the_queue(
    lab, caller, agent
):
    talking(lab, caller, agent)
    assert agent.request("REFER", HOME).status == 202
    lab.until("the caller waits again", lambda s: s["calls"]["queue"] == 1)
    agent.take()  # the only seat: it is rung again
    lab.until("they talk", lambda s: s["calls"]["talk"] == 1)
    caller.hang_up()
    status = lab.until("it is over", lambda s: s["calls"]["ended"] == 1)
    assert (status["calls"]["received"], status["outcomes"]["answered"]) == (1, 1)


def test_an_agent_who_transfers_elsewhere_has_the_caller_again(lab, caller, agent):
    """Most phones let go of a caller whom they transfer, wherever that leads."""
    talking(lab, caller, agent)
    assert agent.request("REFER", ELSEWHERE).status == 202
    agent.take()
    lab.until("they talk", lambda s: s["calls"]["talk"] == 1)
    end(lab, caller, agent)
    assert lab.ivrd.status()["outcomes"]["answered"] == 1


def test_the_number_as_mobile_networks_spell_it(lab, caller, agent):
    uri = f"sip:1330;phone-context=+66@{lab.sip};user=phone"
    assert caller.invite(uri=uri).status == 200
    caller.hang_up()


def test_a_withheld_number_is_nobodys_and_the_agent_sees_the_topic(lab, caller, agent):
    caller.invite(sender=ANONYMOUS, headers=WITHHELD)
    caller.press("0")
    invite = agent.take()
    assert "เรื่องอื่น" in invite.headers["from"]
    assert "anonymous" in invite.headers["from"].lower()
    end(lab, caller, agent)
    (line,) = lab.ivrd.log_text().split("call ended")[1:]
    assert "caller=" not in line
    assert "812345678" not in lab.asterisk.queue_log.read_text()


def test_a_key_that_is_sent_by_info_and_by_rfc_4733_is_one_key(lab, caller, agent):
    caller.invite()
    caller.speak(0.3)
    for key in "121":
        caller.press_by_info(key)
        caller.press(key)
    assert agent.take().headers["x-1330-topic"] == "vaccine-register"
    end(lab, caller, agent)

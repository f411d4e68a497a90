"""Keys by RFC 4733, by SIP INFO and as tones, alone and together, typed faster than people type."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from lab.changes import long_lease
from lab.typing_phone import INBAND, INFO, RFC4733, TypingPhone

USUAL = "127.0.0.1"  # the lab's own carrier, with dtmf: auto
CARRIERS = {"rfc4733": "127.0.0.21", "inband": "127.0.0.22", "info": "127.0.0.23"}
HOSTS = {"auto": USUAL, **CARRIERS}
ALL = (RFC4733, INFO, INBAND)
LEAVES = {"121": "vaccine-register", "122": "vaccine-trouble", "111": "hi-register"}
AT_ONCE = 25
ROUNDS = 4
# How the trunk has it, how the telephone sends keys, whether it offers RFC 4733.
CASES = (
    ("rfc4733", (RFC4733,), True),
    ("rfc4733", (INFO,), True),
    ("rfc4733", (INFO,), False),
    ("rfc4733", (RFC4733, INFO), True),
    ("rfc4733", ALL, True),
    ("auto", (RFC4733,), True),
    ("auto", (INFO,), False),
    ("auto", (INBAND,), False),
    ("auto", (INFO, INBAND), False),
    ("auto", ALL, True),
    ("inband", (INBAND,), True),
    ("inband", (INFO, INBAND), True),
    ("info", (INFO,), True),
    ("info", ALL, True),
)


def change(name, settings):
    """A carrier for each way; and no caller is taken to a queue because the machine is busy."""
    long_lease(name, settings)
    if name == "ivrd.yaml":
        settings["asterisk"]["carriers"] |= {
            dtmf: {"addresses": [host], "dtmf": dtmf} for dtmf, host in CARRIERS.items()
        }


@pytest.fixture(scope="module")
def lab(shared_hotline):
    lab = shared_hotline(agents=1, change=change)
    lab.ivrd.once("seats", "close", "base", "--yes")
    return lab


@contextmanager
def typing(lab, host: str, keys: str, ways, offered: bool) -> Iterator[None]:
    """A caller who types ahead, and then sends sound while the block runs."""
    phone = TypingPhone(lab.sip, host=host)
    try:
        assert phone.invite(payloads="8 101" if offered else "8").status == 200
        phone.speak(0.3)
        phone.type(keys, *ways)
        with phone.sending():
            yield
        phone.hang_up()
    finally:
        phone.close()


def topics(lab) -> Counter[str]:
    """What the calls that have ended were about; empty: they chose nothing."""
    ended = re.findall(r"call ended .*", lab.ivrd.log_text())
    found = (re.search(r" topic=(\S+)", line) for line in ended)
    return Counter(one[1] if one else "" for one in found)


def reached(lab, callers: int, host: str, keys: str, ways, offered: bool) -> Counter[str]:
    """Where so many callers come to who call at the same time."""
    here, go, failed = threading.Semaphore(0), threading.Event(), []

    def call() -> None:
        try:
            with typing(lab, host, keys, ways, offered):
                here.release()
                go.wait()
        except BaseException as error:
            failed.append(error)
            here.release()
            raise

    before = topics(lab)
    with ExitStack() as ending:
        for _ in range(callers):
            thread = threading.Thread(target=call)
            thread.start()
            ending.callback(thread.join)
        ending.callback(go.set)
        for _ in range(callers):
            here.acquire()
        assert not failed
        lab.until("all wait", lambda s: s["calls"]["queue"] == callers)
    lab.until("all have ended", lambda _s: (topics(lab) - before).total() == callers)
    return topics(lab) - before


@pytest.mark.parametrize(
    ("dtmf", "ways", "offered"), [("auto", (INBAND,), False), ("auto", ALL, True)]
)
@pytest.mark.lasts(4)
def test_typed_ahead_keys_lead_to_the_right_leaf(lab, dtmf, ways, offered):
    assert reached(lab, 3, HOSTS[dtmf], "121", ways, offered) == {"vaccine-register": 3}


@pytest.mark.verify
@pytest.mark.lasts(25)
@pytest.mark.parametrize(("dtmf", "ways", "offered"), CASES)
def test_a_hundred_of_a_hundred_reach_the_right_leaf(lab, dtmf, ways, offered):
    for keys in (*LEAVES, "121"):
        found = reached(lab, AT_ONCE, HOSTS[dtmf], keys, ways, offered)
        assert found == {LEAVES[keys]: AT_ONCE}, (keys, found)

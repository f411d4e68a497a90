"""Strangers: at the manager port while ivrd is away, and on the SIP port beside real callers."""

from __future__ import annotations

import re
import time

from chaos.fault import Control, Fault, Setup
from chaos.faults.ivrd import no_lease
from chaos.scene import Scene
from lab.phone import Phone
from lab.strangers import Strangers

CONNECTIONS = 120  # more than there are places
AWAY_SECONDS = 20.0  # of an ivrd that is not let in, in the control
ELSEWHERE = "127.0.0.9"  # no carrier's address
CALLS, MISDIALLED = 60, 10
BETWEEN_SECONDS = 0.03
COUNTED = r'^ivrd_calls_refused_total\{carrier="%s",cause="%s"\} (\S+)$'


def strangers(scene: Scene) -> float:
    """They hold all the connections they can; ivrd is killed, and started at once."""
    with Strangers(scene.lab.ami_port, CONNECTIONS):
        scene.end_ivrd()
        return scene.start_ivrd()


def strangers_at_the_old_limit(scene: Scene) -> float:
    """Ten places, each taken for five seconds, and an ivrd that waits between its attempts."""
    file = scene.lab.folder / "etc" / "manager.conf"
    text = re.sub(r"authlimit=\d+", "authlimit=10", file.read_text("utf-8"))
    file.write_text(re.sub(r"authtimeout=\d+", "authtimeout=5", text), "utf-8")
    scene.lab.asterisk.cli("manager reload")
    with Strangers(scene.lab.ami_port, CONNECTIONS):
        scene.end_ivrd()
        scene.lab.ivrd.start(ready=False)
        time.sleep(AWAY_SECONDS)
    return AWAY_SECONDS + scene.until("ivrd is connected", scene.linked)


def refused(scene: Scene) -> float:
    """Calls from an address that is no carrier's, and to a wrong number: each is counted."""
    before = counted(scene)
    for number in range(CALLS + MISDIALLED):
        stranger = number < CALLS
        phone = Phone(scene.lab.sip, host=ELSEWHERE if stranger else "127.0.0.1")
        answer = phone.invite("1330" if stranger else "1331")
        phone.close()
        if answer.status != (401 if stranger else 404):
            scene.found.append(f"a call that is none of ours got {answer.status}")
        time.sleep(BETWEEN_SECONDS)
    deadline = time.monotonic() + scene.lag.stretched(5.0)
    wanted = [was + came for was, came in zip(before, (CALLS, MISDIALLED), strict=True)]
    while (now := counted(scene)) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    if now != wanted:
        scene.found.append(f"refused: {wanted} were, {now} are counted")
    scene.note(f"{CALLS} calls from a stranger, {MISDIALLED} to a wrong number")
    return 0.0


def counted(scene: Scene) -> list[int]:
    """What ivrd counts: strangers, and a carrier's calls to a wrong number."""
    text = scene.lab.ivrd.http("/metrics")
    found = [
        re.search(COUNTED % row, text, re.MULTILINE)
        for row in (("unknown", "401"), ("carrier", "404"))
    ]
    return [int(float(one[1])) if one else 0 for one in found]


def refused_untold(scene: Scene) -> float:
    """The same, and ivrd's user at Asterisk has no right to hear of strangers."""
    file = scene.lab.folder / "etc" / "manager.conf"
    file.write_text(file.read_text("utf-8").replace(",security", ""), "utf-8")
    scene.lab.asterisk.cli("manager reload")
    scene.detour.reset()
    time.sleep(0.1)  # for ivrd to hear of it
    scene.until("ivrd is connected", scene.linked)
    return refused(scene)


FAULTS = (
    Fault(
        "ami-strangers",
        f"another account holds {CONNECTIONS} connections to the manager port and opens each anew; "
        "ivrd is killed and started at once",
        "A hundred places, each of which soon comes free, and ivrd asks for one many times a "
        "second.",
        strangers,
        keys_lost=True,
        control=Control(
            "ten places, taken for longer, an ivrd that waits between attempts, and no lease",
            strangers_at_the_old_limit,
            Setup(change=no_lease, program="chaos.without.quick_attempts"),
        ),
    ),
    Fault(
        "refused",
        f"{CALLS} calls from an address that is no carrier's, and {MISDIALLED} to a wrong number, "
        "beside those of real callers",
        "They are refused and counted, and take nothing from callers.",
        refused,
        control=Control(
            "ivrd's user at Asterisk has no right to hear of strangers",
            refused_untold,
        ),
    ),
)

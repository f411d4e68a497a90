"""docs/install.md, followed in a clean Debian: 1,000 callers; an upgrade and a downgrade under way.

Debian's limits, no network but loopback; instead of systemd lab/systemctl.sh. As root only.
"""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from lab.chroot import OFFLINE, PROJECT, Machine, script

BEFORE = "8f26188"  # the last commit whose make install wrote over what was there
SOURCE = "/usr/local/src/ivrd"
RECORDING = "/usr/share/ivrd/sounds/th/welcome.wav"
UNTIL_SECONDS = 600.0  # a thousand who hear music fill two cores

pytestmark = [pytest.mark.verify, pytest.mark.timeout(2400), pytest.mark.lasts(240)]


@pytest.fixture
def machine() -> Iterator[Machine]:
    made = Machine()
    try:
        made.wheels()
        yield made
    finally:
        made.close()


def until(what: str, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + UNTIL_SECONDS
    while not true():
        assert time.monotonic() < deadline, f"not within {UNTIL_SECONDS:g} s: {what}"
        time.sleep(0.5)


def status(machine: Machine) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads(
        machine.sh("ivrd status --json --config /etc/ivrd")
    )
    return found


def channels(machine: Machine) -> int:
    said = machine.sh('asterisk -rx "core show channels count"')
    (count,) = re.findall(r"^(\d+) active call", said, re.MULTILINE)
    return int(count)


def metric(machine: Machine, name: str) -> float:
    fetch = "from urllib.request import urlopen as u; print(u('http://127.0.0.1:9133/metrics').read().decode())"
    text = machine.sh(f'python3 -c "{fetch}"')
    return sum(map(float, re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE)))


def steps(machine: Machine) -> None:
    """What is edited by hand, then the page's own commands."""
    machine.sh(r"sed -i 's|192\.0\.2\.0/28|127.0.0.1/32|' /etc/ivrd/ivrd.yaml")
    machine.sh(script("The steps"))


def install(machine: Machine, commit: str = "") -> str:
    """The page's commands in a checkout that is there already."""
    machine.sh(f"rm -rf {SOURCE}")
    machine.checkout(SOURCE, commit)
    return machine.sh(f"cd {SOURCE} && make install", **OFFLINE)


def end(calling: "subprocess.Popen[bytes]") -> None:
    calling.kill()
    calling.wait()


def test_a_thousand_callers_wait_on_an_installation_by_the_page(machine: Machine) -> None:
    said = install(machine)
    assert "Still to be done" in said
    told = said.partition("Still to be done")[2]
    order = [
        "ivrd.yaml",
        "ami.secret",
        "seats.secret",
        "render",
        "sysusers",
        "restart asterisk",
        "--now ivrd",
    ]
    assert [told.index(word) for word in order] == sorted(told.index(word) for word in order)
    # straight to a queue: a thousand callers who press no key would be in menus for a minute
    machine.sh("sed -i 's/^  menus: 1000 /  menus: 1 /' /etc/ivrd/ivrd.yaml")
    # these callers send no sound, and would be taken for lost
    machine.sh("sed -i 's/^    silent_seconds: 30 /    silent_seconds: 0 /' /etc/ivrd/ivrd.yaml")
    steps(machine)
    assert "All is done." in machine.sh("ivrd check --next --config /etc/ivrd")
    assert metric(machine, "ivrd_callers_room") == 1000
    # More than there is room for: on a busy machine some give up before they are answered.
    calling = machine.call(1020, rate=25, seconds=2400)
    until("a thousand callers are here", lambda: channels(machine) >= 1000)
    until("they wait", lambda: metric(machine, "ivrd_queue_callers") >= 990)
    more = machine.call(20, rate=5, seconds=2400, port=6071)
    until("others are told", lambda: metric(machine, "ivrd_all_lines_busy_total") >= 10)
    waiting = metric(machine, "ivrd_queue_callers")
    assert 990 <= waiting <= 1000, f"{waiting:g} callers wait"
    assert "fully booted" in machine.sh('asterisk -rx "core waitfullybooted"')
    log = machine.sh("cat /var/log/asterisk/messages.log")
    assert "Too many open files" not in log
    assert machine.sh("grep -c . /proc/$(cat /run/systemctl-pids/asterisk)/limits")
    files = int(machine.sh("ls /proc/$(cat /run/systemctl-pids/asterisk)/fd | wc -l"))
    print(f"{files} open files with {channels(machine)} callers")
    assert files > 1024
    end(calling)
    end(more)


def test_an_upgrade_and_a_downgrade_keep_callers_and_recordings(machine: Machine) -> None:
    install(machine, BEFORE)
    steps(machine)
    before = machine.sh("readlink -f /usr/local/bin/ivrd")
    machine.sh(f"cp /usr/share/ivrd/sounds/th/goodbye.wav {RECORDING}")  # "a person's"
    recording = machine.sh(f"sha256sum {RECORDING}")
    calling = machine.call(20, rate=10, seconds=600)
    until("20 callers are here", lambda: status(machine)["calls"]["received"] == 20)

    machine.sh(f"rm -rf {SOURCE}")
    machine.checkout(SOURCE)
    broken = {**OFFLINE, "PIP_FIND_LINKS": "/nowhere"}
    assert "could not install" in machine.sh(f"cd {SOURCE} && make install", check=False, **broken)
    assert machine.sh("readlink -f /usr/local/bin/ivrd") == before
    assert status(machine)["calls"]["received"] == 20

    said = machine.sh(f"cd {SOURCE} && make install", **OFFLINE)
    assert "th/welcome.wav" in said
    machine.sh("ivrd render --config /etc/ivrd --force && systemctl restart ivrd")
    assert "/releases/2" in machine.sh("readlink -f /usr/local/bin/ivrd")
    assert channels(machine) == 20
    here = status(machine)["calls"]
    assert here["menu"] + here["queue"] + here["info"] == 20
    assert machine.sh(f"sha256sum {RECORDING}") == recording
    assert machine.sh("test -e /usr/share/ivrd/sounds/th/all-lines-busy.wav && echo there")

    machine.sh(script("Downgrade"))
    assert machine.sh("readlink -f /opt/ivrd/current") == "/opt/ivrd\n"
    assert channels(machine) == 20
    here = status(machine)["calls"]
    assert here["menu"] + here["queue"] + here["info"] == 20
    assert machine.sh(f"sha256sum {RECORDING}") == recording
    end(calling)

    machine.sh(script("Uninstall"))
    assert (
        machine.sh("ls /opt/ivrd /usr/local/bin/ivrd 2>&1", check=False).count("No such file") == 2
    )
    assert machine.sh("find /usr/share/ivrd -name '*.wav'") == f"{RECORDING}\n"
    assert machine.sh("ls /etc/ivrd/ami.secret /var/lib/ivrd/ivrd.sqlite")
    assert PROJECT

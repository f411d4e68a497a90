"""What a stranger, a partner, a seat and a thief of the management secret get from Asterisk."""

import re

import pytest

from ivrd.asterisk import dialplan_names
from ivrd.asterisk.render import rendered
from ivrd.config.load import load
from tests.fixtures.hotline import HOTLINE

# Each would let whoever has the secret run programs, or write or read files, by a right we need:
# `agi` runs applications (res_agi.c, handle_exec), `call` reads and sets functions.
RUNS_OR_READS = {
    *("app_system", "app_externalivr", "app_mixmonitor", "app_monitor", "app_record"),
    *("app_originate", "app_minivm", "app_voicemail", "app_dictate", "app_sms", "app_festival"),
    *("func_shell", "func_env", "func_curl", "func_odbc", "func_db", "func_realtime", "res_curl"),
    *("res_http_websocket", "res_ari", "res_phoneprov", "chan_iax2", "pbx_spool", "pbx_lua"),
}


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return rendered(load(HOTLINE), "the-ami-secret", "the-seats-secret")


def blocks(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Sections in order, each with its settings in order."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for line in text.splitlines():
        if head := re.fullmatch(r"\[([^\]]+)\]", line):
            found.append((head[1], []))
        elif "=" in line and not line.startswith(";"):
            key, _, value = line.partition("=")
            found[-1][1].append((key.strip(), value.strip()))
    return found


def test_the_management_port_is_for_this_machine_alone(texts: dict[str, str]) -> None:
    (_, general), (_, user) = blocks(texts["manager.conf"])
    assert ("webenabled", "no") in general
    assert ("bindaddr", "127.0.0.1") in general
    # A rule of one family says nothing about the other: everything is denied in both.
    assert [value for key, value in user if key == "deny"] == ["0.0.0.0/0.0.0.0", "::/0"]
    permitted = [value for key, value in user if key == "permit"]
    assert permitted == ["127.0.0.0/255.0.0.0", "::1/128"]


def test_the_thief_of_the_secret_has_no_module_that_runs_programs_or_reads_files(
    texts: dict[str, str],
) -> None:
    loaded = set(re.findall(r"^load=(\S+)\.so$", texts["modules.conf"], re.MULTILINE))
    assert loaded & RUNS_OR_READS == set()
    assert "autoload=no" in texts["modules.conf"]


def test_only_a_carriers_address_reaches_the_hotline(texts: dict[str, str]) -> None:
    settings = load(HOTLINE)
    carriers = {name for name, _ in settings.asterisk.carriers}
    for name, says in blocks(texts["pjsip.conf"]):
        of = dict(says)
        if of["type"] != "endpoint":
            continue
        ours = dialplan_names.CARRIER_CONTEXT if name in carriers else dialplan_names.SEAT_CONTEXT
        assert of["context"] == ours
        assert of["identify_by"] == ("username" if "auth" in of else "ip")
        assert name != "anonymous"
    identified = [dict(says) for _, says in blocks(texts["pjsip.conf"])]
    assert {of["endpoint"] for of in identified if of["type"] == "identify"} == carriers


# What a seat's phone may dial: the numbers of transfers (transfers.conf), the key that resumes its
# seat, and what its agent wants of ivrd.
ALLOWED = re.compile(
    r"exten => (\+?[0-9]+|_\[\S+),1,Goto\(seat-transfer,(back|unknown),1\)"
    r"|exten => [0-9]+,1,Set\(IVRD_TO=[\w/@-]+\)"
    r"| same => n,(Set|ExecIf\(\S+\?Set)\(IVRD_ABOUT=[\w.+-]*\)\)?"
    r"| same => n,Goto\(seat-transfer,(seat|topic|partner),1\)"
    r"|exten => (\*1[1-5]?),1,GotoIf\(.*IVRD_CALL.*=.*UNIQUEID.*\?seat-transfer,back,1\)"
    r"| same => n,Hangup\(21\)"
    r"| same => n,Goto\(agent-call,[a-z]+,1\)"
    r"| same => n,UnpauseQueueMember\(,PJSIP/\$\{CHANNEL\(endpoint\)\}\)"
    r"| same => n,(GotoIf\(.*\?nobody\)|UserEvent\(.*\)|Answer\(500\)|Hangup\(16\))"
    r"| same => n\(nobody\),Hangup\(21\)"
)


def test_seats_and_partners_can_call_nobody(texts: dict[str, str]) -> None:
    everything = "\n".join(texts.values())
    found = re.findall(rf"\[{dialplan_names.SEAT_CONTEXT}\]\n((?:[^\[\n].*\n)*)", everything)
    lines = [line for part in found for line in part.splitlines()]
    assert lines
    assert all(ALLOWED.fullmatch(line) for line in lines)
    assert not re.search(rf"include\s*=>?\s*{dialplan_names.SEAT_CONTEXT}\b", everything)


def test_an_agents_own_call_leads_nowhere_else(texts: dict[str, str]) -> None:
    calls, called = texts["agent-calls.conf"].split("\n[agent-dial]\n")
    applications = set(re.findall(r",([A-Z]\w+)\(", calls))
    assert applications == {"Set", "GotoIf", "AGI", "Return", "Answer", "Playback", "Hangup"}
    # Of one whom ivrd has called, who goes on in [agent-called]: to the line, and nowhere else.
    dial, called = called.split("\n[agent-called]\n")
    assert re.findall(r"Dial\(.*,iG\((\S+?)\^", dial) == ["agent-called"]  # i: no 302 is followed
    assert "Dial(" not in called
    assert re.findall(r"Goto\(([\w-]+),", called) == ["line-login"]


def test_dial_follows_no_302_by_itself(texts: dict[str, str]) -> None:
    """Dial() asks no context for TECHNOLOGY/WHERE: only `i` keeps it from any trunk, always."""
    (partner,) = re.findall(r"Dial\(\$\{IVRD_TARGET\},[^,]*,(.*)\)\n", texts["partners.conf"])
    assert partner.startswith("i")
    (back,) = re.findall(
        r"Dial\(PJSIP/\$\{IVRD_FROM\}@[^,]*,[^,]*,(.*)\)\n", texts["callback.conf"]
    )
    assert back.startswith("i")

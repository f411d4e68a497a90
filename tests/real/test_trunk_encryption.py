"""Who may have which calls by how its trunk is encrypted, and what is written down of that."""

import pytest

from lab.callers import Caller, Meet
from lab.exchange import USER, Exchange
from lab.ivrd import PROJECT
from tests.outbox.receiver import answer
from tests.real.overflow_rig import calls, drill
from tests.real.rig import WAIT
from tests.real.test_cases import ASKS, BORN, BY_PERSON, RIGHT, CrmThread, keys, with_cases
from tests.real.test_intake import citizen
from tests.real.test_trunks import change, trunk

HEALTH = "other"  # the topic of whoever presses 0


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_calls_that_need_encryption_go_to_the_encrypted_partner_alone(tmp_path, hotline):
    with Exchange(tmp_path / "bank", PROJECT / "sounds") as bank:
        tls = {"transport": "tls", "srtp": "required"}
        partners = {
            "clear": trunk(bank, "0261234568", bank.udp),
            "tls": trunk(bank, "0261234567", bank.tls, **tls),
        }
        usual = change(bank, partners)

        def changed(name, settings):
            usual(name, settings)
            if name == "queues.yaml":
                settings["needs_encryption"] = [HEALTH]

        lab = hotline(agents=1, change=changed)
        lab.ivrd.once("seats", "close", "base", "--yes")
        for name in partners:
            drill(lab, name)
            lab.ivrd.once("partner", "override", "open", name)
        ledger = lab.calling(calls(1, 2), rate=0.2).wait(WAIT)
        assert [entry.person for entry in ledger.entries] == ["partner"] * 2
        assert {call.number for call in bank.calls()} == {"0261234567"}
        explained = " ".join(lab.ivrd.once("explain").split())
        assert f"no calls about {HEALTH}: its trunk is not encrypted" in explained
        ended = [line for line in lab.ivrd.log_text().splitlines() if " call ended" in line]
        assert len(ended) == 2
        assert all("caller_leg=clear answer_leg=tls+srtp" in line for line in ended)
        assert "2 of 2 calls to partners were encrypted (100.0%)" in lab.ivrd.once("report", "day")
        taken = 'ivrd_partner_calls_by_security_total{security="tls+srtp"} 2.0'
        assert taken in lab.ivrd.http("/metrics")
        assert USER  # the account that both have


@pytest.mark.verify
@pytest.mark.lasts(45)
def test_a_citizen_number_goes_over_the_encrypted_trunk_alone(tmp_path, hotline):
    """Two who have asked for a case by it, of whom each partner takes one."""
    with Exchange(tmp_path / "bank", PROJECT / "sounds") as bank, CrmThread({}) as crm:
        crm.by_person = answer(500)
        tls = {"transport": "tls", "srtp": "required"}
        partners = {
            "clear": trunk(bank, "0261234568", bank.udp),
            "tls": trunk(bank, "0261234567", bank.tls, **tls),
        }
        usual, cases = change(bank, partners), with_cases(tmp_path, crm.url)

        def changed(name, settings):
            usual(name, settings)
            cases(name, settings)

        lab = hotline(agents=1, change=changed)
        lab.ivrd.once("seats", "close", "base", "--yes")
        for name in partners:
            drill(lab, name)
            lab.ivrd.once("partner", "override", "open", name)
        numbers = {n: citizen(n) for n in (1, 2)}
        people = [
            Caller(n, "asks", (keys(ASKS + BY_PERSON + of + RIGHT + BORN + RIGHT), Meet()))
            for n, of in numbers.items()
        ]
        assert lab.calling(people, rate=5.0).wait(WAIT).outcomes() == {"answered": 2}
        notes = {call.signalling: call.note for call in bank.calls() if call.note}
        assert {*notes} == {True, False}
        assert notes[True] in {f"citizen {of}, born 1987" for of in numbers.values()}
        masked = "(masked: this line is not encrypted)"
        ends = {f"citizen ending {of[-3:]}, born 1987 {masked}" for of in numbers.values()}
        assert notes[False] in ends

"""What is wrong with a trunk reaches whoever asks: seen from outside, over a fake Asterisk."""

import asyncio
from dataclasses import replace
from pathlib import Path

from ivrd.asterisk.dialplan_names import ATTEMPT_EVENT
from ivrd.config.field_types import Address
from ivrd.config.routes import TRUNK
from lab.name_server import NameServer
from tests.daemon.hotline import Hotline, live, rows, until

REFUSED = {"Status": "CHANUNAVAIL", "Cause": "58", "Sip": "488", "Alerted": "no"}
WORDS = "its exchange accepts none of what we offer, alaw, ulaw without SRTP (488)"


def test_a_call_that_is_refused_tells_what_is_wrong_and_a_reload_forgets_it(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        wiring, trunk = at.wiring, f"partner-{at.partner}"
        at.leg("Refused", "", **REFUSED)
        await until(wiring.trunks.operations.faulty)
        wiring.partners.controller.evaluate(wiring.timeline.now())
        (row,) = (await at.ask("partners", partner=at.partner))["partners"]
        assert WORDS in row["health"]
        (told,) = (await at.ask("status"))["trunks"]
        assert (told["name"], told["reason"], told["why"]) == (trunk, "codec", WORDS)
        assert told["since_seconds"] < 60
        assert at.series("ivrd_trunk_fault") == 1
        (row,) = (await at.ask("trunks", trunk=trunk))["trunks"]
        assert (row["works"], row["faults"]) == (False, [WORDS])
        wiring._configure(wiring.settings)
        assert (await at.ask("status"))["trunks"] == []

    live(tmp_path, body)


def test_a_call_back_that_is_refused_tells_what_is_wrong_with_its_trunk(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        failed = {"State": "failed", "Detail": "CHANUNAVAIL:58:no:488"}
        at.emit("UserEvent", "", UserEvent=ATTEMPT_EVENT, Token="ab12001", Trunk=TRUNK, **failed)
        await until(at.wiring.trunks.operations.faulty)
        (told,) = (await at.ask("status"))["trunks"]
        assert (told["name"], told["reason"]) == (TRUNK, "codec")

    live(tmp_path, body)


def test_a_trunk_that_asterisk_reports_is_looked_at(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        trunk = f"partner-{at.partner}"
        at.emit("ContactStatus", "", AOR=trunk, ContactStatus="Unreachable", EndpointName=trunk)

        def found() -> bool:
            at.wiring.trunks.monitor.look()
            return at.wiring.trunks.monitor.words_of_partner(at.partner) != ""

        await until(found)
        asked = [action.get("Variable", "") for action in at.ami.actions]
        assert f"PJSIP_AOR({trunk},contact)" in asked

    live(tmp_path, body)


def test_after_each_connect_asterisk_is_asked_how_trunks_stand(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        def asked() -> int:
            at.wiring.trunks.monitor.look()
            return sum("PJSIP_AOR" in action.get("Variable", "") for action in at.ami.actions)

        await until(asked)
        at.wiring.connection.down()
        before = asked()
        await at.wiring.connection.up()
        await until(lambda: asked() > before)

    live(tmp_path, body)


def test_encrypted_calls_are_counted(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        call = at.call_id()
        at.arrive(call)
        at.emit("UserEvent", call, UserEvent="IvrdSecured", Transport="TLS", Sound="0")
        at.emit("QueueCallerJoin", call, Queue=at.queue)
        at.leg("Confirmed", call, Transport="tls", Sound="1")
        await until(lambda: at.series("ivrd_partner_calls_by_security_total") == 1)
        known = at.wiring.ledger.calls[call]
        assert (known.caller_leg, known.answer_leg) == ("tls", "tls+srtp")

    live(tmp_path, body)


def test_who_is_in_clear_is_known_to_be_so(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        call = at.call_id()
        at.arrive(call)
        at.emit("QueueCallerJoin", call, Queue=at.queue)
        at.emit("AgentConnect", call, Interface="PJSIP/base-01")
        await until(lambda: call in at.wiring.ledger.calls and at.wiring.ledger.calls[call].seat)
        known = at.wiring.ledger.calls[call]
        assert (known.caller_leg, known.answer_leg) == ("clear", "clear")

    live(tmp_path, body)


def test_carriers_names_are_looked_up_after_a_reload_and_a_connect(tmp_path: Path) -> None:
    async def body(at: Hotline) -> None:
        at.ami.answers["DBGetTree"] = rows("DBGetTree")
        wiring, sip = at.wiring, at.wiring.settings.asterisk
        (carrier, _addresses), *_others = sip.carriers
        looking = asyncio.create_task(wiring.trunks.carrier_names.run())

        def asked() -> int:
            return len(at.ami.named("DBGetTree"))

        with NameServer({"border.example": {"A": ["192.0.2.9"]}}) as names:
            host, _, port = names.address.partition(":")
            network = replace(sip.network, dns_servers=(Address(host, int(port)),))
            named = ((carrier, ("border.example", "gone.example")),)
            own = replace(sip, carriers=named, network=network)
            wiring._configure(replace(wiring.settings, asterisk=own))
            # Nobody takes the call that tells Asterisk of it: what is wanted stands in a variable.
            await until(lambda: "192.0.2.9" in [of.get("Value") for of in at.ami.actions])
            (told,) = (await at.ask("status"))["trunks"]
            assert (told["name"], told["why"]) == (carrier, "gone.example: name not found")
            before = asked()
            at.wiring.connection.down()
            await at.wiring.connection.up()
            await until(lambda: asked() > before)
        looking.cancel()

    live(tmp_path, body)

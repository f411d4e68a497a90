"""Partners are told once what is new, over restarts and with a store that fails."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivrd.api import server
from ivrd.api.call_out_operations import NOT_SIGNED, CallOutOperations
from ivrd.config.call_out import CallOutSettings, Contact
from ivrd.config.outbox_settings import MessageSettings
from ivrd.config.outbox_template import Template
from ivrd.core.call_out import CallOutPolicy
from ivrd.core.outbox import Entry
from ivrd.core.overflow import Decision, Hysteresis, Snapshot
from ivrd.core.partner import Partner, PartnerSnapshot, PartnerState
from ivrd.outbox.message import Message
from ivrd.outbox.webhook import signature
from ivrd.partners.call_outs import CallOuts
from ivrd.partners.pledges import Pledges
from ivrd.store import StoreDown, WriteBehind
from ivrd.store.interface import Change, Forget, Put

BANGKOK = ZoneInfo("Asia/Bangkok")
T0 = 1_795_312_060.0  # 22 November 2026, 08:47:40 in Bangkok
SECRET = "a-secret-of-the-bank"
ALPHA = Partner("alpha", "ก", "A", "", 10, 40, PartnerState.ACTIVE, languages=("th",))


class Memory:
    """A store in memory, which outlives an ivrd."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, str]] = {}
        self.down = False

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def write(self, changes: list[Change], epoch: int) -> None:
        if self.down:
            raise StoreDown("down")
        for change in changes:
            kind = self.entries.setdefault(change.kind, {})
            if isinstance(change, Put):
                kind[change.key] = change.value
            elif not isinstance(change, Forget):
                kind.pop(change.key, None)

    async def read(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        if self.down:
            raise StoreDown("down")
        return dict(self.entries.get(kind, {}))

    async def page(self, kind: str, first: str = "", before: str = "") -> dict[str, str]:
        return await self.read(kind)


@dataclass
class Outgoing:
    """Takes a message about the same once, as the outbox does; it may outlive an ivrd."""

    complete: bool = True
    taken: dict[str, Message] = field(default_factory=dict)

    def post(
        self, message: Message, about: str, recipient: str, of: MessageSettings | None = None
    ) -> None:
        assert of is not None
        assert (of.channel, recipient) == ("hook", "partner/alpha")
        self.taken.setdefault(f"{message.use}/{about}", message)

    def get(self, entry_id: str) -> Entry | None:
        return None

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.taken.values()]


class Ivrd:
    """One ivrd that is the leader: its call-outs over a store, with clocks that the test turns."""

    def __init__(self, store: Memory, outgoing: Outgoing, secret: Path, now: float = T0) -> None:
        self.now = now
        self.refusal = ""
        self.audited: list[tuple[str, str, str, str]] = []
        self.epoch = 0
        self.write_behind = WriteBehind(store, self, lambda _up, _why: None, pause=0.0, retry=0.01)
        self.pledges = Pledges(self.write_behind, BANGKOK, lambda: self.now)

        def message(text: str) -> MessageSettings:
            return MessageSettings("hook", 7200.0, {"th": Template(text)})

        ask, over = message("{partner}: {people} {from}-{until}"), message("{partner}: over")
        contact = Contact("ธนาคาร ก", "", 900.0, ask, over, secret, "IVRD_PARTNER_ALPHA_SECRET")
        policy = CallOutPolicy(sure_seconds=60.0, over_seconds=600.0)
        self.call_outs = CallOuts(
            CallOutSettings(policy, {"alpha": contact}),
            "1330",
            BANGKOK,
            self.write_behind,
            self.pledges,
            outgoing,
            self,
            lambda: self.now,
            lambda: self.now,
        )
        self.operations = CallOutOperations(
            self.call_outs,
            self.pledges,
            outgoing,
            self,
            lambda: ["alpha"],
            lambda: self.refusal,
            lambda: self.now,
        )

    def fenced(self) -> None: ...

    def audit(self, who: str, what: str, partner: str, detail: str) -> None:
        self.audited.append((who, what, partner, detail))

    async def go(self, seconds: float, wanted: int) -> None:
        """Look every five seconds, for so long, with so many seats wanted."""
        one = PartnerSnapshot(ALPHA, frozenset({"q"}), pledge=self.pledges.people("alpha"))
        decision = Decision(wanted, (), "", "", {frozenset({"alpha"}): Hysteresis(wanted)})
        end = self.now + seconds
        while self.now < end:
            await self.call_outs.look(Snapshot(self.now, (), (), (one,)), decision)
            self.now += 5.0
        await asyncio.gather(*self.call_outs._telling)

    async def answers(self, body: str, at: float | None = None, secret: str = SECRET) -> Any:
        moment = int(self.now if at is None else at)
        headers = {"webhook-id": "m1", "webhook-timestamp": str(moment)}
        headers["webhook-signature"] = "v1,AAAA " + signature(secret, "m1", moment, body)
        return await self.operations.answered("alpha", headers, body)


Body = Callable[[Ivrd], Coroutine[Any, Any, None]]


class Place:
    """What outlives an ivrd: its store, its outbox, the partner's secret."""

    def __init__(self, folder: Path) -> None:
        self.store, self.outgoing = Memory(), Outgoing()
        self.secret = folder / "alpha.secret"
        self.secret.touch(0o600)
        self.secret.write_text(SECRET)

    def live(self, body: Body, now: float = T0) -> Ivrd:
        async def run() -> Ivrd:
            at = Ivrd(self.store, self.outgoing, self.secret, now)
            writing = asyncio.create_task(at.write_behind.run(at.call_outs.write_again))
            async with asyncio.timeout(30):
                await body(at)
                await at.write_behind.flush(5.0)
            writing.cancel()
            return at

        return asyncio.run(run())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_it_is_asked_for_is_told_stored_and_audited(place: Place) -> None:
    at = place.live(lambda at: at.go(300, 10))
    assert place.outgoing.texts == ["ธนาคาร ก: 12 09:03-11:03"]
    (message,) = place.outgoing.taken.values()
    assert message.data["step"] == "begin"
    assert message.data["until"] == "2026-11-22T11:03:40+07:00"
    assert at.audited == [
        ("ivrd", "partner called out", "alpha", "12 people from 09:03 until 11:03")
    ]
    assert at.operations.asked("alpha") == 12


def test_who_starts_again_or_takes_over_tells_nothing_twice(place: Place) -> None:
    place.live(lambda at: at.go(300, 10))
    place.live(lambda at: at.go(300, 10), T0 + 300)
    assert len(place.outgoing.taken) == 1
    at = place.live(lambda at: at.go(700, 0), T0 + 600)
    assert place.outgoing.texts[1:] == ["ธนาคาร ก: over"]
    assert at.operations.asked("alpha") == 0
    place.live(lambda at: at.go(700, 0), T0 + 1300)
    assert len(place.outgoing.taken) == 2


def test_who_died_before_it_was_put_in_is_followed_by_one_that_does(place: Place) -> None:
    place.live(lambda at: at.go(300, 10))
    known = {**place.outgoing.taken}
    place.outgoing.taken.clear()
    place.live(lambda at: at.go(5, 10), T0 + 300)
    assert place.outgoing.taken == known


def test_nothing_is_told_before_it_is_known_what_was_told(place: Place) -> None:
    place.live(lambda at: at.go(300, 10))

    async def body(at: Ivrd) -> None:
        place.store.down = True
        await at.go(300, 10)
        place.store.down = False

    place.live(body, T0 + 300)
    assert len(place.outgoing.taken) == 1


def test_a_store_that_fails_keeps_nobody_from_being_called_out(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivrd.partners.entries.WRITTEN_SECONDS", 0.05)

    async def body(at: Ivrd) -> None:
        await at.go(5, 0)
        place.store.down = True
        await at.go(300, 10)
        assert len(place.outgoing.taken) == 1
        place.store.down = False

    place.live(body)
    assert "alpha" in place.store.entries["call_outs"]


def test_what_a_partner_answers_is_its_pledge_for_the_day(place: Place) -> None:
    async def body(at: Ivrd) -> None:
        await at.go(300, 10)
        answer = await at.answers('{"people": 8}')
        assert answer == {"partner": "alpha", "people": 8, "asked": 12}
        await at.answers('{"people": 8}')  # its first answer may have been lost
        assert at.audited[1:] == [("partner", "people pledged", "alpha", "8 today, asked for 12")]
        await at.go(300, 30)  # it has no more
        assert len(place.outgoing.taken) == 1

    place.live(body)

    async def later(at: Ivrd) -> None:
        await at.go(5, 0)
        assert at.operations.pledged("alpha") == 8
        row = at.operations.row("alpha")["pledge"]
        assert (row["people"], row["asked"], row["by"]) == (8, 12, "partner")
        at.now += 86_400
        assert at.operations.pledged("alpha") is None

    place.live(later, T0 + 600)


def test_an_older_answer_that_somebody_has_recorded_changes_nothing(place: Place) -> None:
    async def body(at: Ivrd) -> None:
        await at.go(5, 0)
        first = at.now
        await at.answers('{"type": "pledge", "data": {"people": 12}}')
        at.now += 60
        await at.answers('{"people": 0}')
        with pytest.raises(server.RequestRejected, match="a later answer stands"):
            await at.answers('{"people": 12}', first)
        at.now += 300
        with pytest.raises(server.NotSigned):
            await at.answers('{"people": 12}', first)
        assert at.operations.pledged("alpha") == 0

    place.live(body)


@pytest.mark.parametrize(
    "text",
    [
        *("", "12", "[]", "[" * 50_000, '{"people": "12"}', '{"people": -1}', '{"people": true}'),
        *('{"people": 1001}', '{"people": 1e3}', '{"data": []}', json.dumps({"seats": 3})),
    ],
)
def test_an_answer_that_is_none_says_what_was_expected(place: Place, text: str) -> None:
    async def body(at: Ivrd) -> None:
        await at.go(5, 0)
        with pytest.raises(server.RequestRejected, match=r'expected JSON such as {"people": 12}'):
            await at.answers(text)
        assert at.operations.pledged("alpha") is None

    place.live(body)


def test_who_has_not_the_partners_secret_changes_nothing(place: Place) -> None:
    async def body(at: Ivrd) -> None:
        await at.go(5, 0)
        refused = pytest.raises(server.NotSigned, match=NOT_SIGNED)
        with refused:
            await at.answers('{"people": 0}', secret="another-secret")
        with refused:
            await at.operations.answered("beta", {}, "{}")
        with refused:
            await at.operations.answered("alpha", {"webhook-timestamp": "²"}, "{}")
        byte = "\udcff"  # one that is no UTF-8, as aiohttp has it
        for signed in (("m", byte), (byte, "v1,AAAA")):
            odd = dict(zip(("webhook-id", "webhook-signature"), signed, strict=True))
            with refused:
                of_now = {"webhook-timestamp": str(int(at.now))}
                await at.operations.answered("alpha", {**odd, **of_now}, "{}")
        place.secret.unlink()
        with pytest.raises(server.NotNow, match="cannot be checked"):
            await at.answers('{"people": 0}')
        place.secret.touch(0o600)
        place.secret.write_text(SECRET)
        at.refusal = "this ivrd is the standby"
        with pytest.raises(server.NotNow, match="standby"):
            await at.answers('{"people": 0}')
        assert at.operations.pledged("alpha") is None

    place.live(body)


def test_an_operator_writes_down_what_a_partner_has_said_and_takes_it_back(place: Place) -> None:
    async def body(at: Ivrd) -> None:
        await at.go(5, 0)
        pledge = at.operations.commands()["pledge"]
        answer = await pledge({"partner": "alpha", "people": "7", "who": "malee"})
        assert answer == {"partner": "alpha", "people": 7, "note": ""}
        assert at.operations.pledged("alpha") == 7
        await pledge({"partner": "alpha", "people": "none", "who": "malee"})
        assert at.operations.pledged("alpha") is None
        for wrong in ({"partner": "alpha", "people": "many"}, {"partner": "b", "people": "1"}):
            with pytest.raises(server.RequestRejected):
                await pledge(wrong)
        assert [what for _who, what, *_ in at.audited] == ["people pledged", "pledge taken back"]

    place.live(body)

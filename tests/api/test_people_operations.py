"""What is kept of one person, over a store in memory: shown, erased, and who is still owed.

The numbers here are nobody's: none in Thailand begins with 01 since 2006.
"""

import asyncio
import json
from collections.abc import Collection
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from ivrd.api import server
from ivrd.api.people_operations import PeopleOperations
from ivrd.callbacks.repository import BookingRepository
from ivrd.calls.caller_hash import Hasher
from ivrd.core.booking import Booking, BookingState
from ivrd.core.call import Call, CallState, Outcome, Stage
from ivrd.core.call_notices import Ended
from ivrd.core.day import completed_call
from ivrd.core.outbox import Entry
from ivrd.core.people import FairnessRules, People, Person, Wait
from ivrd.core.people_figures import PeopleCount, call_over
from ivrd.ha.call_repository import COMPLETED_CALL
from ivrd.outbox.message import Message
from ivrd.people.caller_numbers import CallerNumbers
from ivrd.people.registry import PeopleRegistry
from ivrd.people.repository import PEOPLE, PeopleRepository
from ivrd.people.stored_calls import StoredCalls
from ivrd.people.vault import Vault
from ivrd.store import WriteBehind
from tests.partners.rig import Shelf

BANGKOK = ZoneInfo("Asia/Bangkok")
NOW = 1_795_312_060.0  # 22 November 2026, 08:47:40 in Bangkok
KEY, OLD_KEY = bytes(range(32)), bytes(range(32, 64))
NUMBER, OTHER = "0100000012", "0100000013"


class Log:
    """What operators did; the store answers or does not."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.entries: list[tuple[str, str, str, str]] = []

    def audit(self, who: str, what: str, partner: str, detail: str) -> None:
        self.entries.append((who, what, partner, detail))

    async def written(self, seconds: float) -> bool:
        return await self.shelf.flush(seconds)


class Written:
    """What was written to people: (hash, entry, text)."""

    complete = True

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def of_people(self, people: Collection[str]) -> list[tuple[Entry, Message | None]]:
        said = Message("callback_booked", "", "said", NOW, {"citizen_number": "1000000123453"})
        return [(one, said) for one in self.entries if one.recipient in people]

    def erase(self, people: Collection[str]) -> int:
        kept = [one for one in self.entries if one.recipient not in people]
        count, self.entries = len(self.entries) - len(kept), kept
        return count


class Rig:
    """One ivrd's people."""

    def __init__(self) -> None:
        self.shelf, self.now = Shelf(), NOW
        behind = cast(WriteBehind, self.shelf)
        self.hasher = Hasher([KEY, OLD_KEY], "TH")
        self.vault = Vault([KEY])
        people = People(FairnessRules())
        self.bookings = BookingRepository(behind, lambda: self.now, lambda: 0.0, 7, people.current)
        self.bookings.complete = True
        repository = PeopleRepository(behind, lambda: 0.0)
        self.registry = PeopleRegistry(
            people,
            repository,
            lambda: self.now,
            self.bookings,
        )
        self.numbers = CallerNumbers(self.registry, self.hasher, self.vault, 60.0)
        self.log = Log(self.shelf)
        self.statistics = SimpleNamespace(count=PeopleCount(3), complete=True)
        self.messages = Written()
        self.followed = {self.hasher.hash_number(NUMBER), self.hasher.hash_number(OTHER)}
        self.tracker = SimpleNamespace(erase=self.followed.discard, complete=True)
        self.operations = PeopleOperations(
            self.registry,
            self.hasher,
            self.vault.open,
            StoredCalls(behind),
            self.statistics,
            self.bookings,
            self.messages,
            [self.tracker],
            self.log,
            self.numbers,
            BANGKOK,
            lambda: 0.0,
            lambda: self.now,
        )

    def gives_up(self, call_id: str, number: str, seconds: float) -> None:
        who = self.numbers.identify(call_id, number)
        call = Call(call_id, self.now, who, CallState.QUEUE, queue="q", joined_at=self.now)
        self.registry.moved(call, None)
        self.now += seconds
        call = Call(
            call_id,
            call.received_at,
            who,
            CallState.ENDED,
            queue="q",
            joined_at=call.joined_at,
            ended_at=self.now,
        )
        ended = Ended(call, Outcome.ABANDONED, Stage.QUEUE)
        self.registry.notice(ended)
        self.numbers.notice(ended)
        self.statistics.count.take(call_over(completed_call(ended)))
        text = COMPLETED_CALL.dump_json(completed_call(ended)).decode()
        self.shelf.put("ended", f"2026-11-22/{call_id}", text)

    async def ask(self, name: str, **query: str) -> dict[str, Any]:
        return dict(await self.operations.commands()[name]({"who": "mali", **query}))


def with_people(do: Any) -> None:
    """Of two people one gave up twice; the older call is under the hash by the old key."""

    async def body() -> None:
        rig = Rig()
        await rig.registry.restore()
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
        (old,) = rig.hasher.previous_hashes(NUMBER)
        told = json.dumps(["alpha", 60.0, old])
        rig.shelf.put("history", "1795312000.000 t 1.0", told)
        rig.gives_up("1.1", NUMBER, 90.0)
        rig.gives_up("1.2", OTHER, 70.0)
        rig.gives_up("1.3", NUMBER, 30.0)
        await do(rig)

    asyncio.run(body())


def test_what_was_written_to_a_person_is_told_and_erased_and_nothing_of_others() -> None:
    async def do(rig: Rig) -> None:
        for number in (NUMBER, OTHER):
            who = rig.hasher.hash_number(number)
            entry = Entry(number, "sms", "callback_booked", who, "sealed", 1, NOW, NOW + 60, NOW)
            rig.messages.entries.append(entry)
        (told,) = (await rig.ask("person", number=NUMBER))["messages"]
        assert (told["use"], told["state"], told["text"]) == ("callback_booked", "waiting", "said")
        assert told["created_at"] == "2026-11-22T08:47:40+07:00"
        assert told["data"] == {"citizen_number": "1000000123453"}
        assert (await rig.ask("erase-person", number=NUMBER))["messages"] == 1
        assert [one.id for one in rig.messages.entries] == [OTHER]
        assert rig.log.entries[-1][3].endswith(", 1 messages")

    with_people(do)


def test_of_a_number_that_many_use_nobody_hears_what_one_of_them_has_keyed_in() -> None:
    async def do(rig: Rig) -> None:
        who = rig.hasher.hash_number(NUMBER)
        entry = Entry("1", "crm", "intake", who, "sealed", 1, NOW, NOW + 60, NOW)
        rig.messages.entries.append(entry)
        people = rig.registry.people
        people.restore(Person(who, rig.now, shared_at=rig.now))
        (told,) = (await rig.ask("person", number=NUMBER))["messages"]
        assert (told["use"], told["text"], told["data"]) == ("intake", "", {})

    with_people(do)


def test_all_that_is_kept_of_a_person_is_told_with_the_time_of_day() -> None:
    async def do(rig: Rig) -> None:
        answer = await rig.ask("person", number="+66 10 000 0012")
        assert answer["hash"] == rig.hasher.hash_number(NUMBER)
        assert [call["call_id"] for call in answer["calls"]] == ["1.1", "1.3"]
        assert answer["calls"][0]["received_at"] == "2026-11-22T08:47:40+07:00"
        assert answer["calls"][0]["ended_at"] == "2026-11-22T08:49:10+07:00"
        (talk,) = answer["at_partners"]
        assert talk == {"call_id": "1795312000.000", "partner": "alpha", "seconds": 60.0}
        person = answer["person"]
        assert [wait["seconds"] for wait in person["waits"]] == [90.0, 30.0]
        assert (person["number"], person["number_kept"]) == (NUMBER, True)
        assert person["kept_until"] == "2026-11-25T08:50:50+07:00"
        assert rig.log.entries == [("mali", "person shown", "", "3 entries")]

    with_people(do)


def test_who_is_erased_is_nowhere_and_the_calls_stay_in_the_counts() -> None:
    async def do(rig: Rig) -> None:
        who = rig.hasher.hash_number(NUMBER)
        answer = await rig.ask("erase-person", number=NUMBER)
        assert answer == {"person": True, "entries": 3, "callbacks": 0, "messages": 0}
        assert who not in repr(rig.shelf.entries)
        assert rig.hasher.previous_hashes(NUMBER)[0] not in repr(rig.shelf.entries)
        assert len(rig.shelf.of("ended")) == 3
        calls = [COMPLETED_CALL.validate_json(text) for text in rig.shelf.of("ended").values()]
        assert [call.caller for call in calls] == ["", rig.hasher.hash_number(OTHER), ""]
        assert list(rig.shelf.of(PEOPLE)) == [rig.hasher.hash_number(OTHER)]
        left = await rig.ask("person", number=NUMBER)
        assert (left["person"], left["calls"], left["at_partners"]) == (None, [], [])
        nothing = {"person": False, "entries": 0, "callbacks": 0, "messages": 0}
        assert await rig.ask("erase-person", number=NUMBER) == nothing
        assert NUMBER not in repr(rig.log.entries)
        assert who not in repr(rig.log.entries)
        assert rig.statistics.count.figures().calls == 1
        assert rig.followed == {rig.hasher.hash_number(OTHER)}

    with_people(do)


def books(rig: Rig, dialled: str, **more: Any) -> Booking:
    """A call back that this person has asked for."""
    who = rig.hasher.hash_number(dialled)
    booking = Booking("00ff", who, who, rig.vault.seal(dialled), "q", "t", "th", NOW, NOW - 60.0)
    rig.bookings.put(booking := replace(booking, **more))
    return booking


def test_bookings_are_shown_and_erased_the_ended_ones_too() -> None:
    async def do(rig: Rig) -> None:
        asked = books(rig, NUMBER)
        old = {"id": "00fe", "person": rig.hasher.previous_hashes(NUMBER)[0], "asked_by": ""}
        books(rig, NUMBER, **old, state=BookingState.REACHED, number="", ended_at=NOW)
        books(rig, OTHER, id="00fd")
        (ended, row) = (await rig.ask("person", number=NUMBER))["callbacks"]
        assert (row["id"], row["state"], row["origin"]) == (asked.id, "waiting", "asked")
        assert (row["number"], row["booked_at"]) == (NUMBER, "2026-11-22T08:47:40+07:00")
        assert (ended["state"], ended["number"]) == ("reached", "")
        assert (await rig.ask("erase-person", number=NUMBER))["callbacks"] == 2
        assert list(rig.shelf.of("bookings")) == ["00fd"]
        assert [one.id for one in rig.bookings.open()] == ["00fd"]
        assert (await rig.ask("person", number=NUMBER))["callbacks"] == []
        detail = "3 entries, 2 callbacks, 0 messages"
        assert ("mali", "person erased", "", detail) in rig.log.entries

    with_people(do)


def known_by_the_key_before(rig: Rig) -> str:
    """Somebody who gave up, and has not called since the key of hashes was replaced."""
    number = "0100000014"
    (old,) = rig.hasher.previous_hashes(number)
    person = Person(old, NOW, (Wait(NOW - 90.0, NOW - 90.0, NOW),), number=rig.vault.seal(number))
    rig.registry.keep(rig.registry.people.restore(person))
    return number


def test_who_is_known_by_a_key_that_was_replaced_is_shown() -> None:
    async def do(rig: Rig) -> None:
        number = known_by_the_key_before(rig)
        shown = await rig.ask("person", number=number)
        assert (shown["person"]["number"], len(shown["person"]["waits"])) == (number, 1)

    with_people(do)


def test_who_is_known_by_a_key_that_was_replaced_is_not_called_after_refusing() -> None:
    async def do(rig: Rig) -> None:
        number = known_by_the_key_before(rig)
        assert number in [row["number"] for row in (await rig.ask("recover"))["people"]]
        await rig.ask("no-callback", number=number)
        assert number not in [row["number"] for row in (await rig.ask("recover"))["people"]]
        assert all(rig.registry.refuses_callback(who) for who in hashes(rig, number))
        assert not set(rig.shelf.of(PEOPLE)) & {*rig.hasher.previous_hashes(number)}

    with_people(do)


def test_who_is_asked_for_and_not_known_is_not_known_after_that() -> None:
    async def do(rig: Rig) -> None:
        before = rig.shelf.of(PEOPLE)
        assert (await rig.ask("person", number="0100000015"))["person"] is None
        assert rig.shelf.of(PEOPLE) == before

    with_people(do)


def hashes(rig: Rig, number: str) -> list[str]:
    return [rig.hasher.hash_number(number), *rig.hasher.previous_hashes(number)]


def test_who_is_being_called_is_not_erased_meanwhile() -> None:
    async def do(rig: Rig) -> None:
        books(rig, NUMBER, state=BookingState.DIALLING, tries=1)
        with pytest.raises(server.NotNow, match="this person is being called"):
            await rig.ask("erase-person", number=NUMBER)
        assert len(rig.bookings.open()) == 1

    with_people(do)


def test_who_is_booked_or_was_called_back_is_not_on_the_list_of_the_lost() -> None:
    async def do(rig: Rig) -> None:
        booking = books(rig, NUMBER)
        assert [row["number"] for row in (await rig.ask("recover"))["people"]] == [OTHER]
        rig.bookings.put(replace(booking, state=BookingState.GIVEN_UP, ended_at=rig.now))
        assert [row["number"] for row in (await rig.ask("recover"))["people"]] == [OTHER]
        rig.now += 600.0
        rig.gives_up("1.8", NUMBER, 90.0)  # once more
        listed = [row["number"] for row in (await rig.ask("recover"))["people"]]
        assert sorted(listed) == [NUMBER, OTHER]

    with_people(do)


@pytest.mark.parametrize("reads", ["statistics", "tracker"])
def test_nobody_is_erased_while_the_calls_before_are_read(reads: str) -> None:
    """They would be back with what was read."""

    async def do(rig: Rig) -> None:
        books(rig, NUMBER)
        part = getattr(rig, reads)
        part.complete = False
        with pytest.raises(server.NotNow, match="not read yet"):
            await rig.ask("erase-person", number=NUMBER)
        assert len(rig.bookings.open()) == 1  # nothing is half erased
        part.complete = True
        assert (await rig.ask("erase-person", number=NUMBER))["person"]

    with_people(do)


def test_who_is_on_the_line_is_not_erased_meanwhile() -> None:
    async def do(rig: Rig) -> None:
        who = rig.numbers.identify("1.9", NUMBER)
        rig.registry.moved(Call("1.9", rig.now, who), None)
        with pytest.raises(server.NotNow, match="a call of this person is here"):
            await rig.ask("erase-person", number=NUMBER)
        listed = await rig.ask("recover")
        assert [row["number"] for row in listed["people"]] == [OTHER]

    with_people(do)


def test_the_lost_are_listed_the_oldest_effective_arrival_first() -> None:
    async def do(rig: Rig) -> None:
        answer = await rig.ask("recover")
        assert answer["after_seconds"] == 60.0
        rows = [(row["number"], row["waited_seconds"], row["calls"]) for row in answer["people"]]
        assert rows == [(NUMBER, 120.0, 2), (OTHER, 70.0, 1)]
        assert answer["people"][0]["effective_at"] == "2026-11-22T08:48:50+07:00"
        assert rig.log.entries == [("mali", "recover list", "", "2 people")]

    with_people(do)


def test_who_refuses_is_not_on_the_list_until_that_is_undone() -> None:
    async def do(rig: Rig) -> None:
        await rig.ask("no-callback", number=NUMBER)
        assert [row["number"] for row in (await rig.ask("recover"))["people"]] == [OTHER]
        assert (await rig.ask("person", number=NUMBER))["person"]["no_callback"]
        rig.now += 30 * 86400.0
        assert rig.registry.people.forget_old(rig.now) == [rig.hasher.hash_number(OTHER)]
        await rig.ask("no-callback", number=NUMBER, undo="yes")
        assert not (await rig.ask("person", number=NUMBER))["person"]["no_callback"]

    with_people(do)


def test_a_number_that_cannot_be_opened_is_missing_and_the_list_is_not() -> None:
    async def do(rig: Rig) -> None:
        rig.registry.people.note_number(rig.hasher.hash_number(OTHER), "rubbish", Call("1.9", NOW))
        rows = (await rig.ask("recover"))["people"]
        assert [row["number"] for row in rows] == [NUMBER, ""]

    with_people(do)


@pytest.mark.parametrize("number", ["", "anonymous", "+"])
@pytest.mark.parametrize("name", ["person", "erase-person", "no-callback"])
def test_what_is_no_number_is_refused(name: str, number: str) -> None:
    async def do(rig: Rig) -> None:
        with pytest.raises(server.RequestRejected, match="expected a telephone number"):
            await rig.ask(name, number=number)

    with_people(do)


@pytest.mark.parametrize("name", ["person", "erase-person", "no-callback"])
def test_while_the_store_is_down_nothing_is_said_of_what_is_kept(name: str) -> None:
    async def do(rig: Rig) -> None:
        rig.shelf.down = True
        with pytest.raises(server.NotNow, match="the store does not answer"):
            await rig.ask(name, number=NUMBER)

    with_people(do)


def test_before_all_is_read_there_is_no_list() -> None:
    async def body() -> None:
        with pytest.raises(server.NotNow, match="not read yet"):
            await Rig().ask("recover")

    asyncio.run(body())

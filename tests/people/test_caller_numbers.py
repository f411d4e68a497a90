"""Numbers of callers: in memory while they are here, sealed once they gave up, gone once answered.

The numbers here are nobody's: none in Thailand begins with 01 since 2006.
"""

from dataclasses import replace

from ivrd.calls.caller_hash import Hasher
from ivrd.core.call import Call, CallState, Outcome, Stage
from ivrd.core.call_notices import Ended
from ivrd.core.people import FairnessRules, People, Person
from ivrd.core.recovery import all_lost
from ivrd.people.caller_numbers import CallerNumbers
from ivrd.people.vault import Vault

KEY, NEW_KEY = bytes(range(32)), bytes(range(32, 64))
NUMBER = "0100000012"
NOW = 1_700_000_000.0
AFTER = 60.0


class Store:
    """Keeps people as the registry does."""

    def __init__(self) -> None:
        self.people = People(FairnessRules())
        self.stored: dict[str, Person] = {}
        self.now = NOW

    def keep(self, person: Person) -> None:
        self.stored[person.id] = person

    def renamed(self, before: str, person_id: str) -> None:
        if changed := self.people.rename(before, person_id, self.now):
            self.keep(changed)


class Rig:
    def __init__(self, *keys: bytes, store: Store | None = None) -> None:
        self.store = store or Store()
        self.vault = Vault([KEY])
        hasher = Hasher(keys or (KEY,), "TH")
        self.numbers = CallerNumbers(self.store, hasher, self.vault, AFTER)

    def call(self, call_id: str, seconds: float, outcome: Outcome, number: str = NUMBER) -> str:
        """A caller who waits for so long, and then the call ends; the person's hash."""
        who, now = self.numbers.identify(call_id, number), self.store.now
        assert self.numbers.number(call_id) == (number if who else "")
        self.store.people.arrived(who, call_id, now)
        self.store.now += seconds
        call = Call(call_id, now, who, CallState.ENDED, joined_at=now, ended_at=self.store.now)
        self.store.people.ended(call, outcome is Outcome.ANSWERED)
        stage = Stage.TALK if outcome is Outcome.ANSWERED else Stage.QUEUE
        self.numbers.notice(Ended(call, outcome, stage))
        assert self.numbers.number(call_id) == ""
        return who

    def number_of(self, who: str) -> str:
        person = self.store.people.get(who)
        return self.vault.open(person.number) if person and person.number else ""

    def lost(self) -> list[str]:
        people = self.store.people
        return [
            each.person.id for each in all_lost(people, AFTER, people.rules, lambda _person: 0.0)
        ]


def test_of_one_who_gave_up_the_number_is_kept_sealed_until_somebody_answers() -> None:
    rig = Rig()
    who = rig.call("1", 90.0, Outcome.ABANDONED)
    assert rig.number_of(who) == NUMBER
    assert NUMBER not in repr(rig.store.stored[who])
    assert rig.lost() == [who]
    rig.call("2", 5.0, Outcome.ANSWERED)
    assert (rig.number_of(who), rig.lost()) == ("", [])


def test_whoever_gave_up_soon_leaves_no_number_until_redials_add_up() -> None:
    rig = Rig()
    who = rig.call("1", 40.0, Outcome.ABANDONED)
    assert (rig.number_of(who), rig.lost()) == ("", [])
    rig.call("2", 30.0, Outcome.ABANDONED)
    assert (rig.number_of(who), rig.lost()) == (NUMBER, [who])


def test_a_withheld_number_is_nobodys() -> None:
    rig = Rig()
    assert rig.call("1", 90.0, Outcome.ABANDONED, number="") == ""
    assert not rig.store.stored


def test_an_exchange_is_nobody_who_could_be_called_back() -> None:
    rig = Rig()
    who = rig.call("1", 90.0, Outcome.ABANDONED)
    for call_id in ("2", "3", "4"):
        rig.store.people.arrived(rig.numbers.identify(call_id, NUMBER), call_id, rig.store.now)
    assert (rig.number_of(who), rig.lost()) == ("", [])


def test_whoever_refuses_to_be_called_back_is_not_on_the_list_and_leaves_no_number() -> None:
    rig = Rig()
    who = rig.call("1", 90.0, Outcome.ABANDONED)
    rig.store.people.refuse_callback(who, True, NOW)
    assert (rig.number_of(who), rig.lost()) == ("", [])
    rig.call("2", 90.0, Outcome.ABANDONED)
    assert (rig.number_of(who), rig.lost()) == ("", [])
    rig.store.people.refuse_callback(who, False, NOW)
    rig.call("3", 90.0, Outcome.ABANDONED)
    assert (rig.number_of(who), rig.lost()) == (NUMBER, [who])


def test_the_oldest_effective_arrival_is_the_first_of_the_lost() -> None:
    rig = Rig()
    first = rig.call("1", 90.0, Outcome.ABANDONED)
    second = rig.call("2", 80.0, Outcome.ABANDONED, number="0100000013")
    rig.call("3", 90.0, Outcome.ABANDONED)  # 80 s between the calls are no wait
    assert rig.lost() == [first, second]
    people = rig.store.people
    (one, two) = all_lost(people, AFTER, people.rules, lambda _person: 0.0)
    assert (one.waited_seconds, two.waited_seconds) == (180.0, 80.0)
    assert (one.effective_at, two.effective_at) == (NOW + 80.0, NOW + 90.0)


def test_after_the_key_is_replaced_a_person_is_the_same_person() -> None:
    before = Rig(KEY)
    old = before.call("1", 90.0, Outcome.ABANDONED)
    after = Rig(NEW_KEY, KEY, store=before.store)
    new = after.numbers.identify("2", NUMBER)
    assert old != new
    people = after.store.people
    assert (people.get(old), people.current(old), people.former(new)) == (None, new, old)
    assert people.credit(new, after.store.now) == 90.0
    assert after.number_of(new) == NUMBER
    assert after.lost() == [new]
    assert after.numbers.identify("3", NUMBER) == new


def test_a_call_that_is_here_when_the_key_is_replaced_keeps_its_credit() -> None:
    rig = Rig(KEY)
    old = rig.call("1", 90.0, Outcome.ABANDONED)
    people = rig.store.people
    people.arrived(old, "2", rig.store.now)
    assert people.claim(old, "2", rig.store.now) == 90.0
    new = Rig(NEW_KEY, KEY, store=rig.store).numbers.identify("2", NUMBER)
    people.arrived(new, "3", rig.store.now)
    assert people.claim(new, "3", rig.store.now) == 0.0  # the other call has it
    assert people.claim(new, "2", rig.store.now) == 90.0


def test_what_was_known_of_both_hashes_is_put_together() -> None:
    rig = Rig(KEY)
    old = rig.call("1", 70.0, Outcome.ABANDONED)
    people = rig.store.people
    stored = replace(rig.store.stored[old])
    people.forget(old)  # as after a restart with the new key, before the store is read
    after = Rig(NEW_KEY, KEY, store=rig.store)
    new = after.call("2", 5.0, Outcome.ABANDONED)
    people.restore(stored)
    after.numbers.identify("3", NUMBER)
    assert people.credit(new, after.store.now) == 75.0
    assert after.number_of(new) == NUMBER

"""What both stores keep to."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivrd.store import Change, Fenced, Forget, Put, Remove, Store
from ivrd.store.interface import PAGE
from tests.examples import examples
from tests.store.conftest import MakeStore


def with_stores(make: MakeStore, count: int, act: Callable[..., Awaitable[None]]) -> None:
    async def main() -> None:
        stores = [make() for _ in range(count)]
        try:
            await act(*stores)
        finally:
            for store in stores:
                await store.close()

    asyncio.run(main())


def test_what_was_put_is_read_by_another_in_key_order(make: MakeStore) -> None:
    async def act(store: Store, other: Store) -> None:
        await store.open()
        await store.write(
            [Put("ended", "b", "2"), Put("ended", "a", "1"), Put("calls", "a", "x")], 0
        )
        assert list((await other.read("ended")).items()) == [("a", "1"), ("b", "2")]
        assert await other.read("calls") == {"a": "x"}
        assert await other.read("marks") == {}

    with_stores(make, 2, act)


def test_it_is_there_after_a_restart(make: MakeStore) -> None:
    with_stores(make, 1, lambda store: store.write([Put("marks", "log", "17")], 3))

    async def later(store: Store) -> None:
        assert await store.read("marks") == {"log": "17"}
        with pytest.raises(Fenced):
            await store.write([Put("marks", "log", "16")], 2)

    with_stores(make, 1, later)


def test_a_range_of_keys(make: MakeStore) -> None:
    keys = ["2026-11-21/a", "2026-11-22", "2026-11-22/a", "2026-11-22/b", "2026-11-23/a"]

    async def act(store: Store) -> None:
        await store.write([Put("ended", key, "1") for key in keys], 0)
        assert list(await store.read("ended", "2026-11-22/", "2026-11-23/")) == keys[2:4]
        assert list(await store.read("ended", "2026-11-22/a", "2026-11-22/b")) == keys[2:3]
        assert list(await store.read("ended", before="2026-11-22/a")) == keys[:2]
        assert list(await store.read("ended", "2026-11-22/b")) == keys[3:]
        await store.write([Forget("ended", "2026-11-22/b")], 0)
        assert list(await store.read("ended")) == keys[3:]

    with_stores(make, 1, act)


def test_more_than_a_page(make: MakeStore) -> None:
    keys = [f"2026-11-22/{at:05}" for at in range(3001)]

    async def act(store: Store) -> None:
        await store.write([Put("ended", key, "1") for key in keys], 0)
        assert list(await store.read("ended")) == keys
        assert list(await store.read("ended", keys[5], keys[2005])) == keys[5:2005]
        assert list(await store.page("ended", keys[5], keys[2005])) == keys[5 : 5 + PAGE]
        await store.write([Forget("ended", keys[2500])], 0)
        assert list(await store.read("ended")) == keys[2500:]

    with_stores(make, 1, act)


def test_an_earlier_epoch_is_fenced_and_changes_nothing(make: MakeStore) -> None:
    async def act(old: Store, new: Store) -> None:
        await old.write([Put("calls", "a", "old")], 1)
        await new.write([Put("calls", "b", "new")], 2)
        with pytest.raises(Fenced, match="epoch 2 has taken over from epoch 1"):
            await old.write([Remove("calls", "b"), Put("calls", "a", "late")], 1)
        assert await new.read("calls") == {"a": "old", "b": "new"}
        await old.write([Put("calls", "a", "again")], 3)
        with pytest.raises(Fenced):
            await new.write([], 2)

    with_stores(make, 2, act)


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=4)
KIND = st.sampled_from(["calls", "ended"])
KEY = st.sampled_from(["", "a", "b", "ก", "a\0", "\U0001f600", "\uffff"]) | TEXT
CHANGE = st.one_of(
    st.builds(Put, KIND, KEY, TEXT), st.builds(Remove, KIND, KEY), st.builds(Forget, KIND, KEY)
)


@settings(
    deadline=None,
    max_examples=examples(30),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.lists(CHANGE, max_size=6), max_size=4))
def test_any_changes_do_what_a_dict_would(make: MakeStore, writes: list[list[Change]]) -> None:
    expected: dict[str, dict[str, str]] = {"calls": {}, "ended": {}}

    async def act(store: Store) -> None:
        await store.write([Forget(kind, "\U0010ffff" * 5) for kind in expected], 0)
        for changes in writes:
            await store.write(changes, 0)
            await store.write(changes, 0)  # to repeat it changes nothing more
            for change in [*changes, *changes]:
                apply(expected, change)
        for kind, entries in expected.items():
            assert list((await store.read(kind)).items()) == sorted(entries.items())

    with_stores(make, 1, act)


def apply(entries: dict[str, dict[str, str]], change: Change) -> None:
    of = entries[change.kind]
    if isinstance(change, Put):
        of[change.key] = change.value
    elif isinstance(change, Remove):
        of.pop(change.key, None)
    else:
        for key in [key for key in of if key < change.before]:
            del of[key]

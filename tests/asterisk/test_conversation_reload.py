"""What changes while a caller is in a menu: the configuration, and the recordings."""

import asyncio
from collections.abc import Collection
from dataclasses import replace

import pytest

from ivrd.asterisk.conversation_settings import ConversationSettings
from ivrd.core.commands import AtClosed, Speak
from tests.asterisk.talk import SCRIPT, SECONDS, TREE, Talk, way_out
from tests.asterisk.virtual import run


def renamed(queue: str, name: str) -> ConversationSettings:
    """The queue has another name by now."""
    queue_of = {topic: name if of == queue else of for topic, of in TREE.queue_of.items()}
    closed = {name if of == queue else of: prompt for of, prompt in TREE.closed_prompt.items()}
    routing = replace(TREE.routing, queue_of=queue_of)
    return replace(SCRIPT, tree=replace(TREE, routing=routing, closed_prompt=closed))


def without(gone: Collection[str]) -> ConversationSettings:
    """Recordings that are no longer there, in whichever language."""
    return replace(SCRIPT, length=lambda prompt: None if prompt[1] in gone else SECONDS.get(prompt))


async def chosen(after: ConversationSettings, keys: str) -> Talk:
    """A caller in whose menu a reload comes, before the last key."""
    caller = Talk().begin()
    caller.press([(0.5 * n, digit) for n, digit in enumerate(keys, 1)])
    await asyncio.sleep(0.5 * len(keys) - 0.1)
    caller.script = after
    await caller.task
    return caller


def test_a_topic_leads_to_where_it_leads_when_the_caller_leaves_the_menu() -> None:
    async def body() -> None:
        caller = await chosen(renamed("q-home", "q-care"), "111")
        assert caller.left == way_out("q-care", "register")

    run(body())


def test_a_topic_that_is_gone_leads_to_the_default_queue() -> None:
    async def body() -> None:
        left = {topic: queue for topic, queue in TREE.queue_of.items() if queue != "q-home"}
        routing = replace(TREE.routing, queue_of=left)
        after = replace(SCRIPT, tree=replace(TREE, routing=routing), label={"other": "-"})
        caller = await chosen(after, "111")
        assert caller.left == way_out(TREE.routing.default_queue, "register")

    run(body())


def test_opening_hours_are_those_of_now_whatever_the_queue_is_called() -> None:
    after = renamed("q-benefits", "q-rights")

    async def closed() -> None:
        caller = await chosen(replace(after, closed=lambda: frozenset({"q-rights"})), "140")
        assert AtClosed("q-benefits") in caller.for_ledger

    async def opened() -> None:
        caller = await chosen(replace(after, closed=frozenset), "14")
        assert caller.left == way_out("q-rights", "hospital")

    run(closed())
    run(opened())


def test_a_queue_that_had_no_opening_hours_has_no_words_for_closed_and_takes_the_caller() -> None:
    async def body() -> None:
        caller = await chosen(replace(SCRIPT, closed=lambda: frozenset({"q-home"})), "111")
        assert caller.left == way_out("q-home", "register")

    run(body())


def test_a_language_that_is_gone_gives_way_to_the_first_one() -> None:
    async def body() -> None:
        caller = await chosen(replace(SCRIPT, tree=replace(TREE, languages=("th",))), "20")
        assert 'SET VARIABLE CHANNEL(language) "th"' in caller.channel.executed
        assert caller.for_ledger[-1] == Speak("th")

    run(body())


def test_a_prompt_that_cannot_be_played_is_left_out() -> None:
    async def body() -> None:
        caller = Talk(script=without({"no-input"})).begin()
        await caller.task
        welcome = ["th/ivrd/welcome", "en/ivrd/welcome"]
        assert caller.heard == [*welcome, *welcome, *welcome, "th/ivrd/connect"]
        assert caller.left == way_out("q-other", "other")

    run(body())


@pytest.mark.parametrize("gone", [{"main-menu"}, {"main-menu", "connect"}])
def test_a_menu_of_which_nothing_can_be_said_is_a_person(gone: set[str]) -> None:
    async def body() -> None:
        caller = Talk(script=without(gone)).begin()
        caller.press([(1.0, "1")])
        await caller.task
        assert caller.left == way_out("q-other", "other")
        assert caller.channel.ended_at is not None
        assert caller.channel.ended_at < 6.0

    run(body())

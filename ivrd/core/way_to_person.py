"""What a caller is told and offered on the way to a person."""

from ivrd.core import callback_menu, link_menu
from ivrd.core.commands import Command, Say, ToPerson
from ivrd.core.inputs import Input, Key
from ivrd.core.menu import Visit
from ivrd.core.menu_mode import MenuMode
from ivrd.core.menu_tree import Tree
from ivrd.core.situation import Result, Situation


def offered(
    tree: Tree, result: Result, received: Input, now: Situation, *, link: bool = True
) -> Result:
    """The step; of one who has asked for a person and is to wait long, the offer of a call back.

    And of one whom nobody understands who is there, that this is so, and what can be had instead.
    Before either the link, and instead of the wait the call back, where a crisis plan has it so.
    `link`: False of one who was offered it, or has asked for it.
    """
    visit, commands = result
    last = commands[-1] if commands else None
    if not isinstance(last, ToPerson) or not isinstance(visit, Visit):
        return result
    asks = isinstance(received, Key) and last.topic not in tree.red_flags
    if asks and link and tree.mode is MenuMode.LINKS_FIRST and now.link:
        first, words = link_menu.offer(last.topic, visit)
        return first, (*commands[:-1], *words)
    if not tree.routing.understood(last.topic, visit.language, now.staffed):
        return _unstaffed(tree, visit, commands, last, now)
    if asks and tree.mode is MenuMode.CALLBACK_ONLY and now.callback():
        offer, more = callback_menu.enter_only(last.queue, last.topic, visit.language)
        return offer, (*commands[:-1], *more)
    if asks and now.offers(last.queue):
        offer, more = callback_menu.enter(last.queue, last.topic, visit.language)
        return offer, (*commands[:-1], *more)
    return result


def _unstaffed(
    tree: Tree, visit: Visit, commands: tuple[Command, ...], to: ToPerson, now: Situation
) -> Result:
    """On the way to people of whom none is there, or none speaks the caller's language ever."""
    routing = tree.routing
    other = routing.fallback if now.staffed(routing.queue_for(to.topic, routing.fallback)) else ""
    comes = routing.group(to.topic, visit.language).language == visit.language
    only = tree.mode is MenuMode.CALLBACK_ONLY and now.callback()
    callback = comes and to.topic not in tree.red_flags and (only or now.offers(to.queue))
    if not (other or callback):
        told = Say(((visit.language, callback_menu.NOBODY),))
        return visit, (*commands[:-1], told, to)
    offer, more = callback_menu.enter_unstaffed(
        to.queue, to.topic, visit.language, instead=other, comes=comes, callback=callback
    )
    return offer, (*commands[:-1], *more)

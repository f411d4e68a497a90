"""The way to a person, from whichever menu a caller takes it: what is told and offered on it.

Theory of operation
-------------------
A machine whose step leads to a person ends in `ToPerson`, and `lead` has what comes before the
queue.  Of one whom nobody understands who is there, that this is so, and what can be had instead.
Of one who has asked for a person and is to wait long, the offer of a call back.  Before either the
link, and instead of the wait the call back, where a crisis plan has it so (menu_mode.py).

Who pressed nothing may not be able to: that caller is offered nothing, and is only told of the
language.  Nobody whose matter is urgent is offered anything that is no person.

A caller who is on the way already goes on (`menu.again`), and so does everybody when ivrd is
stopping (`hand_over`): nobody would be there to hear the answer.
"""

from ivrd.core import callback_menu, link_menu
from ivrd.core.commands import Command, ToPerson, say
from ivrd.core.inputs import Answer, Input, Key
from ivrd.core.intake import RedFlags
from ivrd.core.menu import Visit
from ivrd.core.menu_mode import MenuMode
from ivrd.core.menu_tree import Tree
from ivrd.core.situation import Result, Situation


def lead(
    tree: Tree, result: Result, received: Input | None, now: Situation, *, link: bool
) -> Result:
    """The step; if it leads to a person, with what is told and offered on the way.

    received: what has led there; None for one who goes on after an interruption.  link: False of
    one who was offered a link, or has asked for one.
    """
    visit, commands = result
    last = commands[-1] if commands else None
    if not isinstance(last, ToPerson) or not isinstance(visit, Visit):
        return result
    urgent = _is_urgent(tree, last, commands)
    asks = isinstance(received, Key | Answer) and not urgent
    if asks and link and tree.mode is MenuMode.LINKS_FIRST and now.link:
        first, words = link_menu.offer(last.topic, visit)
        return first, (*commands[:-1], *words)
    if not tree.routing.understood(last.topic, visit.language, now.staffed):
        return _unstaffed(tree, visit, commands, last, now, urgent=urgent)
    if asks and tree.mode is MenuMode.CALLBACK_ONLY and now.callback():
        offer, more = callback_menu.enter_only(last.queue, last.topic, visit.language)
        return offer, (*commands[:-1], *more)
    if asks and now.offers(last.queue):
        offer, more = callback_menu.enter(last.queue, last.topic, visit.language)
        return offer, (*commands[:-1], *more)
    return result


def _is_urgent(tree: Tree, to: ToPerson, commands: tuple[Command, ...]) -> bool:
    """Whether the topic is, or the caller has just said yes to a red flag."""
    return to.topic in tree.red_flags or any(isinstance(c, RedFlags) for c in commands)


def _unstaffed(
    tree: Tree,
    visit: Visit,
    commands: tuple[Command, ...],
    to: ToPerson,
    now: Situation,
    *,
    urgent: bool,
) -> Result:
    """On the way to people of whom none is there, or none speaks the caller's language ever."""
    routing = tree.routing
    other = routing.fallback if now.staffed(routing.queue_for(to.topic, routing.fallback)) else ""
    comes = routing.group(to.topic, visit.language).language == visit.language
    only = tree.mode is MenuMode.CALLBACK_ONLY and now.callback()
    callback = comes and not urgent and (only or now.offers(to.queue))
    if not (other or callback):
        told = say(visit.language, callback_menu.NOBODY)
        return visit, (*commands[:-1], told, to)
    offer, more = callback_menu.enter_unstaffed(
        to.queue, to.topic, visit.language, instead=other, comes=comes, callback=callback
    )
    return offer, (*commands[:-1], *more)

"""Prompts that end, and the menus of a day without those that have ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from ivrd.core.menu_tree import Choice, ToIntake, ToLink, Tree

PERSON = "person"
NOTHING = "nothing"


@dataclass(frozen=True)
class Validity:
    """How long a prompt is spoken.

    until: the last day, in the hotline's time zone; then: what comes after it in its place: another
    prompt, `PERSON` (the caller goes to one instead of hearing that menu or message), or `NOTHING`
    (the prompts beside it are said without it); owner: who knows what is to be said instead.
    """

    until: date
    then: str
    owner: str


Validities = Mapping[str, Validity]  # by prompt


def tree_on(tree: Tree, validities: Validities, day: date) -> Tree:
    """The menus of a day.  A menu or message that leads to a person has no prompts in them."""
    expired = {name: of.then for name, of in validities.items() if of.until < day}
    if not expired:
        return tree
    return replace(
        tree,
        menus={
            name: replace(
                menu,
                prompts=said_instead(menu.prompts, expired),
                keys={key: _choice_on(to, expired) for key, to in menu.keys.items()},
            )
            for name, menu in tree.menus.items()
        },
        message=said_instead(tree.message, expired),  # of a plan, which leads to nobody
        infos={name: said_instead(info, expired) for name, info in tree.infos.items()},
        cases=tree.cases
        and replace(
            tree.cases,
            states={
                state: said_instead(said, expired) for state, said in tree.cases.states.items()
            },
        ),
        closed_prompt={
            queue: ended(prompt, expired) for queue, prompt in tree.closed_prompt.items()
        },
    )


def _choice_on(choice: Choice, then: Mapping[str, str]) -> Choice:
    """A key; what tells one that sends a link, or registers, is said no more when it has ended."""
    if not isinstance(choice, ToLink | ToIntake):
        return choice
    prompt = ended(choice.prompt, then)
    return replace(choice, prompt="" if prompt in (PERSON, NOTHING) else prompt)


def said_instead(prompts: Iterable[str], then: Mapping[str, str]) -> tuple[str, ...]:
    """What is said of these where some have ended (`then`: what comes instead); empty: a person."""
    found = tuple(ended(prompt, then) for prompt in prompts)
    return () if PERSON in found else tuple(prompt for prompt in found if prompt != NOTHING)


def ended(prompt: str, then: Mapping[str, str]) -> str:
    """What is in a prompt's place: itself, or what comes after it and after that."""
    while prompt in then:
        prompt = then[prompt]
    return prompt

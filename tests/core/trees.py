"""Menu trees of every shape that a right configuration has, and callers who walk about in them."""

from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from ivrd.core.commands import Command
from ivrd.core.inputs import AGAIN_KEY, BACK_KEY, PERSON_KEY, Input, Key, NoInput, PromptsPlayed
from ivrd.core.menu import Visit, enter, step
from ivrd.core.menu_tree import Choice, Menu, ToInfo, ToMenu, ToTopic, Tree
from ivrd.core.skills import SkillRouting

QUEUES = ("red", "green", "blue")
LANGUAGES = ("th", "en", "my")
MENU_KEYS = "123456789#"
PHONE_KEYS = "0123456789*#ABCD"

CHANCE = st.randoms(use_true_random=False)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """One to six menus without a loop; a menu can be reached by more than one key."""
    languages = LANGUAGES[: draw(st.integers(1, 3))]
    topics = [f"topic-{n}" for n in range(draw(st.integers(1, 4)))]
    infos = [f"info-{n}" for n in range(draw(st.integers(1, 2)))]
    names = [f"menu-{n}" for n in range(draw(st.sampled_from([1, 3, 4, 5, 6])))]
    menus = {}
    for at, name in enumerate(names):
        choices: dict[str, st.SearchStrategy[Choice]] = {
            "menu": st.builds(
                ToMenu, st.sampled_from(names[at + 1 :]), st.sampled_from(["", *languages])
            ),
            "info": st.sampled_from(infos).map(ToInfo),
            "topic": st.sampled_from(topics).map(ToTopic),
        }
        below = ["menu"] * 4 if at + 1 < len(names) else []
        kinds = draw(
            st.dictionaries(
                st.sampled_from(MENU_KEYS),
                st.sampled_from([*below, "info", "topic"]),
                min_size=1,
                max_size=4,
            )
        )
        menus[name] = Menu(
            name=name,
            prompts=(f"{name}-says", f"{name}-asks"),
            keys={digit: draw(choices[kind]) for digit, kind in kinds.items()},
            speak_all=draw(st.booleans()),
        )
    return Tree(
        start=names[0],
        starts={},
        operator=draw(st.sampled_from(topics)),
        menus=menus,
        infos={info: (f"{info}-says", f"{info}-explains") for info in infos},
        routing=SkillRouting({topic: draw(st.sampled_from(QUEUES)) for topic in topics}, QUEUES[0]),
        closed_prompt={queue: f"closed-{queue}" for queue in QUEUES},
        languages=languages,
        wait_seconds=draw(st.floats(1, 9)),
        retries=draw(st.integers(0, 3)),
        no_input="no-input",
        no_match="no-match",
        connect="connect",
        again="again",
        goodbye="goodbye",
    )


def some_closed(chance: Random) -> frozenset[str]:
    """Any of the queues."""
    return frozenset(queue for queue in QUEUES if chance.random() < 0.4)


def useful_keys(tree: Tree, visit: Visit) -> list[str]:
    """The keys that lead somewhere from here, apart from 0 and *."""
    return [AGAIN_KEY] if visit.info or visit.closed else sorted(tree.menus[visit.menu].keys)


def miss(chance: Random, tree: Tree, visit: Visit) -> Input:
    """Nothing, or a key that means nothing here."""
    wrong = sorted(set(PHONE_KEYS) - {PERSON_KEY, BACK_KEY, *useful_keys(tree, visit)})
    either: list[Input] = [NoInput(), Key(chance.choice(wrong))]
    return chance.choice(either)


def heard(chance: Random, tree: Tree, visit: Visit) -> Input:
    """Anything that may be heard from a caller who stands here; mostly what leads on."""
    keys = useful_keys(tree, visit)
    choices = {} if visit.info or visit.closed else tree.menus[visit.menu].keys
    down = [digit for digit in keys if isinstance(choices.get(digit), ToMenu)]
    options: list[tuple[int, Input]] = [
        (8 if down else 0, Key(chance.choice(down or keys))),
        (2, Key(chance.choice(keys))),
        (2, Key(BACK_KEY)),
        (2, miss(chance, tree, visit)),
        (1, PromptsPlayed()),
        (1, Key(PERSON_KEY)),
    ]
    return chance.choices([what for _, what in options], [weight for weight, _ in options])[0]


@dataclass(frozen=True)
class Step:
    """One step of a walk."""

    before: Visit
    heard: Input
    closed: frozenset[str]
    after: Visit
    commands: tuple[Command, ...]


@dataclass(frozen=True)
class Walk:
    """A caller's way through a tree, until the end or until we look away."""

    tree: Tree
    start: Visit
    steps: tuple[Step, ...]

    @property
    def end(self) -> Visit:
        """Where the caller came to."""
        return self.steps[-1].after if self.steps else self.start

    @property
    def last_seen(self) -> Visit:
        """Where the caller was before leaving."""
        return self.steps[-1].before if self.end.over else self.end


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    """A walk of up to 20 steps; queues open and close meanwhile.

    Random draws it: hypothesis repeats itself and prefers the first choice, and a caller who always
    does the same does not come far.
    """
    tree = draw(trees())
    chance = Random(f"{draw(st.integers())} {tree}")
    start, _ = enter(tree)
    visit, steps = start, []
    for _ in range(chance.randint(1, 20)):
        if visit.over:
            break
        what, closed = heard(chance, tree, visit), some_closed(chance)
        after, commands = step(tree, visit, what, closed)
        steps.append(Step(visit, what, closed, after, commands))
        visit = after
    return Walk(tree, start, tuple(steps))


def places() -> st.SearchStrategy[tuple[Tree, Visit]]:
    """A caller who stands anywhere and has not left."""
    return walks().map(lambda walk: (walk.tree, walk.last_seen))

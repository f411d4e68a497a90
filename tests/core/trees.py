"""Menu trees of every shape that a right configuration has, and callers who walk about in them."""

from dataclasses import dataclass

from hypothesis import strategies as st

from ivrd.core.menu import (
    AGAIN_KEY,
    BACK_KEY,
    PERSON_KEY,
    Choice,
    Command,
    Heard,
    Key,
    Menu,
    Silence,
    Spoken,
    ToInfo,
    ToMenu,
    ToTopic,
    Tree,
    Visit,
    enter,
    step,
)

QUEUES = ("red", "green", "blue")
LANGUAGES = ("th", "en", "my")
MENU_KEYS = "123456789#"
PHONE_KEYS = "0123456789*#ABCD"

CLOSED = st.frozensets(st.sampled_from(QUEUES))


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """One to five menus without a loop; a menu can be reached by more than one key."""
    languages = LANGUAGES[: draw(st.integers(1, 3))]
    topics = [f"topic-{n}" for n in range(draw(st.integers(1, 4)))]
    infos = [f"info-{n}" for n in range(draw(st.integers(1, 2)))]
    names = [f"menu-{n}" for n in range(draw(st.integers(1, 5)))]
    leaves: st.SearchStrategy[Choice] = st.sampled_from(
        [*map(ToTopic, topics), *map(ToInfo, infos)]
    )
    menus = {}
    for at, name in enumerate(names):
        below = names[at + 1 :]
        spoken = st.sampled_from(["", *languages])
        choices = leaves | st.builds(ToMenu, st.sampled_from(below), spoken) if below else leaves
        menus[name] = Menu(
            name=name,
            prompts=(f"{name}-says", f"{name}-asks"),
            keys=draw(st.dictionaries(st.sampled_from(MENU_KEYS), choices, min_size=1, max_size=4)),
            speak_all=draw(st.booleans()),
        )
    return Tree(
        start=names[0],
        operator=draw(st.sampled_from(topics)),
        menus=menus,
        infos={info: (f"{info}-says", f"{info}-explains") for info in infos},
        queue_of={topic: draw(st.sampled_from(QUEUES)) for topic in topics},
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


def useful_keys(tree: Tree, visit: Visit) -> list[str]:
    """The keys that lead somewhere from here, apart from 0 and *."""
    return [AGAIN_KEY] if visit.info or visit.closed else sorted(tree.menus[visit.menu].keys)


def misses(tree: Tree, visit: Visit) -> st.SearchStrategy[Heard]:
    """Nothing, or a key that means nothing here."""
    wrong = sorted(set(PHONE_KEYS) - {PERSON_KEY, BACK_KEY, *useful_keys(tree, visit)})
    return st.just(Silence()) | st.sampled_from([Key(digit) for digit in wrong])


def heard(tree: Tree, visit: Visit) -> st.SearchStrategy[Heard]:
    """Anything that may be heard from a caller who stands here."""
    right = st.sampled_from([Key(digit) for digit in useful_keys(tree, visit)])
    fixed: st.SearchStrategy[Heard] = st.sampled_from([Key(BACK_KEY), Key(PERSON_KEY), Spoken()])
    return right | right | fixed | misses(tree, visit)


@dataclass(frozen=True)
class Step:
    """One step of a walk."""

    before: Visit
    heard: Heard
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
    """A walk of up to 20 steps; queues open and close meanwhile."""
    tree = draw(trees())
    start, _ = enter(tree)
    visit, steps = start, []
    for _ in range(draw(st.integers(0, 20))):
        if visit.over:
            break
        what, closed = draw(heard(tree, visit)), draw(CLOSED)
        after, commands = step(tree, visit, what, closed)
        steps.append(Step(visit, what, closed, after, commands))
        visit = after
    return Walk(tree, start, tuple(steps))


def places() -> st.SearchStrategy[tuple[Tree, Visit]]:
    """A caller who stands anywhere and has not left."""
    return walks().map(lambda walk: (walk.tree, walk.last_seen))

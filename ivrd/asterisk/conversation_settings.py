"""What a caller's talk with the menu needs to know of the hotline."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from ivrd.core.menu_tree import Tree


@dataclass(frozen=True)
class ConversationSettings:
    """Replaced as a whole on a reload.

    `today()`: the same menus without prompts that are out of date (core/validity.py).
    `length((language, prompt))`: seconds of a prompt, asked each time that it is said; None for one
    that cannot be played now.  `label`: what the agent's phone shows of a topic.  `closed()`: the
    queues that are closed at this moment.  `day()`: where the hotline is.
    """

    tree: Tree
    today: Callable[[], Tree]
    length: Callable[[tuple[str, str]], float | None]
    label: Mapping[str, str]
    lease_seconds: float
    silent_seconds: float  # after so long without a packet Asterisk ends a call; 0: never
    closed: Callable[[], frozenset[str]]
    day: Callable[[], date]

    def opens(self, topic: str) -> str:
        """The queue whose hours a topic has; those of the default queue when it is gone."""
        routing = self.tree.routing
        return routing.queue_of.get(topic, routing.default_queue)

    def told_closed(self, now: "ConversationSettings") -> frozenset[str]:
        """The queues, by their names in these menus, whose callers are told that they are closed.

        `now`: the settings of the moment.  A queue that has got opening hours meanwhile has no
        words for that here: it is open.
        """
        tree, closed = self.tree, now.closed()
        return frozenset(
            queue
            for topic, queue in tree.queue_of.items()
            if queue in tree.closed_prompt and now.opens(topic) in closed
        )

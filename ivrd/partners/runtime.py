"""What is known of one partner while ivrd runs, and what the configuration says of all."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ivrd.core import breaker as b
from ivrd.core.overflow import Policy
from ivrd.core.partner import Override, Partner


@dataclass
class PartnerRuntime:
    """One partner: its breaker, what is going on there, and the counts since the start."""

    breaker: b.Breaker = field(default_factory=b.Breaker)
    stored: b.Breaker = field(default_factory=b.Breaker)  # as it was last stored
    legs: dict[str, str] = field(default_factory=dict)  # a seat that rings -> the waiting call
    results: Counter[str] = field(default_factory=Counter)
    helped: deque[float] = field(default_factory=deque)
    lasted: set[str] = field(default_factory=set)  # talks that the breaker knows to be good
    override: Override | None = None
    asked: bool = False  # whether its trunk has answered yet
    verified: str = ""  # the day on which a drill was confirmed; empty: never

    @property
    def ringing(self) -> set[str]:
        """Seats that ring, or whose person has not pressed the key yet."""
        return set(self.legs)

    def feed(self, event: b.Event) -> None:
        """Feed the breaker."""
        self.breaker = b.step(self.breaker, event)


@dataclass(frozen=True)
class PartnerSetup:
    """What the configuration says of partners; replaced as a whole on a reload."""

    partners: tuple[Partner, ...]
    topics: Mapping[str, Iterable[str]]  # queue -> its topics
    policy: Policy
    open_partners: Callable[[], frozenset[str]]  # those within their hours at this moment

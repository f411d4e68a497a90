"""How many callers, seats and partners there are, and how fast a cost grows with them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

OPEN_SEATS = 10  # of each partner, half of them in a talk
CAP = 20  # seats that a partner never exceeds
IN_MENUS = 10  # one caller in a menu for so many who wait
IN_TALKS = 0.9  # of the hotline's own seats


@dataclass(frozen=True)
class Size:
    """A hotline: callers who wait, seats of its own, partners."""

    callers: int
    seats: int
    partners: int

    @property
    def menus(self) -> int:
        """Callers in a menu."""
        return self.callers // IN_MENUS

    @property
    def talks(self) -> int:
        """Callers with an agent of the hotline's own."""
        return int(self.seats * IN_TALKS)

    @property
    def partner_talks(self) -> int:
        """Callers with a partner's agent."""
        return self.partners * OPEN_SEATS // 2

    @property
    def calls(self) -> int:
        """All of them."""
        return self.callers + self.menus + self.talks + self.partner_talks

    def __str__(self) -> str:
        return f"{self.callers:,} callers, {self.seats:,} seats, {self.partners} partners"


BASE = Size(1000, 500, 20)
CORNER = Size(5000, 2000, 100)
AXES = {
    "callers": tuple(replace(BASE, callers=n) for n in (500, 1000, 2000, 5000)),
    "seats": tuple(replace(BASE, seats=n) for n in (100, 500, 1000, 2000)),
    "partners": tuple(replace(BASE, partners=n) for n in (4, 20, 100)),
}


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """p of the best cost = a * size ** p (least squares of the logarithms); 0 of what is free."""
    if min(costs) <= 0.0:
        return 0.0
    x, y = [log(size) for size in sizes], [log(cost) for cost in costs]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    over = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return over / sum((a - middle_x) ** 2 for a in x)

"""Series about people, read at each scrape: who called in the last 24 hours, each counted once."""

from collections.abc import Callable, Iterator
from typing import Protocol

import prometheus_client as prom
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.core.people_figures import PeopleCount, PersonState

TRYING_SECONDS = (0, 300, 900, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 16 * 3600)
NOW = (PersonState.ANSWERED, PersonState.TRYING, PersonState.MENU_ONLY)
IN_THE_END = (PersonState.ANSWERED, PersonState.NEVER_REACHED, PersonState.MENU_ONLY)


class Counted(Protocol):
    """Who counts; see people/statistics.py."""

    count: PeopleCount

    def expire(self) -> None:
        """Count what became of those whose 24 hours are over by now."""


class PeopleMetrics(Collector):
    """Registers itself.  `clock` gives this moment on the timeline of the calls."""

    def __init__(
        self, registry: prom.CollectorRegistry, statistics: Counted, clock: Callable[[], float]
    ) -> None:
        self._statistics = statistics
        self._clock = clock
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """How things stand now."""
        self._statistics.expire()
        count, now = self._statistics.count, self._clock()
        figures = count.figures()
        yield _by_state(
            GaugeMetricFamily(
                "ivrd_people",
                "People who called in the last 24 hours, each once: answered by somebody, trying "
                "(asked for somebody, and nobody has answered yet), or in menus only.",
                labels=("state",),
            ),
            {state: figures.people[state] for state in NOW},
        )
        yield _by_state(
            CounterMetricFamily(
                "ivrd_people_finished",
                "People 24 hours after they first asked for somebody, by what became of them: "
                "answered, never_reached, or menu_only (24 hours after the first call).",
                labels=("state",),
            ),
            {state: count.finished[state] for state in IN_THE_END},
        )
        yield _calls(figures.calls, figures.withheld_calls, figures.shared_calls)
        yield _gauge(
            "ivrd_people_shared_numbers",
            "Numbers of the last 24 hours that many people share: so many calls at a time came "
            "from them as people.shared_number_calls says.",
            figures.shared_numbers,
        )
        yield _trying(count, now)
        yield _gauge(
            "ivrd_people_longest_trying_seconds",
            "For how long the one has been trying who has for longest; 0 when nobody is.",
            count.longest_trying(now),
        )


def _calls(people: int, withheld: int, shared: int) -> Metric:
    family = GaugeMetricFamily(
        "ivrd_people_calls",
        "Calls of the last 24 hours by whose number they have: a person's, nobody's (withheld), or "
        "one that many people share. Calls a person: people over the sum of ivrd_people.",
        labels=("number",),
    )
    for number, calls in (("person", people), ("withheld", withheld), ("shared", shared)):
        family.add_metric((number,), calls)
    return family


def _trying(count: PeopleCount, now: float) -> Metric:
    family = GaugeMetricFamily(
        "ivrd_people_trying",
        "People who have been trying for at least so many seconds; that of 0 has all of them.",
        labels=("at_least_seconds",),
    )
    for seconds, people in zip(TRYING_SECONDS, count.trying(TRYING_SECONDS, now), strict=True):
        family.add_metric((str(seconds),), people)
    return family


def _by_state(
    family: GaugeMetricFamily | CounterMetricFamily, people: dict[PersonState, int]
) -> Metric:
    for state, number in people.items():
        family.add_metric((state,), number)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)

"""What a scrape says of people, read back from its text as Prometheus reads it."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from ivrd.core.people_figures import EPISODE_SECONDS, PeopleCount, PersonCall
from ivrd.metrics.people import PeopleMetrics


class Statistics:
    def __init__(self) -> None:
        self.count = PeopleCount(3)
        self.now = 0.0

    def expire(self) -> None:
        self.count.expire(self.now)

    def call(self, name: str, began: float, *, asked: bool, answered: bool = False) -> None:
        call_id = f"{began}.{name}"
        self.count.take(PersonCall(call_id, name, began, began + 60.0, asked, answered))


def scraped(registry: CollectorRegistry) -> dict[str, float]:
    """Each sample by its name, and the value of its one label."""
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {" ".join([s.name, *s.labels.values()]): s.value for f in families for s in f.samples}


def test_a_scrape_says_who_is_answered_who_tries_and_for_how_long() -> None:
    statistics, registry = Statistics(), CollectorRegistry()
    PeopleMetrics(registry, statistics, lambda: statistics.now)
    assert set(scraped(registry).values()) == {0.0}
    statistics.call("a", 0.0, asked=True)
    statistics.call("b", 10.0, asked=True)
    statistics.call("a", 100.0, asked=True, answered=True)
    statistics.call("c", 110.0, asked=False)
    statistics.call("", 120.0, asked=True)
    for began in (200.0, 201.0, 202.0):
        statistics.call("x", began, asked=True)
    statistics.now = 1000.0
    found = scraped(registry)
    assert {name: value for name, value in found.items() if value} == {
        "ivrd_people answered": 1,
        "ivrd_people trying": 1,
        "ivrd_people menu_only": 1,
        "ivrd_people_calls person": 4,
        "ivrd_people_calls withheld": 1,
        "ivrd_people_calls shared": 3,
        "ivrd_people_shared_numbers": 1,
        "ivrd_people_trying 0": 1,
        "ivrd_people_trying 300": 1,
        "ivrd_people_trying 900": 1,
        "ivrd_people_longest_trying_seconds": 990,
    }
    statistics.now = EPISODE_SECONDS + 500.0
    assert {name: value for name, value in scraped(registry).items() if value} == {
        "ivrd_people_finished_total answered": 1,
        "ivrd_people_finished_total never_reached": 1,
        "ivrd_people_finished_total menu_only": 1,
    }

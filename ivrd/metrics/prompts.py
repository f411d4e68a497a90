"""Series about prompts that are spoken until a day only, read at each scrape."""

from collections.abc import Callable, Iterator

import prometheus_client as prom
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivrd.config.prompt_validity import ends_at
from ivrd.config.settings import Settings


class PromptMetrics(Collector):
    """Registers itself.  `settings()`: those in use."""

    def __init__(self, registry: prom.CollectorRegistry, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """What is true now."""
        settings = self._settings()
        until = GaugeMetricFamily(
            "ivrd_prompt_valid_until_timestamp_seconds",
            "From when on a prompt is not spoken any more (valid_until in prompts.yaml).",
            labels=("prompt", "owner"),
        )
        for name, of in settings.validities.items():
            until.add_metric((name, of.owner), ends_at(of, settings.zone).timestamp())
        yield until

"""Series about prompts: until when they are spoken, which are missing; read at each scrape."""

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
        missing = GaugeMetricFamily(
            "ivrd_language_prompts_missing",
            "Prompts without a recording; while there are any the language is off.",
            labels=("language",),
        )
        for language in settings.languages:
            missing.add_metric((language,), 0)
        for language, problems in settings.languages_off.items():
            missing.add_metric((language,), len(problems))
        yield missing

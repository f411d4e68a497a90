"""The registry of all series: what of them is published."""

from collections.abc import Iterator

import prometheus_client as prom
from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from ivrd.metrics.queue_labels import LANGUAGE


class Registry(prom.CollectorRegistry):
    """Leaves out the `_created` series: they are as many again and nobody asks for them.

    And an empty language, which is to Prometheus what none is.
    """

    def collect(self) -> Iterator[Metric]:
        """All families."""
        for family in super().collect():
            samples = (s for s in family.samples if not s.name.endswith("_created"))
            family.samples = [_without_empty_language(s) for s in samples]
            yield family


def _without_empty_language(sample: Sample) -> Sample:
    if sample.labels.get(LANGUAGE) != "":
        return sample
    return sample._replace(labels={k: v for k, v in sample.labels.items() if k != LANGUAGE})

"""Quantiles of a Prometheus histogram between two scrapes, as histogram_quantile finds them."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

Buckets = Sequence[tuple[float, float]]  # (upper bound, observations up to it), the last one inf


def quantile(share: float, before: Buckets, after: Buckets) -> float:
    """The value that `share` of the observations between the two do not exceed; 0 without any.

    Within a bucket they are taken to lie evenly; beyond the last bound that bound is all that is
    known.
    """
    counts = [(bound, count - had) for (bound, count), (_, had) in zip(after, before, strict=True)]
    wanted = share * counts[-1][1]
    low = below = 0.0
    for bound, count in counts:
        if count >= wanted and count > below:
            return low if bound == inf else low + (bound - low) * (wanted - below) / (count - below)
        low, below = bound, count
    return 0.0

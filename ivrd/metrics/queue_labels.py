"""Series by queue: the queue as operators know it, and the language of its callers.

A queue in Asterisk is a skill group (core/skills.py).  The topics of one queue are added up.
"""

from ivrd.core.skills import group_of

# `language`: empty where the queue is not divided by it, and for calls without a queue.
LANGUAGE = "language"
QUEUE_LABELS = ("queue", LANGUAGE)


def queue_labels(name: str) -> tuple[str, str]:
    """The values of `QUEUE_LABELS` of a queue in Asterisk."""
    group = group_of(name)
    return group.queue, group.language

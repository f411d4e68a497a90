"""All faults, in the order in which the table has them."""

from chaos.fault import Fault
from chaos.faults import (
    callers,
    carriers,
    edge,
    ivrd,
    link,
    node,
    pair,
    partners,
    redis,
    seats,
    store,
)

FAULTS: tuple[Fault, ...] = (
    *ivrd.FAULTS,
    *link.FAULTS,
    *node.FAULTS,
    *callers.FAULTS,
    *carriers.FAULTS,
    *partners.FAULTS,
    *seats.FAULTS,
    *edge.FAULTS,
    *store.FAULTS,
    *pair.FAULTS,
    *redis.FAULTS,
)

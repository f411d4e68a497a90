"""The callers' count beside ivrd's, row by row.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from bench.day.crossed import Crossed
from lab.comparison import (
    ANSWERED,
    IN_MENU,
    IN_QUEUE,
    SELF_SERVED,
    Row,
    Scrape,
    Tally,
    of_scrape,
    rows,
)

# Where events reached ivrd later than this, seconds, a caller may have hung up in a menu who thinks
# that it was in a queue: then these are compared as a sum.
CONFUSING = 1.0
CONFUSED = (IN_MENU, SELF_SERVED, IN_QUEUE)


def count(crossed: Crossed, scrape: Scrape, together: Collection[str] = ()) -> list[Row]:
    """All rows; `together`: outcomes of which only the sum is compared."""
    ended = Counter(call.ended for call in crossed.calls)
    made = rows(Tally(len(crossed.calls), ended), crossed.talked, of_scrape(scrape), together)
    heard = sum(c.ended == ANSWERED and c.entry.person == "partner" for c in crossed.calls)
    answered = scrape.total("ivrd_calls_total", outcome="answered", by="partner")
    of_partners = [Row("answered by a partner", heard + crossed.by_partner, answered)]
    for name, calls in crossed.taken.items():
        confirmed = scrape.total("ivrd_partner_offers_total", partner=name, result="confirmed")
        unsure = crossed.unsure[name]
        what = f"taken by {name}, by its own count"
        of_partners.append(Row(what, calls + unsure, confirmed, unsure))
    made[3:3] = of_partners
    return made

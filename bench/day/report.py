"""The report of a run, as Markdown."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from bench.day.count import CONFUSING
from bench.day.figures import Growth, Lag, Persons, Waiting, cpu_used, failed, most, rejected
from bench.day.people import Population
from bench.day.profile import DAY_CALLS, RUSH_SECONDS, RUSH_SHARE
from bench.day.result import ASTERISK, IVRD, Result
from bench.day.samples import SEATS
from lab.comparison import Row

Line = tuple[str, ...]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    align = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, align, *rows))


def faults(result: Result) -> list[str]:
    """Why this run fails; empty when it does not."""
    found = [
        f"{row.what}: {_counted(row)} counted, {row.ivrd:,} by ivrd"
        for row in result.rows
        if not row.agrees
    ]
    if count := failed(result.calls):
        found.append(f"{count} calls failed")
    if not result.scrape.balances:
        found.append("ivrd's own ledger does not balance")
    return found


def _counted(row: Row) -> str:
    """The people's own count, with what they can't know."""
    least = f"{row.callers - row.unsure:,} to " if row.unsure else ""
    return f"{least}{row.callers:,}"


def markdown(result: Result, plots: Sequence[str] = ()) -> str:
    """All of it; `plots` are the files of the plots, as links."""
    parts = [
        _opening(result),
        _verdict(result),
        table(("calls", "counted", "ivrd", ""), _rows(result)),
        table(("what", "figure"), _day(result)),
        table(("process", "CPU ms a call", "share of the machine"), _cpu(result)),
        table(("memory, MB", "second quarter", "last quarter", "change", "most"), _memory(result)),
        table(("the run", "figure"), _run(result)),
        "What people do; what is assumed is ours:",
        table(("what", "figure", "from"), _population(result.options.of)),
        "\n".join(f"![{name}]({name})" for name in plots),
    ]
    return "\n\n".join(part for part in parts if part)


def _opening(result: Result) -> str:
    options, clock, crew = result.options, result.clock, result.crew
    partners = " + ".join(str(people) for people in crew.partners.values())
    parts = [
        f"{options.calls:,} calls in the profile `{options.profile}` (measured: a bank's call "
        f"centre, 1999), seed {options.seed}, through real SIP, a real Asterisk, "
        f"real agents and partners. All times of people are divided by "
        f"{clock.factor:.1f}; an hour of the day goes by in {3600 / clock.day_factor:.0f} s, one "
        f"in which hardly anybody calls in a tenth of that. {crew.seats} seats of the hotline's "
        f"own; partners with {partners} people who have other work.",
    ]
    if options.profile == "opening":
        parts.append(
            f"Of all calls {RUSH_SHARE:.0%} come within the first {RUSH_SECONDS / 60:.0f} minutes "
            "after the line has opened (assumed)."
        )
    if clock.day_factor > clock.factor or options.calls < DAY_CALLS:
        parts.append(
            "This is a sample of the day: as many seats and people at partners as bear the same "
            "load."
        )
    parts.append(
        "Nothing divides the hotline's own seconds: app_queue looks for a free seat once a "
        f"second, which is {clock.factor:.0f} s of the day, a menu's step takes a tenth, and a "
        f"breaker's first pause of 30 s is {30 * clock.factor / 60:.0f} min of the day. So waits "
        "and abandonment are worse here than on a real clock, and partners take less; counts, CPU "
        "and memory are what this replay is for."
    )
    return " ".join(parts)


def _verdict(result: Result) -> str:
    found = faults(result)
    said = "Every call is accounted for." if not found else f"**It fails: {'; '.join(found)}.**"
    if result.usage.limited:
        said += f" **This run says little of the hotline: {result.usage.limited}.**"
    if result.late > CONFUSING:
        said += (
            f" Events reached ivrd up to {result.late:g} s late: callers do not know where they "
            "hung up, so these rows are compared as a sum."
        )
    return said


def _rows(result: Result) -> Iterator[Line]:
    for row in result.rows:
        agrees = "=" if row.agrees else "DIFFERS"
        yield row.what, _counted(row), f"{row.ivrd:,}", agrees


def _day(result: Result) -> Iterator[Line]:
    """What became of calls and people, by the callers' ledger."""
    waiting, persons = Waiting.of(result.calls, result.service_level), Persons.of(result.calls)
    factor = result.clock.factor

    def both(seconds: float) -> str:
        return f"{seconds:.2f} s ({seconds * factor / 60:.1f} min of the day)"

    for why, count in result.why.items():
        yield f"calls of people who call: {why}", f"{count:,}"
    yield "people", f"{persons.persons:,}"
    yield (
        "calls a person",
        f"{len(result.calls) / persons.persons:.2f}, {persons.most_calls} at most",
    )
    yield "people who wanted a person", f"{persons.wanted_person:,}"
    yield "… never reached", _of(persons.never_reached, persons.wanted_person)
    yield "people who got nothing that they called for", _of(persons.unserved, persons.persons)
    yield "people who meant to call again when the day ended", f"{result.still_due:,}"
    yield "offered: came to a queue", f"{waiting.offered:,}"
    yield "abandoned in the queue, of offered", f"{100 * waiting.abandonment:.1f} %"
    crossed = result.crossed
    said = f"{crossed.hung_up:,}; Asterisk had connected {crossed.answered:,} of them by then"
    yield "hung up in the moment of an answer", said
    yield "rejected: all lines busy", f"{rejected(result.calls):,}"
    yield "wait of the answered, from the last key, median", both(waiting.median)
    yield "… 95th percentile", both(waiting.p95)
    within = f"answered within {result.service_level:g} s of the run, of offered"
    yield f"service level: {within}", f"{100 * waiting.service_level:.1f} %"
    yield "calls placed to partners", f"{sum(result.placed.values()):,}"
    taken = sum(result.crossed.taken.values())
    people = sum(result.crew.partners.values())
    yield "… taken by a person there", f"{taken:,}, {taken / people:.1f} for each of their people"


def _of(part: int, whole: int) -> str:
    return f"{part:,} ({100 * part / whole:.1f} %)" if whole else "0"


def _cpu(result: Result) -> Iterator[Line]:
    used, calls = cpu_used(result.samples), len(result.calls)
    whole = (result.samples[-1].at - result.samples[0].at) * (os.cpu_count() or 1)
    for name, seconds in used.items():
        yield name, f"{1000 * seconds / calls:.1f}", f"{100 * seconds / whole:.1f} %"
    together = sum(used.values())
    yield "together", f"{1000 * together / calls:.1f}", f"{100 * together / whole:.1f} %"
    busy = result.samples[-1].busy - result.samples[0].busy
    yield "all that this machine did", f"{1000 * busy / calls:.1f}", f"{100 * busy / whole:.1f} %"


def _memory(result: Result) -> Iterator[Line]:
    for name in (ASTERISK, IVRD):
        of = Growth.of(result.samples, name, result.clock.length)
        flat = f"{100 * of.change:+.1f} %{'' if of.flat else ' (NOT FLAT)'}"
        yield name, f"{of.second:.1f}", f"{of.last:.1f}", flat, f"{of.most:.1f}"


def _run(result: Result) -> Iterator[Line]:
    lag, used = Lag.of(result.samples), cpu_used(result.samples)
    yield "first call to the end of the last", f"{result.lasted / 60:.1f} min"
    rate = max(share / (end - begin) for begin, end, share in result.profile.spans)
    peak = rate * len(result.calls) * result.clock.day_factor
    mean = len(result.calls) / result.clock.length
    yield "calls a second, mean and at the peak", f"{mean:.1f}, {peak:.1f}"
    stages = ", ".join(f"{name} {count}" for name, count in most(result.samples).items())
    yield "calls in progress at most, by stage", stages
    yield "ivrd has the processors first, as its service has", "yes" if result.favoured else "no"
    yield "ivrd's CPU of Asterisk's", f"{used[IVRD] / used[ASTERISK]:.3f}"
    yield "events that reached ivrd", f"{lag.events:,}"
    yield "… later than a tenth of a second", f"{lag.late:,} ({100 * lag.late_share:.3f} %)"
    yield "event lag, 99th percentile of the worst 5 s", f"at most {lag.worst:g} s"
    seats = Counter({name: max(s.seats.get(name, 0) for s in result.samples) for name in SEATS})
    yield "partners' seats at most", ", ".join(f"{name} {n}" for name, n in seats.items())
    yield "… the latest", f"within {result.late:g} s"
    yield "a caller dialled later than meant by", f"{1000 * result.lateness:.0f} ms at most"
    yield "the simulated people's share of the machine", f"{100 * result.usage.lab:.0f} %"
    limit = result.usage.lab_was_the_limit
    yield "the simulated people were the limit", "YES" if limit else "no"


def _population(of: Population) -> Iterator[Line]:
    for figure in Population.figures():
        said, value = figure.metadata, getattr(of, figure.name)
        shown = f"{100 * value:g} %" if "share" in said else f"{value:g}"
        source = f"{said['kind']}: {said['source']}" if said["source"] else said["kind"]
        yield said["what"], shown, source

"""What `ivrd report day` prints.  Pure: the answer of the control socket in, lines out."""

from collections.abc import Iterator, Mapping
from typing import Any

from ivrd.cli.cells import length
from ivrd.core.call import CallbackResult
from ivrd.core.repeat_calls import ASKED, After

RESULT_WORDS = {
    CallbackResult.REACHED: "reached",
    CallbackResult.BUSY: "busy",
    CallbackResult.NO_ANSWER: "did not answer",
    CallbackResult.NO_KEY: "answered, and no key was pressed",
    CallbackResult.HUNG_UP: "hung up before a person took the call",
    CallbackResult.CALLBACK: "asked to be called back once more",
    CallbackResult.FAILED: "failed",
}
ANSWER_WORDS = {
    After.SETTLED: "said yes",
    After.NOT_SETTLED: "said no",
    After.NO_ANSWER: "did not say",
}


def day_text(answer: Mapping[str, Any]) -> str:
    """The day for a person: what adds up, and how long people waited."""
    lines = [f"{answer['day']}: {answer['received']:,} calls received"]
    for row in answer["rows"]:
        words = [row["outcome"].replace("_", "-")]
        words += [f"by {row['by']}"] if row["by"] else []
        words += [f"in {row['stage']}"] if row["outcome"] in ("abandoned", "failed") else []
        words += [f"({row['queue']})"] if row["queue"] else []
        lines.append(f"{row['calls']:>9,}  {' '.join(words)}")
    lines.append(f"{answer['in_progress']:>9,}  in progress")
    if answer["offered"]:
        level, target = answer["service_level"], answer["service_level_seconds"]
        lines.append(
            f"{answer['offered']:,} joined a queue; answered within {target:g} s: {level:.1%}"
        )
        lines.append(f"{answer['abandoned_after_30s']:,} hung up in a queue after more than 30 s")
    if answer["talks_cut_off"]:
        lines.append(f"{answer['talks_cut_off']:,} of those answered were cut off in their talk")
    if answer["media_lost"]:
        lines.append(f"{answer['media_lost']:,} ended because the caller's phone or line had gone")
    if taken := answer["by_partner"]:
        encrypted = answer["by_partner_encrypted"]
        lines.append(
            f"{encrypted:,} of {taken:,} calls to partners were encrypted ({encrypted / taken:.1%})"
        )
    if answer["asa_seconds"] is not None:
        lines.append(f"those answered waited {answer['asa_seconds']:.0f} s on average")
    if answer["credited"]:
        line = f"{answer['credited']:,} calls were of people who had waited before, unanswered"
        if (seconds := answer["effective_asa_seconds"]) is not None:
            line += f"; with that, those answered waited {seconds:.0f} s on average"
        lines.append(line)
    lines += _callbacks(answer["callbacks"])
    lines += _served(answer["served"])
    return "\n".join([*lines, *people_lines(answer["people"])])


def _served(of: Mapping[str, Any]) -> Iterator[str]:
    """What callers said after their talks, and who was told the state of a case."""
    asked = sum(of[after]["calls"] for after in ASKED)
    if asked:
        share = of["settled_share"]
        said = "nobody of them answered" if share is None else f"settled: {share:.0%}"
        yield f"{asked:,} were asked after the talk whether their matter was settled; {said}"
        for after, words in ANSWER_WORDS.items():
            if of[after]["calls"]:
                yield _line(of[after], words)
    if of[After.CASE_TOLD]["calls"]:
        yield _line(of[After.CASE_TOLD], "heard the state of their case and hung up")


def _line(of: Mapping[str, Any], words: str) -> str:
    again = f"; of {of['known']:,} known, {of['redialled']:,} dialled again within a day"
    return f"{of['calls']:>9,}  {words}{again if of['known'] else ''}"


def _callbacks(made: Mapping[str, Any]) -> Iterator[str]:
    """The calls that the hotline made, if it made any, and whom it helped in either direction."""
    if not made["dialled"]:
        return
    yield f"{made['dialled']:,} calls made to call people back"
    for result, calls in made["results"].items():
        if calls:
            yield f"{calls:>9,}  {RESULT_WORDS[CallbackResult(result)]}"
    yield f"{made['in_progress']:>9,}  in progress"
    yield (
        f"{made['people']:,} people were reached so; with those whose own call was answered,"
        f" {made['people_helped']:,} people talked to a person"
    )


def people_lines(people: Mapping[str, Any]) -> list[str]:
    """The day in people, each counted once; calls of which nobody knows whose they were apart."""
    lines = []
    if people["total"]:
        each = people["redials_per_person"]
        lines.append(
            f"{people['total']:,} people called, with {people['redials']:,} redials "
            f"({each:.2f} a person)"
        )
        rows = {
            "answered": "were answered",
            "trying": "have not been answered yet",
            "never_reached": "were never reached within 24 hours",
            "menu_only": "were in menus only",
        }
        lines += [f"{people[state]:>9,}  {words}" for state, words in rows.items()]
    if people["trying"]:
        lines.append(f"the longest has been trying for {length(people['longest_trying_seconds'])}")
    if people["withheld_calls"]:
        lines.append(
            f"{people['withheld_calls']:,} calls with a withheld number, of nobody knows whom"
        )
    if people["shared_calls"]:
        lines.append(
            f"{people['shared_calls']:,} calls from {people['shared_numbers']:,} numbers that many "
            "people share"
        )
    return lines

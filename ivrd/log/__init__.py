"""The log, for someone who tails it at three in the morning.

One line for an event that matters, plain or JSON; one closing line for each call.  A line about a
call has its id and its case code, which agents see: `grep CASE` tells the story of one caller.

A caller never waits for the log (writer.py), what repeats itself is written a few times and then
counted (rate_limit.py), and whatever comes from outside is made harmless (formatters.py).
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import TextIO, assert_never

from ivrd.core.call import Call
from ivrd.core.call_notices import Answered, Ended, Notice, Offered, PassedOn, Rejoined, TakenOver
from ivrd.core.case_code import case_code
from ivrd.core.skills import queue_in_words
from ivrd.log.formatters import FORMATTERS, Field
from ivrd.log.rate_limit import RateLimit
from ivrd.log.writer import Handler

__all__ = ["LEVELS", "Field", "Handler"]
__all__ += ["call_answered", "call_ended", "call_received", "call_step", "event", "notice"]
__all__ += ["reconfigure", "setup"]

LEVELS = ("debug", "info", "warning", "error")


def setup(
    format: str,
    level: str,
    stream: TextIO,
    *,
    zone: tzinfo | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Handler:
    """Log to `stream` from now on, instead of where an earlier `setup` did.

    format: "plain" or "json"; level: one of LEVELS, for ivrd's own lines (of libraries,
    warnings and above); zone: of the times, the machine's if not given; clock: seconds, for the
    rate limit.  Raises ValueError that says what was expected.
    """
    _check(format, level)
    # What no line has need not be found out for each (the logging module's own words on speed).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    root = logging.getLogger()
    for earlier in _handlers():
        root.removeHandler(earlier)
        earlier.close()
    handler = Handler(stream, FORMATTERS[format](zone), RateLimit(clock))
    root.addHandler(handler)
    _set_level(level)
    logging.captureWarnings(True)
    return handler


def reconfigure(format: str, level: str, *, zone: tzinfo | None = None) -> None:
    """Go on to the same stream, but as `setup` would have; without effect before it.

    Raises ValueError with what was expected.
    """
    _check(format, level)
    handlers = _handlers()
    for handler in handlers:
        handler.setFormatter(FORMATTERS[format](zone))
    if handlers:
        _set_level(level)


def _check(format: str, level: str) -> None:
    if format not in FORMATTERS:
        raise ValueError(f"log format: expected {' or '.join(FORMATTERS)}, not {format!r}")
    if level not in LEVELS:
        raise ValueError(f"log level: expected one of {', '.join(LEVELS)}, not {level!r}")


def _handlers() -> list[Handler]:
    return [each for each in logging.getLogger().handlers if isinstance(each, Handler)]


def _set_level(level: str) -> None:
    lowest = getattr(logging, level.upper())
    logging.getLogger().setLevel(max(lowest, logging.WARNING))
    logging.getLogger("ivrd").setLevel(lowest)


def event(
    log: logging.Logger,
    level: int,
    what: str,
    /,
    *,
    error: BaseException | None = None,
    **fields: Field,
) -> None:
    """Log an event in a few fixed words, with its fields and the trace of `error`.

    A field in seconds is named so (wait_seconds); the plain form writes wait=12.3s.
    """
    log.log(level, what, exc_info=error, extra={"fields": _with_case(fields)})


def _with_case(fields: Mapping[str, Field]) -> dict[str, Field]:
    """The fields, and after the call its case code."""
    found: dict[str, Field] = {}
    for name, value in fields.items():
        found[name] = value
        if name == "call" and value:
            found["case"] = case_code(str(value))
    return found


def call_step(log: logging.Logger, what: str, call: Call, /, **fields: Field) -> None:
    """Something happened to a call on its way (info)."""
    extra = {"fields": _with_case({"call": call.id, **fields}), "always": True}
    log.info(what, extra=extra)


def call_received(log: logging.Logger, call: Call) -> None:
    """A call reached the hotline (info)."""
    call_step(log, "call received", call, caller=call.caller)


def notice(log: logging.Logger, notice: Notice) -> None:
    """Log what happened to a call: joined, answered, sent back, or ended."""
    match notice:
        case Offered():
            _log_call(log, logging.INFO, "call joined", notice.call, queue=_queue(notice.call))
        case Rejoined(call, talked):
            call_step(log, "call joined again", call, queue=_queue(call), talked_seconds=talked)
        case Answered():
            call_answered(log, notice)
        case PassedOn(call, seat):
            call_step(log, "call transferred", call, seat=seat)
        case TakenOver(call):
            call_step(log, "call taken over", call, by=call.by.value, seat=call.seat)
        case Ended():
            call_ended(log, notice)
        case _:
            assert_never(notice)


def call_answered(log: logging.Logger, notice: Answered) -> None:
    """A person took a call (info)."""
    call, wait = notice.call, notice.wait_seconds
    facts = {"queue": _queue(call), "by": call.by.value, "seat": call.seat}
    _log_call(log, logging.INFO, "call answered", call, **facts, wait_seconds=wait)


def call_ended(log: logging.Logger, notice: Ended) -> None:
    """The one closing line of a call (info; a warning when it was cut off)."""
    call = notice.call
    level = logging.WARNING if call.cut_off else logging.INFO
    _log_call(
        log,
        level,
        "call ended",
        call,
        queue=_queue(call),
        outcome=notice.outcome.value,
        by=call.by.value,
        stage=notice.stage.value,
        wait_seconds=call.wait_seconds(),
        talk_seconds=call.talk_seconds(),
        **({"caller_leg": call.caller_leg.value} if call.caller_leg else {}),
        **({"answer_leg": call.answer_leg.value} if call.answer_leg else {}),
        **({"result": call.result.value} if call.result else {}),
        **({"cut_off": True} if call.cut_off else {}),
        **({"media_lost": True} if call.media_lost else {}),
    )


def _queue(call: Call) -> str:
    """Its queue in words; the line has the topic and the language by themselves."""
    return queue_in_words(call.queue)


def _log_call(log: logging.Logger, level: int, what: str, call: Call, **fields: Field) -> None:
    """A line that comes once for each call: never rate-limited."""
    more = {"topic": call.topic, "language": call.language, "caller": call.caller}
    named = _with_case({"call": call.id, **fields, **more})
    log.log(level, what, extra={"fields": named, "always": True})

"""`ivrd check --capacity`: how many waiting callers this machine carries, as it is configured."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from ivrd.asterisk import waiting_cost
from ivrd.asterisk.capacity import shortage
from ivrd.asterisk.console import ConsoleError
from ivrd.asterisk.open_files import room_for
from ivrd.asterisk.process import open_files_limit, process
from ivrd.cli.failure import WRONG, CommandFailed, reported
from ivrd.config.settings import Settings
from ivrd.config.unlikely import sound_ports
from ivrd.core.waiting_cost import USABLE, WaitingCost


def check(settings: Settings, given: argparse.Namespace) -> int:
    """Measure, print what fits and what does not; status 2 when something does not."""
    running = process(settings.asterisk.ami_port)
    if running is None:
        at = f"{settings.asterisk.ami_host}:{settings.asterisk.ami_port}"
        raise CommandFailed(f"no Asterisk is seen at its manager port {at}")
    print("Measuring for about half a minute ...", file=sys.stderr)
    try:
        with reported(ConsoleError, waiting_cost.NotMeasured, OSError):
            cost = waiting_cost.measure(running, settings.asterisk.console, force=given.force)
    except waiting_cost.CallsAreOn as error:
        raise CommandFailed(f"{error}; do it when nobody calls, or give --force") from None
    processors = os.cpu_count() or 1
    found, wrong = figures(settings, cost, processors), list(problems(settings, cost, processors))
    if given.json:
        print(json.dumps(found | {"problems": wrong}))
    else:
        print("\n".join(lines(settings, found)))
        for line in wrong:
            print(line, file=sys.stderr)
    return WRONG if wrong else 0


def figures(settings: Settings, cost: WaitingCost, processors: int) -> dict[str, Any]:
    """For a program; costs and needs in processors."""
    quiet = WaitingCost(cost.music, 0.0)
    files = open_files_limit(settings.asterisk.ami_port)
    have, need = sound_ports(settings)
    return {
        "processors": processors,
        "music": round(cost.music, 6),
        "sound": round(cost.sound, 6),
        "callers": settings.callers_at_most,
        "with_music": settings.music_at_most,
        "need": round(cost.processors(settings.callers_at_most, settings.music_at_most), 2),
        "carried": cost.carried(processors, settings.music_at_most),
        "carried_without_sound": quiet.carried(processors, settings.music_at_most),
        "carried_with_music_for_all": cost.carried(processors, settings.callers_at_most),
        "music_for": cost.music_for(processors, settings.callers_at_most),
        "files_room": None if files is None else room_for(files, settings.line_seats),
        "sound_ports": have,
        "sound_ports_needed": need,
    }


def lines(settings: Settings, found: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    yield f"A caller who waits takes of one of this machine's {found['processors']} processors"
    yield f"  {found['music']:.3%}  for music"
    yield f"  {found['sound']:.3%}  for sound that comes from the caller's line"
    yield "Waiting callers that it carries, when their lines send sound all the time"
    yield f"  {found['carried']} with music for {settings.music_at_most} (limits.music)"
    yield f"  {found['carried_with_music_for_all']} with music for all"
    yield f"  {found['carried_without_sound']} as configured, if their lines sent none"
    room = "not seen" if found["files_room"] is None else found["files_room"]
    yield f"Callers that the open files have room for: {room}"
    yield f"Ports for sound: {found['sound_ports']} of up to {found['sound_ports_needed']} needed"


def problems(settings: Settings, cost: WaitingCost, processors: int) -> Iterator[str]:
    """What of the configuration does not fit."""
    callers, music = settings.callers_at_most, settings.music_at_most
    need = cost.processors(callers, music)
    if need > USABLE * processors:
        fewer = cost.music_for(processors, callers)
        less = f"music for {fewer} (limits.music), or " if fewer else ""
        yield (
            f"limits.callers: {callers} waiting callers, {min(callers, music)} of them with music, "
            f"take {need:.1f} of {processors} processors, and {USABLE:.0%} are usable; expected "
            f"{less}at most {cost.carried(processors, music)} callers"
        )
    files = open_files_limit(settings.asterisk.ami_port)
    if files is not None and (short := shortage(files, callers, settings.line_seats)):
        yield short
    have, needed = sound_ports(settings)
    if have < needed:
        yield f"asterisk.rtp: {have} ports for sound, and up to {needed} are needed"

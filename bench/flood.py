"""A flood of events: how many a second ivrd takes, with and without dropping the unread.

    python -m bench.flood [--events 40000]

The same bytes go through two AMI protocols in turns: one parses every event, as panoramisk does,
the other only those that ivrd reads.  One event in fifty is one of these.  Printed and written to
bench/RESULTS.md: events a second of each, and their ratio.
"""

import argparse
import asyncio
import sys
import time
from statistics import median

from panoramisk.message import Message

from bench import results
from ivrd.asterisk.ami_protocol import AmiProtocol
from ivrd.asterisk.translate import EVENTS, fact

PIECE = 64 * 1024  # bytes; what one read of a socket brings
ROUNDS = 5
NEEDED = 20_000  # events a second that must not be too many
HEAD = (
    "Privilege: dialplan,all\r\nTimestamp: 1790000000.{n:06d}\r\n"
    "Channel: PJSIP/carrier-{n:08x}\r\nChannelState: 6\r\nChannelStateDesc: Up\r\n"
    "CallerIDNum: 0200000001\r\nCallerIDName: สมชาย\r\nConnectedLineNum: <unknown>\r\n"
    "ConnectedLineName: <unknown>\r\nLanguage: th\r\nAccountCode: \r\nContext: hotline\r\n"
    "Exten: s\r\nPriority: 8\r\nUniqueid: 1790000000.{n}\r\nLinkedid: 1790000000.{n}\r\n"
)
NOISE = "Event: VarSet\r\n" + HEAD + "Variable: RTPAUDIOQOS\r\nValue: ssrc=1;themssrc=2\r\n\r\n"
READ = "Event: Hangup\r\n" + HEAD + "Cause: 16\r\nCause-txt: Normal Clearing\r\n\r\n"


class Nowhere(asyncio.Transport):
    """Takes what is sent and does nothing."""

    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


def flood(events: int) -> bytes:
    """The bytes of so many events."""
    made = ((NOISE if n % 50 else READ).format(n=n) for n in range(1, events + 1))
    return "".join(made).encode()


def take(stream: bytes, wanted: tuple[str, ...] | None) -> tuple[float, int]:
    """CPU seconds until all of it is taken in, and how many events meant something."""
    meant = 0

    def on_event(message: Message) -> None:
        nonlocal meant
        meant += fact(message) is not None

    wire = AmiProtocol(on_event, lambda _reason: None, wanted)
    wire.connection_made(Nowhere())
    wire.data_received(b"Asterisk Call Manager/11.0.0\r\n")
    began = time.process_time()
    for at in range(0, len(stream), PIECE):
        wire.data_received(stream[at : at + PIECE])
    return time.process_time() - began, meant


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.flood", description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    events = parser.parse_args().events
    stream = flood(events)
    rates: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(ROUNDS):
        found = set()
        for dropping, times in rates.items():
            seconds, meant = take(stream, EVENTS if dropping else None)
            times.append(events / seconds)
            found.add(meant)
        assert found == {events // 50}, "dropping must not change what is read"
    every, only = (median(times) for times in (rates[False], rates[True]))
    share = NEEDED / only * 100
    text = (
        "| the AMI protocol parses | events per CPU second |\n|---|---|\n"
        f"| every event | {every:,.0f} |\n| only those that are read | {only:,.0f} |\n\n"
        f"{only / every:.1f} times as many. {NEEDED:,} events a second, one in fifty of them read, "
        f"take {share:.0f} % of one core. {ROUNDS} rounds of {events:,} events in turns, medians."
    )
    print(text)
    results.write("python -m bench.flood", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What Asterisk 22.10.1 said while six people called a hotline with one seat.

`calls` has every event, in order.  Caller 1 (Thai name) presses 1, 1, 2 and is answered when the
seat is free; 2 presses 2, 0 and is answered at once; 3 gives up in the queue; 4 hangs up in the
menu; 5 hangs up at the message about certificates.  Then a seat joins a queue, is paused and
leaves.  Then ivrd is killed, and the dialplan takes caller 6 to the queue by itself.  The events of
keys that go down (DTMFBegin) were not asked for then, and are put in.
`seats` has one event of each kind that tells how a seat answers: an offer, a missed ring, a
penalty, a 302, and of a phone that it registered, was found to answer, and signed out.
`refusals` has what tells of a call by a stranger, of registrations with a wrong password and with
an unknown name, and what the dialplan says of a wrong number.
`transfer` has the event of an agent who has asked another one, and connects a caller with that one.
`line` has what tells of a person who came to a seat on the line, and left it; `agents` is the
answer to Agents meanwhile.
`trunks` has what tells of a registration that was refused with 403.
`channels` and `queues` are the answers to CoreShowChannels and QueueStatus while 1 and 3 waited, 2
talked and 5 listened.
"""

from pathlib import Path

from panoramisk.message import Message

FOLDER = Path(__file__).with_name("recorded")
CALLS = ["1795312057.0", "1795312057.1", "1795312057.2", "1795312058.4", "1795312058.5"]
ALONE = "1795312072.7"  # caller 6


def messages(name: str) -> list[Message]:
    """The messages of one recording."""
    text = (FOLDER / f"{name}.txt").read_text("utf-8")
    read = [Message.from_line(block.replace("\n", "\r\n")) for block in text.split("\n\n")]
    return [message for message in read if message is not None]


def rows(name: str) -> list[Message]:
    """The rows of a recorded list, without its frame."""
    return messages(name)[1:-1]

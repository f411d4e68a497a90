"""Which of the events of keys that one call has are presses.

Asterisk reports when a key goes down and when it is up again, and whoever is up has been pressed.
Some presses are reported twice:

* What Asterisk reads twice it reports twice: what comes while it answers the call (`__ast_answer`
  in main/channel.c), and the end of a key that comes while it still stretches the one before to
  80 ms, or within 45 ms of it (`__ast_read`, `queue_dtmf_readq`): so it is with telephones that
  dial by themselves.  No key goes down again before it is up; and an end that is reported again has
  no key that went down before it.
* A telephone may send each key both by SIP INFO, of which only an end is reported, and by RFC 4733
  or as a tone, with a beginning and an end, up to `BOTH_WAYS_SECONDS` later or earlier.  Asterisk
  reads the keys by INFO no faster than one in 170 ms (it stretches each, and waits): of who types
  ahead they are reported long after.  So once a key was reported again, whatever the reason, those
  with a beginning count, and no others.
"""

from collections import deque

AGAIN_SECONDS = 0.5  # from a report to its repetition: far longer than a key is put back for
BOTH_WAYS_SECONDS = 0.25  # from a key by INFO to the beginning of the same one by RFC 4733
MOST = 16  # keys that were up lately


class DtmfDecoder:
    """The keys of one call.  Times are seconds on Asterisk's clock."""

    def __init__(self) -> None:
        self._down: set[str] = set()
        self._up: deque[tuple[float, str]] = deque(maxlen=MOST)
        self._downs_reported = False
        self._both_ways = False
        # A key's last press of which only an end came.
        self._without_beginning: dict[str, float] = {}
        self._repeated: set[str] = set()  # keys that are down for the second time in one press

    def down(self, digit: str, at: float) -> None:
        """A key went down; reported again, it changes nothing."""
        self._downs_reported = True
        if digit in self._down or len(self._down) >= MOST:
            return
        self._down.add(digit)
        pressed_at = self._without_beginning.pop(digit, None)
        if pressed_at is not None and abs(at - pressed_at) <= BOTH_WAYS_SECONDS:
            self._repeated.add(digit)
            self._both_ways = True

    def up(self, digit: str, at: float) -> bool:
        """A key is up again; whether that is a press, and not the same one once more.

        Of a key whose going down was lost on the way only the end is reported: it counts as well,
        unless keys of this call have been reported again before.
        """
        if digit in self._down:
            self._down.remove(digit)
            if digit in self._repeated:
                self._repeated.remove(digit)
                return False
        elif self._is_again(digit, at):
            self._both_ways = True
            return False
        else:
            self._without_beginning[digit] = at
        self._up.append((at, digit))
        return True

    def _is_again(self, digit: str, at: float) -> bool:
        """Whether a key without a beginning is one that was reported before."""
        lately = (abs(at - when) <= AGAIN_SECONDS for when, key in self._up if key == digit)
        return self._both_ways or (self._downs_reported and any(lately))

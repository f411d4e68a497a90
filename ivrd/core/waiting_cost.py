"""How many waiting callers a machine carries, from what one of them costs Asterisk there.

Pure.  Costs are in processors: 0.002 is a five-hundredth of one.
"""

from dataclasses import dataclass

# Of the machine, for all that waits: above it Asterisk's events come late
# (docs/decisions/0026-what-a-waiting-caller-costs.md).
USABLE = 0.6
# Of the time in which a caller without music hears something: the position, the wait and a bar of
# music, 10 of 20 seconds.
SPOKEN = 0.5


@dataclass(frozen=True)
class WaitingCost:
    """What one waiting caller takes of one processor.

    `music`: to be sent music, or a prompt; `sound`: that the caller's line sends sound, which most
    do all the time.
    """

    music: float
    sound: float

    def processors(self, callers: int, music: int) -> float:
        """What so many callers take, at most `music` of them with music."""
        with_music = min(callers, music)
        heard = with_music + (callers - with_music) * SPOKEN
        return heard * self.music + callers * self.sound

    def carried(self, processors: int, music: int) -> int:
        """How many callers a machine with so many processors carries, so many of them with music.

        0 when nothing could be measured.
        """
        room = USABLE * processors
        if not (with_music := self.music + self.sound):
            return 0
        if music * with_music >= room:
            return int(room / with_music)
        without = SPOKEN * self.music + self.sound
        return music + int((room - music * with_music) / without)

    def music_for(self, processors: int, callers: int) -> int:
        """How many of so many callers may have music on such a machine; 0 or more."""
        room = USABLE * processors - self.processors(callers, 0)
        if not self.music:
            return 0
        return max(0, min(callers, int(room / ((1 - SPOKEN) * self.music))))

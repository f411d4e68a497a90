"""What the callers saw and heard themselves: one entry for each call, and the sums."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One caller's own account of one call. Times are seconds."""

    id: int
    behaviour: str
    number: str
    ended: str  # by "caller" or "network"; "cancelled", "refused", "failed", "never dialled"
    code: str = ""  # SIP status of a refusal
    dialled_at: float | None = None  # since the first caller dialled
    answered_after: float | None = None  # ringing
    lasted: float = 0.0  # from dialling to the end
    typed: str = ""  # keys whose pressing had begun
    typed_at: float | None = None  # when the last of them was pressed, after the answer
    first_sound: float | None = None  # after the answer
    silence: float = 0.0  # the longest time without sound, from the answer to the end
    silence_at: float | None = None  # when it began, after the answer
    person: str | None = None  # kind of the first person heard
    waited: float | None = None  # from the answer to that person's voice
    left_at: float | None = None  # when he wanted to hang up, on the clock of the agents' talks
    prompts: tuple[str, ...] = ()  # of rtp.PROMPTS, in the order in which they were last heard

    @property
    def outcome(self) -> str:
        """What became of the caller, as far as a caller can tell.

        `answered`: a person spoke. `abandoned`: the caller went before that. `dropped`: the
        hotline ended the call and no person had spoken. `refused`, `failed`: no call at all.
        """
        if self.person is not None:
            return "answered"
        ends = {"caller": "abandoned", "cancelled": "abandoned", "network": "dropped"}
        return ends.get(self.ended, self.ended)


@dataclass(frozen=True)
class Ledger:
    """All callers of a run, also those who never got to dial."""

    entries: tuple[Entry, ...]

    def outcomes(self) -> Counter[str]:
        """How many calls came to each outcome."""
        return Counter(entry.outcome for entry in self.entries)

    def longest_silence(self) -> Entry | None:
        """The entry of who sat in silence longest."""
        return max(self.entries, key=lambda entry: entry.silence, default=None)

    def write(self, path: Path) -> None:
        """One line of JSON for each entry."""
        lines = (json.dumps({**asdict(e), "outcome": e.outcome}) for e in self.entries)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

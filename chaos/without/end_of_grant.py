"""Without the end of a leadership grant: once given, it holds until it is taken back."""

from __future__ import annotations

from math import inf

from chaos.without import replace, run
from ivrd.asterisk.leader_guard import LeaderGuard

allow = LeaderGuard.allow

if __name__ == "__main__":
    replace(LeaderGuard, "allow", lambda guard, _until: allow(guard, inf))
    run()

"""The audit log, for whoever has something done that must be known later."""

from typing import Protocol


class AuditLog(Protocol):
    """Where it is stored what was done; see partners/repository.py."""

    def audit(self, who: str, what: str, partner: str, detail: str) -> None:
        """Store what `who` has done just now; `partner` is empty for what concerns none."""

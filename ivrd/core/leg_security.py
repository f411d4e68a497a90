"""Whether a leg of a call is encrypted: its signalling by TLS, its sound by SRTP."""

from enum import StrEnum


class LegSecurity(StrEnum):
    """What of a leg is encrypted.  The values are a label of a metric.

    Only with both can nobody on the way listen: the keys of SRTP are in the signalling (RFC 4568).
    """

    CLEAR = "clear"
    SIGNALLING = "tls"
    SOUND = "srtp"
    BOTH = "tls+srtp"

    @property
    def encrypted(self) -> bool:
        """Whether nobody on the way can listen."""
        return self is LegSecurity.BOTH


def leg_security(signalling: bool, sound: bool) -> LegSecurity:
    """What it is, by which of the two is encrypted."""
    if signalling:
        return LegSecurity.BOTH if sound else LegSecurity.SIGNALLING
    return LegSecurity.SOUND if sound else LegSecurity.CLEAR

"""A partner's exchange at which things go wrong: for each a place, an account or a number.

with StrictExchange(folder, sounds) as bank:
    bank.expired  # TLS with a certificate that was valid until yesterday
    CLOSED        # a user whose password is right, and whom it refuses to register (403)
    NOBODY        # a number that it does not know (404)
    # codecs: it takes no gsm (488); password: that of USER may be changed (401)
"""

from datetime import timedelta
from pathlib import Path

from lab.certificates import certificate
from lab.exchange import HOST, USER, Exchange

CLOSED = "closed"
NOBODY = "nobody"


class StrictExchange(Exchange):
    """As `Exchange`, and more strict."""

    def __init__(self, folder: Path, sounds: Path) -> None:
        folder.mkdir(parents=True)
        self.old_certificate = certificate(
            folder / "old.pem",
            name="old.example",
            host=HOST,
            begins=timedelta(days=-30),
            ends=timedelta(days=-1),
        )
        super().__init__(folder, sounds)

    @property
    def expired(self) -> str:
        """Where it shows the certificate that has expired."""
        return f"{HOST}:{self._ports.first + 3}"

    @property
    def other(self) -> str:
        """Where it is as well, at an address that has nothing else."""
        return f"127.0.0.3:{self._ports.first}"

    @property
    def third(self) -> str:
        """The same, over TCP."""
        return f"127.0.0.4:{self._ports.first}"

    def _pjsip(self, dtmf: str) -> str:
        text = super()._pjsip(dtmf)
        text = text.replace(
            f"auth={USER}\naors={USER}\n", f"auth={USER},{CLOSED}\naors={USER},{CLOSED}\n"
        )
        return f"""\
{text}
[expired]
type=transport
protocol=tls
bind={self.expired}
cert_file={self.old_certificate}
priv_key_file={self.old_certificate.with_suffix(".key")}
method=tlsv1_2

[other]
type=transport
protocol=udp
bind={self.other}

[third]
type=transport
protocol=tcp
bind={self.third}

; An AOR without max_contacts takes no registration.
[{CLOSED}]
type=aor

[{CLOSED}]
type=auth
auth_type=userpass
username={CLOSED}
password={self.password}
"""
